"""Five workers, each killed with SIGKILL at another point of a job about an exposure."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.processes.fleet import Fleet
from tests.support.crashes import At, Point
from tests.support.mortal_workers import all_reached, arm
from tests.support.whole import CLUSTER

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="session")]

BRIEF = {"LEASE_SECONDS": "3", "HEARTBEAT_SECONDS": "0.5", "QUEUE_POLL_SECONDS": "0.1"}
NAME, TARGET = "exposing", "default/web"
# DBOS gives a job up whose workers die five times.
POINTS = (
    Point("exposure.create", "put_service", At.ANSWERED),
    Point("exposure.create", "await_address", At.BEFORE),
    Point("exposure.update", "put_service", At.DONE),
    Point("exposure.delete", "remove_service", At.ANSWERED),
    Point("exposure.delete", "record_deleted", At.DONE),
)


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(fleet: Fleet, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Workers that die at `POINTS`; afterwards none of them is left."""
    await fleet.kill_workers()
    for point in POINTS:
        arm(tmp_path, TARGET, point)
    await fleet.start_worker(BRIEF, arguments=("worker", str(tmp_path), "2"), module="tests.support.mortal_workers")
    yield fleet
    await fleet.kill_workers()


async def _do(fleet: Fleet, method: str, path: str, body: Any = None) -> None:
    await fleet.all_succeed([await fleet.accepted(method, path, body)], 90)


async def test_five_kills_leave_one_service_and_then_none(mortal: Fleet, tmp_path: Path) -> None:
    """Trouble 12, for exposures: the same end, one Service, and nothing orphaned in Azure."""
    await _do(mortal, "POST", "/v1/clusters", {**CLUSTER, "name": NAME})
    exposures = f"/v1/clusters/{NAME}/exposures"
    await _do(mortal, "POST", exposures, {"name": "web", "selector": {"app": "web"}, "ports": [{"port": 80}]})
    listed = (await mortal.ask("GET", exposures)).json()["items"]
    assert [(each["name"], each["state"], len(each["addresses"])) for each in listed] == [("web", "ready", 1)]
    own = f"{exposures}/{listed[0]['id']}"
    await _do(mortal, "PATCH", own, {"idle_timeout_minutes": 30})
    changed = (await mortal.ask("GET", own)).json()
    assert (changed["state"], changed["addresses"]) == ("ready", listed[0]["addresses"])
    await _do(mortal, "DELETE", own)
    await _do(mortal, "DELETE", f"/v1/clusters/{NAME}")
    await all_reached(tmp_path)
    assert mortal.wire.of_an_old_epoch() == []
    assert mortal.control.leftovers() == []
