"""`cluster.reset_aad`: who logs in through Entra. AKS's own reset of it is deprecated; it goes with the PUT.

https://learn.microsoft.com/rest/api/aks/managed-clusters/reset-aad-profile
"""

from app.clusters.specs.kinds import RESET_AAD
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.plan import Plan
from app.clusters.workflow.settings import Differences, apply_settings, forget_resets, tell_partly_applied
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import ClusterState


async def reset_aad(job: JobRun) -> None:
    """Send what differs, and read it back."""
    asked = await job.record(begin_reset)
    left = await apply_settings(job, asked)
    made = await job.cloud(read_reset, asked)
    await job.record(record_reset, asked, made, left)


@record_step
async def begin_reset(record: Record) -> Plan:
    """Mark the cluster as being changed."""
    return await plan.begin(record, ClusterState.UPDATING)


@cloud_step
async def read_reset(cloud: Cloud, asked: Plan) -> Made:
    """Read the cluster as it is now."""
    return await await_azure.read_made(cloud, asked.place)


@record_step
async def record_reset(record: Record, asked: Plan, made: Made, left: Differences) -> None:
    """Write that the cluster is ready again; credentials of before may not be let in any more."""
    cluster = await plan.cluster_of(record)
    if not left.found:
        forget_resets(cluster, asked.wanted)
    await plan.serve_again(record, cluster, made)
    entra = asked.wanted.settings["access"]["entra"]
    await record.emit("cluster.aad_reset", data={"entra": entra})
    partly = await tell_partly_applied(record, left)
    summary = f"Azure has not applied all of how users of cluster {cluster.name} log in." if partly else None
    await record.succeed(outcome={"entra": entra, **partly}, summary=summary)


reset_aad_workflow = Workflow(RESET_AAD, reset_aad, ended=plan.record_unchanged, clean_up=clean_up_change)
