"""Read, list and delete storage accounts."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.clusters.service.start import Asker
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import Prefix, is_id
from app.core.json import JsonObject
from app.events import emit
from app.jobs import service as jobs
from app.models import Job, StorageAccount, StorageState
from app.storage.service.placement import shares_of
from app.storage.specs import share_kinds as kinds


class AccountInUseError(ConflictError):
    """Shares lie in the account, or can still be restored into it."""

    code = "storage_account_in_use"
    title = "The storage account is in use"
    remedy = (
        "Delete those shares first; a deleted one counts until it can no longer be restored, or is given up by "
        "deleted_shares=discard."
    )


def list_(scope: Scope, *, state: str | None, location: str | None) -> Select[StorageAccount]:
    """The query of the project's accounts; deleted ones only when their state is asked for."""
    query = in_project(select(StorageAccount), StorageAccount, scope)
    query = query.where(StorageAccount.state == state if state else StorageAccount.deleted_at.is_(None))
    return query if location is None else query.where(StorageAccount.location == location.lower())


async def get_account(session: AsyncSession, scope: Scope, reference: str) -> StorageAccount:
    """An account by id, also after its deletion, or a living one by name. Raises NotFoundError."""
    asked = in_project(select(StorageAccount), StorageAccount, scope)
    if is_id(reference, Prefix.STORAGE_ACCOUNT):
        asked = asked.where(StorageAccount.id == reference)
    else:
        asked = asked.where(StorageAccount.name == reference, StorageAccount.deleted_at.is_(None))
    row = (await session.scalars(asked)).one_or_none()
    if row is None:
        raise NotFoundError(
            "There is no such storage account.", remedy="List your project's accounts: GET /v1/storage-accounts."
        )
    return row


async def lock_account(session: AsyncSession, scope: Scope, reference: str) -> StorageAccount:
    """A living account, locked until the commit, and before it the jobs that are at work on it."""
    row = await get_account(session, scope, reference)
    await jobs.open_jobs_of(session, partition_of(row))
    await session.refresh(row, with_for_update=True)
    if row.deleted_at is not None:
        raise NotFoundError("There is no such storage account.")
    return row


def partition_of(row: StorageAccount) -> str:
    """Jobs of one account run one at a time."""
    return f"storage_account:{row.id}"


async def require_empty(session: AsyncSession, row: StorageAccount, *, now: datetime, discard: bool) -> None:
    """Raise AccountInUseError while shares lie in the account or (but for `discard`) can be restored into it."""
    found = await shares_of(session, row.id, now=now)
    found = [each for each in found if each.deleted_at is None or not discard]
    if found:
        names = ", ".join(f"{each.name} ({each.state})" for each in found[:5])
        raise AccountInUseError(f"In the storage account {row.name} lie {len(found)} shares: {names}.")


async def delete_account(
    session: AsyncSession, asker: Asker, row: StorageAccount, *, discard: bool, options: JsonObject
) -> Job:
    """Start the job that removes an account of ours, or forgets another.

    `discard`: shares that were deleted and could still be restored go with it. Asking twice gives the job that is at
    it already. Raises AccountInUseError.
    """
    for job in await jobs.open_jobs_of(session, partition_of(row)):
        if job.kind == kinds.DELETE_ACCOUNT.name and job.cancel_code is None:
            return job
    await require_empty(session, row, now=asker.now, discard=discard)
    before = row.state
    row.state = StorageState.DELETING
    row.version += 1
    row.updated_at = asker.now
    await emit(
        session,
        "storage_account.delete_requested",
        at=asker.now,
        project_id=row.project_id,
        subject=("storage_account", row.id),
        data={"name": row.name, "state": row.state},
    )
    target = jobs.Target(row.id, row.name, partition_of(row))
    return await asker.start(
        session, kinds.DELETE_ACCOUNT, target, options=options, request={"before": before, "discard": discard}
    )
