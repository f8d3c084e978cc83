"""`monitoring.enable`."""

from app.azure.types.monitoring import LogWorkspace, MonitoringAddon
from app.azure.types.watch import TargetKind
from app.clusters.specs.applied import monitoring_differs, monitoring_missing
from app.clusters.specs.kinds import MONITOR
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.turn import require_idle
from app.core.clock import rfc3339
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import MonitoringState
from app.monitoring.service.seen import keep_data
from app.monitoring.workflow.plan import (
    MonitoringPlan,
    begin_monitoring,
    record_not_monitored,
    record_workspace,
    settle,
)
from app.monitoring.workflow.ready import AgentsProof, DataProof, await_agents, await_data
from app.monitoring.workflow.rule import associate_rule, ensure_rule
from app.monitoring.workflow.workspace import check_monitoring_providers, ensure_workspace


async def enable_monitoring(job: JobRun) -> None:
    """Have a workspace, a rule and the add-on; then see an agent on each node, and the first rows (trouble 70)."""
    asked = await job.record(begin_monitoring)
    await job.cloud(check_monitoring_providers, asked)
    workspace = await job.cloud(ensure_workspace, asked)
    await job.record(record_workspace, asked, workspace)
    rule_id = await job.cloud(ensure_rule, asked, workspace)
    begun = await job.cloud(put_addon, asked, workspace)
    await job.cloud(associate_rule, asked, rule_id)
    if plan.only_acceptance(job):
        await job.record(record_addon_accepted)
        return
    await job.cloud(await_addon, asked, begun)
    agents = await job.cloud(await_agents, asked.place)
    data = await job.cloud(await_data, asked.place, workspace, asked.settings.interval_minutes)
    made = await job.cloud(read_monitored, asked, workspace)
    await job.record(record_monitored, made, agents, data)


@cloud_step
async def put_addon(cloud: Cloud, asked: MonitoringPlan, workspace: LogWorkspace) -> Begun | None:
    """Switch the add-on on with the cluster's identity, unless Azure has it so and has applied it."""
    place, addon = asked.place, MonitoringAddon(workspace.id)
    present = await require_idle(cloud, place)
    if not monitoring_differs(present.monitoring, addon) and not present.failed:
        return None
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    answer = await clusters.put_monitoring(place.resource_group, place.azure_name, addon, call=azure_call(cloud))
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_addon(cloud: Cloud, asked: MonitoringPlan, begun: Begun | None) -> None:
    """Wait until Azure has applied the change."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_update",
    )


@cloud_step
async def read_monitored(cloud: Cloud, asked: MonitoringPlan, workspace: LogWorkspace) -> Made:
    """Read what Azure applied."""
    addon = MonitoringAddon(workspace.id)
    return await await_azure.read_made(cloud, asked.place, missing=lambda seen: monitoring_missing(seen, addon))


@record_step
async def record_addon_accepted(record: Record) -> None:
    """End the job when Azure took the request; what is seen from then on says what became of it."""
    await settle(record, MonitoringState.NO_DATA, "Azure is at work on it.")
    await record.succeed(outcome={"accepted": True})


@record_step
async def record_monitored(record: Record, made: Made, agents: AgentsProof, data: DataProof) -> None:
    """Write that the cluster is ready again, and what its monitoring is."""
    cluster = await plan.cluster_of(record)
    await plan.serve_again(record, cluster, made)
    late = data.last_at is None
    reason = (data.unknown or "Nothing has arrived in the workspace yet.") if late else None
    row = await settle(record, MonitoringState.NO_DATA if late else MonitoringState.OK, reason)
    keep_data(row, data.last_at, record.now)
    nodes = agents.linux + agents.windows
    await record.emit("monitoring.enabled", data={"nodes": nodes, "data": not late})
    words = "whether rows arrive is not known" if data.unknown else "nothing has arrived in the workspace yet"
    words = words if late else "the first rows have arrived"
    everywhere = "the node" if nodes == 1 else f"each of the {nodes} nodes"
    await record.succeed(
        outcome={
            "nodes": nodes,
            "linux_nodes": agents.linux,
            "windows_nodes": agents.windows,
            "last_data_at": None if data.last_at is None else rfc3339(data.last_at),
        },
        summary=f"An agent runs on {everywhere} of cluster {cluster.name}; {words}.",
    )


enable_workflow = Workflow(MONITOR, enable_monitoring, ended=record_not_monitored, clean_up=clean_up_change)
