"""`:scale` heeds the pool's state and its autoscaler, as a PATCH of the pool does."""

from typing import Any

import pytest

from app.models import JobState
from tests.node_pools.test_pools import PATH, WORKERS, pool, puts
from tests.support.whole import Slipway

SCALE = "/v1/clusters/blue:scale"
OWN = f"{PATH}/workers"
BOUNDS = {"min_count": 1, "max_count": 3}


async def _both_refuse(slipway: Slipway, count: int) -> list[dict[str, Any]]:
    """What a PATCH of the pool and `:scale` answer; neither asks Azure for anything, and nothing else is wanted."""
    before, sent = await pool(slipway), len(puts(slipway))
    answers = [
        await slipway.ask("PATCH", OWN, {"count": count}),
        await slipway.ask("POST", SCALE, {"node_pool": "workers", "count": count}),
    ]
    after = await pool(slipway)
    assert (after["count"], after["state"], len(puts(slipway))) == (before["count"], before["state"], sent)
    assert answers[0].status_code == answers[1].status_code
    return [answer.json() for answer in answers]


async def test_a_count_is_refused_while_the_autoscaler_decides(slipway: Slipway) -> None:
    """Trouble 46, scene 16: the autoscaler is on, and a count is sent; the answer has the right call."""
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "count": None, "autoscaling": BOUNDS})

    patched, scaled = await _both_refuse(slipway, 9)

    assert patched["errors"] == scaled["errors"]
    (error,) = scaled["errors"]
    assert (error["code"], error["pointer"]) == ("autoscaler_decides", "/count")
    assert "PATCH /v1/clusters/{id}/node-pools/{pool}" in error["detail"]
    assert '{"autoscaling": null, "count": 9}' in error["detail"]
    # As it says.
    await slipway.done("PATCH", OWN, {"autoscaling": None, "count": 2})
    assert (await slipway.done("POST", SCALE, {"node_pool": "workers", "count": 1}))["outcome"]["count"] == 1


async def test_a_pool_that_is_stopped_or_is_to_go_takes_no_count(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "count": 2})
    await slipway.done("POST", f"{OWN}:stop")
    for count in (2, 3):
        patched, scaled = await _both_refuse(slipway, count)
        assert patched["code"] == scaled["code"] == "node_pool_stopped"
        assert ":start" in scaled["remedy"]
        assert [error["pointer"] for error in scaled["errors"]] == ["/node_pool"]
    await slipway.done("POST", f"{OWN}:start")

    slipway.azure.add_fault("stuck_operation", operation="AgentPools_Delete")
    gone = await slipway.accepted("DELETE", OWN)
    patched, scaled = await _both_refuse(slipway, 1)
    assert patched["code"] == scaled["code"] == "node_pool_deleting"
    await slipway.accepted("POST", f"/v1/jobs/{gone}:cancel")
    await slipway.ended(gone)


@pytest.mark.parametrize("between", ["stop", "autoscaler"])
async def test_a_count_that_was_asked_for_before_does_not_overrule_what_came_between(
    slipway: Slipway, between: str
) -> None:
    """Behind a stop that is queued, and at a retry after the pool was given to the autoscaler."""
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    if between == "stop":
        stop = await slipway.accepted("POST", f"{OWN}:stop")
        job = await slipway.accepted("POST", SCALE, {"node_pool": "workers", "count": 1})
        assert (await slipway.ended(stop))["state"] == JobState.SUCCEEDED
    else:
        slipway.azure.add_fault("fail_operation", operation="AgentPools_CreateOrUpdate", code="Broken", message="no")
        job = await slipway.accepted("POST", SCALE, {"node_pool": "workers", "count": 2})
        assert (await slipway.ended(job))["state"] == JobState.FAILED
        await slipway.done("PATCH", OWN, {"autoscaling": BOUNDS})
        job = await slipway.accepted("POST", f"/v1/jobs/{job}:retry")

    ended = await slipway.ended(job)

    code = "node_pool_stopped" if between == "stop" else "autoscaler_decides"
    assert (ended["state"], ended["problem"]["code"]) == (JobState.FAILED, code)
