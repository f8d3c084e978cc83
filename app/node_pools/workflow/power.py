"""`node_pool.stop` and `node_pool.start`: a user pool's machines go, or come back; the pool stays."""

from app.azure.types.cluster import ManagedCluster
from app.azure.types.watch import TargetKind
from app.clusters.live import PoolMissingError
from app.clusters.specs.observed import is_stopped
from app.clusters.specs.room import Growth
from app.clusters.workflow import await_azure
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.preflight import ground_of, require_room
from app.clusters.workflow.proof import Proof
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import NodePoolState
from app.node_pools.specs.kinds import START, STOP
from app.node_pools.workflow import plan
from app.node_pools.workflow.plan import PoolPlan, prove_nodes


async def switch_pool(job: JobRun) -> None:
    """Stop a pool, or start it, and see that the nodes of the cluster that shall run are Ready."""
    asked = await job.record(begin_switch)
    begun = await job.cloud(switch_in_azure, asked)
    made = await see_through(
        job,
        asked.place,
        begun,
        wait=lambda sent: _switched(job, asked, sent),
        again=lambda: job.cloud(switch_in_azure, asked),
    )
    proof = await job.cloud(prove_nodes, asked, made)
    await job.record(record_switched, asked, made, proof)


async def _switched(job: JobRun, asked: PoolPlan, begun: Begun | None) -> Made:
    await job.cloud(await_switch, asked, begun)
    return await job.cloud(read_switched, asked)


@record_step
async def begin_switch(record: Record) -> PoolPlan:
    """Mark the cluster as being changed, and the pool as being stopped or started."""
    stops = record.view.kind == STOP.name
    return await plan.begin(record, NodePoolState.STOPPING if stops else NodePoolState.STARTING)


@cloud_step
async def switch_in_azure(cloud: Cloud, asked: PoolPlan) -> Begun | None:
    """Ask Azure to stop or start the pool, unless it is so; there must be room for what is started."""
    place, stops = asked.place, cloud.job.kind == STOP.name
    cluster = await require_changeable(cloud, place)
    present = await plan.present_pool(cloud, asked)
    if present is None:
        raise PoolMissingError(f"The cluster has no pool named {asked.name}.")
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    asked_at = cloud.clock.now()
    if present.provisioning_state.lower() == ("stopping" if stops else "starting"):
        # Asked already, by a run whose end was lost.
        return Begun(pools.id_of(place.resource_group, place.azure_name, present.name), None, asked_at)
    if is_stopped(present.power_state) is stops and present.succeeded:
        return None
    if not stops:
        growth = Growth.of_present(present, present.count, started=True)
        await require_room(cloud, ground_of(cluster, place.subscription_id), [growth])
    answer = await pools.set_power(
        place.resource_group, place.azure_name, present.name, stopped=stops, call=azure_call(cloud)
    )
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_switch(cloud: Cloud, asked: PoolPlan, begun: Begun | None) -> None:
    """Wait until Azure has done so."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.AGENT_POOL,
        expected="pool_stop" if cloud.job.kind == STOP.name else "pool_start",
    )


@cloud_step
async def read_switched(cloud: Cloud, asked: PoolPlan) -> Made:
    """Read that it is so."""
    stops = cloud.job.kind == STOP.name

    def missing(seen: ManagedCluster) -> list[str]:
        pool = seen.pool(asked.spec.name)
        found = "gone" if pool is None else pool.power_state
        return [] if pool is not None and is_stopped(pool.power_state) is stops else [f"Pool {asked.name} is {found}."]

    return await await_azure.read_made(cloud, asked.place, missing=missing)


@record_step
async def record_switched(record: Record, asked: PoolPlan, made: Made, proof: Proof) -> None:
    """Write what the pool is now, and that the cluster is ready again."""
    cluster = await clusters.cluster_of(record)
    await clusters.serve_again(record, cluster, made)
    row = await plan.pool_of(record)
    stops = record.view.kind == STOP.name
    plan.set_state(row, NodePoolState.STOPPED if stops else NodePoolState.READY, record)
    outcome = {"pool": asked.name, "azure_name": asked.spec.name, **proof.told()}
    await record.emit("node_pool.stopped" if stops else "node_pool.started", data=outcome)
    started = f"is started; {proof.words('all nodes are Ready.')}"
    done = "is stopped; its nodes are gone, and what ran on them." if stops else started
    await record.succeed(outcome=outcome, summary=f"Pool {asked.name} of cluster {cluster.name} {done}")


stop_workflow = Workflow(STOP, switch_pool, ended=plan.record_failed, clean_up=clean_up_change)
start_workflow = Workflow(START, switch_pool, ended=plan.record_failed, clean_up=clean_up_change)
