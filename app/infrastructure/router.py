"""HTTP: what Azure built for a cluster, as data and as a picture."""

import hashlib
from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.api.accept import choose_media_type
from app.api.calls import ReaderReads
from app.api.errors import NotAcceptableError
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.infrastructure.layout.compose import compose
from app.infrastructure.layout.mermaid import render_mermaid
from app.infrastructure.layout.svg import render_svg
from app.infrastructure.schemas.graph import Graph
from app.infrastructure.schemas.leftovers import LeftoverRead
from app.infrastructure.schemas.read import Format, InfrastructureRead, infrastructure_read
from app.infrastructure.service.leftovers import Filters, list_
from app.infrastructure.service.read import get_graph
from app.subscriptions.schemas import LocationName

router = api_router(prefix="/v1/clusters/{cluster}/infrastructure", tags=["infrastructure"])
leftovers_router = api_router(prefix="/v1/leftovers", tags=["infrastructure"])

_TYPES = {Format.JSON: "application/json", Format.MERMAID: "text/vnd.mermaid", Format.SVG: "image/svg+xml"}
_TIMES = frozenset({"observed_at", "services_observed_at"})
_MERMAID_EXAMPLE = 'flowchart LR\n  subgraph g1["Load balancer kubernetes"]\n    n1["80/TCP"]\n  end\n'
_SVG_EXAMPLE = '<svg xmlns="http://www.w3.org/2000/svg" role="img"><title>Infrastructure of cluster blue</title></svg>'
# Opened by itself in a browser, the picture may use its own style sheet, and nothing else.
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def _shown_as(description: str, example: str) -> dict[str, Any]:
    return {"schema": {"type": "string", "description": description}, "example": example}


@router.get(
    "",
    summary="Show what Azure built for a cluster",
    response_model=InfrastructureRead,
    responses={
        **errors(NotAcceptableError),
        200: {
            "content": {
                _TYPES[Format.MERMAID]: _shown_as("A Mermaid flowchart, for chat.", _MERMAID_EXAMPLE),
                _TYPES[Format.SVG]: _shown_as("A picture, for light and dark.", _SVG_EXAMPLE),
            },
        },
    },
)
async def get_infrastructure(
    cluster: ClusterPath,
    call: ReaderReads,
    request: Request,
    format_: Annotated[
        Format | None, Query(alias="format", description="The form, whatever `Accept` says.", examples=["svg"])
    ] = None,
) -> Response:
    """The node resource group and what belongs to the cluster outside of it: a graph, with what is missing and strange.

    As JSON; as a Mermaid flowchart with `Accept: text/vnd.mermaid`; as SVG with `Accept: image/svg+xml`. It is read
    from what was last seen, at `observed_at`: Azure is not asked.
    """
    form = format_ or _form_of(choose_media_type(request.headers.getlist("accept"), tuple(_TYPES.values())))
    graph = await get_graph(call.session, call.scope, cluster)
    shown = infrastructure_read(graph)
    headers = {"ETag": _etag(shown, form), "Vary": "Accept"}
    if form is Format.SVG:
        headers["Content-Security-Policy"] = _SVG_POLICY
    content = shown.model_dump_json() if form is Format.JSON else _drawn(graph, form)
    return Response(content, media_type=_TYPES[form], headers=headers)


def _form_of(media_type: str) -> Format:
    return next(form for form, name in _TYPES.items() if name == media_type)


def _drawn(graph: Graph, form: Format) -> str:
    return render_svg(compose(graph)) if form is Format.SVG else render_mermaid(graph)


def _etag(shown: InfrastructureRead, form: Format) -> str:
    """By content: there is no version to count. What was only seen again is the same."""
    digest = hashlib.sha256(shown.model_dump_json(exclude=set(_TIMES)).encode())
    return f'"{digest.hexdigest()[:32]}-{form}"'


@leftovers_router.get("", summary="List what is left over, that of longest ago first")
async def list_leftovers(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    cluster: Annotated[
        str | None,
        Query(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$", description="By id or name; also a gone one."),
    ] = None,
    location: LocationName | None = None,
) -> Page[LeftoverRead]:
    """What nothing needs any more in the clusters' node resource groups, and what Slipway made and no cluster uses.

    It is read from what was last seen: Azure is not asked, and nothing is removed.
    """
    owner = call.scope.project.id
    filters = Filters(cluster=cluster, location=location)
    after = paging.after(owner)
    page = await list_(call.session, call.scope, filters, now=call.now, after=after, limit=paging.limit)
    return paging.answer(owner, page, lambda row: row, response)
