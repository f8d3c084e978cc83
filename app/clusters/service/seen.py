"""Keep what was seen of a cluster in Azure, and what follows from it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.conditions import judge
from app.clusters.service.foreign import follow_foreign
from app.clusters.service.pool_rows import forget_pool
from app.clusters.service.read import list_pools
from app.clusters.service.start import partition_of, tell
from app.clusters.specs.observed import SECRET_ENDS_AT, SETTLED_AT, Sighting, pool_state, under_way
from app.clusters.specs.states import AT_REST, UNDER_WAY
from app.core.clock import rfc3339
from app.jobs import service as jobs
from app.models import Cluster, ClusterState, NodePool, NodePoolState


async def keep_sighting(
    session: AsyncSession, cluster: Cluster, seen: Sighting, *, now: datetime
) -> Sequence[NodePool]:
    """Write what Azure said of the cluster and its pools; return the pools' rows."""
    rows = await list_pools(session, [cluster])
    ours = {pool.azure_name for pool in rows}
    before_it = cluster.observed or {}
    kept = {"outbound_ips": before_it.get("outbound_ips", []), SECRET_ENDS_AT: before_it.get(SECRET_ENDS_AT)}
    kept[SETTLED_AT] = rfc3339(now) if seen.under_way is None else before_it.get(SETTLED_AT)
    unmanaged = {name: pool for name, pool in seen.pools.items() if name not in ours}
    cluster.observed = {**kept, **seen.observed, "unmanaged_pools": unmanaged}
    cluster.observed_at = now
    if not seen.stopped:
        cluster.stopped_at = None
    elif cluster.stopped_at is None:
        cluster.stopped_at = now
    for pool in rows:
        pool.observed = seen.pools.get(pool.azure_name)
        pool.observed_at = now
        before, state = pool.state, pool_state(pool.state, pool.observed)
        if state != before:
            pool.state = state
            pool.version += 1
            pool.updated_at = now
        if state != before and NodePoolState.LOST in {state, before}:
            event = "node_pool.lost" if state == NodePoolState.LOST else "node_pool.found"
            await tell(session, cluster, event, now, pool=pool.name)
    return rows


async def record_seen(session: AsyncSession, cluster: Cluster, seen: Sighting | None, *, now: datetime) -> None:
    """Keep what was seen (None: Azure has no such cluster of ours), and turn the states that it turns."""
    if seen is None:
        cluster.observed_at = now
    else:
        await _end_deletions(session, cluster, await keep_sighting(session, cluster, seen, now=now), now=now)
    await follow_foreign(session, cluster, seen, now=now)
    if cluster.state in UNDER_WAY:
        # A job that was content with Azure's acceptance has ended before Azure had, and one that was given up may have
        # left no word.
        if not await jobs.has_open_jobs(session, partition_of(cluster)):
            await _settle(session, cluster, seen, now=now)
    elif cluster.state in AT_REST:
        await _follow(session, cluster, seen, now=now)
    await judge(session, [cluster], now=now)


async def _end_deletions(session: AsyncSession, cluster: Cluster, rows: Sequence[NodePool], *, now: datetime) -> None:
    """What became of pools that Azure was still deleting when their jobs had given up."""
    going = [row for row in rows if row.state == NodePoolState.DELETING]
    ended = [row for row in going if row.observed is None or under_way(row.observed, ()) is None]
    if not ended or await jobs.has_open_jobs(session, partition_of(cluster)):
        return
    for row in ended:
        if row.observed is None:
            await forget_pool(session, cluster, row, now=now)
            await tell(session, cluster, "node_pool.deleted", now, pool=row.name, azure_name=row.azure_name)
        else:
            # Azure has not removed it, and nobody asks it to any more.
            row.state = pool_state(NodePoolState.FAILED, row.observed)
            row.version += 1
            row.updated_at = now


async def _follow(session: AsyncSession, cluster: Cluster, seen: Sighting | None, *, now: datetime) -> None:
    """What somebody else has done, or Azure by itself, while no job was at work."""
    if seen is None:
        if cluster.state not in {ClusterState.FAILED, ClusterState.LOST}:
            await _turn(session, cluster, ClusterState.LOST, "cluster.lost", now=now)
    elif seen.stopped:
        if cluster.state != ClusterState.STOPPED:
            # By somebody else's hand.
            await _turn(session, cluster, ClusterState.STOPPED, "cluster.stopped", now=now)
    elif cluster.state == ClusterState.STOPPED and (seen.succeeded or seen.failed):
        await _turn(session, cluster, ClusterState.READY, "cluster.started", now=now)
    elif cluster.state == ClusterState.LOST:
        # Somebody has put it back, or its tags.
        await _turn(session, cluster, ClusterState.READY, "cluster.found", now=now)
    elif seen.succeeded and cluster.state == ClusterState.FAILED:
        # Azure has come round after the job had given up (trouble 2).
        await _turn(session, cluster, ClusterState.READY, "cluster.recovered", now=now)


async def _settle(session: AsyncSession, cluster: Cluster, seen: Sighting | None, *, now: datetime) -> None:
    if seen is None:
        await _turn(session, cluster, ClusterState.LOST, "cluster.lost", now=now)
    elif seen.under_way is not None:
        return
    elif seen.stopped:
        await _turn(session, cluster, ClusterState.STOPPED, "cluster.stopped", now=now)
    elif seen.failed and cluster.state == ClusterState.CREATING:
        await _turn(session, cluster, ClusterState.FAILED, "cluster.failed", now=now)
    elif seen.succeeded or seen.failed:
        # What could not be changed still serves; `observed` shows Azure's word.
        await _turn(session, cluster, ClusterState.READY, "cluster.ready", now=now)


async def _turn(session: AsyncSession, cluster: Cluster, state: ClusterState, event: str, *, now: datetime) -> None:
    before = cluster.state
    cluster.state = state
    cluster.version += 1
    cluster.updated_at = now
    await tell(session, cluster, event, now, before=before)
