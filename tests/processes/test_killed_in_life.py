"""Workers killed with SIGKILL in the middle of what clusters and their pools go through in a year."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.processes.conftest import ONE_DATABASE
from tests.processes.fleet import Fleet
from tests.processes.test_killed_anywhere import BRIEF, SSH_KEY, WORKERS
from tests.support.crashes import At, Point
from tests.support.mortal_workers import all_reached, arm
from tests.support.whole import CLUSTER

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

# A worker that is only slow must not be taken for dead: a job is given up that changes hands five times.
SLOWLY = {**BRIEF, "LEASE_SECONDS": "6"}
SIZE = "Standard_D4s_v5"
OLD_VERSION = "1.32.9"
_MACHINE = "a machine of the pool"
ENTRA = {"admin_group_ids": ["6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f"]}


@dataclass(frozen=True)
class Act:
    """What is asked for, below the cluster's path, and where its workers die, one after the other."""

    method: str
    path: str
    body: Any
    deaths: tuple[Point, ...] = ()


def _death(kind: str, step: str, at: At = At.ANSWERED) -> tuple[Point, ...]:
    return (Point(kind, step, at),)


LIVES: dict[str, tuple[dict[str, Any], Sequence[Act]]] = {
    "upgraded": (
        {"kubernetes_version": OLD_VERSION},
        (
            Act(
                "POST",
                ":upgrade",
                {"kubernetes_version": "1.33", "scope": "control_plane"},
                _death("cluster.upgrade", "upgrade_control_plane"),
            ),
            Act(
                "POST",
                "/node-pools/system:upgrade",
                {"kubernetes_version": "latest"},
                _death("node_pool.upgrade", "upgrade_pool"),
            ),
            Act(
                "POST",
                "/node-pools/system:upgrade",
                {"node_image": True},
                _death("node_pool.upgrade", "await_pool", At.BEFORE),
            ),
        ),
    ),
    "pooled": (
        {},
        (
            Act(
                "POST",
                "/node-pools",
                {"name": "workers", "size": SIZE, "count": 2},
                _death("node_pool.create", "put_pool"),
            ),
            Act(
                "POST",
                "/node-pools/workers:rotate",
                {"size": "Standard_D8s_v5"},
                _death("node_pool.rotate", "put_new_pool") + _death("node_pool.rotate", "delete_old_pool"),
            ),
            Act("DELETE", "/node-pools/workers?drain=true", None, _death("node_pool.delete", "delete_pool")),
        ),
    ),
    "switched": (
        {},
        (
            Act("POST", ":stop", None, _death("cluster.stop", "stop_in_azure")),
            Act("POST", ":start", None, _death("cluster.start", "start_in_azure")),
            Act("POST", ":rotate-certificates", None, _death("cluster.rotate_certificates", "rotate_in_azure")),
            Act("POST", ":reconcile", None, _death("cluster.reconcile", "put_cluster_again")),
        ),
    ),
    "changed": (
        {"access": {"entra": ENTRA}},
        (
            Act("PATCH", "", {"addons": {"keda": True}}, _death("cluster.update", "await_part", At.BEFORE)),
            Act(
                "POST",
                ":run-command",
                {"command": "kubectl get nodes -o json"},
                _death("cluster.run_command", "await_command", At.BEFORE),
            ),
            Act("POST", "/node-pools", {"name": "workers", "size": SIZE, "count": 2}),
            Act(
                "POST",
                "/node-pools/workers:delete-machines",
                _MACHINE,
                _death("node_pool.delete_machines", "delete_in_azure"),
            ),
            Act(
                "POST", ":reset-aad", {"entra": {**ENTRA, "azure_rbac": True}}, _death("cluster.reset_aad", "put_part")
            ),
        ),
    ),
}


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(fleet: Fleet, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Workers that die where they are told to; afterwards none of them is left."""
    await fleet.kill_workers()
    await fleet.start_worker(
        SLOWLY, arguments=("worker", str(tmp_path), str(WORKERS)), module="tests.support.mortal_workers"
    )
    yield fleet
    await fleet.kill_workers()


async def _do(fleet: Fleet, method: str, path: str, body: Any = None) -> None:
    await fleet.all_succeed([await fleet.accepted(method, path, body)], 120)


async def _machine(fleet: Fleet, own: str) -> str:
    """One that the observer has seen in the pool."""
    seen: list[str] = []

    async def there_is_one() -> bool:
        answer = await fleet.ask("GET", f"{own}/nodes?node_pool=workers")
        seen.extend(node["name"] for node in answer.json()["items"])
        return bool(seen)

    await fleet.until(there_is_one, "a node of the pool is seen", 60)
    return seen[0]


async def _live(fleet: Fleet, name: str, folder: Path) -> None:
    more, acts = LIVES[name]
    own = f"/v1/clusters/{name}"
    body = {**CLUSTER, "name": name, "generate_ssh_key": False, "ssh_public_key": SSH_KEY, **more}
    await _do(fleet, "POST", "/v1/clusters", body)
    fleet.control.release_image("209902.04.0")
    for act in acts:
        for point in act.deaths:
            arm(folder, name, point)
        asked = {"machines": [await _machine(fleet, own)]} if act.body is _MACHINE else act.body
        await _do(fleet, act.method, f"{own}{act.path}", asked)
    await _do(fleet, "DELETE", own)


@ONE_DATABASE
async def test_fifteen_kills_in_the_lives_of_clusters_and_pools_change_no_end(mortal: Fleet, tmp_path: Path) -> None:
    """Trouble 12. Each kill takes along whatever else its worker had on board."""
    assert sum(len(act.deaths) for _, acts in LIVES.values() for act in acts) == 15

    await asyncio.gather(*(_live(mortal, name, tmp_path) for name in LIVES))

    await all_reached(tmp_path)
    assert mortal.wire.sent_twice() == []
    assert mortal.wire.of_an_old_epoch() == []
    assert mortal.control.log(status="409") == []
    created = [entry for entry in mortal.control.puts() if entry["effect"] == "created"]
    assert Counter(entry["path"].rsplit("/", 1)[1] for entry in created) == dict.fromkeys(LIVES, 1)
    assert mortal.control.leftovers() == []
