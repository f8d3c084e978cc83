"""`cluster.update`: the smallest changes, one kind a request.

Settings, then the Windows password, then the version, the control plane first.
"""

from app.clusters.service.sealed import erase_sealed, password_of
from app.clusters.specs.kinds import UPDATE
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.plan import Plan
from app.clusters.workflow.settings import (
    Differences,
    apply_settings,
    compare_settings,
    forget_resets,
    send,
    tell_partly_applied,
)
from app.clusters.workflow.upgrade import left_behind, left_words, record_unfinished, upgrade_plan, want_what_runs
from app.clusters.workflow.upgrade_checks import Route
from app.clusters.workflow.upgrade_stages import Upgraded, upgrade_through
from app.clusters.workflow.windows_password import change_password, changes_password
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import ClusterState


async def update_cluster(job: JobRun) -> None:
    """Bring a changed row to Azure."""
    asked = await job.record(begin_update)
    version = job.view.request.get("kubernetes_version")
    if plan.only_acceptance(job) and version is None:
        # Each part but the last has to end before the next: so much is awaited, and nothing is read back.
        found = await job.cloud(compare_settings, asked)
        await send(job, asked, found, await_last=changes_password(job))
        await change_password(job, asked, await_it=False)
        await job.record(plan.record_accepted)
        return
    left = await apply_settings(job, asked)
    await change_password(job, asked)
    upgraded = Upgraded(Route(()))
    if version is not None:
        upgraded = await upgrade_through(job, upgrade_plan(asked, {"kubernetes_version": version}))
    made = await job.cloud(read_updated, asked)
    await job.record(record_updated, asked, made, left, upgraded)


@record_step
async def begin_update(record: Record) -> Plan:
    """Mark the cluster as being updated."""
    return await plan.begin(record, ClusterState.UPDATING)


@cloud_step
async def read_updated(cloud: Cloud, asked: Plan) -> Made:
    """Read the cluster as it is now."""
    return await await_azure.read_made(cloud, asked.place)


@record_step
async def record_updated(record: Record, asked: Plan, made: Made, left: Differences, upgraded: Upgraded) -> None:
    """Write that the cluster is ready again, and what Azure has not applied, if anything."""
    cluster = await plan.cluster_of(record)
    if not left.found:
        forget_resets(cluster, asked.wanted)
    want_what_runs(record, cluster, made.cluster.current_kubernetes_version)
    await plan.observe(record, cluster, made.cluster, made.outbound_ips)
    plan.settle(cluster, record)
    await record.emit("cluster.updated")
    outcome: JsonObject = {
        "tags": dict(made.cluster.tags),
        "kubernetes_version": made.cluster.current_kubernetes_version,
    }
    if record.view.request.get("kubernetes_version") is not None:
        outcome |= left_behind(upgraded)
    partly = await tell_partly_applied(record, left)
    summary = f"Cluster {cluster.name} is updated, but Azure has not applied all of it." if partly else None
    if summary is None and upgraded.quarantined:
        summary = f"Cluster {cluster.name} is updated; {left_words(upgraded, '')}"
    await record.succeed(outcome={**outcome, **partly}, summary=summary)


async def record_not_updated(record: Record, end: JobEnd) -> None:
    """The end of one that did not succeed: a password that it brought is not kept for another.

    How far the control plane has come was asked for all the same.
    """
    await erase_sealed(record.session, record.view.target_id, password_of(record.view.id))
    await record_unfinished(record, end)


update_workflow = Workflow(UPDATE, update_cluster, ended=record_not_updated, clean_up=clean_up_change)
