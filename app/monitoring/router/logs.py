"""HTTP: queries of logs."""

from fastapi import Request, Response

from app.api.accept import choose_media_type
from app.api.calls import OperatorAsks
from app.api.errors import NotAcceptableError
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.core.breaker import NotAnsweringError
from app.monitoring import live
from app.monitoring.schemas.logs import LogsQuery, LogsRead
from app.monitoring.service.logs import ForeignWorkspaceError, NotCollectedError, NoWorkspaceError
from app.monitoring.specs.answers import ndjson, table_text

router = api_router(prefix="/v1/clusters/{cluster}/logs", tags=["monitoring"])

_JSON, _LINES, _TABLE = "application/json", "application/x-ndjson", "text/plain"


@router.post(
    "/query",
    summary="Query a cluster's logs",
    response_model=LogsRead,
    responses={
        **errors(NotCollectedError, NoWorkspaceError, ForeignWorkspaceError, NotAcceptableError, NotAnsweringError),
        200: {
            "content": {
                _LINES: {"schema": {"type": "string", "description": "A JSON object for each row, one a line."}},
                _TABLE: {"schema": {"type": "string", "description": "A table of aligned columns."}},
            }
        },
        422: {
            "description": "`azure_query_malformed`, `azure_query_unknown_name`, `azure_query_too_slow`: what is wrong "
            "with the query, in Azure's words."
        },
    },
)
async def query_logs(cluster: ClusterPath, body: LogsQuery, call: OperatorAsks, request: Request) -> Response:
    """Five named queries, which see the rows of this cluster alone; and free ones (`kql`), for admins.

    As JSON, as a JSON object a line (`Accept: application/x-ndjson`), or as a table (`Accept: text/plain`).
    """
    media_type = choose_media_type(request.headers.getlist("accept"), (_JSON, _LINES, _TABLE))
    answer = await live.query(call, cluster, body)
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if media_type == _JSON:
        return Response(answer.model_dump_json(), media_type=_JSON, headers=headers)
    headers["Slipway-Truncated"] = str(answer.truncated).lower()
    if media_type == _LINES:
        return Response(ndjson(answer.rows), media_type=_LINES, headers=headers)
    names = [column.name for column in answer.columns]
    return Response(table_text(names, answer.rows), media_type=_TABLE, headers=headers)
