"""What Slipway does by itself when Azure stands in the way, and what a caller can do then."""

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from typing_extensions import override

from app.clusters.observe import observe_conditions
from app.core.settings import DatabaseSettings
from app.emulator.core.clock import SystemClock
from app.emulator.server import LocalAzureOptions
from tests.support.local_azure import FAST, start_local_azure
from tests.support.whole import CLUSTER, Slipway, running_slipway

PUT = "ManagedClusters_CreateOrUpdate"
DELETE = "ManagedClusters_Delete"
# The database plays no part in these.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


class SkewedClock(SystemClock):
    """The machine's clock, set wrongly."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    @override
    def now(self) -> datetime:
        return super().now() + self._by


async def _until(slipway: Slipway, job_id: str, **wanted: Any) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
            if all(job[name] == value for name, value in wanted.items()):
                return job
            await asyncio.sleep(0.05)


async def test_a_provider_that_a_cluster_turns_out_to_need_is_registered_on_the_way(slipway: Slipway) -> None:
    slipway.azure.register("Microsoft.Compute", state="NotRegistered")
    slipway.azure.add_fault(
        "error",
        operation=PUT,
        status=409,
        code="MissingSubscriptionRegistration",
        message="The subscription is not registered to use namespace 'Microsoft.Compute'. See https://aka.ms/rps.",
    )

    job = await slipway.create(options={"wait_for": "accepted"})

    assert job["state"] == "succeeded", job
    assert slipway.puts() == 1
    registered = slipway.azure.requests(method="POST", path="/providers/Microsoft.Compute/register")
    assert [entry.status for entry in registered] == [200]


async def test_a_provider_that_stays_missing_ends_the_job_with_what_to_do(slipway: Slipway) -> None:
    for code in ("MissingSubscriptionRegistration", "SubscriptionNotRegistered", "NoRegisteredProviderFound"):
        slipway.azure.add_fault("error", operation=PUT, status=409, code=code, message="No.", count=2)

        job = await slipway.create(name=code.lower()[:12], options={"wait_for": "accepted"})

        assert (job["problem"]["class"], job["problem"]["code"]) == ("configuration", "azure_provider_not_registered")
        assert "register" in job["problem"]["remedy"]


async def test_what_azure_refuses_to_delete_is_what_it_was_and_can_be_deleted_later(slipway: Slipway) -> None:
    await slipway.create()
    slipway.azure.add_fault("error", operation=DELETE, status=409, code="ScopeLocked", message="Locked.", count=2)

    refused = await slipway.ended(await slipway.accepted("DELETE", "/v1/clusters/blue"))
    assert (refused["state"], refused["problem"]["code"]) == ("failed", "azure_scope_locked")
    assert (await slipway.cluster())["state"] == "ready"
    assert (await slipway.ask("POST", "/v1/clusters/blue/credentials")).status_code == 201

    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{refused['id']}:retry"))
    assert again["state"] == "failed"
    assert (await slipway.cluster())["state"] == "ready"

    await slipway.done("DELETE", "/v1/clusters/blue")
    assert slipway.leftovers() == []


async def test_what_azure_began_to_delete_and_gave_up_has_failed_and_can_be_deleted_again(slipway: Slipway) -> None:
    """Trouble 5: from any state."""
    await slipway.create()
    slipway.azure.add_fault("fail_operation", operation=DELETE, code="InUseSubnetCannotBeDeleted", message="In use.")

    failed = await slipway.ended(await slipway.accepted("DELETE", "/v1/clusters/blue"))

    assert (failed["state"], failed["problem"]["code"]) == ("failed", "azure_resource_in_use")
    assert (await slipway.cluster())["state"] == "failed"
    await slipway.done("POST", f"/v1/jobs/{failed['id']}:retry")
    assert slipway.leftovers() == []


async def test_a_retry_takes_the_place_of_a_job_that_waits_for_a_person(slipway: Slipway) -> None:
    """Trouble 24: whoever has removed the cause does not wait for the next look."""
    slipway.azure.add_fault(
        "error", operation=PUT, status=403, code="RequestDisallowedByPolicy", message="No.", count=1
    )
    body = {**CLUSTER, "options": {"on_blocked": "wait", "wait_for": "accepted"}}
    waiting = await slipway.accepted("POST", "/v1/clusters", body)
    job = await _until(slipway, waiting, state="waiting")
    assert job["waiting_for"] == "permission"

    first = await slipway.accepted("POST", f"/v1/jobs/{waiting}:retry")
    second = await slipway.accepted("POST", f"/v1/jobs/{waiting}:retry")

    assert first == second
    assert (await slipway.ended(first))["state"] == "succeeded"
    old = await slipway.ended(waiting)
    assert (old["state"], old["problem"]["code"]) == ("canceled", "replaced")
    assert slipway.puts() == 1


async def test_a_deletion_that_is_stuck_tells_somebody(slipway: Slipway) -> None:
    """Troubles 14 and 20, scene 18: it runs on, overdue, with Azure's words, an event and a metric."""
    await slipway.create()
    slipway.azure.add_fault("stuck_operation", operation=DELETE)
    stuck = await slipway.accepted("DELETE", "/v1/clusters/blue")

    job = await _until(slipway, stuck, overdue=True)

    assert (job["state"], job["problem"]) == ("running", None)
    told = [event for event in await slipway.events() if (event["type"], event["job_id"]) == ("job.overdue", stuck)]
    assert [event["data"]["kind"] for event in told] == ["cluster.delete"]
    text = (await slipway.http.get("/metrics")).text
    assert 'slipway_jobs_overdue{kind="cluster.delete"} 1.0' in text
    assert "slipway_cluster_deletions_stuck 1.0" in text
    await observe_conditions(slipway.parts.database, slipway.parts.clock)
    cluster = await slipway.cluster()
    (condition,) = [each for each in cluster["conditions"] if each["type"] == "DeletionOnTime"]
    assert (condition["status"], condition["reason"]) == ("False", "DeletionStuck")
    assert stuck in condition["message"]
    assert condition["message"] in cluster["summary"]
    assert [event["type"] for event in await slipway.events()].count("cluster.deletion_stuck") == 1
    await slipway.accepted("POST", f"/v1/jobs/{stuck}:cancel")
    assert (await slipway.ended(stuck))["state"] == "canceled"
    assert "slipway_jobs_overdue{" not in (await slipway.http.get("/metrics")).text


async def test_a_token_that_is_revoked_in_the_middle_of_a_job_is_replaced_and_the_job_goes_on(slipway: Slipway) -> None:
    slipway.azure.add_fault("delay", operation="ManagedClusters_List", seconds=0.5)
    job_id = await slipway.accepted("POST", "/v1/clusters", CLUSTER)
    for _ in range(1_000):
        if "await_cluster" in await slipway.steps(job_id):
            break
        await asyncio.sleep(0.02)

    async def revoke() -> None:
        # With a new key no token of before is one, however long it would have lived.
        slipway.azure.azure.tokens._key = rsa.generate_private_key(65537, 2048)  # noqa: SLF001

    slipway.azure.call(revoke())
    job = await slipway.ended(job_id)

    assert job["state"] == "succeeded", job
    assert slipway.puts() == 1
    refused = slipway.azure.requests(status="401")
    assert 1 <= len(refused) <= 3


@pytest.mark.parametrize("fault", [{"kind": "error", "status": 500}, {"kind": "malformed"}, {"kind": "reset_before"}])
async def test_a_login_that_fails_once_is_tried_again(slipway: Slipway, fault: dict[str, Any]) -> None:
    slipway.azure.add_fault(operation="Identity_GetToken", **fault)

    job = await slipway.create(options={"wait_for": "accepted"})

    assert job["state"] == "succeeded", job


async def test_a_login_that_is_refused_says_so_and_waits_where_asked(slipway: Slipway) -> None:
    slipway.azure.add_fault("error", operation="Identity_GetToken", status=401, count=None)

    failed = await slipway.create(options={"wait_for": "accepted"})

    assert (failed["problem"]["class"], failed["problem"]["code"]) == ("permission", "azure_login_failed")
    assert failed["problem"]["remedy"]
    body = {**CLUSTER, "name": "green", "options": {"on_blocked": "wait"}}
    await _until(slipway, await slipway.accepted("POST", "/v1/clusters", body), state="waiting")


@pytest.mark.parametrize("hours", [2, -2])
async def test_azures_clock_may_be_hours_away_from_ours(database_settings: DatabaseSettings, hours: int) -> None:
    """Tokens, deadlines and the end of an operation mean what they mean; a lease is by the monotonic clock."""
    skewed = SkewedClock(timedelta(hours=hours))
    with start_local_azure(LocalAzureOptions(speed=FAST), clock=skewed) as azure:
        azure.register()
        async with running_slipway(azure, database_settings) as slipway:
            job = await slipway.create(options={"wait_for": "accepted"})
            assert job["state"] == "succeeded", job
            async with asyncio.timeout(60):
                while (await slipway.cluster())["state"] != "ready":
                    await slipway.done("POST", "/v1/clusters/blue:sync")
            await slipway.done("DELETE", "/v1/clusters/blue")
            assert slipway.leftovers() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "status": 500, "count": 6},
        {"kind": "error", "status": 429, "code": "Throttled", "retry_after": 1},
        {"kind": "malformed", "count": 2},
        {"kind": "error", "status": 401, "code": "ExpiredAuthenticationToken"},
    ],
)
async def test_a_look_that_fails_does_not_end_the_wait(slipway: Slipway, fault: dict[str, Any]) -> None:
    slipway.azure.add_fault(operation="ManagedClusters_List", **fault)

    job = await slipway.create()

    assert job["state"] == "succeeded", job
    assert slipway.puts() == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html_502_after"},
        {
            "kind": "error_after",
            "status": 409,
            "code": "OperationNotAllowed",
            "message": "The operation is already Canceled, operation not allowed.",
            "flat": True,
        },
    ],
)
async def test_an_abort_that_is_answered_badly_was_taken(slipway: Slipway, fault: dict[str, Any]) -> None:
    """Trouble 16, scene 9: read again what became of it."""
    slipway.azure.add_fault("stuck_operation", operation=PUT)
    slipway.azure.add_fault(operation="ManagedClusters_AbortLatestOperation", **fault)
    job_id = await slipway.accepted("POST", "/v1/clusters", CLUSTER)
    for _ in range(1_000):
        if "await_cluster" in await slipway.steps(job_id):
            break
        await asyncio.sleep(0.02)

    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")

    assert (await slipway.ended(job_id))["state"] == "canceled"
    assert (await slipway.steps(job_id))["abort_create"]["state"] == "succeeded"


async def test_a_group_that_azure_does_not_delete_ends_the_delete_and_a_second_one_goes_on(slipway: Slipway) -> None:
    """Trouble 4: the cluster is gone by then, which is no obstacle."""
    await slipway.create()
    refusal = {"status": 409, "code": "ScopeLocked", "message": "The scope is locked."}
    slipway.azure.add_fault("error", operation="ResourceGroups_Delete", **refusal)

    failed = await slipway.ended(await slipway.accepted("DELETE", "/v1/clusters/blue"))

    assert (failed["state"], failed["problem"]["code"]) == ("failed", "azure_scope_locked")
    assert (await slipway.cluster())["state"] == "failed"
    await slipway.done("DELETE", "/v1/clusters/blue")
    assert slipway.leftovers() == []


async def test_a_kubeconfig_that_cannot_be_trusted_ends_the_job_that_would_use_it(slipway: Slipway) -> None:
    document = b"users: [{name: planted, user: {exec: {command: sh}}}]"
    body = {"kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(document).decode()}]}
    slipway.azure.add_fault("error", operation="ManagedClusters_ListClusterUserCredentials", status=200, body=body)

    job = await slipway.create()

    assert (job["state"], job["problem"]["code"]) == ("failed", "untrusted_kubeconfig")
    assert "planted" not in str(job) + str(await slipway.events()) + str(await slipway.steps(job["id"]))
