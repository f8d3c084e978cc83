"""How the jobs about shares find and write their rows."""

from app.core.errors import ConflictError
from app.engine.steps import JobEnd, Record
from app.models import Share, StorageAccount, StorageState
from app.storage.specs.shares import SharePlan, share_plan

LEAVING = frozenset({StorageState.DELETING, StorageState.DELETED})


class ShareGoneError(ConflictError):
    """The share of this job is deleted, or is being deleted."""

    code = "share_deleted"


async def row_of(record: Record, share_id: str | None = None) -> Share:
    """The job's share (or another one), locked until the transaction's end."""
    row = await record.session.get(Share, share_id or record.view.target_id, with_for_update=True)
    if row is None:
        raise ShareGoneError("The share of this job does not exist any more.")
    return row


async def staying_row(record: Record, share_id: str | None = None) -> Share:
    """As `row_of`, but for one that is being deleted: a deletion goes before what was asked before it."""
    row = await row_of(record, share_id)
    if row.state in LEAVING:
        raise ShareGoneError("The share is deleted or is being deleted.")
    return row


async def account_of(record: Record, row: Share, *, lock: bool = False) -> StorageAccount:
    """The account of a share."""
    found = await record.session.get(StorageAccount, row.account_id, with_for_update=lock or None)
    if found is None:
        raise ShareGoneError("The share has no account.")
    return found


async def plan_of(record: Record, row: Share) -> SharePlan:
    """What the job's cloud steps need to know."""
    return share_plan(row, await account_of(record, row))


def set_state(row: Share | StorageAccount, state: StorageState, record: Record) -> None:
    """Change the state; the version rises only when it does change."""
    if row.state != state:
        row.state = state
        row.version += 1
        row.updated_at = record.now


async def record_failed(record: Record, end: JobEnd) -> None:
    """The end of a creation that did not succeed, unless the share is going; its account too, where it never came."""
    await record_share_failed(record, record.view.target_id, end)


async def record_share_failed(record: Record, share_id: str, end: JobEnd) -> None:
    """Write that a share could not be made."""
    row = await record.session.get(Share, share_id, with_for_update=True)
    if row is None or row.state != StorageState.CREATING:
        return
    set_state(row, StorageState.FAILED, record)
    data = {"code": end.problem.code, "canceled": end.canceled}
    await record.emit("share.failed", subject=("share", row.id), data=data)
    account = await account_of(record, row, lock=True)
    if account.state == StorageState.CREATING:
        # Another share's job may be at it: it then writes that the account is ready.
        set_state(account, StorageState.FAILED, record)


async def record_unchanged(record: Record, end: JobEnd) -> None:
    """The end of a change that did not succeed: the share is what it was."""
    row = await record.session.get(Share, record.view.target_id, with_for_update=True)
    if row is None or row.state != StorageState.UPDATING:
        return
    set_state(row, StorageState.READY, record)
    data = {"code": end.problem.code, "canceled": end.canceled}
    await record.emit(f"{record.view.kind}_failed", data=data)
