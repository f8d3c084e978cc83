"""Which pools are to lend spot pools nodes, and which have theirs back (trouble 49)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.azure.types.provisioning import has_succeeded
from app.clusters.schemas.pools import OnEviction
from app.clusters.service.lending import end_loans, forget_loan
from app.clusters.service.read import list_pools
from app.clusters.service.start import Asker, start
from app.clusters.specs.conditions import ConditionType, Status, condition_of, is_whole
from app.clusters.specs.kinds import SCALE
from app.clusters.specs.lending import Loan
from app.clusters.specs.scaling import AWAY
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.json import JsonObject
from app.jobs.schemas import RunOptions
from app.models import Cluster, Job, NodePool, NodePoolState
from app.node_pools.observe.tries import has_failed, pause_is_over, replacements_of, rests, tries_of


@dataclass(frozen=True, slots=True)
class Due:
    """What is to become of one pool's loans. `set_in_azure`: somebody has set its count there, which ends them."""

    row: NodePool
    loan: Loan | None = None
    set_in_azure: bool = False


async def look_at_loans(session: AsyncSession, cluster: Cluster, now: datetime) -> list[Due]:
    """What is due, from the rows."""
    scene = _Scene(session, cluster, now, Wanted.from_json(cluster.wanted))
    return await scene.due({row.name: row for row in await list_pools(session, [cluster])})


async def act_on_loans(session: AsyncSession, asker: Asker, cluster: Cluster, due: list[Due]) -> None:
    """Write what needs no job, and begin one for the first loan that does: it has all on record from then on."""
    for each in due:
        if each.set_in_azure:
            await end_loans(session, cluster, each.row.name, now=asker.now)
        elif each.loan is not None and not each.loan.before and not each.loan.count:
            forget_loan(cluster, each.loan, now=asker.now)
        elif each.loan is not None:
            request = {"pool": each.row.azure_name, "name": each.row.name, "count": _size_after(cluster, each.loan)}
            options = RunOptions().model_dump(mode="json")
            await start(
                session, asker, SCALE, cluster, options=options, request={**request, "loan": each.loan.as_json()}
            )
            return


def _size_after(cluster: Cluster, loan: Loan) -> int | None:
    pool = Wanted.from_json(cluster.wanted).pool(loan.name)
    return None if pool is None else pool.lending(loan.to, loan.count).in_azure.count


@dataclass(frozen=True, slots=True)
class _Scene:
    session: AsyncSession
    cluster: Cluster
    now: datetime
    wanted: Wanted

    async def due(self, rows: dict[str, NodePool]) -> list[Due]:
        found: list[Due] = []
        for pool in self.wanted.pools:
            borrowers = sorted({*pool.lent, *self.wanted.naming(pool.name)})
            row = rows.get(pool.name)
            if not borrowers or row is None or pool.spec.auto_scaling or not await rests(self.session, row):
                continue
            if (row.observed or {}).get("count") != pool.in_azure.count:
                # Nothing is lent on top of a count that nobody here asked for.
                found += [Due(row, set_in_azure=True)] if await self._is_set_by_others(pool, row) else []
                continue
            for name in borrowers:
                loan = await self._loan(pool, name, rows.get(name))
                found += [] if loan is None else [Due(row, loan)]
        return found

    async def _is_set_by_others(self, pool: WantedPool, row: NodePool) -> bool:
        seen = row.observed or {}
        if not any(pool.lent.values()) or not has_succeeded(str(seen.get("provisioning_state"))):
            return False
        tried = await self._tries(lambda loan: loan.name == pool.name)
        # What was seen before the end of a job that failed may be older than what that has done.
        ended = tried[0].finished_at if tried else None
        return ended is None or (row.observed_at is not None and row.observed_at >= ended)

    async def _loan(self, pool: WantedPool, name: str, borrower: NodePool | None) -> Loan | None:
        before = pool.lent.get(name)
        tried = await self._tries(lambda loan: (loan.name, loan.to) == (pool.name, name))
        count = await self._count(pool, name, borrower, before)
        if count == before and not (count and has_failed(tried)):
            return None
        return Loan(pool.name, name, before, count) if pause_is_over(tried, self.now) else None

    async def _count(self, pool: WantedPool, name: str, row: NodePool | None, before: int | None) -> int | None:
        """How many nodes the pool is to lend now; None: none, and nothing is to be on record of it."""
        asked = self.wanted.pool(name)
        if row is None or asked is None or asked.fallback_pool != pool.name or row.state == NodePoolState.STOPPED:
            return None
        nodes = (condition_of(self.cluster.conditions, ConditionType.NODES_READY) or {}).get("pools", {})
        of_pool: JsonObject | None = nodes.get(row.azure_name)
        if of_pool is None or not await rests(self.session, row):
            return before
        replaced = await replacements_of(self.session, self.cluster, row)
        # Where the autoscaler decides, AKS itself brings the pool to its least count again.
        least = 0 if asked.spec.auto_scaling else asked.spec.count
        missing = max(int(of_pool["wanted"]), least) - int(of_pool["ready"])
        if missing <= 0:
            return None if self._lasts(of_pool, replaced) else before
        if before == 0 or (asked.on_eviction == OnEviction.REPLACE and not has_failed(replaced)):
            return before
        spot = condition_of(self.cluster.conditions, ConditionType.SPOT) or {}
        away = spot.get("status") == Status.FALSE and row.azure_name in spot.get("by_pool", {})
        # Once a replacement has removed what was left of them and got no further, the pool is whole, and too small.
        short = away or (is_whole(of_pool) and has_failed(replaced))
        return max(before or 0, missing) if short else before

    def _lasts(self, of_pool: JsonObject, replaced: Sequence[Job]) -> bool:
        """Whether the pool is whole for so long, counted from the end of its last replacement at least."""
        ended = [job.finished_at for job in replaced[:1] if job.finished_at is not None]
        return self.now - max([datetime.fromisoformat(of_pool["since"]), *ended]) >= AWAY

    async def _tries(self, mine: Callable[[Loan], bool]) -> Sequence[Job]:
        def of_loan(job: Job) -> bool:
            loan = Loan.of(job.request)
            return loan is not None and mine(loan)

        return await tries_of(self.session, self.cluster, SCALE, of_loan)
