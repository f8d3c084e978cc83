"""`share.update`."""

from dataclasses import replace

from app.azure.types.storage import FileShare
from app.clusters.workflow.await_azure import NotAppliedError
from app.core.errors import ConflictError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import StorageState
from app.storage.service.share_use import mounts_of
from app.storage.specs.limits import room_of, too_much
from app.storage.specs.placement import Reason, Verdict, Word
from app.storage.specs.share_kinds import UPDATE
from app.storage.specs.shares import SharePlan, WantedShare, azure_tier, is_ours, not_as_asked
from app.storage.specs.sizes import Change, shrink_refused
from app.storage.workflow.account_steps import PlacementError
from app.storage.workflow.create_share import ShareVanishedError, outcome_of, write_seen
from app.storage.workflow.share_rows import plan_of, record_unchanged, set_state, staying_row


async def update_share(job: JobRun) -> None:
    """Change a share's size or tier, as far as its account has room and its content fits."""
    asked = await job.record(begin_update)
    await job.cloud(check_room, asked)
    await job.cloud(patch_share, asked)
    seen = await job.cloud(read_changed, asked)
    await job.record(record_changed, seen)


class ShrinkError(ConflictError):
    """The share cannot become so small."""

    code = "share_cannot_shrink"
    remedy = "Take a larger size, or remove content first."


@record_step
async def begin_update(record: Record) -> SharePlan:
    """The share as it shall be; a smaller size is refused again by what is known now."""
    row = await staying_row(record)
    change = Change(record.view.request.get("quota_gib"), record.view.request.get("tier"))
    if change.quota_gib is not None and change.quota_gib < row.quota_gib:
        bound = bool(await mounts_of(record.session, [row.id]))
        wanted = WantedShare.from_json(row.wanted)
        refused = shrink_refused(change.quota_gib, wanted, used_bytes=None, bound=bound, now=record.now)
        if refused is not None:
            raise ShrinkError(refused)
    set_state(row, StorageState.UPDATING, record)
    plan = await plan_of(record, row)
    wanted = replace(plan.wanted, tier=change.tier or plan.wanted.tier)
    return replace(plan, quota_gib=change.quota_gib or plan.quota_gib, wanted=wanted)


@cloud_step
async def check_room(cloud: Cloud, plan: SharePlan) -> None:
    """Look before anything is changed: whether the account has room for more, or the content fits into less."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    group, account, call = plan.account.resource_group, plan.account.name, azure_call(cloud)
    present = await shares.get(group, account, plan.name, usage=True, call=call)
    if present is None or (plan.managed and not is_ours(present, plan.share_id)):
        raise ShareVanishedError(f"Azure has no share {plan.name} in the account {account} that is this one.")
    if plan.quota_gib < present.quota_gib:
        refused = shrink_refused(
            plan.quota_gib,
            replace(plan.wanted, grown_at=None),
            used_bytes=present.used_bytes,
            bound=False,
            now=cloud.clock.now(),
        )
        if refused is not None:
            raise ShrinkError(refused)
        return
    listed = await shares.list_(group, account, deleted=True, call=call)
    premium = plan.account.form.premium
    room = room_of(listed, premium=premium, but=plan.name)
    full = too_much(room, plan.quota_gib, premium=premium, new=False)
    if full is not None:
        raise PlacementError(Verdict(Word.REFUSE, Reason.FULL, f"The account {account} has no room: {full}."))


@cloud_step
async def patch_share(cloud: Cloud, plan: SharePlan) -> None:
    """Have Azure change the share, unless it is so already."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    group, account, call = plan.account.resource_group, plan.account.name, azure_call(cloud)
    present = await shares.get(group, account, plan.name, call=call)
    if present is None:
        raise ShareVanishedError(f"Azure has no share {plan.name} in the account {account}.")
    tier = azure_tier(plan.wanted.tier)
    if present.quota_gib == plan.quota_gib and present.tier in {tier, None}:
        return
    await shares.update(
        group,
        account,
        plan.name,
        quota_gib=None if present.quota_gib == plan.quota_gib else plan.quota_gib,
        tier=None if present.tier in {tier, None} else tier,
        call=call,
    )


@cloud_step
async def read_changed(cloud: Cloud, plan: SharePlan) -> FileShare:
    """Read the share back."""
    shares = cloud.gateways.azure.subscription(plan.account.subscription_id).storage.shares
    present = await shares.get(
        plan.account.resource_group, plan.account.name, plan.name, usage=True, call=azure_call(cloud)
    )
    if present is None:
        raise ShareVanishedError(f"Azure has no share {plan.name} in the account {plan.account.name} any more.")
    differences = not_as_asked(present, plan)
    if differences:
        raise NotAppliedError(" ".join(differences))
    return present


@record_step
async def record_changed(record: Record, seen: FileShare) -> None:
    """Write what the share is now."""
    row = await staying_row(record)
    before = WantedShare.from_json(row.wanted)
    grown = record.now if seen.quota_gib > row.quota_gib else before.grown_at
    tier = record.view.request.get("tier") or before.tier
    row.wanted = replace(before, tier=tier, grown_at=grown).as_json()
    was, row.quota_gib = row.quota_gib, seen.quota_gib
    row.version += 1
    row.updated_at = record.now
    write_seen(record, row, seen)
    set_state(row, StorageState.READY, record)
    await record.emit("share.updated", data={"quota_gib": seen.quota_gib, "before_gib": was, "tier": tier})
    plan = await plan_of(record, row)
    await record.succeed(
        outcome={**outcome_of(plan, seen), "before_gib": was, "tier": tier},
        summary=f"The share {row.name} has {seen.quota_gib} GiB; it had {was}.",
    )


update_workflow = Workflow(UPDATE, update_share, ended=record_unchanged)
