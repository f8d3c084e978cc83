"""Find Secrets whose key opens their account no more: somebody has turned the keys without Slipway.

A round costs one call for the keys of each account that has volumes, and one list of Secrets for each of their
clusters. Keys live in this process for the time of the comparison.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.azure.types.call import Call
from app.clusters.workflow.reach import reach
from app.core.clock import Clock, rfc3339
from app.core.errors import SlipwayError
from app.core.json import JsonObject
from app.db.engine import Database
from app.engine.queue import JobQueue
from app.events import emit
from app.jobs import service as jobs
from app.jobs.workflow import Gateways
from app.kubernetes.types.volume import AccountSecretState
from app.models import Project, StorageAccount, StorageState
from app.storage.service.accounts import partition_of
from app.storage.service.key_places import AccountAt, account_at, places_of
from app.storage.service.rotation import start_repair
from app.storage.specs.rotation import SecretPlace
from app.storage.specs.stale_keys import Looked, checked, may_repair, news, stale_of
from app.storage.specs.volume_objects import MANAGED_BY

_CALL_TIME = timedelta(seconds=60)
_MOST_ACCOUNTS = 1000
_CLUSTERS_AT_ONCE = 8
_LIVING = (StorageState.READY, StorageState.UPDATING)
_log = structlog.get_logger(__name__)

_Secrets = dict[str, Collection[AccountSecretState] | None]


@dataclass(frozen=True, slots=True)
class _Account:
    """An account as it was when a round began. `keys_at`: what a rotation had made of it."""

    at: AccountAt
    keys_at: JsonObject | None
    places: list[SecretPlace]


class KeyCheck:
    """The periodic comparison. Of several workers one should do it."""

    def __init__(self, database: Database, gateways: Gateways, clock: Clock, queue: JobQueue) -> None:
        self._database = database
        self._gateways = gateways
        self._clock = clock
        self._queue = queue

    async def check(self) -> None:
        """One round over all accounts. Those at which a job is at work are left to it."""
        accounts = await self._accounts()
        secrets = await self._secrets({place.cluster.cluster_id: place for each in accounts for place in each.places})
        for account in accounts:
            try:
                looked = await self._look(account, secrets)
            except SlipwayError as error:
                _log.warning("keys_not_compared", account_id=account.at.account_id, code=error.problem.code)
                continue
            await self._database.transaction(partial(self._record, account=account, looked=looked))

    async def _accounts(self) -> list[_Account]:
        found: list[_Account] = []
        async with self._database.read() as session:
            living = select(StorageAccount).where(
                StorageAccount.deleted_at.is_(None), StorageAccount.state.in_(_LIVING)
            )
            for row in (await session.scalars(living.order_by(StorageAccount.id).limit(_MOST_ACCOUNTS))).all():
                places = await places_of(session, row.id)
                busy = await jobs.has_open_jobs(session, partition_of(row))
                if not busy and (places or row.key_check is not None):
                    found.append(_Account(account_at(row), row.rotation, places))
        return found

    async def _secrets(self, clusters: dict[str, SecretPlace]) -> _Secrets:
        turns = asyncio.Semaphore(_CLUSTERS_AT_ONCE)

        async def read(place: SecretPlace) -> Collection[AccountSecretState] | None:
            async with turns:
                try:
                    async with reach(self._gateways, place.cluster, call=self._call()) as client:
                        return await client.storage.secrets(dict([MANAGED_BY]))
                except SlipwayError as error:
                    _log.warning("secrets_not_read", cluster_id=place.cluster.cluster_id, code=error.problem.code)
                    return None

        return dict(zip(clusters, await asyncio.gather(*map(read, clusters.values())), strict=True))

    async def _look(self, account: _Account, secrets: _Secrets) -> Looked:
        # Asked for after the Secrets were read: what is stale by these keys is stale now.
        accounts = self._gateways.azure.subscription(account.at.subscription_id).storage.accounts
        found = await accounts.keys(account.at.resource_group, account.at.name, call=self._call())
        keys = [key.value.reveal() for key in found]
        return stale_of(account.places, secrets, account=account.at.name, keys=keys)

    async def _record(self, session: AsyncSession, account: _Account, looked: Looked) -> None:
        row = await session.get_one(StorageAccount, account.at.account_id)
        open_jobs = await jobs.open_jobs_of(session, partition_of(row))
        await session.refresh(row, with_for_update=True)
        if row.state not in _LIVING or open_jobs or row.rotation != account.keys_at:
            # What was seen may be a moment of a rotation that has begun, or is over, meanwhile.
            return
        now = self._clock.now()
        fresh, check = news(row.key_check, looked), checked(row.key_check, looked, now=now)
        project = await session.get_one(Project, row.project_id)
        await self._tell(session, row, fresh, repair=project.repair_keys, now=now)
        if check is not None and project.repair_keys and looked.stale and may_repair(check, now=now):
            job = await start_repair(session, self._queue, row, now=now)
            check = {**check, "repair": {"job_id": job.id, "at": rfc3339(now)}}
        row.key_check = check

    async def _tell(
        self, session: AsyncSession, row: StorageAccount, fresh: Collection[SecretPlace], *, repair: bool, now: datetime
    ) -> None:
        for share_id in sorted({share_id for place in fresh for share_id in place.share_ids}):
            stale = [place.words for place in fresh if share_id in place.share_ids]
            await emit(
                session,
                "share.key_stale",
                at=now,
                project_id=row.project_id,
                subject=("share", share_id),
                data={"account": row.name, "secrets": stale, "repairs_itself": repair},
            )

    def _call(self) -> Call:
        return Call(deadline=self._clock.now() + _CALL_TIME)
