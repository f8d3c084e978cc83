"""Compare the storage accounts and their shares with Azure, by a bounded number of calls.

One list of accounts a subscription, one list of shares an account, and how full a share is for the few that were asked
about longest ago: Azure tells that of one share at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.storage import Account, FileShare
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.models import Share, StorageAccount, StorageState
from app.storage.observe.sightings import record_account_seen, record_all_lost, record_share_seen, record_use
from app.storage.specs.accounts import AccountPlan, account_plan, azure_id_of, room_json
from app.storage.specs.limits import room_of
from app.storage.specs.shares import USED_AT

_CALL_TIME = timedelta(seconds=60)
_MOST_ACCOUNTS = 1_000
_MOST_SHARES = 2_000
MOST_USES = 20
"""So many shares of a subscription are asked in one round how full they are."""
_log = structlog.get_logger(__name__)


async def observe_accounts(database: Database, azure: AzureGateway, clock: Clock) -> None:
    """Keep what Azure has of each account and share. One that is gone is lost; nothing is made again.

    A list that fails leaves its rows as they are.
    """
    async with database.read() as session:
        known = select(StorageAccount.subscription_id).where(StorageAccount.deleted_at.is_(None)).distinct()
        subscriptions = (await session.scalars(known)).all()
    for subscription_id in subscriptions:
        await _Round(database, azure, clock, subscription_id).run()


@dataclass
class _Round:
    database: Database
    azure: AzureGateway
    clock: Clock
    subscription_id: str

    async def run(self) -> None:
        storage = self.azure.subscription(self.subscription_id).storage
        at = self.clock.now()
        try:
            listed = await storage.accounts.list_(call=self._call())
        except SlipwayError as error:
            self._failed("accounts", error)
            return
        seen = {each.id.lower(): each for each in listed}
        for plan in await self._record_accounts(seen, at=at):
            await self._shares(plan)
        await self._uses()

    async def _record_accounts(self, seen: Mapping[str, Account], *, at: datetime) -> list[AccountPlan]:
        """Those that are there, and whose shares are to be listed."""
        async with self.database.write() as session:
            asked = select(StorageAccount).where(
                StorageAccount.subscription_id == self.subscription_id, StorageAccount.deleted_at.is_(None)
            )
            rows = (
                await session.scalars(asked.order_by(StorageAccount.id).limit(_MOST_ACCOUNTS).with_for_update())
            ).all()
            present: list[AccountPlan] = []
            for row in rows:
                found = seen.get(azure_id_of(row).lower())
                if _older(row, at):
                    await record_account_seen(session, row, found, now=self.clock.now())
                if found is not None and found.succeeded:
                    present.append(account_plan(row))
                elif row.state == StorageState.LOST:
                    asked_shares = (
                        select(Share).where(Share.account_id == row.id).order_by(Share.id).limit(_MOST_SHARES)
                    )
                    lost = (await session.scalars(asked_shares.with_for_update())).all()
                    await record_all_lost(session, lost, now=self.clock.now())
        return present

    async def _shares(self, plan: AccountPlan) -> None:
        shares = self.azure.subscription(self.subscription_id).storage.shares
        at = self.clock.now()
        try:
            listed = await shares.list_(plan.resource_group, plan.name, snapshots=True, deleted=True, call=self._call())
        except SlipwayError as error:
            self._failed(plan.name, error)
            return
        async with self.database.write() as session:
            account = await session.get(StorageAccount, plan.account_id, with_for_update=True)
            if account is not None:
                account.observed = {**(account.observed or {}), **room_json(room_of(listed, premium=plan.form.premium))}
            asked = select(Share).where(
                Share.account_id == plan.account_id, or_(Share.deleted_at.is_(None), Share.restorable_until > at)
            )
            for row in (await session.scalars(asked.order_by(Share.id).with_for_update())).all():
                if _older(row, at):
                    await record_share_seen(session, row, _of(listed, row.azure_name), now=self.clock.now())

    async def _uses(self) -> None:
        async with self.database.read() as session:
            asked = (
                select(Share, StorageAccount)
                .join(StorageAccount, StorageAccount.id == Share.account_id)
                .where(
                    StorageAccount.subscription_id == self.subscription_id,
                    Share.state == StorageState.READY,
                    StorageAccount.deleted_at.is_(None),
                )
                .order_by(Share.observed[USED_AT].as_string().nulls_first(), Share.id)
                .limit(MOST_USES)
            )
            found = [
                (row.id, row.azure_name, account_plan(account)) for row, account in (await session.execute(asked)).all()
            ]
        shares = self.azure.subscription(self.subscription_id).storage.shares
        for share_id, name, plan in found:
            try:
                seen = await shares.get(plan.resource_group, plan.name, name, usage=True, call=self._call())
            except SlipwayError as error:
                self._failed(plan.name, error)
                return
            async with self.database.write() as session:
                row = await session.get(Share, share_id, with_for_update=True)
                if row is not None and seen is not None and row.state == StorageState.READY:
                    record_use(row, seen.used_bytes, now=self.clock.now())

    def _call(self) -> Call:
        return Call(deadline=self.clock.now() + _CALL_TIME)

    def _failed(self, what: str, error: SlipwayError) -> None:
        _log.warning("storage_not_listed", subscription_id=self.subscription_id, what=what, code=error.problem.code)


def _older(row: Share | StorageAccount, at: datetime) -> bool:
    """Whether the row is older than the list: one that changed after it was asked for knows better."""
    return max(row.updated_at, row.observed_at or row.updated_at) < at


def _of(listed: Sequence[FileShare], name: str) -> tuple[FileShare, ...]:
    return tuple(each for each in listed if each.name == name)
