"""The caller's offers, one after the other: what Azure has no room for, another may have (trouble 76)."""

from dataclasses import dataclass, field, replace

from app.clusters.service.offers import bad_offers, remember_bad
from app.clusters.service.read import list_pools
from app.clusters.service.start import want
from app.clusters.specs.offers import Offer, may_fall_back, offers_of
from app.clusters.specs.wanted import Wanted
from app.core.errors import Problem, SlipwayError
from app.core.json import JsonObject
from app.engine.errors import JobFailedError
from app.engine.steps import Record
from app.events import emit
from app.models import Cluster


@dataclass(frozen=True, slots=True)
class Trial:
    """How many of the caller's offers come after the present one, and those that came before it."""

    left: int = 0
    tried: list[JsonObject] = field(default_factory=list)

    def is_over(self, failed: JobFailedError) -> bool:
        """Whether a failure is the job's: no offer is left, or no other would help."""
        return not self.left or not may_fall_back(failed.problem)

    def raise_first(self, error: SlipwayError) -> None:
        """End the step at once where another offer is to be tried: waiting for room comes last."""
        if self.left and may_fall_back(error.problem):
            raise JobFailedError(error.problem) from error

    def told(self) -> JsonObject:
        """What a job's outcome says of it: nothing, where nothing else was tried."""
        return {"tried": self.tried} if self.tried else {}


async def begin_offers(record: Record, cluster: Cluster) -> Trial:
    """Want the first of the caller's offers that Azure did not refuse lately; the first one where it refused all.

    A job that takes up another goes on with the offer at which that one stopped: what it made may be there.
    """
    offers = offers_of(record.view.request)
    if not offers:
        return Trial()
    if record.view.retry_of is not None:
        present = Offer.of(Wanted.from_json(cluster.wanted), offers[0].pools)
        return Trial(len(offers) - 1 - (offers.index(present) if present in offers else 0))
    bad = await bad_offers(record.session, cluster.subscription_id, now=record.now)
    skipped: list[JsonObject] = []
    for number, offer in enumerate(offers):
        known = bad.get(offer.key)
        if known is None:
            await _take(record, cluster, offer)
            return Trial(len(offers) - 1 - number, skipped)
        skipped.append(offer.refused(code=known.code, detail=known.detail, remembered=True))
    return Trial(len(offers) - 1)


async def next_offer(record: Record, cluster: Cluster, trial: Trial, problem: Problem, *, event: str) -> Trial:
    """Remember that Azure refused the present offer, tell it, and want the caller's next one."""
    offers = offers_of(record.view.request)
    refused, following = offers[-1 - trial.left], offers[len(offers) - trial.left]
    await remember_bad(record.session, cluster.subscription_id, refused.key, problem, now=record.now)
    entry = refused.refused(code=problem.code, detail=problem.detail)
    after = replace(trial, left=trial.left - 1, tried=[*trial.tried, entry])
    await emit(
        record.session,
        event,
        at=record.now,
        project_id=cluster.project_id,
        subject=("cluster", cluster.id),
        data={"name": cluster.name, "pools": sorted(refused.pools), **entry},
        job_id=record.view.id,
        # Each try is an event of its own.
        step=f"offer {len(after.tried)}",
    )
    await _take(record, cluster, following)
    return after


async def _take(record: Record, cluster: Cluster, offer: Offer) -> None:
    taken = offer.taken(Wanted.from_json(cluster.wanted))
    want(cluster, {"pools": [pool.as_json() for pool in taken.pools], "location": taken.location}, record.now)
    cluster.location = taken.location
    for row in await list_pools(record.session, [cluster]):
        if row.name in offer.pools:
            row.vm_size = offer.pools[row.name].size
