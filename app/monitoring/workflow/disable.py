"""`monitoring.disable`."""

from app.azure.types.watch import TargetKind
from app.clusters.specs.applied import monitoring_missing
from app.clusters.specs.kinds import UNMONITOR
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.turn import require_idle
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState, MonitoringState
from app.monitoring.service.monitoring import living
from app.monitoring.workflow.plan import record_not_monitored
from app.monitoring.workflow.rule import remove_rule


async def disable_monitoring(job: JobRun) -> None:
    """Switch the add-on off and remove the rule. The workspace stays, with what has arrived."""
    place = await job.record(begin_disable)
    begun = await job.cloud(put_addon_off, place)
    await job.cloud(await_addon_off, place, begun)
    await job.cloud(remove_association, place)
    made = await job.cloud(read_unmonitored, place)
    await job.record(record_unmonitored, made)


@record_step
async def begin_disable(record: Record) -> Place:
    """Mark the cluster as being changed."""
    return (await plan.begin(record, ClusterState.UPDATING)).place


@cloud_step
async def put_addon_off(cloud: Cloud, place: Place) -> Begun | None:
    """Switch the add-on off, unless it is, and that is applied.

    This works although the workspace may be gone (trouble 72).
    """
    present = await require_idle(cloud, place)
    if present.monitoring is None and not present.failed:
        return None
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    answer = await clusters.put_monitoring(place.resource_group, place.azure_name, None, call=azure_call(cloud))
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_addon_off(cloud: Cloud, place: Place, begun: Begun | None) -> None:
    """Wait until Azure has applied the change."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_update",
    )


@cloud_step
async def remove_association(cloud: Cloud, place: Place) -> None:
    """Let no data collection rule hold for the cluster, and remove the one that Slipway made."""
    await remove_rule(cloud, place, await await_azure.require_ours(cloud, place))


@cloud_step
async def read_unmonitored(cloud: Cloud, place: Place) -> Made:
    """Read what Azure applied."""
    return await await_azure.read_made(cloud, place, missing=lambda seen: monitoring_missing(seen, None))


@record_step
async def record_unmonitored(record: Record, made: Made) -> None:
    """Write that the cluster is ready again, and not monitored."""
    cluster = await plan.cluster_of(record)
    await plan.serve_again(record, cluster, made)
    known = await living(record.session, cluster.id, lock=True)
    if known is not None:
        known.row.state = MonitoringState.DISABLED
        known.row.deleted_at = known.row.updated_at = record.now
        known.row.version += 1
        await record.emit("monitoring.disabled")
    name = known.workspace.name if known is not None and known.workspace is not None else None
    await record.succeed(outcome={"disabled": True, "workspace": name})


disable_workflow = Workflow(UNMONITOR, disable_monitoring, ended=record_not_monitored, clean_up=clean_up_change)
