"""The gateway against a local Azure, over its real HTTP."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.azure.gateway import AzureGateway, SubscriptionGateway
from app.azure.ports import MemoryBuckets, MemoryDurations
from app.azure.types.call import Call, CallRecord
from app.core.clock import SystemClock
from app.core.settings import AzureSettings, CredentialKind, ExpectSettings
from tests.support.local_azure import FAST, LocalAzureForTests, start_local_azure

SPEED = FAST


@dataclass
class Story:
    """A subscription of a local Azure, through the gateway."""

    local: LocalAzureForTests
    gateway: AzureGateway
    azure: SubscriptionGateway
    answers: list[CallRecord]

    def call(self, *, seconds: float = 30) -> Call:
        deadline = SystemClock().now() + timedelta(seconds=seconds)
        return Call(deadline=deadline, job_id="job_1", epoch=1, on_answer=self.answers.append)


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
    expect = ExpectSettings(cluster_create=300 / SPEED)
    gateway = await AzureGateway.open(
        settings, expect, clock=clock, buckets=MemoryBuckets(clock), durations=MemoryDurations()
    )
    yield Story(local, gateway, gateway.subscription(local.subscription_id), [])
    await gateway.close()
