"""Management locks: what they forbid, at which scope, and until when."""

from typing import Any

import pytest

from tests.emulator.conftest import CLUSTER, Arm
from tests.support.local_azure import LocalAzureForTests

LOCKS = "providers/Microsoft.Authorization/locks"


@pytest.fixture
async def cluster(arm: Arm, stopped_azure: LocalAzureForTests) -> Arm:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(301)
    return arm


async def _lock(arm: Arm, scope: str, level: str, name: str = "keep") -> str:
    path = f"{scope}/{LOCKS}/{name}"
    made = await arm.send("PUT", path, {"properties": {"level": level, "notes": "ours"}})
    assert (made.status, made.body["properties"]["level"]) == (201, level)
    return path


async def test_what_must_not_be_deleted_can_be_changed_until_its_lock_is_gone(cluster: Arm) -> None:
    lock = await _lock(cluster, "resourceGroups/g1", "CanNotDelete")
    for path in (cluster.cluster(), "resourceGroups/g1", cluster.cluster() + "/agentPools/pool1"):
        refused = await cluster.send("DELETE", path)
        assert (refused.status, refused.body["error"]["code"]) == (409, "ScopeLocked")
        assert refused.body["error"]["message"] == (
            f"The scope '{cluster.path(path)}' cannot perform delete operation because following scope(s) are locked: "
            f"'{cluster.path('resourceGroups/g1')}'. Please remove the lock and try again."
        )
    assert (await cluster.send("PUT", cluster.cluster(), CLUSTER)).status == 200
    assert (await cluster.send("DELETE", lock)).status == 200
    assert (await cluster.send("DELETE", lock)).status == 204
    assert (await cluster.send("DELETE", cluster.cluster())).status == 202


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", CLUSTER),
        ("PATCH", "", {"tags": {"a": "b"}}),
        ("POST", "/stop", None),
        ("POST", "/listClusterAdminCredential", None),
        ("PUT", "/agentPools/pool2", {"properties": {"vmSize": "Standard_D2s_v5"}}),
        ("DELETE", "", None),
    ],
)
async def test_what_is_read_only_takes_reads_alone(cluster: Arm, method: str, path: str, body: Any) -> None:
    await _lock(cluster, cluster.cluster(), "ReadOnly")
    refused = await cluster.send(method, cluster.cluster() + path, body)
    assert (refused.status, refused.body["error"]["code"]) == (409, "ScopeLocked")
    assert (await cluster.send("GET", cluster.cluster())).status == 200
    assert (await cluster.make_group()).status == 200, "what lies above is free"


async def test_a_lock_below_keeps_the_group_from_going(cluster: Arm) -> None:
    await _lock(cluster, cluster.cluster(), "CanNotDelete")
    refused = await cluster.send("DELETE", "resourceGroups/g1")
    assert (refused.status, refused.body["error"]["code"]) == (409, "ScopeLocked")
    listed = await cluster.send("GET", f"resourceGroups/g1/{LOCKS}")
    assert [lock["name"] for lock in listed.body["value"]] == ["keep"]
    assert (await cluster.send("GET", f"resourceGroups/other/{LOCKS}")).body["value"] == []


async def test_a_lock_on_the_nodes_group_lets_a_removal_fail_on_its_way(
    cluster: Arm, stopped_azure: LocalAzureForTests
) -> None:
    lock = await _lock(cluster, "resourceGroups/MC_g1_c1_westus2", "CanNotDelete")
    deleting = await cluster.send("DELETE", cluster.cluster())
    assert deleting.status == 202
    stopped_azure.advance(251)
    ended = await cluster.status_of(deleting)
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "ScopeLocked")
    shown = await cluster.send("GET", cluster.cluster())
    assert shown.body["properties"]["provisioningState"] == "Failed"
    await cluster.send("DELETE", lock)
    await cluster.send("DELETE", cluster.cluster())
    stopped_azure.advance(251)
    assert (await cluster.send("GET", cluster.cluster())).status == 404


async def test_an_unknown_level_and_a_group_that_is_not_there_are_refused(arm: Arm) -> None:
    nowhere = await arm.send("PUT", f"resourceGroups/none/{LOCKS}/keep", {"properties": {"level": "ReadOnly"}})
    assert nowhere.status == 404
    bad = await arm.send("PUT", f"{LOCKS}/keep", {"properties": {"level": "Soft"}})
    assert (bad.status, bad.body["error"]["code"]) == (400, "InvalidLockLevel")
