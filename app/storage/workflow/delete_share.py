"""`share.delete`."""

from dataclasses import dataclass
from datetime import datetime

from app.azure.storage.shares import Include
from app.core.clock import rfc3339
from app.core.errors import ConflictError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import Job, Share, StorageState
from app.storage.schemas.shares import WithSnapshots
from app.storage.service.shares import require_unbound
from app.storage.specs.share_kinds import DELETE
from app.storage.specs.shares import SharePlan, is_ours, newest_deleted, restorable_until
from app.storage.workflow.share_rows import ShareGoneError, account_of, plan_of, row_of, set_state
from app.subscriptions.workflow.delete_group import STILL_AT_IT

_INCLUDE: dict[str, Include] = {
    WithSnapshots.REFUSE: "none",
    WithSnapshots.DELETE: "snapshots",
    WithSnapshots.LEASED: "leased-snapshots",
}


async def delete_share(job: JobRun) -> None:
    """Delete a share that Slipway made, never one that a volume binds; forget one that it did not make."""
    plan = await job.record(begin_delete)
    found = await job.cloud(look_before_delete, plan)
    if found.ours:
        await job.cloud(remove_share, plan)
    gone = await job.cloud(find_restorable, plan)
    await job.record(record_deleted, found, gone)


class StillThereError(ConflictError):
    """Azure took the deletion, and still has the share."""

    code = "share_still_there"
    remedy = "Retry the job."


@dataclass(frozen=True, slots=True)
class ShareFound:
    """What is in Azure at the beginning: nothing, a share that Slipway made for this row, or another one."""

    present: bool
    ours: bool


@dataclass(frozen=True, slots=True)
class Restorable:
    """Until when the share can come back."""

    until: datetime | None = None


@record_step
async def begin_delete(record: Record) -> SharePlan:
    """Claim the share, as the request did: after a job that failed, a volume may bind it again."""
    row = await row_of(record)
    if row.deleted_at is not None:
        raise ShareGoneError("The share is deleted already.")
    await require_unbound(record.session, row)
    if row.state != StorageState.DELETING:
        job = await record.session.get_one(Job, record.view.id)
        job.request = {**job.request, "before": row.state}
        set_state(row, StorageState.DELETING, record)
    return await plan_of(record, row)


@cloud_step
async def look_before_delete(cloud: Cloud, plan: SharePlan) -> ShareFound:
    """Whose the share is: only one that was made for this very row is ever deleted."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    present = await shares.get(plan.account.resource_group, plan.account.name, plan.name, call=azure_call(cloud))
    if present is None:
        return ShareFound(present=False, ours=False)
    return ShareFound(present=True, ours=plan.managed and is_ours(present, plan.share_id))


@cloud_step
async def remove_share(cloud: Cloud, plan: SharePlan) -> None:
    """Ask Azure to delete the share, with no more than what was asked for: it refuses one that has snapshots."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    group, account, call = plan.account.resource_group, plan.account.name, azure_call(cloud)
    present = await shares.get(group, account, plan.name, call=call)
    if present is None or not is_ours(present, plan.share_id):
        return
    if present.leased and cloud.job.request.get("break_lease"):
        await shares.break_lease(group, account, plan.name, call=call)
    include = _INCLUDE[cloud.job.request.get("snapshots") or WithSnapshots.REFUSE]
    await shares.delete(group, account, plan.name, include=include, call=call)


@cloud_step
async def find_restorable(cloud: Cloud, plan: SharePlan) -> Restorable:
    """See that the share is gone, and until when Azure keeps it; nothing where the whole account is gone."""
    storage = cloud.gateways.azure.subscription(plan.account.subscription_id).storage
    group, account, call = plan.account.resource_group, plan.account.name, azure_call(cloud)
    seen = await storage.accounts.get(group, account, call=call)
    if not plan.managed or seen is None or not seen.succeeded:
        return Restorable()
    listed = await storage.shares.list_(group, account, deleted=True, call=call)
    if any(each.name == plan.name and not each.deleted and is_ours(each, plan.share_id) for each in listed):
        raise StillThereError(f"Azure still has the share {plan.name} in the account {account}.")
    deleted = newest_deleted(listed, plan.name, plan.share_id, managed=plan.managed)
    return Restorable(None if deleted is None else restorable_until(deleted, cloud.clock.now()))


@record_step
async def record_deleted(record: Record, found: ShareFound, gone: Restorable) -> None:
    """Write that the share is deleted, or forgotten; its name is free again."""
    row = await row_of(record)
    account = await account_of(record, row)
    azure = "removed" if found.ours else ("kept" if found.present else "absent")
    if row.deleted_at is None:
        set_state(row, StorageState.DELETED, record)
        row.deleted_at = record.now
        row.restorable_until = gone.until
        await record.emit("share.deleted", data={"account": account.name, "azure": azure})
    summaries = {
        "kept": f"The share {row.name} is forgotten and stays in Azure: Slipway did not make it.",
        "absent": f"The share {row.name} is forgotten; Azure had none of this name that was its.",
    }
    until = None if gone.until is None else rfc3339(gone.until)
    await record.succeed(
        outcome={"deleted": True, "azure": azure, "restorable_until": until}, summary=summaries.get(azure)
    )


async def record_not_deleted(record: Record, end: JobEnd) -> None:
    """The end of a deletion that did not succeed: the share is again what it was, unless Azure may still be at it."""
    await record.emit("share.delete_failed", data={"code": end.problem.code})
    row = await record.session.get(Share, record.view.target_id, with_for_update=True)
    if row is None or row.state != StorageState.DELETING or end.problem.code in STILL_AT_IT:
        return
    job = await record.session.get_one(Job, record.view.id)
    set_state(row, _AFTER_NOTHING.get(job.request.get("before", ""), StorageState.READY), record)


# What a share is again, by what it was: the job that was making it has made way for the deletion.
_AFTER_NOTHING = {
    StorageState.CREATING: StorageState.FAILED,
    StorageState.FAILED: StorageState.FAILED,
    StorageState.LOST: StorageState.LOST,
}


delete_workflow = Workflow(DELETE, delete_share, ended=record_not_deleted)
