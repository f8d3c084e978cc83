"""Steps of a new pool that look for room, and that make way for the caller's next offer."""

from dataclasses import replace

from app.clusters.live import PoolMissingError
from app.clusters.specs.room import Growth
from app.clusters.specs.wanted import Wanted
from app.clusters.workflow import await_azure
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.offers import next_offer
from app.clusters.workflow.preflight import ground_of, require_room
from app.core.errors import Problem, SlipwayError
from app.core.json import JsonObject
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud
from app.node_pools.workflow import plan, pool_calls
from app.node_pools.workflow.plan import PoolPlan


@cloud_step
async def check_room(cloud: Cloud, asked: PoolPlan) -> list[JsonObject]:
    """Sizes, zones, cores and addresses: a certain no is told before Azure is asked (troubles 74, 75, 77)."""
    cluster = await await_azure.require_ours(cloud, asked.place)
    if await plan.present_pool(cloud, asked) is not None:
        # Its cores and addresses are taken already.
        return []
    try:
        return await require_room(cloud, ground_of(cluster, asked.place.subscription_id), [Growth.of_new(asked.spec)])
    except SlipwayError as error:
        asked.trial.raise_first(error)
        raise


@record_step
async def turn_to_next(record: Record, asked: PoolPlan, problem: Problem) -> PoolPlan:
    """Remember that Azure refused this offer, and take the caller's next one."""
    cluster = await clusters.cluster_of(record)
    trial = await next_offer(record, cluster, asked.trial, problem, event="node_pool.offer_refused")
    pool = Wanted.from_json(cluster.wanted).pool(asked.name)
    if pool is None:
        raise PoolMissingError(f"Nothing is wanted of a pool named {asked.name}.")
    return replace(asked, spec=pool.spec, trial=trial)


@cloud_step
async def remove_failed(cloud: Cloud, asked: PoolPlan) -> None:
    """Remove what Azure has left of the offer before, where it has failed to make it: the next one has its name."""
    present = await plan.present_pool(cloud, asked)
    if present is not None and pool_calls.has_failed(asked, present):
        await pool_calls.await_gone(cloud, asked, await pool_calls.delete(cloud, asked))
