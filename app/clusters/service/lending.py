"""What is on record of nodes that pools lend: written by the job that lends them, and ended by the caller's word."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.outbound import require_ports_for
from app.clusters.service.read import list_pools
from app.clusters.service.start import tell, want
from app.clusters.specs.lending import Loan, owned_beside
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.errors import ConflictError
from app.models import Cluster, NodePool, NodePoolState


class LenderGoneError(ConflictError):
    """The pool that was to lend nodes is not there any more, or not of regular machines and a fixed count."""

    code = "fallback_pool_gone"
    remedy = "Name another one: PATCH the spot pool, `spot.fallback_pool`."


class FallbackInUseError(ConflictError):
    """A spot pool names this one as the pool that lends it nodes."""

    code = "fallback_pool_in_use"
    remedy = 'Have the spot pool name another, or none: PATCH it with {"spot": {"fallback_pool": null}}.'


def require_unnamed(cluster: Cluster, rows: Sequence[NodePool], row: NodePool) -> None:
    """Raise FallbackInUseError where a spot pool that stays names this pool."""
    going = {each.name for each in rows if each.state == NodePoolState.DELETING}
    names = [name for name in Wanted.from_json(cluster.wanted).naming(row.name) if name not in going]
    if names:
        raise FallbackInUseError(f"{', '.join(names)} has {row.name} as `spot.fallback_pool`.")


async def keep_loan(session: AsyncSession, cluster: Cluster, loan: Loan, *, now: datetime) -> WantedPool:
    """Write what is lent from now on; what Azure is to have follows. What the caller has ended stays ended.

    Raises LenderGoneError, SnatExhaustedError.
    """
    wanted = Wanted.from_json(cluster.wanted)
    pool = wanted.pool(loan.name)
    if pool is None or pool.spec.auto_scaling or pool.spec.spot_eviction_policy is not None:
        raise LenderGoneError(f"Pool {loan.name} cannot lend nodes to {loan.to}.")
    if loan.grows and pool.lent.get(loan.to) == 0:
        return pool
    lending = pool.lending(loan.to, loan.count)
    if loan.grows:
        await require_ports_for(session, cluster, pool=pool.name, count=lending.in_azure.count)
    _put(cluster, wanted, lending, now)
    return lending


async def settle_loan(session: AsyncSession, cluster: Cluster, loan: Loan, *, since: datetime, now: datetime) -> None:
    """After a job that did not succeed: as much is lent as Azure has, or may have where it was not read `since`."""
    wanted = Wanted.from_json(cluster.wanted)
    pool = wanted.pool(loan.name)
    row = next((row for row in await list_pools(session, [cluster]) if row.name == loan.name), None)
    if pool is None or row is None or pool.lent.get(loan.to) == 0:
        return
    seen = max(pool.in_azure.count, pool.lending(loan.to, loan.before).in_azure.count)
    if row.observed is not None and row.observed_at is not None and row.observed_at >= since:
        seen = int(row.observed["count"])
    _put(cluster, wanted, pool.lending(loan.to, loan.left(own=owned_beside(wanted, loan), seen=seen)), now)


async def end_loans(session: AsyncSession, cluster: Cluster, name: str, *, now: datetime) -> None:
    """A count that somebody sets ends the pool's loans: none is made anew before the spot pool has been whole again."""
    wanted = Wanted.from_json(cluster.wanted)
    pool = wanted.pool(name)
    if pool is None:
        return
    for to, count in pool.lent.items():
        if count:
            await tell(session, cluster, "node_pool.loan_ended", now, pool=name, to=to)
    _put(cluster, wanted, pool.recalled(wanted.naming(name)), now)


def forget_loan(cluster: Cluster, loan: Loan, *, now: datetime) -> None:
    """Nothing is on record of the loan any more."""
    wanted = Wanted.from_json(cluster.wanted)
    pool = wanted.pool(loan.name)
    if pool is not None:
        _put(cluster, wanted, pool.lending(loan.to, None), now)


def _put(cluster: Cluster, wanted: Wanted, pool: WantedPool, now: datetime) -> None:
    if wanted.pool(pool.name) != pool:
        pools = [pool if each.name == pool.name else each for each in wanted.pools]
        want(cluster, {"pools": [each.as_json() for each in pools]}, now)
