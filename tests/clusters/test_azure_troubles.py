"""What Azure does to a create, and what becomes of it: each time the end is clear and nothing is made twice."""

import asyncio

import pytest
from sqlalchemy import update

from app.azure.types.tags import is_ours
from app.models import Job
from tests.support.database import ONE_DATABASE
from tests.support.local_azure import LocalAzureForTests
from tests.support.whole import CLUSTER, Slipway, start_worker

pytestmark = ONE_DATABASE

PUT = "ManagedClusters_CreateOrUpdate"
QUOTA = (
    "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional "
    "details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 10, Current Usage: 8, "
    "Additional Required: 4, (Minimum) New Limit Required: 12."
)


async def test_an_unregistered_provider_is_registered_on_the_way(slipway: Slipway) -> None:
    slipway.azure.reset()

    job = await slipway.create()

    assert job["state"] == "succeeded", job
    assert "register" in (await slipway.steps(job["id"]))["check_provider"]["azure"]["change"]["path"]


async def test_a_throttled_call_is_waited_for_and_never_shown_as_a_failure(slipway: Slipway) -> None:
    slipway.azure.add_fault("throttle", operation=PUT, retry_after=6)
    job_id = await slipway.accepted("POST", "/v1/clusters", CLUSTER)

    for _ in range(400):
        job = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
        if job["state"] == "waiting":
            break
        await asyncio.sleep(0.05)

    assert (job["waiting_for"], "asked again in" in job["progress"]) == ("throttling", True)
    job = await slipway.ended(job_id)
    assert job["state"] == "succeeded", job
    assert slipway.puts() == 1


@pytest.mark.parametrize("kind", ["html_502", "reset_before", "error", "malformed", "half_body"])
async def test_an_answer_that_says_nothing_is_looked_into_before_anything_is_sent_again(
    slipway: Slipway, kind: str
) -> None:
    slipway.azure.add_fault(kind, operation=PUT)

    job = await slipway.create()

    assert job["state"] == "succeeded", job
    created = slipway.azure.requests(operation=PUT, effect="created")
    assert len(created) == 1


@pytest.mark.parametrize("kind", ["reset_after", "html_502_after"])
async def test_a_lost_answer_is_found_by_the_name_not_sent_again(slipway: Slipway, kind: str) -> None:
    """Troubles 1 and 13: the id was fixed before the first call, so a lost answer is solved by a GET."""
    slipway.azure.add_fault(kind, operation=PUT)

    job = await slipway.create()

    assert job["state"] == "succeeded", job
    assert len(slipway.azure.requests(operation=PUT, effect="created")) == 1
    assert slipway.azure.requests(operation=PUT, effect="updated") == []


async def test_quota_ends_the_job_with_what_to_do_and_a_retry_takes_it_up(slipway: Slipway) -> None:
    """Trouble 14's counterpart: the cause stays Azure's own, and the retry ends well."""
    slipway.azure.add_fault("error", operation=PUT, status=400, code="QuotaExceeded", message=QUOTA, flat=True)

    failed = await slipway.create()

    assert failed["state"] == "failed"
    assert failed["problem"]["class"] == "quota"
    assert failed["problem"]["remedy"]
    assert failed["problem"]["azure"]["message"] == QUOTA
    assert (await slipway.cluster())["state"] == "failed"
    again = await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry")
    retried = await slipway.ended(again)
    assert retried["state"] == "succeeded", retried
    assert retried["retry_of"] == failed["id"]
    assert (await slipway.ask("GET", f"/v1/jobs/{failed['id']}")).json()["state"] == "failed"
    assert (await slipway.cluster())["state"] == "ready"


async def test_a_cause_that_a_person_removes_is_waited_for_when_asked(slipway: Slipway) -> None:
    slipway.azure.add_fault("error", operation=PUT, status=400, code="QuotaExceeded", message=QUOTA, flat=True)
    job_id = await slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "options": {"on_blocked": "wait"}})

    for _ in range(200):
        job = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
        if job["state"] == "waiting":
            break
        await asyncio.sleep(0.05)

    assert job["state"] == "waiting", job
    assert job["waiting_for"] == "quota"
    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    assert (await slipway.ended(job_id))["state"] == "canceled"


async def test_a_cluster_that_is_not_ours_is_reported_and_never_touched(slipway: Slipway) -> None:
    """Trouble 3, scene 13: a create that is refused because the name exists deletes nothing."""
    first = await slipway.create(resource_group="shared")
    assert first["state"] == "succeeded"
    await _make_foreign(slipway.azure, "blue")
    await _forget(slipway)

    second = await slipway.create(resource_group="shared", options={"on_failure": "delete"})

    assert second["state"] == "failed"
    assert second["problem"]["code"] == "cluster_not_ours"
    assert slipway.azure.requests(operation="ManagedClusters_Delete") == []
    assert slipway.puts() == 1
    await slipway.done("DELETE", "/v1/clusters/blue")
    assert slipway.azure.requests(operation="ManagedClusters_Delete") == []
    assert any(found.endswith("/managedclusters/blue") for found in map(str.lower, slipway.leftovers()))


async def _make_foreign(azure: LocalAzureForTests, name: str) -> None:
    async def write() -> None:
        for record in azure.azure.cloud.store:
            if record.id.lower().endswith(f"/managedclusters/{name}"):
                assert is_ours(record.body["tags"], record.body["tags"]["slipway-cluster"])
                record.body["tags"] = {"owner": "somebody"}
                azure.azure.cloud.store.touch(record)

    azure.call(write())


async def _forget(slipway: Slipway) -> None:
    """Free the name as a row that was deleted would, with the cluster still in Azure."""
    cluster = await slipway.cluster()
    await slipway.done("DELETE", f"/v1/clusters/{cluster['id']}")


async def test_a_failed_operation_tells_azures_cause(slipway: Slipway) -> None:
    slipway.azure.add_fault(
        "fail_operation", operation=PUT, code="ZonalAllocationFailed", message="No capacity in zone 1."
    )

    job = await slipway.create()

    assert job["state"] == "failed"
    assert job["problem"]["class"] == "capacity"
    assert job["problem"]["azure"]["code"] == "ZonalAllocationFailed"
    assert (await slipway.cluster())["state"] == "failed"


async def test_what_a_failed_create_left_is_removed_when_asked(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT, code="AllocationFailed", message="No capacity.")

    job = await slipway.create(options={"on_failure": "delete"})

    assert job["state"] == "failed"
    assert [found for found in slipway.leftovers() if "managedclusters" in found.lower()] == []


async def test_azure_that_comes_round_makes_the_cluster_ready_and_the_job_stays_failed(slipway: Slipway) -> None:
    """Trouble 2, scene 1: an operation that failed, a cluster that is Succeeded a little later."""
    slipway.azure.add_fault(
        "fail_operation",
        operation=PUT,
        code="VMExtensionProvisioningError",
        message="VM has reported a failure when processing extension 'vmssCSE'. Error message: exit status=52",
        recovers_after_seconds=4000,
    )
    failed = await slipway.create()
    assert failed["state"] == "failed", failed

    for _ in range(100):
        await slipway.done("POST", "/v1/clusters/blue:sync")
        if (await slipway.cluster())["state"] == "ready":
            break
        await asyncio.sleep(0.05)

    assert (await slipway.cluster())["state"] == "ready"
    assert (await slipway.ask("GET", f"/v1/jobs/{failed['id']}")).json()["state"] == "failed"
    assert "cluster.recovered" in [event["type"] for event in await slipway.events()]


async def test_a_word_for_a_state_that_is_not_known_is_no_failure(slipway: Slipway) -> None:
    """Trouble 10, scene 14."""
    await slipway.create()

    async def upgrade_word() -> None:
        for record in slipway.azure.azure.cloud.store:
            if record.id.lower().endswith("/managedclusters/blue"):
                record.body["properties"]["provisioningState"] = "Rebalancing"
                slipway.azure.azure.cloud.store.touch(record)

    slipway.azure.call(upgrade_word())
    synced = await slipway.done("POST", "/v1/clusters/blue:sync")

    assert synced["outcome"]["provisioning_state"] == "Rebalancing"
    cluster = await slipway.cluster()
    assert (cluster["state"], cluster["provisioning_state"]) == ("updating", "Rebalancing")
    assert (await slipway.ask("GET", f"/v1/jobs/{cluster['current_job']}")).json()["progress"] == "Rebalancing"


async def test_a_cluster_that_was_removed_outside_is_lost_and_can_be_deleted(slipway: Slipway) -> None:
    """Troubles 4 and 30: nothing is made again, and a delete of what is gone succeeds."""
    await slipway.create()

    async def remove() -> None:
        for found in [r.id for r in slipway.azure.azure.cloud.store if "/resourcegroups/" in r.id.lower()]:
            slipway.azure.azure.cloud.store.remove(found)

    slipway.azure.call(remove())
    await slipway.done("POST", "/v1/clusters/blue:sync")

    assert (await slipway.cluster())["state"] == "lost"
    assert "cluster.lost" in [event["type"] for event in await slipway.events()]
    await slipway.done("DELETE", "/v1/clusters/blue")
    assert slipway.puts() == 1


async def test_a_cancel_ends_the_wait_for_an_operation_that_never_ends(slipway: Slipway) -> None:
    """Trouble 16: after the PUT a cancel aborts in Azure; what stays is a failed cluster that can be deleted."""
    slipway.azure.add_fault("stuck_operation", operation=PUT)
    job_id = await slipway.accepted("POST", "/v1/clusters", CLUSTER)
    await slipway.until_step(job_id, "await_cluster")

    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    canceled = await slipway.ended(job_id)

    assert canceled["state"] == "canceled"
    assert len(slipway.azure.requests(operation="ManagedClusters_AbortLatestOperation")) == 1
    assert (await slipway.cluster())["state"] == "failed"


async def test_an_operation_that_never_ends_meets_our_deadline(idle_slipway: Slipway) -> None:
    """Trouble 14, scene 18: the job fails with a reason, and the cluster is still watched."""
    idle_slipway.azure.add_fault("stuck_operation", operation=PUT)
    job_id = await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    async with idle_slipway.parts.database.write() as session:
        # The API takes no deadline under a minute.
        await session.execute(update(Job).where(Job.id == job_id).values(deadline_seconds=2))
    idle_slipway.worker = await start_worker(idle_slipway.parts)

    job = await idle_slipway.ended(job_id)

    assert job["state"] == "failed"
    assert job["problem"]["code"] in {"deadline_exceeded", "azure_deadline_exceeded"}
    assert job["problem"]["remedy"]


async def test_another_operation_of_azures_own_is_waited_for(slipway: Slipway) -> None:
    """Trouble 17: busy is a turn to wait for, no failure and no 409 to the caller."""
    await slipway.create()
    slipway.azure.add_fault(
        "error",
        operation=PUT,
        status=409,
        code="OperationNotAllowed",
        message="Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish "
        "before starting a new operation. See https://aka.ms/aks-pending-operation for more details",
        flat=True,
    )

    job = await slipway.done("PATCH", "/v1/clusters/blue", {"tags": {"team": "x"}})

    assert (await slipway.steps(job["id"]))["put_part"]["attempts"] == 2


async def test_an_error_that_is_not_known_keeps_azures_words(slipway: Slipway) -> None:
    """Trouble 25: never guessed as something else."""
    slipway.azure.add_fault("error", operation=PUT, status=400, code="MoonPhase", message="Not tonight.", flat=True)

    job = await slipway.create()

    assert job["state"] == "failed"
    assert job["problem"]["class"] == "unknown"
    assert job["problem"]["azure"]["code"] == "MoonPhase"
    assert "Not tonight." in job["problem"]["detail"]
