"""What was tried for spot pools before, and when it is tried again (trouble 49)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.pool_rows import replacement_of
from app.clusters.specs.ending import pause_after
from app.engine.kinds import JobKind
from app.models import Cluster, Job, JobState, NodePool, NodePoolState
from app.node_pools.specs.kinds import REPLACE_MACHINES

REQUESTED_BY = "slipway:spot"
"""The principal of jobs which nobody asked for but the setting of a spot pool."""
_AT_REST = frozenset({NodePoolState.READY, NodePoolState.DEGRADED, NodePoolState.FAILED})
_MOST_JOBS = 200
_MOST_TRIES = 8
"""So many failed ones make the pause its longest."""


async def rests(session: AsyncSession, row: NodePool) -> bool:
    """Whether such a job may be begun for the pool: it is in no change, and in no rotation."""
    return row.state in _AT_REST and not row.replaces and await replacement_of(session, row.id) is None


async def tries_of(
    session: AsyncSession, cluster: Cluster, kind: JobKind, mine: Callable[[Job], bool]
) -> Sequence[Job]:
    """The cluster's jobs of a kind that are among `mine`, the newest first."""
    asked = select(Job).where(Job.target_id == cluster.id, Job.kind == kind.name)
    found = (await session.scalars(asked.order_by(Job.id.desc()).limit(_MOST_JOBS))).all()
    return [job for job in found if mine(job)][:_MOST_TRIES]


async def replacements_of(session: AsyncSession, cluster: Cluster, row: NodePool) -> Sequence[Job]:
    """The replacements of the pool's machines, the newest first."""
    return await tries_of(session, cluster, REPLACE_MACHINES, lambda job: bool(job.request["pool_id"] == row.id))


def has_failed(tried: Sequence[Job]) -> bool:
    """Whether the newest has ended without success."""
    return bool(tried) and tried[0].finished_at is not None and tried[0].state != JobState.SUCCEEDED


def pause_is_over(tried: Sequence[Job], now: datetime, *, after_success: timedelta = timedelta(0)) -> bool:
    """Whether the next one may begin: the pauses between those that do not succeed grow."""
    if not tried or tried[0].finished_at is None:
        return not tried
    failed = len(list(takewhile(lambda job: job.state != JobState.SUCCEEDED, tried)))
    return tried[0].finished_at <= now - (pause_after(failed) if failed else after_success)
