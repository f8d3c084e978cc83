"""`share.delete_snapshot`."""

from app.azure.types.storage import FileShare
from app.core.errors import ConflictError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.storage.specs.share_kinds import DELETE_SNAPSHOT
from app.storage.specs.shares import SharePlan, seen_json, snapshot_id
from app.storage.workflow.share_rows import plan_of, staying_row
from app.storage.workflow.snapshots import look_at_share


async def delete_snapshot(job: JobRun) -> None:
    """Delete one snapshot, which can never touch the share (trouble 65)."""
    plan = await job.record(begin_delete_snapshot)
    await job.cloud(remove_snapshot, plan)
    listed = await job.cloud(list_left, plan)
    await job.record(record_snapshot_deleted, listed)


class SnapshotStillThereError(ConflictError):
    """Azure took the deletion, and still has the snapshot."""

    code = "share_snapshot_still_there"
    remedy = "Retry the job; a lease may hold the snapshot."


@record_step
async def begin_delete_snapshot(record: Record) -> SharePlan:
    """Where the share is."""
    return await plan_of(record, await staying_row(record))


@cloud_step
async def remove_snapshot(cloud: Cloud, plan: SharePlan) -> None:
    """Ask Azure to remove the snapshot, where a list has just shown that it is one of this very share."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    _, snapshots = await look_at_share(cloud, plan)
    moment = str(cloud.job.request["moment"])
    if any(each.snapshot == moment for each in snapshots):
        await shares.delete_snapshot(
            plan.account.resource_group, plan.account.name, plan.name, moment, call=azure_call(cloud)
        )


@cloud_step
async def list_left(cloud: Cloud, plan: SharePlan) -> tuple[FileShare, ...]:
    """The share, which is still there, and behind it the snapshots that are left."""
    living, snapshots = await look_at_share(cloud, plan)
    if any(each.snapshot == cloud.job.request["moment"] for each in snapshots):
        raise SnapshotStillThereError(f"Azure still has this snapshot of the share {plan.name}.")
    return living, *snapshots


@record_step
async def record_snapshot_deleted(record: Record, listed: tuple[FileShare, ...]) -> None:
    """Write which snapshots are left."""
    row = await staying_row(record)
    living, *snapshots = listed
    row.observed = seen_json(living, tuple(snapshots), row.observed)
    row.observed_at = record.now
    row.version += 1
    row.updated_at = record.now
    outcome = {"snapshot_id": snapshot_id(str(record.view.request["moment"])), "snapshots": len(snapshots)}
    await record.emit("share.snapshot_deleted", data=outcome)
    await record.succeed(outcome=outcome)


delete_snapshot_workflow = Workflow(DELETE_SNAPSHOT, delete_snapshot)
