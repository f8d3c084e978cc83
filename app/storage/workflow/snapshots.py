"""`share.snapshot`."""

from app.azure.types.storage import FileShare
from app.core.errors import ConflictError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.storage.specs.share_kinds import SNAPSHOT
from app.storage.specs.shares import JOB_KEY, SHARE_KEY, SharePlan, is_ours, made_for, seen_json, snapshot_id
from app.storage.workflow.create_share import ShareVanishedError
from app.storage.workflow.share_rows import plan_of, staying_row


async def snapshot_share(job: JobRun) -> None:
    """Keep what a share holds now."""
    plan = await job.record(begin_snapshot)
    await job.cloud(take_snapshot, plan)
    listed = await job.cloud(list_snapshots, plan)
    await job.record(record_snapshot, listed)


class SnapshotMissingError(ConflictError):
    """Azure took the request for a snapshot, and shows none that came of it."""

    code = "share_snapshot_missing"
    remedy = "Somebody else may have deleted it; ask for another one."


@record_step
async def begin_snapshot(record: Record) -> SharePlan:
    """Where the share is."""
    return await plan_of(record, await staying_row(record))


@cloud_step
async def take_snapshot(cloud: Cloud, plan: SharePlan) -> None:
    """Ask Azure for a snapshot, unless this very job has one: it carries the job's id."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    group, account, call = plan.account.resource_group, plan.account.name, azure_call(cloud)
    living, snapshots = await look_at_share(cloud, plan)
    if any(made_for(each, JOB_KEY) == cloud.job.id for each in snapshots):
        return
    metadata = {SHARE_KEY: plan.share_id, JOB_KEY: cloud.job.id}
    await shares.create_snapshot(group, account, living.name, metadata, call=call)


async def look_at_share(cloud: Cloud, plan: SharePlan) -> tuple[FileShare, tuple[FileShare, ...]]:
    """The share and its snapshots, by one list. Raises ShareVanishedError."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    listed = await shares.list_(plan.account.resource_group, plan.account.name, snapshots=True, call=azure_call(cloud))
    own = [each for each in listed if each.name == plan.name]
    living = next((each for each in own if each.snapshot is None), None)
    if living is None or (plan.managed and not is_ours(living, plan.share_id)):
        raise ShareVanishedError(f"Azure has no share {plan.name} in the account {plan.account.name} that is this one.")
    return living, tuple(each for each in own if each.snapshot is not None)


@cloud_step
async def list_snapshots(cloud: Cloud, plan: SharePlan) -> tuple[FileShare, ...]:
    """The share, and behind it its snapshots."""
    living, snapshots = await look_at_share(cloud, plan)
    return living, *snapshots


@record_step
async def record_snapshot(record: Record, listed: tuple[FileShare, ...]) -> None:
    """Write which snapshots there are, and which one this job took."""
    row = await staying_row(record)
    living, *snapshots = listed
    taken = next((each for each in snapshots if made_for(each, JOB_KEY) == record.view.id), None)
    if taken is None or taken.snapshot is None:
        raise SnapshotMissingError(f"Azure shows no snapshot of the share {row.name} that this job took.")
    row.observed = seen_json(living, tuple(snapshots), row.observed)
    row.observed_at = record.now
    row.version += 1
    row.updated_at = record.now
    outcome = {"snapshot_id": snapshot_id(taken.snapshot), "snapshots": len(snapshots)}
    await record.emit("share.snapshot_taken", data=outcome)
    await record.succeed(outcome=outcome, summary=f"The snapshot {outcome['snapshot_id']} of {row.name} is taken.")


snapshot_workflow = Workflow(SNAPSHOT, snapshot_share)
