"""What is removed when its time is over: rows that nobody asks for any more, never what is live.

A sweep is one batch of each table. What has more is swept again in the caretaker's next round, two seconds later, so
that neither writers nor the takeover of dead workers' jobs wait for it. It looks without the write lock.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.core.clock import Clock
from app.core.settings import RetentionSettings
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.engine.lease import LIVING, Lease
from app.engine.recovery import BATCH
from app.engine.rows import OPEN
from app.models import (
    AzureResource,
    BadOffer,
    Base,
    CatalogEntry,
    Cluster,
    ClusterReader,
    Credential,
    Event,
    Exposure,
    IdempotencyKey,
    Job,
    Monitoring,
    NodePool,
    Plan,
    PublicIp,
    RateBucket,
    ResourceGroup,
    Share,
    StorageAccount,
    Volume,
    Worker,
    WorkerState,
    Workspace,
)

_EVERY_SECONDS = 3600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of a table go when `since` is `kept` ago and they are `free` at this moment; `parts` go with them.

    `parts` are foreign keys of other tables that name this table's only key.
    """

    table: type[Base]
    since: InstrumentedAttribute[Any]  # of a time, NULL or not
    kept: timedelta
    free: Callable[[datetime], ColumnElement[bool]]
    parts: tuple[InstrumentedAttribute[Any], ...] = ()

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.table.__tablename__)

    @property
    def key(self) -> Sequence[ColumnElement[Any]]:
        """The columns of the primary key."""
        return tuple(self.table.__table__.primary_key)

    def due(self, now: datetime) -> ColumnElement[bool]:
        """The condition for a row to go."""
        return (self.since < now - self.kept) & self.free(now)


def rules(settings: RetentionSettings) -> tuple[Rule, ...]:
    """Return what goes, in an order in which no row is left that refers to one that is gone."""
    keep = {name: timedelta(days=days) for name, days in settings.model_dump().items()}
    return (
        Rule(Event, Event.at, keep["events_days"], _no_cursor_depends_on_it),
        Rule(Job, Job.finished_at, keep["jobs_days"], _no_open_job_repeats_it),
        Rule(Credential, Credential.issued_at, keep["credentials_days"], _has_ended),
        Rule(Exposure, Exposure.deleted_at, keep["deleted_days"], _no_job_names(Exposure.id)),
        Rule(PublicIp, PublicIp.deleted_at, keep["deleted_days"], _no_job_names(PublicIp.id)),
        Rule(Volume, Volume.deleted_at, keep["deleted_days"], _no_job_names(Volume.id)),
        Rule(Share, Share.deleted_at, keep["deleted_days"], _nothing_names_share),
        Rule(StorageAccount, StorageAccount.deleted_at, keep["deleted_days"], _nothing_names_account),
        Rule(Monitoring, Monitoring.deleted_at, keep["deleted_days"], _no_job_names(Monitoring.id)),
        Rule(Workspace, Workspace.deleted_at, keep["deleted_days"], _nothing_names_workspace),
        Rule(
            Cluster,
            Cluster.deleted_at,
            keep["deleted_days"],
            _nothing_names_cluster,
            parts=(NodePool.cluster_id, AzureResource.cluster_id, ClusterReader.cluster_id),
        ),
        Rule(ResourceGroup, ResourceGroup.deleted_at, keep["deleted_days"], _nothing_names_group),
        Rule(Plan, Plan.expires_at, timedelta(), _always),
        Rule(BadOffer, BadOffer.expires_at, timedelta(), _always),
        Rule(IdempotencyKey, IdempotencyKey.expires_at, timedelta(), _always),
        Rule(RateBucket, RateBucket.updated_at, keep["unused_days"], _is_open),
        Rule(CatalogEntry, CatalogEntry.observed_at, keep["unused_days"], _always),
        Rule(Worker, Worker.heartbeat_at, keep["workers_days"], _lives_no_more),
    )


class Retention:
    """The sweeps of one worker; of several the oldest does it.

    `forget_ended` removes a batch of what DBOS keeps of jobs that ended before a time, and blocks.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: RetentionSettings,
        *,
        lease: Lease,
        forget_ended: Callable[[datetime], int],
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self._forget_ended = forget_ended
        self._rules = rules(settings)
        self._engine_kept = timedelta(days=settings.engine_days)
        self._due_at = float("-inf")

    async def sweep(self) -> None:
        """Once an hour, and as long as there is more: remove a batch of each table."""
        moment = self._clock.monotonic()
        if moment < self._due_at or not await self._lease.is_oldest():
            return
        self._due_at = moment + _EVERY_SECONDS
        removed = {rule.name: await self._remove(rule) for rule in self._rules}
        before = self._clock.now() - self._engine_kept
        removed["workflow_status"] = await asyncio.to_thread(self._forget_ended, before)
        if BATCH in removed.values():
            self._due_at = moment
        if any(removed.values()):
            _log.info("old_rows_removed", **{name: count for name, count in removed.items() if count})

    async def _remove(self, rule: Rule) -> int:
        try:
            return await self._batch(rule)
        except DatabaseError as error:
            # The other tables must not wait for this one.
            _log.warning("old_rows_kept", table=rule.name, code=error.failure.code)
            return 0

    async def _batch(self, rule: Rule) -> int:
        now = self._clock.now()
        key = tuple_(*rule.key)
        async with self._database.read() as session:
            found = await session.execute(select(*rule.key).where(rule.due(now)).order_by(rule.since).limit(BATCH))
            due = [tuple(row) for row in found]
        if not due:
            return 0
        async with self._database.write() as session:
            # On PostgreSQL: what somebody has just locked is in use. What is ours now is looked at once more.
            locked = select(*rule.key).where(key.in_(due)).with_for_update(skip_locked=True)
            ours = key.in_([tuple(row) for row in await session.execute(locked)]) & rule.due(now)
            for part in rule.parts:
                await session.execute(delete(part.class_).where(part.in_(select(*rule.key).where(ours))))
            result = await session.execute(delete(rule.table).where(ours).returning(*rule.key))
            return len(result.all())


def _always(_now: datetime) -> ColumnElement[bool]:
    return true()


def _no_cursor_depends_on_it(_now: datetime) -> ColumnElement[bool]:
    # An open job's events tell a repeated step that it was done. The newest one stays: SQLite numbers from the
    # highest that is there, and a number that came again would hide behind the cursors that have passed it.
    newest = select(func.max(aliased(Event).sequence)).scalar_subquery()
    return ~exists().where(Job.id == Event.job_id, Job.state.in_(OPEN)) & (Event.sequence < newest)


def _no_open_job_repeats_it(_now: datetime) -> ColumnElement[bool]:
    again = aliased(Job)
    return ~exists().where(again.partition == Job.partition, again.state.in_(OPEN), again.retry_of == Job.id)


def _has_ended(now: datetime) -> ColumnElement[bool]:
    return or_(Credential.expires_at.is_(None), Credential.expires_at < now)


def _no_job_names(target: InstrumentedAttribute[str]) -> Callable[[datetime], ColumnElement[bool]]:
    # Any job: a retry of an old one needs the row.
    return lambda _now: ~exists().where(Job.target_id == target)


def _nothing_names_share(now: datetime) -> ColumnElement[bool]:
    return ~exists().where(Volume.share_id == Share.id) & _no_job_names(Share.id)(now)


def _nothing_names_account(now: datetime) -> ColumnElement[bool]:
    return ~exists().where(Share.account_id == StorageAccount.id) & _no_job_names(StorageAccount.id)(now)


def _nothing_names_workspace(now: datetime) -> ColumnElement[bool]:
    return ~exists().where(Monitoring.workspace_id == Workspace.id) & _no_job_names(Workspace.id)(now)


def _nothing_names_cluster(now: datetime) -> ColumnElement[bool]:
    named = (
        exists().where(part.cluster_id == Cluster.id) for part in (Credential, Exposure, Volume, Share, Monitoring)
    )
    return ~or_(*named) & _no_job_names(Cluster.id)(now)


def _nothing_names_group(_now: datetime) -> ColumnElement[bool]:
    cluster = exists().where(Cluster.resource_group_id == ResourceGroup.id)
    return ~cluster & ~exists().where(Job.target_id == ResourceGroup.id)


def _lives_no_more(_now: datetime) -> ColumnElement[bool]:
    return Worker.state.in_(frozenset(WorkerState) - LIVING)


def _is_open(now: datetime) -> ColumnElement[bool]:
    return or_(RateBucket.blocked_until.is_(None), RateBucket.blocked_until < now)
