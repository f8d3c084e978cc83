"""Steps by which the storage account of a share is looked at, chosen and made."""

from dataclasses import dataclass, replace

from app.azure.types.storage import Account
from app.azure.types.tags import is_storage_account
from app.azure.types.watch import TargetKind
from app.clusters.workflow import await_azure
from app.clusters.workflow.await_azure import Begun, NotAppliedError
from app.core.errors import ConflictError, ErrorClass
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, azure_call
from app.models import StorageAccount, StorageState
from app.storage.service.placement import Site, place, shares_of
from app.storage.specs.accounts import AccountForm, AccountPlan, not_as_asked, seen_json, spec_of
from app.storage.specs.limits import room_of
from app.storage.specs.placement import AccountLook, Reason, Verdict, Word, judge
from app.storage.specs.shares import SharePlan, is_ours, needs_of, share_plan
from app.storage.workflow.share_rows import account_of, set_state, staying_row
from app.subscriptions.workflow import needed_group
from app.subscriptions.workflow.needed_group import GroupFound, GroupNeeded
from app.subscriptions.workflow.registration import ensure_registered

_PROVIDER = "Microsoft.Storage"
_ACCOUNTS = "StorageAccounts"
"""The name of Azure's limit of accounts in a location."""


class PlacementError(ConflictError):
    """The share cannot lie in the account; the problem's code says why."""

    code = "share_placement_refused"

    def __init__(self, verdict: Verdict) -> None:
        reason = verdict.reason or Reason.UNFIT
        super().__init__(verdict.detail, remedy=_REMEDIES[reason])
        full = reason in {Reason.FULL, Reason.LIMIT}
        error_class = ErrorClass.QUOTA if full else ErrorClass.CONFLICT
        self.problem = replace(self.problem, code=reason.value, error_class=error_class)


_REMEDIES = {
    Reason.ABSENT: "Name an account that exists, or have it made: `account.make`.",
    Reason.FOREIGN: "Choose another name or resource group; nothing was changed.",
    Reason.FULL: "Name another account, or none; deleted shares stop counting when their days are over.",
    Reason.LIMIT: "Name an account that exists, or ask Azure for more accounts in the location.",
    Reason.LOST: "Name another account, or none.",
    Reason.NAME_TAKEN: "Choose another name, or leave it to Slipway.",
    Reason.SHUT_OUT: "Admit the nodes' subnet in the account's network rules, or take another account.",
    Reason.UNFIT: "Name an account that fits, or none.",
    Reason.SHARE_TAKEN: "Choose another name, or take the share that is there with `adopt`.",
    Reason.SHARE_ABSENT: "Name a share that exists, or leave `adopt` out.",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """The share's plan, and whether its account is settled; if not, the new one must be looked at as well."""

    plan: SharePlan
    settled: bool


@cloud_step
async def check_storage_provider(cloud: Cloud, plan: SharePlan) -> None:
    """Register the resource provider where it is not: without it Azure refuses every account."""
    subscription_id = plan.account.subscription_id
    providers = cloud.gateways.azure.subscription(subscription_id).providers
    await ensure_registered(cloud, subscription_id, await providers.recent(_PROVIDER, call=azure_call(cloud)))


@cloud_step
async def look_at_account(cloud: Cloud, plan: SharePlan) -> AccountLook:
    """What Azure has, before anything is made: the account with its room, or whether one may be made."""
    account, storage = plan.account, cloud.gateways.azure.subscription(plan.account.subscription_id).storage
    seen = await storage.accounts.get(account.resource_group, account.name, call=azure_call(cloud))
    if seen is None:
        free, left = True, None
        if account.managed:
            free = (await storage.accounts.name_available(account.name, call=azure_call(cloud))).available
            usages = await storage.usages.list_(account.location, call=azure_call(cloud))
            left = next((usage.free for usage in usages if usage.name == _ACCOUNTS), None)
        if not free:
            # The job of another share that shall lie in it may have made it since.
            seen = await storage.accounts.get(account.resource_group, account.name, call=azure_call(cloud))
        if seen is None:
            return AccountLook(name_free=free, accounts_left=left)
    ours = is_storage_account(seen.tags, account.account_id)
    if not seen.succeeded:
        return AccountLook(seen, ours)
    shares = await storage.shares.list_(account.resource_group, account.name, deleted=True, call=azure_call(cloud))
    living = next((each for each in shares if not each.deleted and each.name == plan.name), None)
    whose = "none" if living is None else "ours" if is_ours(living, plan.share_id) else "foreign"
    return AccountLook(seen, ours, room_of(shares, premium=seen.premium), whose)


@record_step
async def place_share(record: Record, plan: SharePlan, look: AccountLook, tried: tuple[str, ...]) -> Placed:
    """Keep the account, or choose another where the rule chose this one; a caller's own is refused with the reason.

    Never a new account in a loop (trouble 64): `tried` are those that were looked at, and the workflow counts them.
    """
    verdict = judge(plan.account, look, needs_of(plan))
    row = await staying_row(record, plan.share_id)
    account = await account_of(record, row, lock=True)
    _keep_look(account, look, record)
    if verdict.word is Word.KEEP:
        return Placed(share_plan(row, account), settled=True)
    if verdict.reason is Reason.LOST and account.state == StorageState.READY:
        set_state(account, StorageState.LOST, record)
        data = {"name": account.name}
        await record.emit("storage_account.lost", subject=("storage_account", account.id), data=data)
    if verdict.word is Word.REFUSE or len(tried) >= MOST_LOOKS:
        raise PlacementError(verdict)
    shares = await shares_of(record.session, account.id, now=record.now)
    alone = all(each.id == row.id for each in shares)
    other = await place(record.session, _site(account, record), _form(account), quota_gib=row.quota_gib, but=tried)
    if alone and account.state == StorageState.CREATING and verdict.reason in {Reason.NAME_TAKEN, Reason.FOREIGN}:
        # There never was one: its row would only be in the way.
        set_state(account, StorageState.DELETED, record)
        account.deleted_at = record.now
    row.account_id = other.id
    row.version += 1
    row.updated_at = record.now
    data = {"from": account.name, "to": other.name, "reason": (verdict.reason or Reason.UNFIT).value}
    await record.emit("share.moved", subject=("share", row.id), data=data)
    return Placed(share_plan(row, other), settled=False)


MOST_LOOKS = 3
"""Accounts that one job looks at."""


def _keep_look(account: StorageAccount, look: AccountLook, record: Record) -> None:
    if look.account is None:
        return
    account.observed = seen_json(look.account, look.room if look.account.succeeded else None, account.observed)
    account.observed_at = record.now
    if not account.managed:
        account.location = look.account.location
        account.wanted = _form_seen(account, look.account).as_json()


def _form_seen(account: StorageAccount, seen: Account) -> AccountForm:
    """Of an account that somebody else made, what it is."""
    return replace(_form(account), kind=seen.kind, sku=seen.sku, https_only=seen.https_only)


def _form(account: StorageAccount) -> AccountForm:
    return AccountForm.from_json(account.wanted)


def _site(account: StorageAccount, record: Record) -> Site:
    return Site(
        account.project_id,
        account.subscription_id,
        account.resource_group,
        account.location,
        record.view.requested_by,
        record.now,
    )


@cloud_step
async def ensure_storage_group(cloud: Cloud, plan: SharePlan) -> GroupFound:
    """Make the resource group, unless it is there."""
    return await needed_group.ensure(cloud, _group(plan.account))


@record_step
async def record_storage_group(record: Record, plan: SharePlan, found: GroupFound) -> None:
    """Keep who made the resource group."""
    await needed_group.record(record, _group(plan.account), found)


def _group(account: AccountPlan) -> GroupNeeded:
    return GroupNeeded(account.project_id, account.subscription_id, account.resource_group, account.location)


@cloud_step
async def put_account(cloud: Cloud, plan: SharePlan) -> Begun | None:
    """Ask Azure for the account, unless it is there: from an answer that was lost, or for another share."""
    account, accounts = plan.account, cloud.gateways.azure.subscription(plan.account.subscription_id).storage.accounts
    present = await accounts.get(account.resource_group, account.name, call=azure_call(cloud))
    asked_at = cloud.clock.now()
    if present is not None:
        if not is_storage_account(present.tags, account.account_id):
            raise PlacementError(_not_ours(account))
        if present.settled:
            return None
        return Begun(present.id, None, asked_at, created=True)
    answer = await accounts.create(
        account.resource_group, account.name, spec_of(account, job_id=cloud.job.id), call=azure_call(cloud)
    )
    if answer.operation is None:
        return None
    return Begun(answer.operation.target_id, answer.operation, asked_at, created=True)


def _not_ours(account: AccountPlan) -> Verdict:
    detail = f"The resource group {account.resource_group} has an account {account.name} that Slipway did not make."
    return Verdict(Word.REFUSE, Reason.FOREIGN, detail)


@cloud_step
async def await_account(cloud: Cloud, plan: SharePlan, begun: Begun | None) -> None:
    """Wait until Azure has made the account."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=plan.account.subscription_id,
        kind=TargetKind.STORAGE_ACCOUNT,
        expected="storage_account_create",
    )


@cloud_step
async def settle_account(cloud: Cloud, plan: SharePlan) -> Account:
    """Have the account keep deleted shares, and read it back: safe defaults are only what is there."""
    account, accounts = plan.account, cloud.gateways.azure.subscription(plan.account.subscription_id).storage.accounts
    group, call = account.resource_group, azure_call(cloud)
    if await accounts.kept_days(group, account.name, call=call) != account.form.kept_days:
        await accounts.put_kept_days(group, account.name, account.form.kept_days, call=call)
    present = await accounts.get(group, account.name, call=call)
    if present is None:
        raise AccountVanishedError(f"Azure has no storage account {account.name} any more.")
    differences = not_as_asked(present, account)
    if differences:
        raise NotAppliedError(" ".join(differences))
    return present


class AccountVanishedError(ConflictError):
    """The account was there a moment ago, and is not any more."""

    code = "storage_account_lost"
    remedy = "Somebody else may have removed it; retry the job: it takes another account."


@record_step
async def record_account(record: Record, plan: SharePlan, seen: Account) -> None:
    """Write that the account is ready."""
    account = await record.session.get(StorageAccount, plan.account.account_id, with_for_update=True)
    if account is None or account.deleted_at is not None:
        raise AccountVanishedError(f"The storage account {plan.account.name} was deleted meanwhile.")
    account.observed = seen_json(seen, None, account.observed)
    account.observed_at = record.now
    if account.state in {StorageState.CREATING, StorageState.FAILED, StorageState.LOST}:
        set_state(account, StorageState.READY, record)
        data = {"name": account.name, "managed": account.managed}
        await record.emit("storage_account.succeeded", subject=("storage_account", account.id), data=data)
