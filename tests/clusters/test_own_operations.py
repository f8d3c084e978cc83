"""What a job asked of Azure is the job's own as long as it goes on there: no foreign job stands for it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from app.models import Job
from tests.clusters.azure_by_itself import (
    arm,
    azure_id,
    foreign_jobs,
    go_at,
    look,
    set_word,
    until_waiting,
    until_word,
)
from tests.support.local_azure import FAST
from tests.support.whole import CLUSTER, Slipway, start_worker


async def test_an_operation_that_a_job_left_going_is_not_somebody_elses(slipway: Slipway) -> None:
    await slipway.create(options={"wait_for": "accepted"})

    await look(slipway)

    assert await foreign_jobs(slipway) == []


async def test_what_azure_has_accepted_is_not_somebody_elses_for_who_waits_behind_it(slipway: Slipway) -> None:
    await slipway.create()
    slipway.azure.add_fault("stuck_operation", operation="ManagedClusters_CreateOrUpdate", count=1)
    change = {"autoscaler": {"scan_interval_seconds": 30}, "options": {"wait_for": "accepted"}}
    await slipway.done("PATCH", "/v1/clusters/blue", change)
    await until_waiting(slipway, await slipway.accepted("PATCH", "/v1/clusters/blue", {"tags": {"team": "red"}}))

    await look(slipway)

    assert await foreign_jobs(slipway) == []


async def test_the_abort_of_a_canceled_create_is_not_somebody_elses(slipway: Slipway) -> None:
    await go_at(slipway, 20)
    job_id = await slipway.accepted("POST", "/v1/clusters", CLUSTER)
    for _ in range(400):
        if "await_cluster" in await slipway.steps(job_id):
            break
        await asyncio.sleep(0.02)
    await go_at(slipway, 1)
    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    assert (await slipway.ended(job_id))["state"] == "canceled"

    await look(slipway)

    assert (await slipway.cluster())["observed"]["provisioning_state"] == "Canceling"
    assert await foreign_jobs(slipway) == []


@pytest.mark.parametrize("behind", [False, True], ids=["nothing waits", "a job waits"])
async def test_what_a_job_left_going_that_gave_up_is_not_somebody_elses(slipway: Slipway, *, behind: bool) -> None:
    """Until Azure has been seen at rest: what begins afterwards is."""
    await slipway.create()
    # Behind a change that takes a moment, so that its deadline can be made shorter than the API takes.
    slipway.azure.add_fault("delay", operation="ManagedClusters_Get", count=1, seconds=1)
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    await slipway.accepted("PATCH", "/v1/clusters/blue", {"tags": {"team": "blue"}})
    job_id = await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2})
    async with slipway.parts.database.write() as session:
        await session.execute(update(Job).where(Job.id == job_id).values(deadline_seconds=6))
    failed = await slipway.ended(job_id)
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "deadline_exceeded")
    assert slipway.azure.requests(operation="AgentPools_CreateOrUpdate", effect="updated")
    waiting = await slipway.accepted("PATCH", "/v1/clusters/blue", {"tags": {"team": "red"}}) if behind else None
    if waiting is not None:
        assert (await until_waiting(slipway, waiting))["waiting_for"] == "another_operation"

    await look(slipway)
    await look(slipway)
    assert await foreign_jobs(slipway) == []

    pool = f"{await azure_id(slipway)}/agentPools/system"
    arm(slipway, "POST", f"{pool}/abort")
    await until_word(slipway, pool, "Canceled")
    if waiting is not None:
        assert (await slipway.ended(waiting))["state"] == "succeeded"
    await look(slipway)
    set_word(slipway, "Updating")
    await look(slipway)
    [foreign] = await foreign_jobs(slipway)
    assert (foreign["state"], foreign["progress"]) == ("running", "Updating")


@pytest.mark.parametrize("lost", ["answer", "worker"])
async def test_what_a_job_asked_for_is_its_own_though_nobody_heard_the_answer(slipway: Slipway, lost: str) -> None:
    """It is no foreign job, it waits for nobody else, and a cancel has Azure abort it."""
    await slipway.create()
    kind = "reset_after" if lost == "answer" else "hang_after"
    slipway.azure.add_fault(kind, operation="AgentPools_CreateOrUpdate", count=1)
    await go_at(slipway, 5)
    job_id = await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2})
    pool = f"{await azure_id(slipway)}/agentPools/system"
    await until_word(slipway, pool, "Scaling")
    if lost == "worker":
        assert slipway.worker is not None
        await slipway.worker.stop()
        slipway.worker = await start_worker(slipway.parts)

    job = await _until_said(slipway, job_id, "which this job has asked for")
    assert (job["state"], job["waiting_for"]) == ("running", None)
    await look(slipway)
    assert await foreign_jobs(slipway) == []
    assert len(slipway.azure.requests(operation="AgentPools_CreateOrUpdate", effect="updated")) == 1

    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    await until_word(slipway, pool, "Canceling")
    await go_at(slipway, FAST)
    assert (await slipway.ended(job_id))["state"] == "canceled"
    await until_word(slipway, pool, "Canceled")
    await look(slipway)
    assert await foreign_jobs(slipway) == []


async def _until_said(slipway: Slipway, job_id: str, words: str) -> dict[str, Any]:
    for _ in range(600):
        job: dict[str, Any] = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
        if words in (job["progress"] or ""):
            return job
        await asyncio.sleep(0.02)
    raise AssertionError(job)


async def test_what_a_job_asks_for_after_it_has_waited_is_its_own(slipway: Slipway) -> None:
    """While Azure has not answered yet, too."""
    await slipway.create()
    set_word(slipway, "Upgrading")
    job_id = await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2})
    await until_waiting(slipway, job_id)
    slipway.azure.add_fault("hang_after", operation="AgentPools_CreateOrUpdate", count=1)
    await go_at(slipway, 5)
    set_word(slipway, "Succeeded")
    await until_word(slipway, f"{await azure_id(slipway)}/agentPools/system", "Scaling")

    await look(slipway)

    assert await foreign_jobs(slipway) == []


@pytest.mark.parametrize(
    ("what", "change"),
    [("", {"autoscaler": {"scan_interval_seconds": 30}}), ("/outbound", {"managed_ip_count": 2})],
    ids=["a setting", "the outbound profile"],
)
async def test_an_operation_that_ended_badly_while_its_answer_was_lost_is_no_success(
    slipway: Slipway, what: str, change: dict[str, Any]
) -> None:
    """Azure has taken over what was sent, so that nothing differs any more, and has not applied it."""
    await slipway.create()
    slipway.azure.add_fault("reset_after", operation="ManagedClusters_CreateOrUpdate", count=1)
    await go_at(slipway, 5)
    job_id = await slipway.accepted("PATCH", f"/v1/clusters/blue{what}", change)
    cluster_id = await azure_id(slipway)
    await until_word(slipway, cluster_id, "Updating")
    arm(slipway, "POST", f"{cluster_id}/abort")
    await until_word(slipway, cluster_id, "Canceling")
    await go_at(slipway, FAST)

    job = await slipway.ended(job_id)

    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_operation_ended")
    assert job["outcome"]["left"]["provisioning_state"] == "Canceled"
