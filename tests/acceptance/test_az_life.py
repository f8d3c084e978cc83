"""Real `az` through the life of a cluster and its pools: one story, each step on what those before have done."""

from typing import Final

import pytest

from tests.acceptance.conftest import LocalAzureProcess, Program

pytestmark = pytest.mark.timeout(600)

GROUP: Final = ("--resource-group", "shop")
BLUE: Final = (*GROUP, "--name", "blue")
POOLS: Final = (*GROUP, "--cluster-name", "blue")
FAST: Final = 1_000_000
"""So fast that the first look of `az` at an operation sees its end."""


def test_a_cluster_is_there(az: Program, azure: LocalAzureProcess) -> None:
    azure.set_speed(FAST)
    az.run("login", "--identity")
    az.run("group", "create", "--name", "shop", "--location", "westeurope")
    az.run("provider", "register", "--namespace", "Microsoft.ContainerService", "--wait")
    assert (
        az.json("aks", "create", *BLUE, "--node-count", "1", "--generate-ssh-keys")["provisioningState"] == "Succeeded"
    )


def test_a_pool_is_updated_upgraded_stopped_started_and_loses_a_machine(az: Program) -> None:
    work = (*POOLS, "--name", "work")
    az.run("aks", "upgrade", *BLUE, "--control-plane-only", "--kubernetes-version", "1.34.1", "--yes")
    added = az.json("aks", "nodepool", "add", *work, "--node-count", "2", "--kubernetes-version", "1.33.5")
    assert added["currentOrchestratorVersion"] == "1.33.5"
    assert az.json("aks", "nodepool", "update", *work, "--labels", "team=web")["nodeLabels"] == {"team": "web"}
    scaled = az.json(
        "aks", "nodepool", "update", *work, "--enable-cluster-autoscaler", "--min-count", "1", "--max-count", "3"
    )
    assert (scaled["enableAutoScaling"], scaled["minCount"], scaled["maxCount"]) == (True, 1, 3)
    refused = az.run("aks", "nodepool", "scale", *work, "--node-count", "3", code=1)
    assert "autoscaler" in refused
    assert az.json("aks", "nodepool", "update", *work, "--disable-cluster-autoscaler")["enableAutoScaling"] is False
    offered = az.json("aks", "nodepool", "get-upgrades", *POOLS, "--nodepool-name", "work")
    assert "1.34.1" in [one["kubernetesVersion"] for one in offered["upgrades"]]
    upgraded = az.json("aks", "nodepool", "upgrade", *work, "--kubernetes-version", "1.34.1", "--yes")
    assert upgraded["currentOrchestratorVersion"] == "1.34.1"
    az.run("aks", "nodepool", "upgrade", *work, "--node-image-only", "--yes")
    az.run("aks", "nodepool", "stop", *POOLS, "--nodepool-name", "work")
    assert az.json("aks", "nodepool", "show", *work)["powerState"] == {"code": "Stopped"}
    az.run("aks", "nodepool", "start", *POOLS, "--nodepool-name", "work")
    machines = az.json("aks", "machine", "list", *POOLS, "--nodepool-name", "work")
    assert len(machines) == 2
    az.run("aks", "nodepool", "delete-machines", *work, "--machine-names", machines[0]["name"])
    assert az.json("aks", "nodepool", "show", *work)["count"] == 1


def test_an_operation_that_is_stuck_is_aborted(az: Program, azure: LocalAzureProcess) -> None:
    azure.add_fault(kind="stuck_operation", operation="AgentPools_CreateOrUpdate")
    work = (*POOLS, "--name", "work")
    az.run("aks", "nodepool", "update", *work, "--labels", "team=ops", "--no-wait")
    assert az.json("aks", "nodepool", "show", *work)["provisioningState"] == "Updating"
    az.run("aks", "nodepool", "operation-abort", *POOLS, "--nodepool-name", "work")
    assert az.json("aks", "nodepool", "show", *work)["provisioningState"] == "Canceled"
    azure.add_fault(kind="stuck_operation", operation="ManagedClusters_CreateOrUpdate")
    az.run("aks", "update", *BLUE, "--tags", "a=d", "--no-wait")
    az.run("aks", "operation-abort", *BLUE)
    assert az.json("aks", "show", *BLUE)["provisioningState"] == "Canceled"
    az.run("aks", "update", *BLUE, "--tags", "a=d")
    az.run("aks", "wait", *BLUE, "--updated", "--timeout", "60")
    az.run("aks", "nodepool", "delete", *work)


def test_windows_snapshots_locks_and_identities(az: Program) -> None:
    schedule = ("--schedule-type", "Weekly", "--day-of-week", "Saturday", "--interval-weeks", "1")
    named = (*POOLS, "--name", "aksManagedAutoUpgradeSchedule")
    az.json("aks", "maintenanceconfiguration", "add", *named, *schedule, "--start-time", "00:00", "--duration", "4")
    assert az.json("aks", "maintenanceconfiguration", "show", *named)["maintenanceWindow"]["durationHours"] == 4
    assert len(az.json("aks", "maintenanceconfiguration", "list", *POOLS)) == 1
    az.run("aks", "maintenanceconfiguration", "delete", *named)
    (pool,) = az.json("aks", "nodepool", "list", *POOLS)
    taken = az.json("aks", "nodepool", "snapshot", "create", *GROUP, "--name", "like", "--nodepool-id", pool["id"])
    assert taken["nodeImageVersion"] == pool["nodeImageVersion"]
    az.run("aks", "nodepool", "snapshot", "delete", *GROUP, "--name", "like", "--yes")
    az.json("lock", "create", "--name", "keep", *GROUP, "--lock-type", "CanNotDelete")
    assert "(ScopeLocked)" in az.run("aks", "delete", *BLUE, "--yes", code=1)
    assert [lock["name"] for lock in az.json("lock", "list", *GROUP)] == ["keep"]
    az.run("lock", "delete", "--name", "keep", *GROUP)
    made = az.json("identity", "create", *GROUP, "--name", "own")
    assert az.json("identity", "show", *GROUP, "--name", "own")["clientId"] == made["clientId"]
    az.run("identity", "delete", *GROUP, "--name", "own")


def test_rotated_certificates_need_new_credentials(az: Program, kubectl: Program) -> None:
    az.run("aks", "get-credentials", *BLUE, "--admin")
    kubectl.run("get", "nodes")
    az.run("aks", "rotate-certs", *BLUE, "--yes")
    assert "certificate" in kubectl.run("get", "nodes", code=1)
    az.run("aks", "get-credentials", *BLUE, "--admin", "--overwrite-existing")
    kubectl.run("get", "nodes")


def test_the_channel_of_upgrades_is_set(az: Program) -> None:
    updated = az.json("aks", "update", *BLUE, "--auto-upgrade-channel", "patch")
    assert updated["autoUpgradeProfile"]["upgradeChannel"] == "patch"


def test_the_local_azure_lacked_nothing_that_was_asked(azure: LocalAzureProcess) -> None:
    entries = azure.read("/_local/requests?limit=20000")["requests"]
    assert [f"{entry['method']} {entry['path']}" for entry in entries if entry["status"] >= 500] == []
