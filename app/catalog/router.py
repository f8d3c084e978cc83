"""What Azure offers: locations, Kubernetes versions, sizes of machines."""

from typing import Annotated, TypeVar

from fastapi import Query, Response

from app.api.calls import Asking, ReaderAsks
from app.api.pagination import PageQuery, Paging
from app.api.route import api_router
from app.api.schemas import ResponseModel
from app.catalog import live, service
from app.catalog.schemas import CatalogPage, KubernetesVersionRead, LocationRead, NodeSizeRead
from app.catalog.service import CatalogKind, Listing

router = api_router(prefix="/v1", tags=["catalog"])

_LocationName = Annotated[
    str,
    Query(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9]+$",
        description="A location's name, as `GET /v1/locations` gives it.",
        examples=["westeurope"],
    ),
]

_Read = TypeVar("_Read", bound=ResponseModel)


@router.get("/locations", summary="List the locations of the project's subscription")
async def list_locations(call: ReaderAsks, paging: Paging, response: Response) -> CatalogPage[LocationRead]:
    """Azure is asked when the list is older than the setting `azure.catalog_max_age_seconds`."""
    listing = await live.list_locations(call)
    return _page(CatalogKind.LOCATIONS, listing, LocationRead, call=call, paging=paging, response=response)


@router.get("/versions", summary="List the Kubernetes versions that AKS offers in a location")
async def list_versions(
    location: _LocationName, call: ReaderAsks, paging: Paging, response: Response
) -> CatalogPage[KubernetesVersionRead]:
    """From old to new."""
    listing = await live.list_of_location(call, CatalogKind.KUBERNETES_VERSIONS, location)
    return _page(
        CatalogKind.KUBERNETES_VERSIONS, listing, KubernetesVersionRead, call=call, paging=paging, response=response
    )


@router.get("/node-sizes", summary="List the sizes of machines that a location has")
async def list_node_sizes(
    location: _LocationName, call: ReaderAsks, paging: Paging, response: Response
) -> CatalogPage[NodeSizeRead]:
    """With their zones, and what keeps the subscription from them. Whether it has quota left is another question."""
    listing = await live.list_of_location(call, CatalogKind.NODE_SIZES, location)
    return _page(CatalogKind.NODE_SIZES, listing, NodeSizeRead, call=call, paging=paging, response=response)


def _page(
    kind: CatalogKind, listing: Listing, read: type[_Read], *, call: Asking, paging: PageQuery, response: Response
) -> CatalogPage[_Read]:
    project = call.scope.project.id
    # RFC 9111: for how long Azure has not been asked.
    response.headers["Age"] = str(max(0, int((call.now - listing.observed_at).total_seconds())))
    page = service.page(kind, listing, limit=paging.limit, after=paging.after(project, (str,)))
    answer = paging.answer(project, page, read.model_validate, response)
    return CatalogPage(items=answer.items, next_cursor=answer.next_cursor, observed_at=listing.observed_at)
