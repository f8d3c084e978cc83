"""`share.create`, and the same for the jobs of others that need a share."""

from dataclasses import replace

from app.azure.types.storage import Account, FileShare
from app.azure.types.tags import JOB, is_storage_account
from app.clusters.workflow.await_azure import NotAppliedError
from app.core.clock import rfc3339
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import Share, StorageState
from app.storage.service.placement import shares_of
from app.storage.specs.placement import Reason, Verdict, Word
from app.storage.specs.share_kinds import CREATE
from app.storage.specs.shares import (
    JOB_KEY,
    USED_AT,
    SharePlan,
    is_ours,
    made_for,
    not_as_asked,
    seen_json,
    share_plan,
    spec_of,
)
from app.storage.workflow.account_steps import (
    MOST_LOOKS,
    PlacementError,
    await_account,
    check_storage_provider,
    ensure_storage_group,
    look_at_account,
    place_share,
    put_account,
    record_account,
    record_storage_group,
    settle_account,
)
from app.storage.workflow.share_rows import account_of, plan_of, record_failed, set_state, staying_row


async def create_share(job: JobRun) -> None:
    """Make a share in an account that has room, and see that it is as it was asked for."""
    seen = await ensure_share(job, job.view.target_id)
    await job.record(record_created, seen)


async def ensure_share(job: JobRun, share_id: str) -> FileShare:
    """The steps by which a share whose row is written becomes one in Azure; as many times as it is asked for.

    For any job: it ends with the row ready, and with no word about the job's own end.
    """
    plan = await job.record(begin_share, share_id)
    await job.cloud(check_storage_provider, plan)
    tried: tuple[str, ...] = ()
    for _ in range(MOST_LOOKS):
        tried = (*tried, plan.account.account_id)
        look = await job.cloud(look_at_account, plan)
        placed = await job.record(place_share, plan, look, tried)
        plan = placed.plan
        if placed.settled:
            break
    if plan.account.managed:
        group = await job.cloud(ensure_storage_group, plan)
        await job.record(record_storage_group, plan, group)
        begun = await job.cloud(put_account, plan)
        await job.cloud(await_account, plan, begun)
        account = await job.cloud(settle_account, plan)
    else:
        account = await job.cloud(read_account, plan)
    await job.record(record_account, plan, account)
    if plan.managed:
        await job.cloud(put_share, plan)
    seen = await job.cloud(read_share, plan)
    await job.record(record_share, plan, seen)
    return seen


class ShareVanishedError(ConflictError):
    """Azure took the request for the share, and does not have it."""

    code = "share_vanished"
    remedy = "Somebody else may have removed it; retry the job."


@record_step
async def begin_share(record: Record, share_id: str) -> SharePlan:
    """Mark the share as being made."""
    row = await staying_row(record, share_id)
    if row.state in {StorageState.FAILED, StorageState.LOST}:
        set_state(row, StorageState.CREATING, record)
    account = await account_of(record, row, lock=True)
    if account.state == StorageState.FAILED:
        set_state(account, StorageState.CREATING, record)
    return share_plan(row, account)


@cloud_step
async def read_account(cloud: Cloud, plan: SharePlan) -> Account:
    """Read an account that is somebody else's: nothing of it is changed."""
    accounts = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.accounts
    present = await accounts.get(plan.account.resource_group, plan.account.name, call=azure_call(cloud))
    if present is None:
        detail = f"There is no storage account {plan.account.name} in {plan.account.resource_group}."
        raise PlacementError(Verdict(Word.REFUSE, Reason.ABSENT, detail))
    return present


@cloud_step
async def put_share(cloud: Cloud, plan: SharePlan) -> None:
    """Ask Azure for the share, unless it is there already, from an answer that was lost or a job that went before."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    group, account = plan.account.resource_group, plan.account.name
    present = await shares.get(group, account, plan.name, call=azure_call(cloud))
    if present is None:
        spec = spec_of(plan, job_id=cloud.job.id)
        await shares.create(group, account, plan.name, spec, call=azure_call(cloud))
        return
    if not is_ours(present, plan.share_id):
        detail = f"The account {account} has a share {plan.name} that Slipway did not make; nothing was changed."
        raise PlacementError(Verdict(Word.REFUSE, Reason.SHARE_TAKEN, detail))
    if present.quota_gib != plan.quota_gib:
        await shares.update(group, account, plan.name, quota_gib=plan.quota_gib, call=azure_call(cloud))


@cloud_step
async def read_share(cloud: Cloud, plan: SharePlan) -> FileShare:
    """Read the share back: that Azure took the request is no proof of what it made."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    present = await shares.get(
        plan.account.resource_group, plan.account.name, plan.name, usage=True, call=azure_call(cloud)
    )
    if present is None or (plan.managed and not is_ours(present, plan.share_id)):
        raise ShareVanishedError(f"Azure has no share {plan.name} in the account {plan.account.name} that is this one.")
    differences = not_as_asked(present, plan) if plan.managed else []
    if differences:
        raise NotAppliedError(" ".join(differences))
    return present


@record_step
async def record_share(record: Record, plan: SharePlan, seen: FileShare) -> None:
    """Write that the share is ready, and what it is."""
    row = await staying_row(record, plan.share_id)
    write_seen(record, row, seen)
    if not row.managed:
        row.protocol, row.quota_gib = seen.protocol, seen.quota_gib
    if row.state == StorageState.CREATING:
        set_state(row, StorageState.READY, record)
        data = outcome_of(plan, seen)
        await record.emit("share.ready", subject=("share", row.id), data=data)


def write_seen(record: Record, row: Share, seen: FileShare) -> None:
    """Keep what a job saw of a share."""
    row.observed = {**seen_json(seen, None, row.observed), USED_AT: rfc3339(record.now)}
    row.observed_at = record.now


def outcome_of(plan: SharePlan, seen: FileShare) -> JsonObject:
    """What a job says of a share at its end."""
    return {"azure_id": seen.id, "account": plan.account.name, "share": seen.name, "quota_gib": seen.quota_gib}


@record_step
async def record_created(record: Record, seen: FileShare) -> None:
    """End the job well."""
    plan = await plan_of(record, await staying_row(record))
    await record.succeed(
        outcome=outcome_of(plan, seen),
        summary=f"The share {plan.name} is ready in the account {plan.account.name}: {seen.quota_gib} GiB.",
    )


async def clean_up_create(job: JobRun, _end: JobEnd) -> None:
    """Remove what a failed creation left, when the caller asked for that."""
    if job.view.options.get("on_failure") == "delete":
        left = await job.record(read_left)
        if left is not None:
            await job.cloud(remove_left, left)


@record_step
async def read_left(record: Record) -> SharePlan | None:
    """Where the share would be, and its account when no other share lies in it."""
    row = await record.session.get(Share, record.view.target_id)
    if row is None or not row.managed:
        return None
    plan = await plan_of(record, row)
    others = await shares_of(record.session, plan.account.account_id, now=record.now)
    alone = all(each.id == row.id for each in others)
    return plan if alone else replace(plan, account=replace(plan.account, managed=False))


@cloud_step
async def remove_left(cloud: Cloud, plan: SharePlan) -> None:
    """Remove the share that this very job made, and the account if it made that for this share alone."""
    storage = cloud.gateways.azure.subscription(plan.account.subscription_id).storage
    group, name, call = plan.account.resource_group, plan.account.name, azure_call(cloud)
    present = await storage.shares.get(group, name, plan.name, call=call)
    if present is not None and is_ours(present, plan.share_id) and made_for(present, JOB_KEY) == cloud.job.id:
        await storage.shares.delete(group, name, plan.name, call=call)
    account = await storage.accounts.get(group, name, call=call)
    if not plan.account.managed or account is None or account.tags.get(JOB) != cloud.job.id:
        return
    made_for_it = is_storage_account(account.tags, plan.account.account_id) and account.succeeded
    if made_for_it and not await storage.shares.list_(group, name, call=call):
        await storage.accounts.delete(group, name, call=call)


create_workflow = Workflow(CREATE, create_share, ended=record_failed, clean_up=clean_up_create)
