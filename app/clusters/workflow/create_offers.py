"""Steps of a create that look for room, and that make way for the caller's next offer."""

from dataclasses import replace

from app.azure.types.watch import TargetKind
from app.clusters.specs.room import Growth, is_flat
from app.clusters.specs.wanted import Place, Wanted
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.offers import next_offer
from app.clusters.workflow.plan import Plan
from app.clusters.workflow.preflight import Ground, require_room
from app.core.errors import Problem, SlipwayError
from app.core.json import JsonObject
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, azure_call


@cloud_step
async def check_room(cloud: Cloud, asked: Plan) -> list[JsonObject]:
    """Sizes, zones, cores and addresses: a certain no is told before Azure is asked (troubles 74, 75, 77)."""
    place, wanted = asked.place, asked.wanted
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    if await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud)) is not None:
        # Its cores and addresses are taken already.
        return []
    network = wanted.settings.get("network") or {}
    flat = is_flat(network.get("plugin"), network.get("plugin_mode"))
    ground = Ground(place.subscription_id, wanted.location, flat)
    try:
        return await require_room(cloud, ground, _growth(wanted, network.get("subnet_id")))
    except SlipwayError as error:
        asked.trial.raise_first(error)
        raise


def _growth(wanted: Wanted, shared: str | None) -> list[Growth]:
    """All pools. `shared`: the subnet of those that name none of their own."""
    return [
        Growth.of_new(pool.spec, pointer=f"/node_pools/{index}/subnet_id")
        if pool.spec.subnet_id
        else Growth.of_new(replace(pool.spec, subnet_id=shared), pointer="/network/subnet_id")
        for index, pool in enumerate(wanted.pools)
    ]


@record_step
async def turn_to_next(record: Record, asked: Plan, problem: Problem) -> Plan:
    """Remember that Azure refused this offer, and take the caller's next one."""
    cluster = await plan.cluster_of(record)
    trial = await next_offer(record, cluster, asked.trial, problem, event="cluster.offer_refused")
    return replace(asked, wanted=Wanted.from_json(cluster.wanted), trial=trial)


@cloud_step
async def remove_failed(cloud: Cloud, asked: Plan) -> None:
    """Remove what Azure has left of the offer before, where it has failed to make it: the next one has its name."""
    place = asked.place
    present = await await_azure.find_ours(cloud, place)
    if present is not None and (present.failed or present.deleting):
        await remove(cloud, place, present.id)


async def remove(cloud: Cloud, place: Place, azure_id: str) -> None:
    """Delete the cluster in Azure, and wait until it is gone. Raises what Azure says where it does not go."""
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    operation = await clusters.delete(place.resource_group, place.azure_name, call=azure_call(cloud))
    await await_azure.await_gone(
        cloud,
        Begun(azure_id, operation, asked_at),
        subscription_id=place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_delete",
    )
