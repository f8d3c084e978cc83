"""Read shares: rows only, however many there are."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.core.ids import Prefix, is_id
from app.db.pages import Page, Position, read_page
from app.models import Share, StorageAccount, StorageState
from app.storage.schemas.shares import ShareRead
from app.storage.service.share_use import mounts_of
from app.storage.service.shares import find_share, no_such_share
from app.storage.specs.share_reads import share_read


async def read_one(session: AsyncSession, scope: Scope, reference: str, *, now: datetime) -> tuple[ShareRead, Share]:
    """A share by id, also after its deletion, or a living one by name. Raises NotFoundError."""
    if is_id(reference, Prefix.SHARE):
        row = (
            await session.scalars(in_project(select(Share), Share, scope).where(Share.id == reference))
        ).one_or_none()
        if row is None:
            raise no_such_share()
    else:
        row = await find_share(session, scope, reference)
    (found,) = await reads_of(session, [row], now=now)
    return found, row


async def list_(
    session: AsyncSession,
    query: Select[Share],
    *,
    now: datetime,
    after: Position | None,
    limit: int,
) -> Page[ShareRead]:
    """A page of shares, newest first: three queries, however many they are."""
    page = await read_page(session, query, (Share.created_at, Share.id), after=after, limit=limit, descending=True)
    return Page(await reads_of(session, page.items, now=now), page.next_position)


def query_of(
    scope: Scope,
    *,
    now: datetime,
    state: str | None = None,
    cluster_id: str | None = None,
    account: str | None = None,
    protocol: str | None = None,
) -> Select[Share]:
    """The query of the project's shares; deleted ones that can be restored only when their state is asked for."""
    query = in_project(select(Share), Share, scope)
    if state == StorageState.DELETED:
        query = query.where(Share.state == state, or_(Share.restorable_until > now, Share.deleted_at.is_not(None)))
    elif state is not None:
        query = query.where(Share.state == state)
    else:
        query = query.where(Share.deleted_at.is_(None))
    if cluster_id is not None:
        query = query.where(Share.cluster_id == cluster_id)
    if protocol is not None:
        query = query.where(Share.protocol == protocol)
    if account is not None:
        accounts = in_project(select(StorageAccount.id), StorageAccount, scope)
        named = StorageAccount.id if is_id(account, Prefix.STORAGE_ACCOUNT) else StorageAccount.name
        query = query.where(Share.account_id.in_(accounts.where(named == account)))
    return query


async def reads_of(session: AsyncSession, rows: Sequence[Share], *, now: datetime) -> list[ShareRead]:
    """Shares as callers see them, with what mounts them."""
    ids = {row.account_id for row in rows if row.account_id}
    found = (await session.scalars(select(StorageAccount).where(StorageAccount.id.in_(ids)))).all() if ids else []
    accounts = {account.id: account for account in found}
    mounts = await mounts_of(session, [row.id for row in rows])
    return [share_read(row, accounts.get(row.account_id or ""), mounts.get(row.id, []), now=now) for row in rows]
