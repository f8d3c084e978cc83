"""How operations run, end, are preempted and aborted."""

from tests.emulator.conftest import CLUSTER, Arm
from tests.support.local_azure import LocalAzureForTests


async def test_a_create_tells_akss_progress_words_in_their_order(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    created = await arm.make_cluster()
    assert "retry-after" not in created.headers
    assert "location" not in created.headers
    words = []
    for _ in range(31):
        status = (await arm.status_of(created))["status"]
        if status not in words:
            words.append(status)
        stopped_azure.advance(10)
    assert words == [
        "InProgress",
        "ProvisioningNetworkResources",
        "ProvisioningControlPlane",
        "CreatingAgentPools: 0/1 nodes completed",
        "CreatingAgentPools: 1/1 nodes completed",
        "ReconcilingDNS",
        "Succeeded",
    ]


async def test_the_operation_url_is_as_long_as_a_signed_one(arm: Arm) -> None:
    await arm.make_group()
    assert len((await arm.make_cluster()).headers["azure-asyncoperation"]) > 2_600


async def test_a_delete_preempts_what_runs_and_takes_the_node_resource_group(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    await arm.make_group()
    created = await arm.make_cluster()
    stopped_azure.advance(150)
    deleted = await arm.send("DELETE", arm.cluster())
    assert deleted.status == 202
    assert {"azure-asyncoperation", "location"} <= set(deleted.headers)
    assert "retry-after" not in deleted.headers
    preempted = await arm.status_of(created)
    assert preempted["status"] == "Canceled"
    assert preempted["error"]["code"] == "AKSOperationPreemptedByDelete"
    assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Deleting"
    again = await arm.send("DELETE", arm.cluster())
    assert again.headers["azure-asyncoperation"] == deleted.headers["azure-asyncoperation"]
    stopped_azure.advance(250)
    assert (await arm.status_of(deleted))["status"] == "Succeeded"
    assert [g["name"] for g in (await arm.send("GET", "resourceGroups")).body["value"]] == ["g1"]


async def test_an_abort_ends_the_operation_as_canceled(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    created = await arm.make_cluster()
    aborted = await arm.send("POST", arm.cluster() + "/abort")
    assert aborted.status == 202
    assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Canceling"
    stopped_azure.advance(20)
    assert (await arm.status_of(created))["status"] == "Canceled"
    assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Canceled"
    again = await arm.send("POST", arm.cluster() + "/abort")
    assert (again.status, again.body["code"]) == (409, "OperationNotAllowed")
    assert "already Canceled, operation not allowed" in again.body["message"]
    assert (await arm.make_cluster()).status == 200


async def test_a_failed_create_can_recover_by_itself(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    """trouble 2: AKS keeps reconciling, the cluster turns Succeeded, the operation stays Failed."""
    stopped_azure.add_fault(
        "fail_operation", operation="ManagedClusters_*", code="CSE", message="51", recovers_after_seconds=300
    )
    await arm.make_group()
    created = await arm.make_cluster()
    stopped_azure.advance(300)
    assert (await arm.status_of(created))["error"] == {"code": "CSE", "message": "51"}
    assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Failed"
    stopped_azure.advance(300)
    assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Succeeded"
    assert (await arm.status_of(created))["status"] == "Failed"


async def test_a_stuck_operation_never_ends(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("stuck_operation", operation="ManagedClusters_CreateOrUpdate")
    await arm.make_group()
    created = await arm.make_cluster()
    stopped_azure.advance(24 * 3600 - 60)
    assert (await arm.status_of(created))["status"] == "ReconcilingDNS"
    assert (await arm.send("DELETE", arm.cluster())).status == 202


async def test_a_resource_group_takes_its_clusters_along(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(300)
    deleted = await arm.send("DELETE", "resourceGroups/g1")
    assert (deleted.status, deleted.headers["retry-after"]) == (202, "15")
    assert "azure-asyncoperation" not in deleted.headers
    assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Deleting"
    running = await arm.send("GET", deleted.headers["location"])
    assert (running.status, running.headers["retry-after"]) == (202, "15")
    stopped_azure.advance(365)
    assert (await arm.send("GET", deleted.headers["location"])).status == 200
    assert (await arm.send("GET", "resourceGroups")).body["value"] == []


async def test_pools_work_side_by_side_and_states_name_the_change(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(300)
    one = arm.cluster() + "/agentPools/one"
    created = await arm.send("PUT", one, {"properties": {"vmSize": "Standard_D2s_v5", "count": 1}})
    assert (created.status, created.body["properties"]["provisioningState"]) == (201, "Creating")
    scaled = await arm.send("PUT", arm.cluster() + "/agentPools/pool1", {"properties": {"count": 2}})
    assert (scaled.status, scaled.body["properties"]["provisioningState"]) == (200, "Scaling")
    stopped_azure.advance(215)
    upgraded = await arm.send("PUT", arm.cluster(), _with_version("1.34.0"))
    assert upgraded.body["properties"]["provisioningState"] == "Upgrading"
    assert upgraded.body["properties"]["currentKubernetesVersion"] == "1.33.5"
    stopped_azure.advance(92)
    assert (await arm.send("GET", arm.cluster())).body["properties"]["currentKubernetesVersion"] == "1.34.0"


def _with_version(version: str) -> dict[str, object]:
    return {"location": "westus2", "properties": {"dnsPrefix": "aso", "kubernetesVersion": version}}


async def test_a_change_of_speed_stretches_what_runs(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    created = await arm.make_cluster()
    stopped_azure.advance(100)
    changed = await arm.session.put(arm.azure.url + "/_local/speed", json={"speed": 2})
    assert changed.status == 200
    stopped_azure.advance(99)
    assert (await arm.status_of(created))["status"] != "Succeeded"
    stopped_azure.advance(2)
    assert (await arm.status_of(created))["status"] == "Succeeded"


async def test_an_existing_cluster_is_updated_with_200(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(300)
    reply = await arm.send("PUT", arm.cluster(), {**CLUSTER, "tags": {"a": "b"}})
    assert (reply.status, reply.body["properties"]["provisioningState"]) == (200, "Updating")
    assert [entry.effect for entry in stopped_azure.requests(operation="ManagedClusters_CreateOrUpdate")] == [
        "created",
        "updated",
    ]


async def test_a_recovery_leaves_alone_what_was_made_anew(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("fail_operation", operation="ManagedClusters_CreateOrUpdate", recovers_after_seconds=400)
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(300)
    await arm.send("DELETE", arm.cluster())
    stopped_azure.advance(250)
    await arm.make_cluster()
    stopped_azure.advance(200)
    assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Creating"


async def test_a_group_that_goes_takes_a_cluster_along_that_is_being_created(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    await arm.make_group()
    created = await arm.make_cluster()
    stopped_azure.advance(200)
    await arm.send("DELETE", "resourceGroups/g1")
    stopped_azure.advance(150)
    assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Deleting"
    stopped_azure.advance(400)
    assert (await arm.send("GET", "resourceGroups")).body["value"] == []
    assert (await arm.status_of(created))["status"] == "Succeeded"
