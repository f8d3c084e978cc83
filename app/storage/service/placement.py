"""Choose the storage account of a share, or write the row of a new one: rows only (trouble 64)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import ConflictError, ErrorClass, FieldError
from app.core.ids import Prefix, new_id
from app.events import emit
from app.models import Project, Share, StorageAccount, StorageState
from app.storage.specs.accounts import AccountForm, name_of, seen_room
from app.storage.specs.limits import MOST_ACCOUNTS, Room, iops_of, too_much

_USABLE = (StorageState.CREATING, StorageState.READY, StorageState.UPDATING)
_MOST_ROWS = 200


class AccountsLimitError(ConflictError):
    """The project has so many accounts that another one is more likely a fault than a need."""

    code = "storage_accounts_limit"
    title = "The project has many storage accounts already"
    error_class = ErrorClass.QUOTA
    remedy = (
        "Name an account with `account`, or delete shares; those that can still be restored take room until their days "
        "are over."
    )


class AccountTakenError(ConflictError):
    """The account belongs to another project of this installation, or is being deleted."""

    code = "storage_account_taken"
    title = "The storage account is taken"
    remedy = "Name another account, or leave the choice to Slipway."


@dataclass(frozen=True, slots=True)
class Site:
    """Where an account shall lie, and for whom."""

    project_id: str
    subscription_id: str
    resource_group: str
    location: str
    by: str
    now: datetime


async def place(
    session: AsyncSession, site: Site, form: AccountForm, *, quota_gib: int, but: Collection[str] = ()
) -> StorageAccount:
    """The project's oldest account that fits and has room, or a new one's row; `but`: accounts that were tried.

    The caller has locked the resource group's rows, so that two shares do not each make an account. Raises
    AccountsLimitError.
    """
    rows = await _accounts(session, site)
    for row in rows:
        if row.id in but or row.state not in _USABLE or row.resource_group.lower() != site.resource_group.lower():
            continue
        if not AccountForm.from_json(row.wanted).holds(form):
            continue
        if too_much(await room_by_rows(session, row, now=site.now), quota_gib, premium=form.premium) is None:
            return row
    if len(rows) >= MOST_ACCOUNTS:
        raise AccountsLimitError(
            f"The project has {len(rows)} storage accounts in {site.location}, and none has room for this share."
        )
    return await add_account(session, site, form, name=None, managed=True)


async def _accounts(session: AsyncSession, site: Site) -> list[StorageAccount]:
    asked = (
        select(StorageAccount)
        .where(
            StorageAccount.project_id == site.project_id,
            StorageAccount.deleted_at.is_(None),
            StorageAccount.managed.is_(True),
            StorageAccount.location == site.location,
            func.lower(StorageAccount.subscription_id) == site.subscription_id.lower(),
        )
        .order_by(StorageAccount.created_at, StorageAccount.id)
        .limit(_MOST_ROWS)
        .with_for_update()
    )
    return list((await session.scalars(asked)).all())


async def given(session: AsyncSession, site: Site, form: AccountForm, *, name: str, make: bool) -> StorageAccount:
    """The row of an account that a caller names: one that is known, or a new row. Raises AccountTakenError."""
    asked = select(StorageAccount).where(StorageAccount.name == name, StorageAccount.deleted_at.is_(None))
    known = (await session.scalars(asked.with_for_update())).one_or_none()
    if known is None:
        return await add_account(session, site, form, name=name, managed=make)
    if known.project_id != site.project_id or known.state == StorageState.DELETING:
        detail = "It belongs to another project." if known.project_id != site.project_id else "It is being deleted."
        raise AccountTakenError(
            f"The storage account {name} cannot be used.", errors=[FieldError("account_taken", "/account/name", detail)]
        )
    if known.state in {StorageState.FAILED, StorageState.LOST}:
        # The job looks again, and makes it where it is ours to make.
        known.state = StorageState.CREATING
        known.version += 1
        known.updated_at = site.now
    return known


async def add_account(
    session: AsyncSession, site: Site, form: AccountForm, *, name: str | None, managed: bool
) -> StorageAccount:
    """Write the row of an account that a job finds or makes; without a name it gets one by rule."""
    account_id = new_id(Prefix.STORAGE_ACCOUNT)
    if name is None:
        project = await session.get_one(Project, site.project_id)
        name = name_of(project.name, account_id)
    row = StorageAccount(
        id=account_id,
        project_id=site.project_id,
        name=name,
        subscription_id=site.subscription_id,
        resource_group=site.resource_group,
        location=site.location,
        managed=managed,
        state=StorageState.CREATING,
        wanted=form.as_json(),
        created_by=site.by,
        created_at=site.now,
        updated_at=site.now,
    )
    session.add(row)
    await session.flush()
    await emit(
        session,
        "storage_account.chosen",
        at=site.now,
        project_id=row.project_id,
        subject=("storage_account", row.id),
        data={"name": row.name, "state": row.state, "managed": managed},
    )
    return row


async def room_by_rows(session: AsyncSession, row: StorageAccount, *, now: datetime, but: str | None = None) -> Room:
    """What the account's shares take, by our rows and by the last look, whichever says more; `but` does not count."""
    premium = AccountForm.from_json(row.wanted).premium
    # A deleted share counts until Azure keeps it no more.
    counted = or_(Share.deleted_at.is_(None), Share.restorable_until > now)
    asked = select(Share.quota_gib, Share.deleted_at).where(
        Share.account_id == row.id, counted, Share.id != (but or "")
    )
    found = (await session.execute(asked)).all()
    living = [quota for quota, deleted_at in found if deleted_at is None]
    gone = [quota for quota, deleted_at in found if deleted_at is not None]
    known = Room() if but else seen_room(row.observed) or Room()
    return Room(
        shares=max(len(living), known.shares),
        gib=max(sum(living) + sum(gone), known.gib) if premium else 0,
        deleted_gib=max(sum(gone), known.deleted_gib) if premium else 0,
        iops=max(sum(iops_of(quota, premium=premium) for quota in living), known.iops),
    )


async def shares_of(session: AsyncSession, account_id: str, *, now: datetime) -> list[Share]:
    """The account's shares that live, or can still be restored."""
    counted = or_(Share.deleted_at.is_(None), Share.restorable_until > now)
    asked = select(Share).where(Share.account_id == account_id, counted).order_by(Share.id).limit(_MOST_ROWS)
    return list((await session.scalars(asked)).all())
