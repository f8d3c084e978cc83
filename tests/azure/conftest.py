"""The gateway against a local Azure, over its real HTTP."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.azure.gateway import AzureGateway
from app.azure.ports import MemoryBuckets, MemoryDurations
from app.core.clock import SystemClock
from app.core.durations import ExpectSettings
from app.core.settings import AzureSettings, CredentialKind
from tests.azure.story import Story
from tests.azure.watching import WatchBench
from tests.support.local_azure import FAST, LocalAzureForTests, start_local_azure


@pytest.fixture
def local() -> Iterator[LocalAzureForTests]:
    with start_local_azure() as azure:
        yield azure


@pytest.fixture
async def story(local: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    for name, value in local.identity_env.items():
        monkeypatch.setenv(name, value)
    settings = AzureSettings(resource_manager_url=local.url, credential=CredentialKind.MANAGED_IDENTITY)
    clock = SystemClock()
    expect = ExpectSettings(cluster_create=300 / FAST)
    gateway = await AzureGateway.open(
        settings, expect, clock=clock, buckets=MemoryBuckets(clock), durations=MemoryDurations()
    )
    yield Story(local, gateway, gateway.subscription(local.subscription_id), [])
    await gateway.close()


@pytest.fixture
def bench() -> WatchBench:
    return WatchBench()
