"""Asks workspaces: while a request waits for the answer to its query, and how old the data is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, cast

from app.api.calls import Asking
from app.api.services import Services
from app.auth.scope import get_cluster
from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.monitoring import LogTable
from app.core.breaker import Breaker
from app.core.clock import Clock
from app.core.settings import AzureSettings
from app.models import Role
from app.monitoring.schemas.logs import ColumnRead, LogsQuery, LogsRead, QueryName
from app.monitoring.service import logs
from app.monitoring.specs.answers import rows_of, with_oom
from app.monitoring.specs.kql import LIMITS, USED, agents_usage, newest_by_cluster, taken_since
from app.monitoring.specs.named_queries import kql_of
from app.monitoring.specs.readiness import NEAR_LIMIT, Hungry

_MB_PER_GB = 1000
_USAGE_FOR = timedelta(minutes=45)
_RESOURCES = ("memory", "cpu")
_DAY = timedelta(days=1)
_WAIT_SECONDS = 30


@dataclass(slots=True)
class LogSource:
    """Asks workspaces for requests. A workspace that does not answer is left alone for some seconds."""

    azure: AzureGateway
    clock: Clock
    settings: AzureSettings
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.clock, name="Log Analytics")

    async def ask(self, customer_id: str, kql: str, timespan: timedelta) -> LogTable:
        """The answer to a query. Raises what the gateway raises, or NotAnsweringError."""
        seconds = self.settings.request_timeout_seconds
        call = Call(deadline=self.clock.now() + timedelta(seconds=seconds))
        async with self.breaker.guard(customer_id):
            return await self.azure.logs.query(
                customer_id, kql, timespan=timespan, wait_seconds=max(1, int(seconds)), call=call
            )


class _Composed(Services, Protocol):
    @property
    def log_source(self) -> LogSource: ...


def source_of(services: Services) -> LogSource:
    """The source that this process was composed with (`services.log_source`)."""
    return cast("_Composed", services).log_source


async def query(call: Asking, cluster: str, body: LogsQuery) -> LogsRead:
    """Answer a query about a cluster. No transaction is open while Azure is asked.

    Raises NotFoundError, PermissionDeniedError, InvalidRequestError, what `logs.prepare` raises, and what Azure says.
    """
    if body.query is QueryName.KQL:
        call.principal.requires(Role.ADMIN)
    async with call.database.read() as session:
        found = await get_cluster(session, call.scope, cluster)
        asked = await logs.prepare(session, found, body, now=call.now)
    kql = kql_of(body, asked.span, asked.cluster_azure_id)
    # The query itself says from when; this bounds what Azure looks at, and is all that bounds a free query.
    timespan = call.now - asked.span.since + timedelta(minutes=1)
    table = await source_of(call.services).ask(asked.customer_id, kql, timespan)
    if body.query is QueryName.RESTARTS:
        table = with_oom(table)
    rows, truncated = rows_of(table, body.limit)
    return LogsRead(
        cluster_id=found.id,
        query=body.query,
        kql=kql,
        since=asked.span.since,
        until=asked.span.until,
        columns=[ColumnRead(name=column.name, type=column.type) for column in table.columns],
        rows=rows,
        truncated=truncated,
        partial=table.partial,
        notes=list(asked.notes),
    )


async def newest_rows(azure: AzureGateway, customer_id: str, *, now: datetime, call: Call) -> dict[str, datetime]:
    """When the newest rows of the last day were collected, by the cluster's id in Azure in lower case."""
    kql = newest_by_cluster(now - _DAY)
    table = await azure.logs.query(customer_id, kql, timespan=_DAY, wait_seconds=_WAIT_SECONDS, call=call)
    at = {column.name: position for position, column in enumerate(table.columns)}
    pairs = [(row[at["ClusterId"]], row[at["last"]]) for row in table.rows]
    return {str(cluster).lower(): last for cluster, last in pairs if isinstance(last, datetime)}


async def taken_gb(azure: AzureGateway, customer_id: str, since: datetime, *, now: datetime, call: Call) -> float:
    """How many GB the workspace has taken in since then."""
    table = await azure.logs.query(
        customer_id, taken_since(since), timespan=now - since + _DAY, wait_seconds=_WAIT_SECONDS, call=call
    )
    total = table.rows[0][0] if table.rows and table.rows[0] else 0
    return round(float(total) / _MB_PER_GB, 3) if isinstance(total, int | float) else 0.0


async def hungry_agents(
    azure: AzureGateway, customer_id: str, *, now: datetime, call: Call
) -> dict[str, tuple[Hungry, ...]]:
    """Which agents use nearly all that they may, by the cluster's id in Azure in lower case (trouble 73)."""
    table = await azure.logs.query(
        customer_id, agents_usage(now - _USAGE_FOR), timespan=_DAY, wait_seconds=_WAIT_SECONDS, call=call
    )
    at = {column.name: position for position, column in enumerate(table.columns)}
    values: dict[tuple[str, str, str], float] = {}
    nodes: dict[tuple[str, str], str] = {}
    for row in table.rows:
        cluster, instance = str(row[at["_ResourceId"]]).lower(), str(row[at["InstanceName"]])
        value = row[at["CounterValue"]]
        if isinstance(value, int | float):
            values[cluster, instance, str(row[at["CounterName"]])] = float(value)
            nodes[cluster, instance] = str(row[at["Computer"]])
    found: dict[str, list[Hungry]] = {}
    for (cluster, instance), node in sorted(nodes.items()):
        for resource, used, limit in zip(_RESOURCES, USED, LIMITS, strict=True):
            most = values.get((cluster, instance, limit), 0.0)
            share = values.get((cluster, instance, used), 0.0) / most if most else 0.0
            if share >= NEAR_LIMIT:
                found.setdefault(cluster, []).append(Hungry(node, resource, round(100 * share)))
    return {cluster: tuple(hungry) for cluster, hungry in found.items()}
