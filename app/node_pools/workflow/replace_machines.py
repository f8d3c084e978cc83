"""`node_pool.replace_machines`: what is left of a spot pool's lost machines goes, and others come (trouble 49)."""

from dataclasses import dataclass, replace

from app.azure.types.cluster import ManagedCluster
from app.azure.types.watch import TargetKind
from app.clusters.live import PoolMissingError
from app.clusters.specs.room import Growth
from app.clusters.workflow import await_azure
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.preflight import ground_of, require_room
from app.clusters.workflow.private_facts import facts_by_command
from app.clusters.workflow.proof import Proof, prove
from app.clusters.workflow.reach import reach
from app.clusters.workflow.turn import require_idle
from app.core.errors import SlipwayError
from app.core.text import counted
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import NodePoolState
from app.node_pools.specs.kinds import REPLACE_MACHINES
from app.node_pools.workflow import plan, pool_calls
from app.node_pools.workflow.delete_machines import await_machines, delete_in_azure, machines_of
from app.node_pools.workflow.plan import PoolPlan


async def replace_machines(job: JobRun) -> None:
    """Remove what is left of lost machines, bring the pool to its count again, and see its nodes Ready."""
    asked = await job.record(begin_replacement)
    lost = await job.cloud(find_lost, asked)
    begun = await job.cloud(delete_in_azure, asked, lost.machines)
    await job.cloud(await_machines, asked, begun)
    put = await job.cloud(put_missing, asked, lost)
    await job.cloud(await_replacement, asked, put)
    made = await job.cloud(read_replaced, asked, lost)
    proof = await job.cloud(prove_pool, asked, made)
    await job.record(record_replaced, asked, lost, made, proof)


@dataclass(frozen=True, slots=True)
class Lost:
    """The machines that are to go, and how many the pool shall have: never fewer than before, nor than are wanted."""

    machines: list[str]
    count: int


@record_step
async def begin_replacement(record: Record) -> PoolPlan:
    """Mark the cluster and the pool as being changed."""
    return await plan.begin(record, NodePoolState.UPDATING)


@cloud_step
async def find_lost(cloud: Cloud, asked: PoolPlan) -> Lost:
    """Look which of the machines that were away Azure still has, and are not Ready by now."""
    cluster = await require_changeable(cloud, asked.place)
    present = cluster.pool(asked.spec.name)
    if present is None:
        raise PoolMissingError(f"The cluster has no pool named {asked.name}.")
    known = await machines_of(cloud, asked)
    named = [name for name in cloud.job.request["machines"] if name.lower() in known]
    ready = await _ready_nodes(cloud, asked, cluster) if named else frozenset()
    return Lost([name for name in named if name.lower() not in ready], max(asked.spec.count, present.count))


async def _ready_nodes(cloud: Cloud, asked: PoolPlan, cluster: ManagedCluster) -> frozenset[str]:
    try:
        async with reach(cloud.gateways, asked.place, call=azure_call(cloud), cluster=cluster) as client:
            nodes = await client.nodes()
    except SlipwayError as error:
        if cluster.private_fqdn is None or not error.problem.retryable:
            raise
        nodes = (await facts_by_command(cloud, asked.place, cluster, resting=())).nodes
    return frozenset(node.name.lower() for node in nodes if node.ready)


@cloud_step
async def put_missing(cloud: Cloud, asked: PoolPlan, lost: Lost) -> Begun | None:
    """Ask for the pool's count again; None where it has its machines, or its autoscaler asks for them.

    Of machines that Azure has deleted by itself the pool's count knows nothing: AKS makes them anew for a PUT that
    changes nothing else. There must be room for them (trouble 74).
    """
    if asked.spec.auto_scaling:
        return None
    place = asked.place
    cluster = await require_idle(cloud, place)
    present = await plan.present_pool(cloud, asked)
    if present is None:
        raise PoolMissingError(f"The cluster has no pool named {asked.name}.")
    whole = present.succeeded and present.count == lost.count
    if whole and len(await machines_of(cloud, asked)) >= lost.count:
        return None
    growth = Growth.of_present(present, lost.count, pointer=f"/node_pools/{asked.name}")
    if growth.grows:
        await require_room(cloud, ground_of(cluster, place.subscription_id), [growth])
    return await pool_calls.send(cloud, asked, replace(asked.spec, count=lost.count), present, again=True)


@cloud_step
async def await_replacement(cloud: Cloud, asked: PoolPlan, begun: Begun | None) -> None:
    """Wait until Azure has made the machines."""
    await await_azure.finish(
        cloud, begun, subscription_id=asked.place.subscription_id, kind=TargetKind.AGENT_POOL, expected="pool_scale"
    )


@cloud_step
async def read_replaced(cloud: Cloud, asked: PoolPlan, lost: Lost) -> Made:
    """Read that the lost machines are gone, and that there are as many as there shall be."""
    known = await machines_of(cloud, asked)
    spec = replace(asked.spec, count=lost.count)

    def missing(seen: ManagedCluster) -> list[str]:
        found = [f"Machine {name} is still there." for name in lost.machines if name.lower() in known]
        if not spec.auto_scaling and len(known) < lost.count:
            found.append(f"Pool {asked.name} has {len(known)} machines, not {lost.count}.")
        return found + plan.pool_missing(seen, spec)

    return await await_azure.read_made(cloud, asked.place, missing=missing)


@cloud_step
async def prove_pool(cloud: Cloud, asked: PoolPlan, made: Made) -> Proof:
    """All nodes of the pool are Ready; another pool may have lost its own."""
    return await prove(cloud, asked.place, made.cluster, only=asked.spec.name)


@record_step
async def record_replaced(record: Record, asked: PoolPlan, lost: Lost, made: Made, proof: Proof) -> None:
    """Write that pool and cluster are ready again. What is wanted of the pool stays as it is."""
    cluster = await clusters.cluster_of(record)
    row = await plan.pool_of(record)
    await clusters.serve_again(record, cluster, made)
    plan.set_state(row, NodePoolState.READY, record)
    pool = made.cluster.pool(asked.spec.name)
    count = lost.count if pool is None else pool.count
    outcome = {"pool": asked.name, "machines": lost.machines, "count": count, **proof.told()}
    await record.emit("node_pool.machines_replaced", data=outcome)
    words = proof.words("all nodes are Ready.")
    await record.succeed(
        outcome=outcome,
        summary=f"Spot pool {asked.name} of cluster {cluster.name} has {counted(count, 'node')} again; {words}",
    )


replace_machines_workflow = Workflow(
    REPLACE_MACHINES, replace_machines, ended=plan.record_failed, clean_up=clean_up_change
)
