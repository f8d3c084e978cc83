"""Keep what was seen of one account or one share in Azure, and what follows from it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.azure.types.storage import Account, FileShare
from app.core.clock import rfc3339
from app.events import emit
from app.models import Share, StorageAccount, StorageState
from app.storage.specs.accounts import seen_json as account_json
from app.storage.specs.shares import USED_AT, is_ours, newest_deleted, restorable_until
from app.storage.specs.shares import seen_json as share_json

_SETTLED = frozenset({StorageState.READY, StorageState.LOST})


async def record_account_seen(
    session: AsyncSession, row: StorageAccount, seen: Account | None, *, now: datetime
) -> None:
    """Keep what was seen (None: Azure has no such account), and turn the state if it says so.

    While a job is at work on the account, the job's own steps say what has happened.
    """
    if seen is not None:
        row.observed = account_json(seen, None, row.observed)
    row.observed_at = now
    if row.state == StorageState.READY and seen is None:
        await _turn(session, row, StorageState.LOST, "storage_account.lost", now=now)
    elif row.state == StorageState.LOST and seen is not None and seen.succeeded:
        await _turn(session, row, StorageState.READY, "storage_account.recovered", now=now)


async def record_share_seen(session: AsyncSession, row: Share, listed: Sequence[FileShare], *, now: datetime) -> None:
    """Keep what a list shows under the share's name: itself, its snapshots, and what was deleted of that name."""
    living = next((each for each in listed if each.snapshot is None and not each.deleted), None)
    if living is not None and row.managed and not is_ours(living, row.id):
        # Somebody has deleted the share and made another one of its name.
        living = None
    deleted = newest_deleted(tuple(listed), row.azure_name, row.id, managed=row.managed)
    if row.deleted_at is not None:
        if deleted is None:
            row.restorable_until = None
        return
    if living is not None:
        row.observed = share_json(living, tuple(each for each in listed if each.snapshot is not None), row.observed)
    row.observed_at = now
    if row.state not in _SETTLED:
        return
    if living is None:
        row.restorable_until = None if deleted is None else restorable_until(deleted, now)
        if row.state == StorageState.READY:
            await _turn(session, row, StorageState.LOST, "share.lost", now=now)
        return
    if row.state == StorageState.LOST:
        row.restorable_until = None
        await _turn(session, row, StorageState.READY, "share.recovered", now=now)
    if living.quota_gib != row.quota_gib:
        await _resized(session, row, living.quota_gib, now=now)


async def record_all_lost(session: AsyncSession, rows: Sequence[Share], *, now: datetime) -> None:
    """The account is gone: all its shares are, for good as far as Slipway can tell."""
    for row in rows:
        row.restorable_until = None
        if row.deleted_at is None and row.state == StorageState.READY:
            row.observed_at = now
            await _turn(session, row, StorageState.LOST, "share.lost", now=now)


def record_use(row: Share, used_bytes: int | None, *, now: datetime) -> None:
    """Keep how much is in the share, and when that was asked."""
    row.observed = {**(row.observed or {}), "used_bytes": used_bytes, USED_AT: rfc3339(now)}


async def _resized(session: AsyncSession, row: Share, quota_gib: int, *, now: datetime) -> None:
    """Somebody changed the size outside Slipway: it is theirs to choose, and said."""
    data = {"name": row.name, "before_gib": row.quota_gib, "quota_gib": quota_gib}
    row.quota_gib = quota_gib
    row.version += 1
    row.updated_at = now
    await emit(
        session, "share.resized_outside", at=now, project_id=row.project_id, subject=("share", row.id), data=data
    )


async def _turn(
    session: AsyncSession, row: Share | StorageAccount, state: StorageState, event: str, *, now: datetime
) -> None:
    row.state = state
    row.version += 1
    row.updated_at = now
    await emit(
        session,
        event,
        at=now,
        project_id=row.project_id,
        subject=(event.partition(".")[0], row.id),
        data={"name": row.name},
    )
