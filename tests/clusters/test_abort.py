"""Jobs that are canceled and operations that are aborted: Azure is asked to end them, and what stayed is told."""

from datetime import timedelta
from typing import Any

import pytest

from app.azure.types.call import Call
from tests.clusters.test_power import until
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

OWN = "/v1/clusters/blue"
PUT = "ManagedClusters_CreateOrUpdate"
PUT_POOL = "AgentPools_CreateOrUpdate"


async def _under_way(slipway: Slipway, job_id: str, step: str) -> None:
    """Wait until a job has come to a step."""

    async def is_so() -> bool:
        return step in await slipway.steps(job_id)

    await until(is_so)


async def _stuck_scale(slipway: Slipway) -> str:
    """A job that waits for what does not end by itself."""
    await slipway.create()
    slipway.azure.add_fault("stuck_operation", operation=PUT_POOL)
    job_id = await slipway.accepted("POST", f"{OWN}:scale", {"count": 3})
    await _under_way(slipway, job_id, "await_scale")
    return job_id


def _pool_of(left: dict[str, Any]) -> dict[str, Any]:
    (pool,) = left["node_pools"]
    return dict(pool)


async def test_a_canceled_change_is_aborted_in_azure_and_tells_what_stayed(slipway: Slipway) -> None:
    """Trouble 16."""
    job_id = await _stuck_scale(slipway)
    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    job = await slipway.ended(job_id)
    assert (job["state"], job["problem"]["code"]) == ("canceled", "canceled_by_caller")
    pool = _pool_of(job["outcome"]["left"])
    assert (pool["name"], pool["provisioning_state"]) == ("system", "Canceled")
    assert len(slipway.azure.requests(operation="AgentPools_AbortLatestOperation")) == 1
    # It serves, but not as it was wanted.
    assert (await slipway.cluster())["state"] == "degraded"
    # Nothing is in the way of what comes next.
    await slipway.done("POST", f"{OWN}:scale", {"count": 2})


async def test_a_change_that_waits_for_somebody_elses_operation_leaves_it_alone_when_canceled(slipway: Slipway) -> None:
    """Troubles 16 and 17: while Azure is busy the job waits, and says for what."""
    await slipway.create()
    slipway.azure.add_fault("stuck_operation", operation="ManagedClusters_RotateClusterCertificates")
    await _somebody_rotates(slipway)
    job_id = await slipway.accepted("PATCH", OWN, {"tags": {"team": "x"}})

    async def waits() -> bool:
        job = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
        return (job["state"], job["waiting_for"]) == ("waiting", "another_operation")

    await until(waits)
    assert "Another operation is running" in (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()["progress"]
    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    assert (await slipway.ended(job_id))["state"] == "canceled"
    assert slipway.azure.requests(operation="ManagedClusters_AbortLatestOperation") == []

    aborted = await slipway.done("POST", f"{OWN}:abort")
    assert aborted["outcome"]["left"]["provisioning_state"] == "Canceled"
    await slipway.done("PATCH", OWN, {"tags": {"team": "y"}})


async def _somebody_rotates(slipway: Slipway) -> None:
    cluster = await slipway.cluster()
    call = Call(deadline=slipway.parts.clock.now() + timedelta(minutes=1))
    verbs = slipway.parts.gateways.azure.subscription(cluster["subscription_id"]).cluster_verbs
    await verbs.rotate_certificates(cluster["resource_group"], "blue", call=call)


async def test_an_abort_overtakes_what_is_queued_and_the_job_at_work_ends_as_aborted(slipway: Slipway) -> None:
    """Troubles 16 and 17."""
    scale = await _stuck_scale(slipway)
    answer = (await slipway.ask("PATCH", OWN, {"tags": {"team": "x"}})).json()["job"]
    assert answer["after"] == scale
    assert answer["summary"] == f"Updating cluster blue is queued after the job {scale} (cluster.scale)."
    aborting = (await slipway.ask("POST", f"{OWN}:abort", {})).json()["job"]
    assert aborting["after"] is None
    aborted = await slipway.ended(aborting["id"])
    assert (aborted["state"], aborted["outcome"]["aborted"], aborted["outcome"]["job"]) == ("succeeded", True, scale)
    job = await slipway.ended(scale)
    assert (job["state"], job["problem"]["code"]) == ("canceled", "aborted")
    patched = await slipway.ended(answer["id"])
    assert patched["state"] == "succeeded"
    assert patched["started_at"] > aborted["finished_at"]
    assert "cluster.aborted" in [event["type"] for event in await slipway.events()]


async def test_an_abort_of_nothing_says_so(slipway: Slipway) -> None:
    await slipway.create()
    job = await slipway.done("POST", f"{OWN}:abort", {"node_pool": "system"})
    assert job["outcome"]["aborted"] is False
    assert job["summary"].startswith("Nothing was to be aborted")
    answer = await slipway.ask("POST", f"{OWN}:abort", {"node_pool": "nowhere"})
    assert [error["code"] for error in answer.json()["errors"]] == ["unknown_node_pool"]


@ONE_DATABASE
@pytest.mark.parametrize("kind", ["html_502", "html_502_after"])
async def test_an_abort_that_azure_answers_with_502_is_looked_into(slipway: Slipway, kind: str) -> None:
    """Scene 9: 502, then "already Canceled"."""
    scale = await _stuck_scale(slipway)
    slipway.azure.add_fault(kind, operation="AgentPools_AbortLatestOperation")
    aborted = await slipway.done("POST", f"{OWN}:abort", {"node_pool": "system"})
    assert _pool_of(aborted["outcome"]["left"])["provisioning_state"] == "Canceled"
    assert (await slipway.ended(scale))["problem"]["code"] == "aborted"
