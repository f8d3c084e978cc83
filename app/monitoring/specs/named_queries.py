"""The five named queries, and the form of their answers.

They use no more of Kusto's language than where, project, summarize, sort and take.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.errors import FieldError
from app.monitoring.schemas.logs import MOST_MINUTES, LogsQuery, QueryName
from app.monitoring.schemas.monitoring import Stream
from app.monitoring.specs.kql import Query, between, equals, number, of_cluster, text

_DEFAULT_MINUTES = 60
OOM_KILLED = "OomKilled"
"""A column that is added to the answer about restarts."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, in UTC."""

    since: datetime
    until: datetime


def span_of(body: LogsQuery, now: datetime) -> tuple[Span, list[FieldError]]:
    """The time that a query asks about, and what is wrong with it."""
    errors: list[FieldError] = []
    if body.since_minutes is not None and (body.since or body.until):
        errors.append(FieldError("time_named_twice", "/since_minutes", "Give `since_minutes`, or `from` and `to`."))
    if body.until is not None and body.since is None:
        errors.append(FieldError("time_without_beginning", "/to", "Give `from` as well."))
    until = min(body.until or now, now)
    since = body.since or now - timedelta(minutes=body.since_minutes or _DEFAULT_MINUTES)
    if body.since is not None and since >= until:
        errors.append(FieldError("time_empty", "/from", "It must be before `to`, and before now."))
    if until - since > timedelta(minutes=MOST_MINUTES):
        errors.append(FieldError("time_too_long", "/from", "A query covers at most 7 days: ask several times."))
    return Span(since, until), errors


_TAKES: dict[QueryName, tuple[str, ...]] = {
    QueryName.POD_LOGS: ("namespace", "pod", "container", "contains"),
    QueryName.RESTARTS: ("namespace",),
    QueryName.NODE_PRESSURE: ("node",),
    QueryName.FAILED_SCHEDULING: ("namespace",),
    QueryName.EVENTS: ("namespace", "kind", "name", "reason", "type"),
    QueryName.KQL: ("kql",),
}
_NEEDS = {QueryName.POD_LOGS: "namespace", QueryName.KQL: "kql"}
_STREAMS = {
    QueryName.POD_LOGS: Stream.CONTAINER_LOGS,
    QueryName.RESTARTS: Stream.POD_INVENTORY,
    QueryName.NODE_PRESSURE: Stream.NODE_INVENTORY,
    QueryName.FAILED_SCHEDULING: Stream.EVENTS,
    QueryName.EVENTS: Stream.EVENTS,
}


def wrong_parameters(body: LogsQuery) -> list[FieldError]:
    """Parameters that the query does not take, and the one that it needs."""
    takes = _TAKES[body.query]
    every = dict.fromkeys(name for names in _TAKES.values() for name in names)
    found = [
        FieldError("parameter_not_taken", f"/{name}", f"The query {body.query} takes {', '.join(takes)}.")
        for name in every
        if name not in takes and getattr(body, name) is not None
    ]
    needed = _NEEDS.get(body.query)
    if needed is not None and getattr(body, needed) is None:
        found.append(FieldError("required", f"/{needed}", f"The query {body.query} needs this."))
    return found


def stream_of(body: LogsQuery) -> Stream | None:
    """The stream whose rows a query reads; None for a free one."""
    return _STREAMS.get(body.query)


def kql_of(body: LogsQuery, span: Span, cluster_id: str) -> str:
    """The query for the cluster of this id in Azure: one row more than asked for, which tells that there are more."""
    build = _BUILD.get(body.query)
    if build is None:
        return body.kql or ""
    return str(build(body, span, cluster_id).then(f"take {number(body.limit + 1)}"))


def _pod_logs(body: LogsQuery, span: Span, cluster_id: str) -> Query:
    return (
        Query("ContainerLogV2")
        .where(
            *between(span.since, span.until),
            of_cluster("_ResourceId", cluster_id),
            equals("PodNamespace", body.namespace),
            equals("PodName", body.pod),
            equals("ContainerName", body.container),
            None if body.contains is None else f"LogMessage contains {text(body.contains)}",
        )
        .then(
            "project TimeGenerated, PodNamespace, PodName, ContainerName, LogSource, LogMessage",
            "sort by TimeGenerated desc",
        )
    )


def _restarts(body: LogsQuery, span: Span, cluster_id: str) -> Query:
    newest = "TimeGenerated, ContainerRestartCount, ContainerStatus, ContainerStatusReason, ContainerLastStatus"
    return (
        _inventory("KubePodInventory", span, cluster_id)
        .where(equals("Namespace", body.namespace), "ContainerRestartCount > 0")
        .then(
            f"summarize arg_max({newest}) by Namespace, Name, ContainerName",
            "sort by ContainerRestartCount desc",
        )
    )


def _node_pressure(body: LogsQuery, span: Span, cluster_id: str) -> Query:
    return (
        _inventory("KubeNodeInventory", span, cluster_id)
        .where(equals("Computer", body.node), 'Status != "Ready"')
        .then(
            "summarize FirstSeen = min(TimeGenerated), LastSeen = max(TimeGenerated), Times = count() "
            "by Computer, Status",
            "sort by LastSeen desc",
        )
    )


def _failed_scheduling(body: LogsQuery, span: Span, cluster_id: str) -> Query:
    return (
        _inventory("KubeEvents", span, cluster_id)
        .where(equals("Reason", "FailedScheduling"), equals("Namespace", body.namespace))
        .then("summarize arg_max(TimeGenerated, Message, Count) by Namespace, Name", "sort by TimeGenerated desc")
    )


def _events(body: LogsQuery, span: Span, cluster_id: str) -> Query:
    return (
        _inventory("KubeEvents", span, cluster_id)
        .where(
            equals("Namespace", body.namespace),
            equals("ObjectKind", body.kind),
            equals("Name", body.name),
            equals("Reason", body.reason),
            equals("KubeEventType", body.type),
        )
        .then(
            "project TimeGenerated, Namespace, ObjectKind, Name, Reason, KubeEventType, Message, Count",
            "sort by TimeGenerated desc",
        )
    )


def _inventory(table: str, span: Span, cluster_id: str) -> Query:
    return Query(table).where(*between(span.since, span.until), of_cluster("ClusterId", cluster_id))


_BUILD: dict[QueryName, Callable[[LogsQuery, Span, str], Query]] = {
    QueryName.POD_LOGS: _pod_logs,
    QueryName.RESTARTS: _restarts,
    QueryName.NODE_PRESSURE: _node_pressure,
    QueryName.FAILED_SCHEDULING: _failed_scheduling,
    QueryName.EVENTS: _events,
}
