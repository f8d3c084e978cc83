"""The SDKs' own pollers, as they come, to each operation's end: they sleep on the local Azure's clock, not on ours."""

import copy
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport
from azure.identity import ManagedIdentityCredential
from azure.identity.aio import ManagedIdentityCredential as AsyncManagedIdentityCredential
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.aio import ContainerServiceClient as AsyncContainerServiceClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient as AsyncResourceManagementClient

from tests.emulator.conftest import CLUSTER, LoopbackBearerPolicy
from tests.support.local_azure import LocalAzureForTests

SCALED: dict[str, Any] = copy.deepcopy(CLUSTER)
SCALED["properties"]["agentPoolProfiles"][0]["count"] = 2
POOL = {"properties": {"count": 1, "mode": "User", "vmSize": "Standard_D2s_v5"}}
SDK_SECONDS = 30.0
"""What the SDK sleeps between two looks where Azure names no Retry-After, as AKS never does."""
GROUP_SECONDS = 15.0
"""The Retry-After of a resource group's removal."""


@dataclass(frozen=True)
class Step:
    """One long operation, what the poller does meanwhile, and whether it reads the resource at the end."""

    operations: str
    method: str
    arguments: tuple[Any, ...]
    sleeps: list[float]
    reads: int = 1


STORY = [
    Step("managed_clusters", "begin_create_or_update", ("g1", "c1", CLUSTER), [SDK_SECONDS] * 10),
    Step("managed_clusters", "begin_update_tags", ("g1", "c1", {"tags": {"a": "b"}}), [SDK_SECONDS] * 3),
    Step("managed_clusters", "begin_create_or_update", ("g1", "c1", SCALED), [SDK_SECONDS] * 8),
    Step("agent_pools", "begin_create_or_update", ("g1", "c1", "work", POOL), [SDK_SECONDS] * 7),
    Step("agent_pools", "begin_delete", ("g1", "c1", "work"), [SDK_SECONDS], reads=0),
    Step("managed_clusters", "begin_delete", ("g1", "c1"), [SDK_SECONDS] * 9, reads=0),
    Step("resource_groups", "begin_delete", ("g1",), [GROUP_SECONDS] * 2, reads=0),
]


@dataclass
class Watched:
    """A local Azure whose clock is moved by whoever sleeps."""

    azure: LocalAzureForTests
    slept: list[float] = field(default_factory=list)
    seen: int = 0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.azure.advance(seconds)

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Compare what the poller did inside the `with`: one look at once, one after each sleep."""
        self.slept.clear()
        self.seen = len(self.azure.requests())
        yield
        assert self.slept == step.sleeps, step
        sent = [f"{entry.method} {entry.operation}" for entry in self.azure.requests()[self.seen :]]
        looks = [line for line in sent if "Operation" in line]
        assert len(looks) == 1 + len(step.sleeps), step
        assert len(sent) == 1 + len(looks) + step.reads, sent
        assert not self.azure.call(_running(self.azure))


async def _running(azure: LocalAzureForTests) -> list[Any]:
    return azure.azure.cloud.operations.running()


# azure-core imports both lazily, so that mypy sees no class.
class _Transport(RequestsTransport):  # type: ignore[misc]
    def __init__(self, watched: Watched, **settings: Any) -> None:
        super().__init__(**settings)
        self._watched = watched

    def sleep(self, duration: float) -> None:
        self._watched.sleep(duration)


class _AsyncTransport(AioHttpTransport):  # type: ignore[misc]
    def __init__(self, watched: Watched) -> None:
        super().__init__()
        self._watched = watched

    async def sleep(self, duration: float) -> None:
        self._watched.sleep(duration)


@pytest.fixture
def watched(stopped_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch) -> Watched:
    for name, value in stopped_azure.identity_env.items():
        monkeypatch.setenv(name, value)
    return Watched(stopped_azure)


def test_the_sync_pollers_drive_a_cluster_from_create_to_delete(watched: Watched) -> None:
    """Over HTTPS with the stock policies: only the address and the authority are the local Azure's."""
    azure = watched.azure
    trusting = {"connection_verify": str(azure.ca_file)}
    with (
        ManagedIdentityCredential() as credential,
        ResourceManagementClient(
            credential, azure.subscription_id, base_url=azure.https_url, transport=_Transport(watched, **trusting)
        ) as resources,
        ContainerServiceClient(
            credential, azure.subscription_id, base_url=azure.https_url, transport=_Transport(watched, **trusting)
        ) as aks,
    ):
        loose: Any = resources
        loose.resource_groups.create_or_update("g1", {"location": "westus2"})
        for step in STORY:
            operations = getattr(resources if step.operations == "resource_groups" else aks, step.operations)
            with watched.step(step):
                getattr(operations, step.method)(*copy.deepcopy(step.arguments)).result()
        assert not loose.resource_groups.check_existence("g1")


async def test_the_asynchronous_pollers_drive_a_cluster_from_create_to_delete(watched: Watched) -> None:
    azure = watched.azure
    async with AsyncManagedIdentityCredential() as credential:
        where: dict[str, Any] = {
            "base_url": azure.url,
            "authentication_policy": LoopbackBearerPolicy(credential, "https://management.azure.com/.default"),
        }
        async with (
            AsyncResourceManagementClient(
                credential, azure.subscription_id, transport=_AsyncTransport(watched), **where
            ) as resources,
            AsyncContainerServiceClient(
                credential, azure.subscription_id, transport=_AsyncTransport(watched), **where
            ) as aks,
        ):
            loose: Any = resources
            await loose.resource_groups.create_or_update("g1", {"location": "westus2"})
            for step in STORY:
                operations = getattr(resources if step.operations == "resource_groups" else aks, step.operations)
                with watched.step(step):
                    poller: Awaitable[Any] = getattr(operations, step.method)(*copy.deepcopy(step.arguments))
                    await (await poller).result()
            assert not await loose.resource_groups.check_existence("g1")
