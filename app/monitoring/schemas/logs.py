"""Queries of logs on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import RequestModel, ResponseModel, Time
from app.core.text import PLAIN
from app.monitoring.schemas.monitoring import Namespace

MOST_ROWS = 5_000
MOST_MINUTES = 7 * 24 * 60

ObjectName = Annotated[str, StringConstraints(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"), PLAIN]
Word = Annotated[str, StringConstraints(max_length=63, pattern=r"^[A-Za-z][A-Za-z0-9]*$"), PLAIN]


class _Query(RequestModel):
    since_minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] | None = None
    """The last so many minutes; default 60, at most 7 days. Or give `from`, and `to`."""
    since: Time | None = Field(None, alias="from")
    until: Time | None = Field(None, alias="to")
    """Default: now."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100
    """At most so many rows, the newest first; `truncated` says that there are more."""


class PodLogsQuery(_Query):
    """What containers printed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"query": "pod_logs", "namespace": "shop", "pod": "web-6d4b9c7f8-2xkqp", "since_minutes": 30}]
        }
    )

    query: Literal["pod_logs"]
    namespace: Namespace
    pod: ObjectName | None = None
    container: ObjectName | None = None
    contains: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """Only lines in which this text stands, in any case."""


class RestartsQuery(_Query):
    """Containers that restarted, with how they ended the last time: `OomKilled` says that memory was short."""

    query: Literal["restarts"]
    namespace: Namespace | None = None


class NodePressureQuery(_Query):
    """Nodes that were short of memory, disk or processes, or not Ready."""

    query: Literal["node_pressure"]
    node: ObjectName | None = None


class FailedSchedulingQuery(_Query):
    """Pods for which no node was found, with the scheduler's last word."""

    query: Literal["failed_scheduling"]
    namespace: Namespace | None = None


class EventsQuery(_Query):
    """The cluster's events."""

    query: Literal["events"]
    namespace: Namespace | None = None
    kind: Word | None = None
    """Of the object that they are about, such as Pod."""
    name: ObjectName | None = None
    reason: Word | None = None
    type: Literal["Normal", "Warning"] | None = None


class FreeQuery(_Query):
    """Any query in Kusto's language, for admins. It sees the whole workspace, so Slipway must have made it."""

    query: Literal["kql"]
    kql: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


LogsQuery: TypeAlias = Annotated[
    PodLogsQuery | RestartsQuery | NodePressureQuery | FailedSchedulingQuery | EventsQuery | FreeQuery,
    Field(discriminator="query"),
]


class ColumnRead(ResponseModel):
    """A column of the answer. `type` is Kusto's."""

    name: str
    type: str


class LogsRead(ResponseModel):
    """The answer to a query. As NDJSON or as a table it is the rows alone."""

    cluster_id: str
    query: str
    kql: str
    """What Azure was asked."""
    since: datetime
    until: datetime
    columns: list[ColumnRead]
    rows: list[dict[str, Any]]
    truncated: bool
    """There are more rows than `limit`."""
    partial: str | None
    """Why Azure gave only a part, in its words; null when it is all."""
    notes: list[str]
