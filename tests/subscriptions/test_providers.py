from datetime import timedelta

import pytest

from app.emulator.core.registration import record_of
from app.models import Role
from tests.subscriptions.bench import Bench
from tests.support.database import ONE_DATABASE
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, counted

pytestmark = ONE_DATABASE

AKS = "/v1/providers/Microsoft.ContainerService"
NETWORK = "/v1/providers/Microsoft.Network"


def unregister(local_azure: LocalAzureForTests, namespace: str = "Microsoft.ContainerService") -> None:
    """As a fresh subscription is."""

    async def write() -> None:
        cloud = local_azure.azure.cloud
        provider = cloud.providers[namespace.lower()]
        record_of(cloud, local_azure.subscription_id, provider).body["registrationState"] = "NotRegistered"

    local_azure.call(write())


async def register(served: Served, path: str = AKS) -> str:
    answer = await served.request("POST", f"{path}:register")
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == answer.headers["operation-location"]
    return str(answer.json()["job"]["id"])


async def test_a_provider_is_read_in_any_case_and_spelled_as_azure_does(served: Served) -> None:
    answer = await served.get("/v1/providers/microsoft.containerservice")
    assert answer.status_code == 200
    found = answer.json()
    assert found["namespace"] == "Microsoft.ContainerService"
    assert found["registration_state"] == "Registered"
    assert found["registered"] is True


async def test_a_registered_provider_is_asked_of_azure_once_in_ten_minutes(
    served: Served, local_azure: LocalAzureForTests
) -> None:
    with counted(local_azure, "Providers_Get") as asked:
        first = (await served.get(AKS)).json()
        assert (await served.get(AKS)).json() == first
        served.clock.by += timedelta(minutes=11)
        assert (await served.get(AKS)).json()["observed_at"] > first["observed_at"]
    assert asked == [2]


async def test_what_was_last_seen_is_told_while_azure_refuses(served: Served, local_azure: LocalAzureForTests) -> None:
    first = (await served.get(AKS)).json()
    local_azure.add_fault("error", status=403, code="AuthorizationFailed", operation="Providers_Get", count=None)
    served.clock.by += timedelta(hours=1)
    assert (await served.get(AKS)).json() == first
    assert (await served.get(NETWORK)).status_code == 502


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/providers/Microsoft.Nothing", 404, "unknown_provider"),
        ("/v1/providers/nothing", 404, "not_found"),
        ("/v1/providers/Microsoft.Network%2Fx", 404, None),
    ],
)
async def test_a_namespace_that_is_none_is_refused(served: Served, path: str, status: int, code: str | None) -> None:
    answer = await served.get(path)
    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code


async def test_a_reader_registers_nothing(served: Served) -> None:
    answer = await served.request("POST", f"{AKS}:register", role=Role.READER)
    assert answer.status_code == 403


async def test_a_job_registers_a_provider_and_keeps_what_it_saw(bench: Bench, local_azure: LocalAzureForTests) -> None:
    unregister(local_azure)
    assert (await bench.served.get(AKS)).json()["registered"] is False
    job, by_hand = await bench.carry_out(await register(bench.served, AKS.lower()))
    assert job.state == "succeeded"
    assert job.target_name == "Microsoft.ContainerService"
    assert job.partition == f"provider:{local_azure.subscription_id}:microsoft.containerservice"
    assert job.outcome == {"namespace": "Microsoft.ContainerService", "registration_state": "Registered"}
    assert by_hand.ran == ["ensure_registration", "await_registration", "record_registration"]
    assert by_hand.context.fenced == 1, "one call changed Azure"
    assert "provider.registered" in await bench.events("microsoft.containerservice")
    with counted(local_azure, "Providers_Get") as asked:
        assert (await bench.served.get(AKS)).json()["registered"] is True
    assert asked == [0]


async def test_a_registered_provider_is_not_registered_again(bench: Bench, local_azure: LocalAzureForTests) -> None:
    with counted(local_azure, "Providers_Register") as sent:
        job, by_hand = await bench.carry_out(await register(bench.served, AKS))
    assert sent == [0]
    assert job.state == "succeeded"
    assert by_hand.ran == ["ensure_registration", "record_registration"]


async def test_the_job_ends_when_azure_has_accepted_if_that_was_asked(
    bench: Bench, local_azure: LocalAzureForTests
) -> None:
    unregister(local_azure)
    body = {"options": {"wait_for": "accepted"}}
    answer = await bench.served.request("POST", f"{AKS}:register", json=body)
    job, by_hand = await bench.carry_out(answer.json()["job"]["id"])
    assert job.state == "succeeded"
    assert "await_registration" not in by_hand.ran
    assert "provider.registered" not in await bench.events("microsoft.containerservice")


async def test_an_unknown_provider_fails_the_job(bench: Bench) -> None:
    job, _ = await bench.carry_out(await register(bench.served, "/v1/providers/Microsoft.Nothing"))
    assert job.state == "failed"
    assert job.problem is not None
    assert job.problem["code"] == "unknown_provider"
    assert "Microsoft.ContainerService" in job.problem["remedy"]
