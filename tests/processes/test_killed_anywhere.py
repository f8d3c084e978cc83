"""Twenty workers, each killed with SIGKILL at another point of another job."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.processes.conftest import ONE_DATABASE
from tests.processes.fleet import Fleet
from tests.support.crashes import At, Point
from tests.support.mortal_workers import all_reached, arm
from tests.support.whole import CLUSTER

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="session")]

BRIEF = {"LEASE_SECONDS": "3", "HEARTBEAT_SECONDS": "0.5", "QUEUE_POLL_SECONDS": "0.1"}
# So many that a kill takes few others along: DBOS gives up a job whose workers died five times.
WORKERS = 6
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILkjQBqrl+A0uPwZ7YyEVUGdMnnxHqgIKsPRcrSBEBiC dev@example"
REGISTER, GROUP = "Microsoft.ContainerService", "mortalgroup"
# One point for each job: DBOS gives a job up whose workers die again and again.
POINTS = {
    REGISTER: [Point("provider.register", "ensure_registration", At.ANSWERED)],
    GROUP: [
        Point("resource_group.create", "ensure_group", At.ANSWERED),
        Point("resource_group.delete", "remove_group", At.ANSWERED),
    ],
    "mortal0": [
        Point("cluster.create", "ensure_resource_group", At.ANSWERED),
        Point("cluster.update", "put_part", At.ANSWERED),
        Point("cluster.delete", "remove_cluster", At.ANSWERED),
    ],
    "mortal1": [
        Point("cluster.create", "put_cluster", At.BEFORE),
        Point("cluster.update", "record_updated", At.KEPT),
        Point("cluster.delete", "claim_resource_group", At.DONE),
    ],
    "mortal2": [
        Point("cluster.create", "put_cluster", At.ANSWERED),
        Point("cluster.scale", "scale_pool", At.ANSWERED),
        Point("cluster.delete", "remove_resource_group", At.ANSWERED),
    ],
    "mortal3": [
        Point("cluster.create", "put_cluster", At.DONE),
        Point("cluster.scale", "scale_pool", At.KEPT),
        Point("cluster.delete", "record_deleted", At.DONE),
    ],
    "mortal4": [
        Point("cluster.create", "await_cluster", At.BEFORE),
        Point("cluster.upgrade", "upgrade_control_plane", At.ANSWERED),
        Point("cluster.sync", "look", At.DONE),
    ],
    "mortal5": [
        Point("cluster.create", "record_ready", At.DONE),
        Point("cluster.upgrade", "upgrade_pool", At.DONE),
    ],
}


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(fleet: Fleet, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Workers that die at `POINTS`; afterwards none of them is left."""
    await fleet.kill_workers()
    fleet.control.unregister(REGISTER, fleet.about_azure)
    for target, points in POINTS.items():
        for point in points:
            arm(tmp_path, target, point)
    await fleet.start_worker(
        BRIEF, arguments=("worker", str(tmp_path), str(WORKERS)), module="tests.support.mortal_workers"
    )
    yield fleet
    await fleet.kill_workers()


async def _do(fleet: Fleet, method: str, path: str, body: Any = None) -> None:
    await fleet.all_succeed([await fleet.accepted(method, path, body)], 90)


async def _live(fleet: Fleet, name: str) -> None:
    """What is killed in is asked for, and in the end the cluster goes."""
    kinds = {point.kind for point in POINTS[name]}
    own = f"/v1/clusters/{name}"
    body = {**CLUSTER, "name": name, "generate_ssh_key": False, "ssh_public_key": SSH_KEY}
    await _do(fleet, "POST", "/v1/clusters", body)
    if "cluster.update" in kinds:
        await _do(fleet, "PATCH", own, {"tags": {"cost": "42"}})
    if "cluster.scale" in kinds:
        await _do(fleet, "POST", f"{own}:scale", {"count": 2})
    if "cluster.upgrade" in kinds:
        version = (await fleet.ask("GET", own)).json()["kubernetes_version"]
        offers = (await fleet.ask("GET", "/v1/versions?location=westeurope")).json()["items"]
        newest = next(offer["upgrades"][-1] for offer in offers if offer["version"] == version)
        await _do(fleet, "POST", f"{own}:upgrade", {"kubernetes_version": newest})
    if "cluster.sync" in kinds:
        await _do(fleet, "POST", f"{own}:sync")
    await _do(fleet, "DELETE", own)


async def _live_as_group(fleet: Fleet) -> None:
    await _do(fleet, "POST", "/v1/resource-groups", {"name": GROUP, "location": "westeurope"})
    await _do(fleet, "DELETE", f"/v1/resource-groups/{GROUP}")


@ONE_DATABASE
async def test_twenty_kills_at_twenty_points_change_no_end(mortal: Fleet, tmp_path: Path) -> None:
    """Trouble 12. Each kill takes along whatever else its worker had on board."""
    clusters = [name for name in POINTS if name.startswith("mortal") and name != GROUP]
    assert sum(map(len, POINTS.values())) == 20

    await _do(mortal, "POST", f"/v1/providers/{REGISTER}:register")
    await asyncio.gather(_live_as_group(mortal), *(_live(mortal, name) for name in clusters))

    await all_reached(tmp_path)
    assert mortal.wire.sent_twice() == []
    assert mortal.wire.of_an_old_epoch() == []
    assert mortal.control.log(status="409") == []
    created = [entry for entry in mortal.control.puts() if entry["effect"] == "created"]
    assert Counter(entry["path"].rsplit("/", 1)[1] for entry in created) == dict.fromkeys(clusters, 1)
    assert mortal.control.leftovers() == []
