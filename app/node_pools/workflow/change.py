"""`node_pool.update`: the smallest change, in as many requests as Azure wants it in."""

from dataclasses import dataclass, replace

from app.azure.types.agent_pool import AgentPool, PoolDifference
from app.azure.types.pool_properties import FREE, TYPED
from app.azure.types.watch import TargetKind
from app.clusters.live import PoolMissingError
from app.clusters.service.change import want_count
from app.clusters.specs.room import Growth
from app.clusters.specs.wanted import Wanted
from app.clusters.workflow import await_azure
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.preflight import ground_of, require_room, room_told
from app.clusters.workflow.proof import Proof
from app.clusters.workflow.settings import forget_pool_resets, pause
from app.clusters.workflow.turn import require_idle
from app.core.json import JsonObject
from app.engine.steps import CloudStep, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, Gateways, JobRun, Workflow, azure_call
from app.models import NodePoolState
from app.node_pools.specs.kinds import UPDATE
from app.node_pools.workflow import plan, pool_calls
from app.node_pools.workflow.plan import PoolPlan, prove_nodes


async def change_pool(job: JobRun) -> None:
    """Bring a changed pool to Azure, and see its nodes Ready."""
    asked = await job.record(begin_change)
    begun = await _send(job, asked)
    made = await job.cloud(read_changed, asked)
    if made.left:
        await job.cloud(pause)
        await _send(job, asked)
        made = await job.cloud(read_changed, asked)
    proof = await job.cloud(prove_nodes, asked, made)
    await job.record(record_changed, asked, made, proof, [] if begun is None else begun.room)


async def _send(job: JobRun, asked: PoolPlan) -> Begun | None:
    await _sent(job, asked, end_autoscaling)
    return await _sent(job, asked, put_changes)


async def _sent(job: JobRun, asked: PoolPlan, send: CloudStep[Gateways, [PoolPlan], Begun | None]) -> Begun | None:
    begun = await job.cloud(send, asked)
    await see_through(
        job,
        asked.place,
        begun,
        wait=lambda sent: job.cloud(await_change, asked, sent),
        again=lambda: job.cloud(send, asked),
    )
    return begun


@dataclass(frozen=True, slots=True)
class Changed(Made):
    """The cluster as Azure has it after the change, and what of the pool it has not applied, for callers."""

    left: tuple[JsonObject, ...] = ()


@record_step
async def begin_change(record: Record) -> PoolPlan:
    """Mark the cluster and the pool as being changed. A count that was asked for is wanted, whatever was wanted since.

    A job before this one may have wanted another; but where the autoscaler was given the pool since, it decides.
    """
    cluster, row = await clusters.cluster_of(record), await plan.pool_of(record)
    pool, count = Wanted.from_json(cluster.wanted).pool(row.name), record.view.request.get("count")
    if pool is not None and not pool.spec.auto_scaling and count not in {None, pool.spec.count}:
        await want_count(record.session, cluster, pool.name, count, now=record.now)
    return await plan.begin(record, NodePoolState.UPDATING)


@cloud_step
async def end_autoscaling(cloud: Cloud, asked: PoolPlan) -> Begun | None:
    """Take the pool over from the autoscaler, where that is asked: Azure takes a count only afterwards."""
    place = asked.place
    await require_idle(cloud, place)
    present = await _present(cloud, asked)
    if asked.spec.auto_scaling or not present.auto_scaling:
        keeper = "The autoscaler" if asked.spec.auto_scaling else "No autoscaler"
        cloud.context.describe(f"{keeper} keeps the pool: there is nothing to take over.")
        return None
    return await pool_calls.send(cloud, asked, asked.spec, present)


@cloud_step
async def put_changes(cloud: Cloud, asked: PoolPlan) -> Begun | None:
    """Send what differs; None where nothing does any more. There must be room for more nodes (trouble 74)."""
    await require_idle(cloud, asked.place)
    present = await _present(cloud, asked)
    room = await _look_for_room(cloud, asked, present)
    begun = await pool_calls.send(cloud, asked, asked.spec, present)
    return None if begun is None else replace(begun, room=room)


async def _look_for_room(cloud: Cloud, asked: PoolPlan, present: AgentPool) -> list[JsonObject]:
    spec, place = asked.spec, asked.place
    count, most = spec.count, None
    if spec.auto_scaling:
        count = max(present.count, spec.min_count or 0)
        most = spec.max_count if (spec.max_count or 0) > (present.max_count or 0) else None
    pointer = "/autoscaling/min_count" if spec.auto_scaling else "/count"
    growth = Growth.of_present(present, count, most=most, pointer=pointer)
    if not growth.grows:
        return []
    cluster = await await_azure.require_ours(cloud, place)
    return await require_room(cloud, ground_of(cluster, place.subscription_id), [growth])


async def _present(cloud: Cloud, asked: PoolPlan) -> AgentPool:
    present = await plan.present_pool(cloud, asked)
    if present is None:
        raise PoolMissingError(f"The cluster has no pool named {asked.name}.")
    return present


@cloud_step
async def await_change(cloud: Cloud, asked: PoolPlan, begun: Begun | None) -> None:
    """Wait until Azure has applied the change."""
    await await_azure.finish(
        cloud, begun, subscription_id=asked.place.subscription_id, kind=TargetKind.AGENT_POOL, expected="pool_update"
    )


@cloud_step
async def read_changed(cloud: Cloud, asked: PoolPlan) -> Changed:
    """Read what Azure applied: all that was asked of the pool."""
    place = asked.place
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    found = await pools.compare(place.resource_group, place.azure_name, asked.spec, call=azure_call(cloud))
    made = await await_azure.read_made(cloud, place)
    return Changed(made.cluster, made.outbound_ips, left=tuple(_shown(each) for each in found))


def _shown(difference: PoolDifference) -> JsonObject:
    """A difference, for callers; what may hold anything (tags, Azure's own properties) without its values."""
    setting = TYPED.get(difference.name, f"azure_properties.{difference.name}")
    shown: JsonObject = {"setting": setting, "path": f"/properties/{difference.name}"}
    if setting == "tags" or difference.name in FREE:
        return shown
    return {**shown, "wanted": difference.wanted, "azure_has": difference.present}


@record_step
async def record_changed(record: Record, asked: PoolPlan, made: Changed, proof: Proof, room: list[JsonObject]) -> None:
    """Write that the pool and the cluster are ready again, and what Azure has not applied, if anything."""
    cluster = await clusters.cluster_of(record)
    row = await plan.pool_of(record)
    if not made.left:
        forget_pool_resets(cluster, [asked.spec])
    await clusters.serve_again(record, cluster, made)
    if row.state == NodePoolState.UPDATING:
        plan.set_state(row, NodePoolState.READY, record)
    outcome: JsonObject = {"pool": asked.name, "azure_name": asked.spec.name, **proof.told()} | room_told(room)
    await record.emit("node_pool.updated", data=outcome)
    words = "is as asked."
    if made.left:
        settings = [each["setting"] for each in made.left]
        await record.emit("node_pool.applied_partially", data={"pool": asked.name, "settings": settings})
        outcome["applied_partially"] = list(made.left)
        words = f"is changed, but Azure has not applied all of it: {', '.join(dict.fromkeys(settings))}."
    await record.succeed(outcome=outcome, summary=f"Pool {asked.name} of cluster {cluster.name} {words}")


change_workflow = Workflow(UPDATE, change_pool, ended=plan.record_failed, clean_up=clean_up_change)
