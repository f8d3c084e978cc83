"""HTTP: load balancers, as Azure's lists last showed them."""

from typing import Annotated

from fastapi import Query, Response

from app.api.calls import Call, ReaderReads
from app.api.pagination import Page, PageQuery, Paging
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.db.pages import read_page
from app.load_balancers.schemas.load_balancers import LoadBalancerRead
from app.load_balancers.service import load_balancers
from app.load_balancers.specs.load_balancer_reads import load_balancer_read
from app.models import AzureResource

router = api_router(prefix="/v1", tags=["load balancers"])

_Name = Annotated[str | None, Query(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.-]+$", examples=["kubernetes"])]
_Cluster = Annotated[
    str | None, Query(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$", description="By id or name.")
]
_Orphaned = Annotated[
    bool | None, Query(description="`true`: of clusters with something left over; `false`: of the others.")
]


@router.get("/load-balancers", summary="List load balancers")
async def list_load_balancers(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    cluster: _Cluster = None,
    name: _Name = None,
    orphaned: _Orphaned = None,
) -> Page[LoadBalancerRead]:
    """Those of the project's clusters, each frontend with the Services that it serves; `observed_at` says how fresh."""
    return await _page(call, paging, response, cluster=cluster, name=name, orphaned=orphaned)


@router.get("/clusters/{cluster:name}/load-balancers", summary="List a cluster's load balancers")
async def list_cluster_load_balancers(
    *,
    cluster: ClusterPath,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    name: _Name = None,
    orphaned: _Orphaned = None,
) -> Page[LoadBalancerRead]:
    """The public one and the internal one, as far as there are; none before Azure has shown them."""
    found = await get_cluster(call.session, call.scope, cluster)
    return await _page(call, paging, response, cluster=found.id, name=name, orphaned=orphaned)


async def _page(
    call: Call,
    paging: PageQuery,
    response: Response,
    *,
    cluster: str | None,
    name: str | None,
    orphaned: bool | None,
) -> Page[LoadBalancerRead]:
    owner = call.scope.project.id
    query = load_balancers.list_(call.scope, now=call.now, cluster=cluster, name=name, left_over=orphaned)
    after = paging.after(owner, (str,))
    page = await read_page(call.session, query, (AzureResource.key,), after=after, limit=paging.limit)
    around = await load_balancers.around(call.session, call.scope, page.items, now=call.now)
    return paging.answer(owner, page, lambda row: load_balancer_read(row, around), response)
