"""A whole Slipway in one process: API over ASGI, one worker, a local Azure, on each database."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import httpx2
import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.routing import BaseRoute

from app.bootstrap import WORKFLOWS, Parts, cluster_readers, open_parts
from app.core.settings import (
    AzureSettings,
    CredentialKind,
    DatabaseSettings,
    KubernetesSettings,
    SecretSettings,
    Settings,
    WorkerSettings,
)
from app.engine import migrations
from app.engine.worker import EngineWorker
from app.main import create_app
from app.models import Role
from tests.support.api import Tenant, add_key, add_tenant, bearer
from tests.support.local_azure import LocalAzureForTests, expected

CLUSTER = {
    "name": "blue",
    "location": "westeurope",
    "node_count": 1,
    "node_size": "Standard_D4s_v5",
    "generate_ssh_key": True,
}

_kept: dict[str, list[BaseRoute]] = {}
"""The routes of the first application: FastAPI makes them at the first request, which takes longer than many a test."""


@dataclass
class Slipway:
    """What a test drives."""

    app: FastAPI
    http: httpx2.AsyncClient
    azure: LocalAzureForTests
    parts: Parts
    tenant: Tenant
    platform_key: str
    worker: EngineWorker[Any] | None = field(default=None)

    async def ask(self, method: str, path: str, json: Any = None, *, key: str | None = None, **headers: str) -> Any:
        """Send a request as the tenant's admin (or with another key); return the answer."""
        return await self.http.request(
            method, path, json=json, headers=bearer(key or self.tenant.admin, **headers), timeout=90
        )

    async def accepted(self, method: str, path: str, json: Any = None, **headers: str) -> str:
        """Send a request that starts a job; return the job's id."""
        answer = await self.ask(method, path, json, **headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job"]["id"])

    async def ended(self, job_id: str) -> dict[str, Any]:
        """The job at its end."""
        answer = await self.ask("GET", f"/v1/jobs/{job_id}?wait=60")
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        assert job["finished_at"] is not None, job
        return job

    async def done(self, method: str, path: str, json: Any = None) -> dict[str, Any]:
        """Start a job and return it at its end, which is good."""
        job = await self.ended(await self.accepted(method, path, json))
        assert job["state"] == "succeeded", job
        return job

    async def create(self, **changes: Any) -> dict[str, Any]:
        """Make a cluster and return its job at its end, good or bad."""
        return await self.ended(await self.accepted("POST", "/v1/clusters", {**CLUSTER, **changes}))

    async def cluster(self, name: str = "blue") -> dict[str, Any]:
        """A cluster as the API shows it."""
        answer = await self.ask("GET", f"/v1/clusters/{name}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def steps(self, job_id: str) -> dict[str, dict[str, Any]]:
        """A job's steps by name."""
        answer = await self.ask("GET", f"/v1/jobs/{job_id}/steps")
        return {step["name"]: step for step in answer.json()["items"]}

    async def until_step(self, job_id: str, name: str) -> None:
        """Return when a job has begun this step."""
        for _ in range(400):
            if name in await self.steps(job_id):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"The job did not come to {name}")

    async def events(self) -> list[dict[str, Any]]:
        """The project's events, oldest first."""
        answer = await self.ask("GET", "/v1/events?limit=200")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def leftovers(self) -> list[str]:
        """Ids of all that Azure holds besides what it holds of itself: groups, and what lies in them."""

        async def read() -> list[str]:
            return sorted(
                record.id for record in self.azure.azure.cloud.store if "/resourcegroups/" in record.id.lower()
            )

        return self.azure.call(read())

    def puts(self, name: str = "blue") -> int:
        """How many PUTs of this cluster Azure took."""
        log = self.azure.requests(operation="ManagedClusters_CreateOrUpdate")
        return sum(entry.path.endswith(f"/{name}") and entry.status in {200, 201} for entry in log)


def settings_for(
    azure: LocalAzureForTests, database: DatabaseSettings, *, call_timeout_seconds: float | None = None, **worker: Any
) -> Settings:
    """Settings that lead to this local Azure and this database. `call_timeout_seconds`: of calls to a cluster."""
    kubernetes = KubernetesSettings(allowed_server_hosts=["127.0.0.1"])
    if call_timeout_seconds is not None:
        kubernetes.call_timeout_seconds = call_timeout_seconds
    return Settings(
        database=database,
        azure=AzureSettings(
            resource_manager_url=azure.url,
            credential=CredentialKind.MANAGED_IDENTITY,
            subscription_id=azure.subscription_id,
        ),
        kubernetes=kubernetes,
        expect=expected(),
        secrets=SecretSettings(
            keys=[SecretStr(Fernet.generate_key().decode())], named={"principal": SecretStr("named-in-the-settings")}
        ),
        worker=WorkerSettings(**{"queue_poll_seconds": 0.05, "heartbeat_seconds": 0.5, "drain_seconds": 5, **worker}),
    )


@contextmanager
def logged_in(azure: LocalAzureForTests) -> Iterator[None]:
    """Give azure-identity the way to this local Azure's tokens."""
    with mock.patch.dict(os.environ, azure.identity_env):
        yield


@asynccontextmanager
async def running_slipway(
    azure: LocalAzureForTests, database: DatabaseSettings, *, worker: bool = True, **settings: Any
) -> AsyncIterator[Slipway]:
    """A Slipway for the `async with`; without `worker` its jobs stay queued."""
    migrations.upgrade(database)
    with logged_in(azure):
        parts = open_parts(settings_for(azure, database, **settings))
        app = create_app(parts)
        app.router.routes = _kept.setdefault("routes", app.router.routes)
        async with app.router.lifespan_context(app):
            tenant = await add_tenant(parts.database, "shop")
            platform_key = await add_key(parts.database, Role.PLATFORM_ADMIN, None)
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://slipway") as http:
                slipway = Slipway(app, http, azure, parts, tenant, platform_key)
                if worker:
                    slipway.worker = await start_worker(parts)
                try:
                    yield slipway
                finally:
                    if slipway.worker is not None:
                        await slipway.worker.stop()


async def start_worker(parts: Parts) -> EngineWorker[Any]:
    """One worker in this process; DBOS allows no second one."""
    engine = EngineWorker(
        parts.database, parts.waker, parts.clock, parts.settings, workflows=WORKFLOWS, gateways=parts.gateways
    )
    await engine.start()
    return engine


@pytest.fixture
async def slipway(local_azure: LocalAzureForTests, database_settings: DatabaseSettings) -> AsyncIterator[Slipway]:
    """A whole Slipway on each database."""
    async with running_slipway(local_azure, database_settings) as running:
        yield running


@pytest.fixture
async def idle_slipway(local_azure: LocalAzureForTests, database_settings: DatabaseSettings) -> AsyncIterator[Slipway]:
    """A Slipway without a worker: what is asked stays queued."""
    async with running_slipway(local_azure, database_settings, worker=False) as running:
        yield running


@asynccontextmanager
async def reading(slipway: Slipway) -> AsyncIterator[None]:
    """The worker's readers of clusters, as its process runs them."""
    assert slipway.worker is not None
    readers = cluster_readers(slipway.parts, slipway.worker.lease)
    running = asyncio.create_task(readers.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await readers.stop()
