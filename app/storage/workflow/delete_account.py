"""`storage_account.delete`."""

from dataclasses import dataclass

from app.azure.types.tags import is_storage_account
from app.core.errors import ConflictError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import Job, StorageAccount, StorageState
from app.storage.service.accounts import require_empty
from app.storage.specs.accounts import AccountPlan, account_plan
from app.storage.specs.share_kinds import DELETE_ACCOUNT
from app.storage.workflow.share_rows import set_state


async def delete_account(job: JobRun) -> None:
    """Remove an account that Slipway made and in which nothing lies; forget one that it did not make."""
    plan = await job.record(begin_delete_account)
    found = await job.cloud(look_at_emptiness, plan)
    if found.ours:
        await job.cloud(remove_account, plan)
    await job.record(record_account_deleted, found)


class AccountNotEmptyError(ConflictError):
    """Shares lie in the account that Slipway does not know."""

    code = "storage_account_not_empty"
    remedy = "Remove them first, or wait until what was deleted can no longer be restored."


class AccountForgottenError(ConflictError):
    """The account is deleted already."""

    code = "storage_account_deleted"


@dataclass(frozen=True, slots=True)
class AccountFound:
    """What is in Azure at the beginning: nothing, an account that Slipway made for this row, or another one."""

    present: bool
    ours: bool


@record_step
async def begin_delete_account(record: Record) -> AccountPlan:
    """Claim the account, as the request did: after a job that failed, a share may have chosen it again."""
    row = await record.session.get(StorageAccount, record.view.target_id, with_for_update=True)
    if row is None or row.deleted_at is not None:
        raise AccountForgottenError("The storage account is deleted already.")
    await require_empty(record.session, row, now=record.now, discard=bool(record.view.request.get("discard")))
    if row.state != StorageState.DELETING:
        job = await record.session.get_one(Job, record.view.id)
        job.request = {**job.request, "before": row.state}
        set_state(row, StorageState.DELETING, record)
    return account_plan(row)


@cloud_step
async def look_at_emptiness(cloud: Cloud, plan: AccountPlan) -> AccountFound:
    """Whose the account is, and that no share of anybody's lies in it, nor one that could be restored."""
    storage = cloud.gateways.azure.subscription(plan.subscription_id).storage
    present = await storage.accounts.get(plan.resource_group, plan.name, call=azure_call(cloud))
    if present is None:
        return AccountFound(present=False, ours=False)
    if not plan.managed or not is_storage_account(present.tags, plan.account_id):
        return AccountFound(present=True, ours=False)
    await _require_no_shares(cloud, plan)
    return AccountFound(present=True, ours=True)


async def _require_no_shares(cloud: Cloud, plan: AccountPlan) -> None:
    shares = cloud.gateways.azure.subscription(plan.subscription_id).storage.shares
    kept = not cloud.job.request.get("discard")
    listed = await shares.list_(plan.resource_group, plan.name, deleted=kept, call=azure_call(cloud))
    if listed:
        names = ", ".join(f"{each.name}{' (deleted)' if each.deleted else ''}" for each in listed[:5])
        raise AccountNotEmptyError(f"In the storage account {plan.name} lie {len(listed)} shares: {names}.")


@cloud_step
async def remove_account(cloud: Cloud, plan: AccountPlan) -> None:
    """Ask Azure to remove the account, looking right before at whose it is and what lies in it."""
    accounts = cloud.gateways.azure.subscription(plan.subscription_id).storage.accounts
    present = await accounts.get(plan.resource_group, plan.name, call=azure_call(cloud))
    if present is None or not is_storage_account(present.tags, plan.account_id):
        return
    await _require_no_shares(cloud, plan)
    await accounts.delete(plan.resource_group, plan.name, call=azure_call(cloud))


@record_step
async def record_account_deleted(record: Record, found: AccountFound) -> None:
    """Write that the account is gone, or forgotten."""
    row = await record.session.get_one(StorageAccount, record.view.target_id, with_for_update=True)
    azure = "removed" if found.ours else ("kept" if found.present else "absent")
    if row.deleted_at is None:
        set_state(row, StorageState.DELETED, record)
        row.deleted_at = record.now
        await record.emit("storage_account.deleted", data={"name": row.name, "azure": azure})
    summary = f"The storage account {row.name} is forgotten and stays in Azure: Slipway did not make it."
    await record.succeed(outcome={"deleted": True, "azure": azure}, summary=summary if azure == "kept" else None)


async def record_account_not_deleted(record: Record, end: JobEnd) -> None:
    """The end of a deletion that did not succeed: the account is again what it was."""
    await record.emit("storage_account.delete_failed", data={"code": end.problem.code})
    row = await record.session.get(StorageAccount, record.view.target_id, with_for_update=True)
    if row is None or row.state != StorageState.DELETING:
        return
    job = await record.session.get_one(Job, record.view.id)
    before = job.request.get("before", "")
    known = {StorageState.FAILED, StorageState.LOST}
    set_state(row, StorageState(before) if before in known else StorageState.READY, record)


delete_account_workflow = Workflow(DELETE_ACCOUNT, delete_account, ended=record_account_not_deleted)
