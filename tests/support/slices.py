"""Slices that ask Azure while a request waits, served in process over a real database and a local Azure."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from app.api.problems import add_problem_handlers
from app.azure.gateway import AzureGateway
from app.azure.ports import MemoryBuckets, MemoryDurations
from app.catalog.live import CatalogSource
from app.core.clock import Clock, SystemClock
from app.core.settings import AzureSettings, CredentialKind, KubernetesSettings, Settings
from app.credentials.live import CredentialSource
from app.db.engine import Database
from app.kubernetes.gateway import KubernetesGateway
from app.models import Cluster, Role
from tests.support.api import add_tenant
from tests.support.local_azure import LocalAzureForTests, expected
from tests.support.rows import add_cluster_row


class ShiftedClock(SystemClock):
    """The machine's clock, moved on by a test."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        """The time in UTC."""
        return super().now() + self.by

    def monotonic(self) -> float:
        """Seconds that never jump, but with `by`."""
        return super().monotonic() + self.by.total_seconds()


@dataclass
class Parts:
    """What `app.state.services` is."""

    settings: Settings
    clock: Clock
    database: Database
    catalog_source: CatalogSource = field(init=False)
    credential_source: CredentialSource = field(init=False)

    async def start(self) -> None:
        """Nothing runs beside the requests."""

    async def close(self) -> None:
        """Nothing to end."""


@dataclass
class Served:
    """A running application of some routers, with one project and a key of each role."""

    http: httpx2.AsyncClient
    parts: Parts
    clock: ShiftedClock
    project_id: str
    keys: dict[Role, str]

    @property
    def database(self) -> Database:
        """The database."""
        return self.parts.database

    async def request(
        self, method: str, path: str, *, role: Role = Role.OPERATOR, json: Any = None, **headers: str
    ) -> httpx2.Response:
        """Send a request with the key of a role. Names of headers are written with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Authorization": f"Bearer {self.keys[role]}", **given}
        return await self.http.request(method, path, headers=given, **({} if json is None else {"json": json}))

    async def get(self, path: str, *, role: Role = Role.READER) -> httpx2.Response:
        """GET with the key of a role."""
        return await self.request("GET", path, role=role)

    async def add_cluster(self, name: str = "prod", **fields: Any) -> Cluster:
        """A ready cluster's row."""
        return await add_cluster_row(
            self.database,
            self.project_id,
            name,
            subscription_id=self.parts.settings.azure.subscription_id or "",
            now=self.clock.now(),
            **fields,
        )


@asynccontextmanager
async def serve(
    routers: list[APIRouter],
    database: Database,
    azure: LocalAzureForTests,
    monkeypatch: pytest.MonkeyPatch,
    *,
    request_timeout_seconds: float = 10,
) -> AsyncIterator[Served]:
    """Serve routers in process; Azure is the local one."""
    for name, value in azure.identity_env.items():
        monkeypatch.setenv(name, value)
    settings = Settings(
        azure=AzureSettings(
            resource_manager_url=azure.url,
            credential=CredentialKind.MANAGED_IDENTITY,
            subscription_id=azure.subscription_id,
            request_timeout_seconds=request_timeout_seconds,
        ),
        kubernetes=KubernetesSettings(allowed_server_hosts=["127.0.0.1"]),
        expect=expected(),
    )
    clock = ShiftedClock()
    gateway = await AzureGateway.open(
        settings.azure, settings.expect, clock=clock, buckets=MemoryBuckets(clock), durations=MemoryDurations()
    )
    parts = Parts(settings=settings, clock=clock, database=database)
    parts.catalog_source = CatalogSource(gateway, database, clock, settings.azure)
    parts.credential_source = CredentialSource(
        gateway, KubernetesGateway.open(settings.kubernetes), clock, settings.azure
    )
    app = FastAPI()
    app.state.services = parts
    add_problem_handlers(app)
    for router in routers:
        app.include_router(router)
    tenant = await add_tenant(database, "team")
    transport = httpx2.ASGITransport(app=app)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://slipway.test") as http:
            yield Served(http, parts, clock, tenant.id, tenant.keys)
    finally:
        await gateway.close()


@contextmanager
def counted(azure: LocalAzureForTests, operation: str) -> Iterator[list[int]]:
    """A list that holds, after the block, how many requests of an operation the block sent."""
    before = len(azure.requests(operation=operation))
    count: list[int] = []
    yield count
    count.append(len(azure.requests(operation=operation)) - before)
