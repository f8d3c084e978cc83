"""`cluster.stop`: nothing of the cluster runs any more, and Azure keeps what its API server knows."""

from app.azure.types.watch import TargetKind
from app.clusters.specs.applied import power_missing
from app.clusters.specs.kinds import STOP
from app.clusters.specs.observed import is_stopped
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.turn import require_idle
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState


async def stop_cluster(job: JobRun) -> None:
    """Stop a cluster, and see that Azure has stopped it."""
    asked = await job.record(begin_stop)
    begun = await job.cloud(stop_in_azure, asked)
    if plan.only_acceptance(job):
        await job.record(plan.record_accepted)
        return
    made = await see_through(
        job, asked, begun, wait=lambda sent: _stopped(job, asked, sent), again=lambda: job.cloud(stop_in_azure, asked)
    )
    await job.record(record_stopped, made)


async def _stopped(job: JobRun, place: Place, begun: Begun | None) -> Made:
    await job.cloud(await_stop, place, begun)
    return await job.cloud(read_stopped, place)


@record_step
async def begin_stop(record: Record) -> Place:
    """Mark the cluster as being stopped."""
    return (await plan.begin(record, ClusterState.STOPPING)).place


@cloud_step
async def stop_in_azure(cloud: Cloud, place: Place) -> Begun | None:
    """Ask Azure to stop the cluster, unless it is stopped."""
    present = await await_azure.require_ours(cloud, place)
    asked_at = cloud.clock.now()
    if present.provisioning_state.lower() == "stopping":
        # Asked already, by a run whose end was lost, or by somebody else.
        return Begun(present.id, None, asked_at)
    present = await require_idle(cloud, place)
    if is_stopped(present.power_state):
        return None
    asked_at = cloud.clock.now()
    verbs = cloud.gateways.azure.subscription(place.subscription_id).cluster_verbs
    operation = await verbs.stop(place.resource_group, place.azure_name, call=azure_call(cloud))
    return Begun(present.id, operation, asked_at)


@cloud_step
async def await_stop(cloud: Cloud, place: Place, begun: Begun | None) -> None:
    """Wait until Azure has stopped it."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_stop",
    )


@cloud_step
async def read_stopped(cloud: Cloud, place: Place) -> Made:
    """Read that it is stopped."""
    return await await_azure.read_made(cloud, place, missing=lambda seen: power_missing(seen, stopped=True))


@record_step
async def record_stopped(record: Record, made: Made) -> None:
    """Write that the cluster is stopped."""
    cluster = await plan.cluster_of(record)
    await plan.observe(record, cluster, made.cluster, made.outbound_ips)
    if cluster.state == ClusterState.STOPPING:
        plan.set_state(cluster, ClusterState.STOPPED, record)
    await record.emit("cluster.stopped")
    await record.succeed(
        outcome={"power_state": made.cluster.power_state},
        summary=f"Cluster {cluster.name} is stopped: nothing of it runs, and Azure keeps its objects for 12 months.",
    )


stop_workflow = Workflow(STOP, stop_cluster, ended=plan.record_unchanged, clean_up=clean_up_change)
