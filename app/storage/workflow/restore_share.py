"""`share.restore`."""

from app.azure.types.storage import FileShare
from app.core.errors import ConflictError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import Job, Share, StorageState
from app.storage.specs.share_kinds import RESTORE
from app.storage.specs.shares import SharePlan, is_ours, newest_deleted
from app.storage.workflow.create_share import ShareVanishedError, outcome_of, write_seen
from app.storage.workflow.share_rows import plan_of, row_of, set_state


async def restore_share(job: JobRun) -> None:
    """Bring a deleted share back under its name (trouble 69)."""
    plan = await job.record(begin_restore)
    await job.cloud(undelete_share, plan)
    seen = await job.cloud(read_restored, plan)
    await job.record(record_restored, seen)


class NotRestorableError(ConflictError):
    """Azure does not keep the share any more, or has another one of its name."""

    code = "share_not_restorable"
    remedy = "GET /v1/shares?state=deleted shows what can be restored, and for how long."


@record_step
async def begin_restore(record: Record) -> SharePlan:
    """The share, which the request has claimed."""
    row = await row_of(record)
    if row.state not in {StorageState.UPDATING, StorageState.DELETED, StorageState.LOST}:
        raise NotRestorableError(f"The share is {row.state}.")
    set_state(row, StorageState.UPDATING, record)
    return await plan_of(record, row)


@cloud_step
async def undelete_share(cloud: Cloud, plan: SharePlan) -> None:
    """Ask Azure to bring the share back, unless it is back."""
    storage = cloud.gateways.azure.subscription(plan.account.subscription_id).storage
    group, account, call = plan.account.resource_group, plan.account.name, azure_call(cloud)
    if await storage.accounts.get(group, account, call=call) is None:
        raise NotRestorableError(f"The account {account} is gone from Azure, and all its shares with it.")
    listed = await storage.shares.list_(group, account, deleted=True, call=call)
    living = next((each for each in listed if each.name == plan.name and not each.deleted), None)
    if living is not None:
        if is_ours(living, plan.share_id):
            return
        raise NotRestorableError(f"The account {account} has another share named {plan.name} by now.")
    deleted = newest_deleted(listed, plan.name, plan.share_id, managed=plan.managed)
    if deleted is None or deleted.version is None:
        raise NotRestorableError(f"Azure does not keep the share {plan.name} any more.")
    await storage.shares.restore(group, account, plan.name, deleted.version, call=call)


@cloud_step
async def read_restored(cloud: Cloud, plan: SharePlan) -> FileShare:
    """Read the share back."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    present = await shares.get(
        plan.account.resource_group, plan.account.name, plan.name, usage=True, call=azure_call(cloud)
    )
    if present is None:
        raise ShareVanishedError(f"Azure has no share {plan.name} in the account {plan.account.name}.")
    return present


@record_step
async def record_restored(record: Record, seen: FileShare) -> None:
    """Write that the share is back."""
    row = await row_of(record)
    row.quota_gib = seen.quota_gib
    row.restorable_until = None
    write_seen(record, row, seen)
    set_state(row, StorageState.READY, record)
    await record.emit("share.restored", data={"quota_gib": seen.quota_gib})
    await record.succeed(outcome=outcome_of(await plan_of(record, row), seen))


async def record_not_restored(record: Record, end: JobEnd) -> None:
    """The end of a restore that did not succeed: the share is as deleted as it was."""
    await record.emit("share.restore_failed", data={"code": end.problem.code})
    row = await record.session.get(Share, record.view.target_id, with_for_update=True)
    if row is None or row.state != StorageState.UPDATING:
        return
    job = await record.session.get_one(Job, record.view.id)
    if job.request.get("before") == StorageState.LOST:
        set_state(row, StorageState.LOST, record)
        return
    set_state(row, StorageState.DELETED, record)
    row.deleted_at = record.now


restore_workflow = Workflow(RESTORE, restore_share, ended=record_not_restored)
