"""Judge clusters by what the rows say was seen of them, and write what has turned. Rows only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import service as catalog
from app.catalog.service import CatalogKind
from app.clusters.service.read import pools_by_cluster
from app.clusters.service.start import tell
from app.clusters.specs import conditions as spec
from app.clusters.specs.conditions import Condition, ConditionType, Status
from app.clusters.specs.differences import differences
from app.clusters.specs.judgement import Facts, PoolFacts, ReaderFacts
from app.clusters.specs.judgement import judge as judged
from app.clusters.specs.kinds import DELETE
from app.clusters.specs.lending import loans_of
from app.clusters.specs.scaling import autoscaling, spot
from app.clusters.specs.states import QUIET
from app.clusters.specs.stuck import DeletionFacts, deletion_on_time
from app.core.json import JsonList, JsonObject
from app.models import Cluster, ClusterReader, ClusterState, Job, NodePool, NodePoolState

_Offers: TypeAlias = dict[tuple[str, str], dict[str, list[str]] | None]
_POOLS_AT_REST = frozenset({NodePoolState.READY, NodePoolState.DEGRADED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rows of a cluster should say; `pools`: those whose state turns."""

    cluster: Cluster
    conditions: JsonList
    state: str
    pools: tuple[tuple[NodePool, NodePoolState], ...]

    @property
    def is_news(self) -> bool:
        """Whether anything has to be written."""
        cluster = self.cluster
        return bool(self.pools) or (self.conditions, self.state) != (cluster.conditions, cluster.state)


async def verdicts(session: AsyncSession, clusters: Sequence[Cluster], *, now: datetime) -> list[Verdict]:
    """Judge these clusters, of which the rows are read by one query each kind. Writes nothing."""
    seen = [cluster for cluster in clusters if cluster.observed is not None]
    pools = await pools_by_cluster(session, seen)
    readers = await _readers(session, seen)
    offers: _Offers = {}
    for cluster in seen:
        place = cluster.subscription_id, cluster.location
        if place not in offers:
            offers[place] = await _offered(session, *place)
    leaving = await _leaving(session, seen)
    return [
        _verdict(cluster, pools.get(cluster.id, []), readers.get(cluster.id), offers, leaving.get(cluster.id), now=now)
        for cluster in seen
    ]


async def judge(session: AsyncSession, clusters: Sequence[Cluster], *, now: datetime) -> None:
    """Write the conditions of these clusters, locked by the caller, and the states that follow from them."""
    for verdict in await verdicts(session, clusters, now=now):
        if verdict.is_news:
            await _write(session, verdict, now=now)


async def _write(session: AsyncSession, verdict: Verdict, *, now: datetime) -> None:
    cluster, before = verdict.cluster, verdict.cluster.conditions
    cluster.conditions = verdict.conditions
    for each in spec.turned(before, verdict.conditions):
        words = {name: str(each[name]) for name in ("type", "status", "reason", "message")}
        await tell(session, cluster, "cluster.condition_changed", now, **words)
        if each["type"] == ConditionType.DELETION_ON_TIME and each["status"] == spec.Status.FALSE:
            await tell(session, cluster, "cluster.deletion_stuck", now, message=words["message"])
    for pool, state in verdict.pools:
        pool.state = state
        pool.version += 1
        pool.updated_at = now
        event = "node_pool.degraded" if state is NodePoolState.DEGRADED else "node_pool.recovered"
        await tell(session, cluster, event, now, pool=pool.name)
    if verdict.state != cluster.state:
        cluster.state = verdict.state
        cluster.version += 1
        cluster.updated_at = now
        event = "cluster.degraded" if verdict.state == ClusterState.DEGRADED else "cluster.recovered"
        reasons = ", ".join(spec.troubles(verdict.conditions, now))
        await tell(session, cluster, event, now, **({"reasons": reasons} if reasons else {}))


def _verdict(
    cluster: Cluster,
    pools: Sequence[NodePool],
    reader: ReaderFacts | None,
    offers: _Offers,
    leaving: DeletionFacts | None,
    *,
    now: datetime,
) -> Verdict:
    observed = cluster.observed or {}
    facts = Facts(
        observed=observed,
        location=cluster.location,
        lost=cluster.state == ClusterState.LOST,
        pools=_pool_facts(pools, observed),
        reader=reader,
        offered=offers[cluster.subscription_id, cluster.location],
        differences=differences(cluster.id, observed, cluster.wanted),
        plan=(cluster.wanted.get("settings") or {}).get("support_plan"),
    )
    fresh = judged(facts, now) if leaving is None else (*judged(facts, now), deletion_on_time(leaving, now))
    conditions = spec.merged(cluster.conditions, fresh, now)
    of_scaling = _of_scaling(facts, conditions, loans_of(cluster.wanted), now)
    conditions += spec.merged(cluster.conditions, of_scaling, now)
    if cluster.state not in QUIET:
        # While a change is under way Azure and the row differ by nature: what was known of it stays.
        conditions = _with_old(conditions, cluster.conditions, ConditionType.AS_WANTED)
        return Verdict(cluster, conditions, cluster.state, ())
    state = ClusterState.DEGRADED if spec.troubles(conditions, now) else ClusterState.READY
    return Verdict(cluster, conditions, state, tuple(_turning(pools, conditions, now)))


def _of_scaling(
    facts: Facts, conditions: JsonList, lent: Mapping[str, Sequence[str]], now: datetime
) -> list[Condition]:
    """What is judged only where pools scale by themselves or have spot machines."""
    nodes_ready = spec.condition_of(conditions, ConditionType.NODES_READY)
    read = nodes_ready is not None and nodes_ready["status"] != Status.UNKNOWN
    kept = facts.reader.kept if facts.reader is not None and read else None
    found = autoscaling(facts.pools, kept, now), spot(facts.pools, kept, nodes_ready, now, lent=lent)
    return [each for each in found if each is not None]


def _with_old(conditions: JsonList, before: JsonList | None, kind: ConditionType) -> JsonList:
    old = spec.condition_of(before, kind)
    kept = [] if old is None else [old]
    return [*(each for each in conditions if each["type"] != kind), *kept]


def _turning(
    pools: Iterable[NodePool], conditions: JsonList, now: datetime
) -> Iterable[tuple[NodePool, NodePoolState]]:
    nodes = (spec.condition_of(conditions, ConditionType.NODES_READY) or {}).get("pools", {})
    for pool in pools:
        if pool.state not in _POOLS_AT_REST or pool.azure_name not in nodes:
            continue
        kept = nodes[pool.azure_name]
        late = now - datetime.fromisoformat(kept["since"]) >= spec.PATIENCE
        state = NodePoolState.DEGRADED if late and not spec.is_whole(kept) else NodePoolState.READY
        if state != pool.state:
            yield pool, state


def _pool_facts(pools: Iterable[NodePool], observed: JsonObject) -> list[PoolFacts]:
    ours = [PoolFacts(pool.name, pool.azure_name, pool.state, pool.observed) for pool in pools]
    unmanaged: JsonObject = observed.get("unmanaged_pools") or {}
    others = [PoolFacts(name, name, NodePoolState.READY, seen, managed=False) for name, seen in unmanaged.items()]
    return [*ours, *others]


async def _readers(session: AsyncSession, clusters: Sequence[Cluster]) -> dict[str, ReaderFacts]:
    ids = [cluster.id for cluster in clusters]
    columns = (ClusterReader.cluster_id, ClusterReader.state, ClusterReader.seen_at, ClusterReader.problem)
    more = (ClusterReader.nodes, ClusterReader.certificates_end_at)
    asked = select(*columns, *more).where(ClusterReader.cluster_id.in_(ids)).limit(len(ids) + 1)
    rows = (await session.execute(asked)).all() if ids else []
    return {
        row.cluster_id: ReaderFacts(
            row.state, row.seen_at, _words(row.problem), _nodes(row.nodes), row.certificates_end_at, row.nodes
        )
        for row in rows
    }


async def _leaving(session: AsyncSession, clusters: Sequence[Cluster]) -> dict[str, DeletionFacts]:
    """The last deletion of each that is being deleted."""
    going = {each.id: each for each in clusters if each.state == ClusterState.DELETING}
    if not going:
        return {}
    last = select(func.max(Job.id)).where(Job.target_id.in_(going), Job.kind == DELETE.name).group_by(Job.target_id)
    jobs = (await session.scalars(select(Job).where(Job.id.in_(last)).limit(len(going)))).all()
    return {
        job.target_id: DeletionFacts(
            job.id, job.state, job.overdue_at, job.problem, job.progress, stuck=_was_stuck(going[job.target_id])
        )
        for job in jobs
    }


def _was_stuck(cluster: Cluster) -> bool:
    before = spec.condition_of(cluster.conditions, ConditionType.DELETION_ON_TIME)
    return before is not None and before["status"] == spec.Status.FALSE


def _words(problem: JsonObject | None) -> str | None:
    return None if problem is None else str(problem["detail"])


def _nodes(kept: JsonObject | None) -> tuple[tuple[str | None, bool], ...] | None:
    return None if kept is None else tuple((node["pool"], node["ready"]) for node in kept["items"])


async def _offered(session: AsyncSession, subscription_id: str, location: str) -> dict[str, list[str]] | None:
    listing = await catalog.get(
        session, catalog.location_key(subscription_id, CatalogKind.KUBERNETES_VERSIONS, location)
    )
    return None if listing is None else {item["version"]: item.get("support_plans", []) for item in listing.items}
