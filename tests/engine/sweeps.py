"""Rows of an age, and the sweeps that a test drives."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.ids import Prefix, new_id
from app.core.settings import RetentionSettings
from app.engine.retention import Retention
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
    JobState,
    JobStep,
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
from tests.support.engine import EngineBench
from tests.support.slices import ShiftedClock

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SETTINGS = RetentionSettings()
MINUTE = timedelta(minutes=1)


class StoppedClock(ShiftedClock):
    """The rows' ages do not depend on how long the test takes."""

    def now(self) -> datetime:
        return NOW + self.by


@dataclass
class Sweeps:
    """A retention that a test drives, and rows for it."""

    bench: EngineBench
    clock: StoppedClock
    retention: Retention
    worker_id: str

    async def sweep(self) -> None:
        """An hour later."""
        self.clock.by += timedelta(hours=1)
        await self.retention.sweep()

    async def add(self, *rows: Base) -> None:
        async with self.bench.database.write() as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def ids(self, table: type[Base]) -> list[str]:
        """What is there, by name; what the fixture made is left out."""
        async with self.bench.database.read() as session:
            column = getattr(table, "id", next(iter(table.__table__.primary_key)))
            found = (await session.scalars(sa.select(column).order_by(column))).all()
        return [name for name in found if name not in {"grp", "live", "shr", self.worker_id}]

    async def no_broken_references(self) -> None:
        """PostgreSQL would not have let it come to that."""
        if self.bench.database.file is not None:
            async with self.bench.database.read() as session:
                assert (await session.execute(sa.text("PRAGMA foreign_key_check"))).all() == []

    def job(self, at: datetime | None, *, name: str = "", **fields: Any) -> Job:
        job = self.bench.job(state=JobState.QUEUED if at is None else JobState.FAILED, finished_at=at, **fields)
        job.id = name or job.id
        return job

    def event(self, at: datetime, **fields: Any) -> Event:
        return Event(
            type="t", subject_type="s", subject_id="s", at=at,
            **{"id": new_id(Prefix.EVENT), "project_id": self.bench.project_id, **fields},
        )  # fmt: skip

    def group(self, name: str, deleted_at: datetime | None) -> ResourceGroup:
        return ResourceGroup(
            id=name, project_id=self.bench.project_id, subscription_id="s", name=name, azure_name=name, location="l",
            state="deleted", created_by="t", created_at=NOW, updated_at=NOW, deleted_at=deleted_at,
        )  # fmt: skip

    def cluster(self, name: str, deleted_at: datetime | None, *, group: str = "grp") -> Cluster:
        return Cluster(
            id=name, project_id=self.bench.project_id, name=name, azure_name=name, subscription_id="s",
            resource_group="g", resource_group_id=group, location="l", state="deleted", wanted={}, created_by="t",
            created_at=NOW, updated_at=NOW, deleted_at=deleted_at,
        )  # fmt: skip

    def credential(self, name: str, at: datetime, *, cluster: str = "live", **fields: Any) -> Credential:
        return Credential(
            id=name, project_id=self.bench.project_id, cluster_id=cluster, kind="user", issued_to="t", issued_at=at,
            request_id="r", **fields,
        )  # fmt: skip

    def exposure(self, name: str, deleted_at: datetime | None, *, cluster: str = "live") -> Exposure:
        return Exposure(
            id=name, project_id=self.bench.project_id, cluster_id=cluster, namespace="default", name=name, managed=True,
            state="deleted", created_at=NOW, updated_at=NOW, deleted_at=deleted_at,
        )  # fmt: skip

    def public_ip(self, name: str, deleted_at: datetime | None) -> PublicIp:
        return PublicIp(
            id=name, project_id=self.bench.project_id, name=name, azure_name=name, subscription_id="s",
            resource_group="g", location="l", managed=True, state="deleted", wanted={}, created_by="t", created_at=NOW,
            updated_at=NOW, deleted_at=deleted_at,
        )  # fmt: skip

    def account(self, name: str, deleted_at: datetime | None) -> StorageAccount:
        return StorageAccount(
            id=name, project_id=self.bench.project_id, name=name, subscription_id="s", resource_group="g", location="l",
            managed=True, state="deleted", wanted={}, created_by="t", created_at=NOW, updated_at=NOW,
            deleted_at=deleted_at,
        )  # fmt: skip

    def share(self, name: str, deleted_at: datetime | None, **fields: Any) -> Share:
        return Share(
            id=name, project_id=self.bench.project_id, name=name, azure_name=name, protocol="SMB", quota_gib=1,
            managed=True, state="deleted", wanted={}, created_by="t", created_at=NOW, updated_at=NOW,
            deleted_at=deleted_at, **fields,
        )  # fmt: skip

    def volume(self, name: str, deleted_at: datetime | None, *, share: str, cluster: str = "live") -> Volume:
        return Volume(
            id=name, project_id=self.bench.project_id, cluster_id=cluster, share_id=share, namespace="default",
            name=name, persistent_volume=name, state="deleted", wanted={}, created_by="t", created_at=NOW,
            updated_at=NOW, deleted_at=deleted_at,
        )  # fmt: skip

    def workspace(self, name: str, deleted_at: datetime | None) -> Workspace:
        return Workspace(
            id=name, project_id=self.bench.project_id, name=name, subscription_id="s", resource_group="g", location="l",
            azure_key=name, managed=True, state="deleted", wanted={}, created_by="t", created_at=NOW, updated_at=NOW,
            deleted_at=deleted_at,
        )  # fmt: skip

    def monitoring(self, name: str, deleted_at: datetime | None, **fields: Any) -> Monitoring:
        return Monitoring(
            id=name, project_id=self.bench.project_id, cluster_id="live", state="disabled", wanted={}, created_by="t",
            created_at=NOW, updated_at=NOW, deleted_at=deleted_at, **fields,
        )  # fmt: skip

    def of_age(self, table: type[Base], name: str, at: datetime) -> list[Base]:
        """A row that nothing keeps, whose time begins then; with what belongs to it."""
        step = JobStep(job_id=name, ordinal=1, name="s", state="failed", started_at=at)
        pool = NodePool(
            id=name, cluster_id=name, name="p", azure_name="p", state="ready", mode="m", os_type="o", vm_size="v",
            count=1, created_at=at, updated_at=at,
        )  # fmt: skip
        seen = AzureResource(
            key=name, azure_id=name, subscription_id="s", resource_group="g", type="t", name=name, location="l",
            cluster_id=name, body={}, first_seen_at=at, observed_at=at,
        )  # fmt: skip
        reader = ClusterReader(cluster_id=name, state="watching")
        key = IdempotencyKey(
            principal_id=name, project_id="", route="r", key="k", body_hash="", created_at=at, expires_at=at
        )
        plan = Plan(
            id=name, project_id=self.bench.project_id, target_id="live", act="a", request={}, world={}, made_by="t",
            made_at=at, expires_at=at,
        )  # fmt: skip
        rows: dict[type[Base], list[Base]] = {
            Event: [self.event(at, id=name)],
            Job: [self.job(at, name=name), step],
            Credential: [self.credential(name, at)],
            Cluster: [self.cluster(name, at), pool, seen, reader],
            Exposure: [self.exposure(name, at)],
            Volume: [self.volume(name, at, share="shr")],
            Share: [self.share(name, at)],
            StorageAccount: [self.account(name, at)],
            Monitoring: [self.monitoring(name, at)],
            Workspace: [self.workspace(name, at)],
            PublicIp: [self.public_ip(name, at)],
            ResourceGroup: [self.group(name, at)],
            Plan: [plan],
            BadOffer: [BadOffer(subscription_id=name, offer="o", code="c", detail="d", expires_at=at)],
            IdempotencyKey: [key],
            RateBucket: [RateBucket(key=name, tokens=1, updated_at=at)],
            CatalogEntry: [CatalogEntry(subscription_id=name, kind="k", location="", items=[], observed_at=at)],
            Worker: [self.worker(name, at)],
        }
        return rows[table]

    def worker(self, name: str, at: datetime, state: WorkerState = WorkerState.DEAD) -> Worker:
        return Worker(id=name, host="h", pid=1, protocol=1, state=state, started_at=at, heartbeat_at=at)
