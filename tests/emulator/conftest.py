"""Clients of the local Azure: Azure's own SDKs, and plain HTTP where they hide too much."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient

from tests.support.local_azure import LocalAzureForTests

CLUSTER: dict[str, Any] = {
    "location": "westus2",
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "dnsPrefix": "aso",
        "agentPoolProfiles": [
            {"name": "pool1", "mode": "System", "count": 1, "vmSize": "Standard_DS2_v2", "osType": "Linux"}
        ],
    },
}
CONTAINER_SERVICE = "providers/Microsoft.ContainerService"


class LoopbackBearerPolicy(AsyncBearerTokenCredentialPolicy[HttpRequest, AsyncHttpResponse]):
    """The stock policy refuses http."""

    async def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        request.context.options["enforce_https"] = False
        await super().on_request(request)


@dataclass(frozen=True)
class Sdk:
    """The SDKs, loosely typed: tests send plain JSON where the models would hide what goes out."""

    resources: Any
    aks: Any
    network: Any


@contextlib.asynccontextmanager
async def sdk_for(azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sdk]:
    for name, value in azure.identity_env.items():
        monkeypatch.setenv(name, value)
    async with ManagedIdentityCredential() as credential:
        policy = LoopbackBearerPolicy(credential, "https://management.azure.com/.default")
        where: dict[str, Any] = {
            "base_url": azure.url,
            "authentication_policy": policy,
            "polling_interval": 0.02,
            "retry_total": 0,
        }
        async with (
            ResourceManagementClient(credential, azure.subscription_id, **where) as resources,
            ContainerServiceClient(credential, azure.subscription_id, **where) as aks,
            NetworkManagementClient(credential, azure.subscription_id, **where) as network,
        ):
            yield Sdk(resources, aks, network)


@pytest.fixture
async def sdk(local_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sdk]:
    async with sdk_for(local_azure, monkeypatch) as clients:
        yield clients


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    text: str
    body: Any = None


@dataclass
class Arm:
    """ARM by hand. Paths are relative to the subscription unless they start with a slash."""

    azure: LocalAzureForTests
    session: aiohttp.ClientSession
    token: str
    api_version: str = "2025-08-01"
    headers: dict[str, str] = field(default_factory=dict)

    async def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **query: Any
    ) -> Reply:
        url = path if path.startswith("http") else self.azure.url + self.path(path)
        for name in ("filter", "expand"):
            if name in query:
                query[f"${name}"] = query.pop(name)
        if "api-version" not in url and "api_version" not in query:
            query["api-version"] = self.api_version
        query.pop("api_version", None)
        sent = {"Authorization": f"Bearer {self.token}", **self.headers, **(headers or {})}
        async with self.session.request(method, url, json=body, headers=sent, params=query) as answer:
            text = await answer.text()
            kept = {name.lower(): value for name, value in answer.headers.items()}
            parsed = await answer.json(content_type=None) if "json" in kept.get("content-type", "") else None
            return Reply(answer.status, kept, text, parsed)

    def path(self, path: str) -> str:
        return path if path.startswith("/") else f"/subscriptions/{self.azure.subscription_id}/{path}"

    def cluster(self, name: str = "c1", group: str = "g1") -> str:
        return f"resourceGroups/{group}/{CONTAINER_SERVICE}/managedClusters/{name}"

    async def make_group(self, name: str = "g1", location: str = "westus2") -> Reply:
        return await self.send("PUT", f"resourceGroups/{name}", {"location": location})

    async def make_cluster(self, name: str = "c1", group: str = "g1", **properties: Any) -> Reply:
        body = {**CLUSTER, "properties": {**CLUSTER["properties"], **properties}}
        return await self.send("PUT", self.cluster(name, group), body)

    async def status_of(self, reply: Reply) -> dict[str, Any]:
        document = (await self.send("GET", reply.headers["azure-asyncoperation"])).body
        assert isinstance(document, dict)
        return document


@contextlib.asynccontextmanager
async def arm_for(azure: LocalAzureForTests) -> AsyncIterator[Arm]:
    async with aiohttp.ClientSession() as session:
        # aiohttp sends an idempotent request again by itself when a connection breaks; tests want to see it.
        session._retry_connection = False
        yield Arm(azure, session, azure.token())


@pytest.fixture
async def arm(stopped_azure: LocalAzureForTests) -> AsyncIterator[Arm]:
    """ARM with a clock that stands still until `azure.advance`."""
    async with arm_for(stopped_azure) as client:
        yield client


@pytest.fixture
async def live_arm(local_azure: LocalAzureForTests) -> AsyncIterator[Arm]:
    """ARM at high speed."""
    async with arm_for(local_azure) as client:
        yield client
