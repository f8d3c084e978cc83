"""Queries of logs on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel, Time
from app.core.text import PLAIN, PLAIN_LINES
from app.monitoring.schemas.monitoring import Namespace

MOST_ROWS = 5_000
MOST_MINUTES = 7 * 24 * 60

ObjectName = Annotated[str, StringConstraints(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"), PLAIN]
Word = Annotated[str, StringConstraints(max_length=63, pattern=r"^[A-Za-z][A-Za-z0-9]*$"), PLAIN]


class EventType(StrEnum):
    """Whether an event is a warning. Agents leave out what is normal, unless they are told otherwise."""

    NORMAL = "Normal"
    WARNING = "Warning"


class QueryName(StrEnum):
    """What is asked for.

    `pod_logs`: what containers printed, of a `namespace`, and of a `pod`, a `container`, or lines that hold `contains`.
    `restarts`: containers that restarted, with how they ended the last time (`OomKilled`: memory was short), of a
    `namespace`. `node_pressure`: nodes that were short of memory, disk or processes, or not Ready; of a `node`.
    `failed_scheduling`: pods for which no node was found, with the scheduler's last word, of a `namespace`. `events`:
    by `namespace`, `kind`, `name`, `reason` and `type`. `kql`: any query in Kusto's language, for admins; it sees the
    whole workspace, so Slipway must have made that.
    """

    POD_LOGS = "pod_logs"
    RESTARTS = "restarts"
    NODE_PRESSURE = "node_pressure"
    FAILED_SCHEDULING = "failed_scheduling"
    EVENTS = "events"
    KQL = "kql"


class LogsQuery(RequestModel):
    """A named query with its parameters, or a free one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"query": "pod_logs", "namespace": "shop", "pod": "web-6d4b9c7f8-2xkqp", "since_minutes": 30}]
        }
    )

    query: Choice[QueryName]
    namespace: Namespace | None = None
    """Needed for `pod_logs`."""
    pod: ObjectName | None = None
    container: ObjectName | None = None
    contains: Annotated[str, StringConstraints(min_length=1, max_length=200), PLAIN] | None = None
    """Only lines in which this text stands, in any case."""
    node: ObjectName | None = None
    kind: Word | None = None
    """Of the object that an event is about, such as Pod."""
    name: ObjectName | None = None
    reason: Word | None = None
    type: Choice[EventType] | None = None
    kql: Annotated[str, StringConstraints(min_length=1, max_length=10_000), PLAIN_LINES] | None = None
    since_minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] | None = None
    """The last so many minutes; default 60, at most 7 days. Or give `from`, and `to`."""
    since: Time | None = Field(None, alias="from")
    until: Time | None = Field(None, alias="to")
    """Default: now."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100
    """At most so many rows, the newest first; `truncated` says that there are more."""


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
