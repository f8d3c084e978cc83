"""`node_pool.delete_machines`: single machines of a pool go, drained by AKS; the pool's count follows."""

from sqlalchemy import select

from app.azure.types.cluster import ManagedCluster
from app.azure.types.watch import TargetKind
from app.clusters.service.start import want
from app.clusters.specs.asked import may_have_been_taken
from app.clusters.specs.wanted import Wanted
from app.clusters.workflow import await_azure
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.proof import Proof
from app.clusters.workflow.turn import require_idle
from app.core.errors import ErrorClass, SlipwayError
from app.core.text import counted
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import Cluster, JobStep, NodePool, NodePoolState
from app.node_pools.specs.kinds import DELETE_MACHINES
from app.node_pools.workflow import plan
from app.node_pools.workflow.plan import PoolPlan, prove_nodes


async def delete_machines(job: JobRun) -> None:
    """Remove machines, see that they are gone and that the others are Ready."""
    asked = await job.record(begin_machines)
    machines = await job.cloud(find_machines, asked)
    begun = await job.cloud(delete_in_azure, asked, machines)
    await job.cloud(await_machines, asked, begun)
    made = await job.cloud(read_remaining, asked, machines)
    proof = await job.cloud(prove_nodes, asked, made)
    await job.record(record_machines, asked, made, proof)


class UnknownMachinesError(SlipwayError):
    """The pool has no machines of these names."""

    code = "unknown_machines"
    status = 422
    title = "The pool has no such machines"
    error_class = ErrorClass.CONFIGURATION
    remedy = "List the nodes: GET /v1/clusters/{id}/nodes."


@record_step
async def begin_machines(record: Record) -> PoolPlan:
    """Mark the cluster and the pool as being changed."""
    return await plan.begin(record, NodePoolState.UPDATING)


@cloud_step
async def find_machines(cloud: Cloud, asked: PoolPlan) -> list[str]:
    """Look whether the pool has all of them; once seen, a machine may go at any time."""
    await require_changeable(cloud, asked.place)
    wanted: list[str] = cloud.job.request["machines"]
    known = await machines_of(cloud, asked)
    unknown = [name for name in wanted if name.lower() not in known]
    if unknown:
        raise UnknownMachinesError(f"Pool {asked.name} has no machine named {', '.join(unknown)}.")
    return wanted


@cloud_step
async def delete_in_azure(cloud: Cloud, asked: PoolPlan, machines: list[str]) -> Begun | None:
    """Ask Azure to remove those that are there; None where none is."""
    place = asked.place
    await require_idle(cloud, place)
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    asked_at = cloud.clock.now()
    known = await machines_of(cloud, asked)
    left = [name for name in machines if name.lower() in known]
    if not left:
        return None
    operation = await pools.delete_machines(
        place.resource_group, place.azure_name, asked.spec.name, left, call=azure_call(cloud)
    )
    return Begun(operation.target_id, operation, asked_at)


@cloud_step
async def await_machines(cloud: Cloud, asked: PoolPlan, begun: Begun | None) -> None:
    """Wait until Azure has removed them."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.AGENT_POOL,
        expected="machines_delete",
    )


@cloud_step
async def read_remaining(cloud: Cloud, asked: PoolPlan, machines: list[str]) -> Made:
    """Read which machines are left."""
    known = await machines_of(cloud, asked)
    left = [name for name in machines if name.lower() in known]

    def missing(_seen: ManagedCluster) -> list[str]:
        return [f"Machine {name} is still there." for name in left]

    return await await_azure.read_made(cloud, asked.place, missing=missing)


@record_step
async def record_machines(record: Record, asked: PoolPlan, made: Made, proof: Proof) -> None:
    """Write how many nodes are wanted from now on, and that pool and cluster are ready again."""
    cluster = await clusters.cluster_of(record)
    row = await plan.pool_of(record)
    await clusters.serve_again(record, cluster, made)
    pool = made.cluster.pool(asked.spec.name)
    if pool is not None:
        _want_what_is_left(record, cluster, row, pool.count)
    plan.set_state(row, NodePoolState.READY, record)
    machines: list[str] = record.view.request["machines"]
    nodes = counted(row.count, "node")
    outcome = {"pool": asked.name, "machines": machines, "count": row.count, **proof.told()}
    await record.emit("node_pool.machines_deleted", data=outcome)
    await record.succeed(
        outcome=outcome,
        summary=f"Pool {asked.name} of cluster {cluster.name} has {nodes}, without {', '.join(machines)}.",
    )


async def record_not_deleted(record: Record, end: JobEnd) -> None:
    """The end of a job that did not succeed. A machine that Azure has removed all the same is not wanted again."""
    await plan.record_failed(record, end)
    row = await record.session.get(NodePool, record.view.request["pool_id"], with_for_update=True)
    notes = await record.session.scalars(select(JobStep.azure).where(JobStep.job_id == record.view.id))
    if row is None or row.deleted_at is not None or row.observed is None or not any(map(may_have_been_taken, notes)):
        return
    cluster = await clusters.cluster_of(record)
    _want_what_is_left(record, cluster, row, row.observed["count"])


def _want_what_is_left(record: Record, cluster: Cluster, row: NodePool, count: int) -> None:
    """Want no more nodes than Azure has of the pool, unless its autoscaler says how many there are."""
    pools = Wanted.from_json(cluster.wanted).pools
    pool = next((each for each in pools if each.name == row.name), None)
    if pool is None or pool.spec.auto_scaling or count >= pool.in_azure.count:
        return
    smaller = pool.of_size(count)
    want(cluster, {"pools": [(smaller if each is pool else each).as_json() for each in pools]}, record.now)
    row.count = smaller.spec.count


async def machines_of(cloud: Cloud, asked: PoolPlan) -> frozenset[str]:
    """The names of the machines that Azure has of the pool, in lower case."""
    place = asked.place
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    names = await pools.machines(place.resource_group, place.azure_name, asked.spec.name, call=azure_call(cloud))
    return frozenset(name.lower() for name in names)


delete_machines_workflow = Workflow(
    DELETE_MACHINES, delete_machines, ended=record_not_deleted, clean_up=clean_up_change
)
