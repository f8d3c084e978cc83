"""The query service: `POST /v1/workspaces/{id}/query`, in Azure at https://api.loganalytics.io."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.data_collection import WORKSPACE
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, not_implemented
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.log_ingestion import customer_id
from app.emulator.core.registry import DataPlane, Route
from app.emulator.core.store import Resource
from app.emulator.providers.operational_insights.kql import QueryError, Relation, run_query
from app.emulator.providers.operational_insights.kql.values import read_datetime, written
from app.emulator.providers.operational_insights.names import NAMESPACE
from app.emulator.providers.operational_insights.tables import table_of

AUDIENCES = ("https://api.loganalytics.io", "https://api.loganalytics.azure.com", "https://api.monitor.azure.com")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_INVALID = "The request had some invalid properties"
_UNAUTHORIZED, _TOO_MANY = 401, 429


class QueryServiceError(AzureError):
    """A refusal in the query service's own form, with what lies behind it as `innererror`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: Document | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse with `status` and `code`."""
        super().__init__(status, code, message, headers=headers)
        self._inner = inner

    def body(self) -> Document:
        """The error document."""
        error: Document = {"message": self.message, "code": self.code, "correlationId": str(uuid.uuid4())}
        if self._inner is not None:
            error["innererror"] = self._inner
        return {"error": error}


def _refuse(error: AzureError) -> AzureError:
    if error.status == _UNAUTHORIZED and error.code == "AuthenticationFailed":
        return QueryServiceError(401, "AuthorizationRequiredError", "Valid authentication was not provided")
    if error.status == _TOO_MANY:
        return QueryServiceError(429, "ThrottledError", "Rate limit is exceeded", headers=error.headers)
    if error.status == _UNAUTHORIZED:
        inner: Document = {"code": "SignatureVerificationFailed", "message": error.message}
        said = "The provided authentication is not valid for this resource"
        return QueryServiceError(403, "InvalidTokenError", said, inner=inner)
    said = "The provided credentials have insufficient access to perform the requested operation"
    return QueryServiceError(403, "InsufficientAccessError", said)


def routes() -> list[Route]:
    """The operations of this file."""
    plane = DataPlane(AUDIENCES, _refuse)
    return [
        Route("POST", "/v1/workspaces/{workspace}/query", "Query_Execute", _execute, NAMESPACE, 1, plane),
    ]


@dataclass(frozen=True)
class _Span:
    start: datetime
    end: datetime

    def holds(self, moment: object) -> bool:
        return isinstance(moment, datetime) and self.start <= moment <= self.end


async def _execute(cloud: Cloud, call: Call) -> Answer:
    workspace = _workspace(cloud, call.parameter("workspace"))
    try:
        document = call.document()
    except AzureError as error:
        raise _invalid("The request body is no JSON object.") from error
    query, others = document.get("query"), document.get("workspaces")
    if not isinstance(query, str) or not query.strip():
        raise _invalid("The query is missing.")
    if others:
        raise not_implemented("queries over several workspaces")
    span = _span(document.get("timespan"), cloud.now())
    try:
        found = run_query(query, _tables(cloud, workspace, span), cloud.now())
    except QueryError as error:
        raise QueryServiceError(400, "BadArgumentError", _INVALID, inner=error.inner) from error
    body: Document = {"tables": [_table(found)]}
    if "include-statistics=true" in call.headers.get("prefer", ""):
        rows = [{"tableRowCount": len(found.rows)}]
        body["statistics"] = {"query": {"executionTime": 0.0, "datasetStatistics": rows}}
    return Answer(200, body)


def _invalid(reason: str) -> AzureError:
    inner: Document = {"code": "InvalidRequestContent", "message": reason}
    return QueryServiceError(400, "BadArgumentError", _INVALID, inner=inner)


def _workspace(cloud: Cloud, wanted: str) -> Resource:
    if not _GUID.fullmatch(wanted):
        raise QueryServiceError(404, "PathNotFoundError", "The requested path does not exist")
    for workspace in cloud.store.of_type(WORKSPACE):
        if customer_id(workspace).lower() == wanted.lower():
            break
    else:
        raise QueryServiceError(404, "WorkspaceNotFoundError", "The workspace could not be found")
    if workspace.body["properties"].get("publicNetworkAccessForQuery") == "Disabled":
        said = f"Access to workspace '{workspace.name}' from outside of configured private link scopes is forbidden"
        raise QueryServiceError(403, "InsufficientAccessError", said)
    return workspace


def _tables(cloud: Cloud, workspace: Resource, span: _Span | None) -> Callable[[str], Relation | None]:
    def table(name: str) -> Relation | None:
        found = table_of(cloud, workspace, name)
        if found is None or span is None:
            return found
        return Relation(found.columns, [row for row in found.rows if span.holds(row["TimeGenerated"])])

    return table


def _table(found: Relation) -> Document:
    return {
        "name": "PrimaryResult",
        "columns": [{"name": column.name, "type": column.type} for column in found.columns],
        "rows": [[written(row.get(column.name), column.type) for column in found.columns] for row in found.rows],
    }


def _span(text: object, now: datetime) -> _Span | None:
    """`PT1H`, `start/end`, `start/PT1H` or `PT1H/end`."""
    if text in (None, ""):
        return None
    first, _, second = str(text).partition("/")
    start, end = read_datetime(first), read_datetime(second) if second else now
    length = _duration(second if start is not None and end is None else first)
    if start is not None and end is not None:
        return _Span(start, end)
    if start is not None and length is not None:
        return _Span(start, start + length)
    if end is not None and length is not None:
        return _Span(end - length, end)
    raise _invalid(f"The timespan '{text}' is invalid.")


def _duration(text: str) -> timedelta | None:
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = match.groups()
    return timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0))
