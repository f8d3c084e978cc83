"""Disks for claims: made for the node of the first pod, attached, detached, deleted."""

from typing import Any

from tests.emulator.kubernetes.volumes import CLAIMS, PODS, VOLUMES, claim
from tests.emulator.volumes.conftest import RETRIES, Files

NODES = "MC_g1_c1_westus2"
ATTACHMENTS = "/apis/storage.k8s.io/v1/volumeattachments"
_COMPUTE = {"version": "2024-07-01"}


def _disk_claim(name: str = "data", **spec: Any) -> dict[str, Any]:
    return claim(name, **{"storageClassName": None, "accessModes": ["ReadWriteOnce"], **spec})


async def _disks(files: Files) -> list[dict[str, Any]]:
    path = f"resourceGroups/{NODES}/providers/Microsoft.Compute/disks"
    found: list[dict[str, Any]] = (await files.azure("GET", path, **_COMPUTE))["value"]
    return [disk for disk in found if disk["name"].startswith("pvc-")]


async def test_a_disk_is_made_for_the_first_pod_attached_to_its_node_and_goes_with_its_claim(files: Files) -> None:
    await files.create(CLAIMS, _disk_claim())
    await files.scene.advance(30)
    assert await _disks(files) == []
    assert await files.scene.reasons("data") == ["WaitForFirstConsumer"]
    await files.run()
    await files.pass_time()
    assert await files.phase() == "Running"
    (disk,) = await _disks(files)
    assert (disk["sku"]["name"], disk["properties"]["diskSizeGB"]) == ("StandardSSD_LRS", 5)
    assert "/virtualMachines/" in disk["managedBy"]
    (attachment,) = (await files.get(ATTACHMENTS))["items"]
    assert (attachment["status"]["attached"], attachment["spec"]["attacher"]) == (True, "disk.csi.azure.com")
    assert "SuccessfulAttachVolume" in await files.scene.reasons("web")
    await files.scene.kube.ask("DELETE", f"{PODS}/web")
    await files.pass_time(3)
    assert (await files.get(ATTACHMENTS))["items"] == []
    (disk,) = await _disks(files)
    assert ("managedBy" in disk, disk["properties"]["diskState"]) == (False, "Unattached")
    await files.scene.kube.ask("DELETE", f"{CLAIMS}/data")
    await files.pass_time(3)
    assert (await _disks(files), (await files.get(VOLUMES))["items"]) == ([], [])


async def test_a_disk_for_many_nodes_at_once_is_refused(files: Files) -> None:
    await files.create(CLAIMS, _disk_claim(accessModes=["ReadWriteMany"]))
    assert await files.run(wait=30) == "Pending"
    said = [message for reason, message, _ in await files.scene.events("data") if reason == "ProvisioningFailed"]
    assert "mountVolume is not supported for access mode: MULTI_NODE_MULTI_WRITER" in said[0]


async def test_a_disk_that_cannot_be_attached_keeps_its_pod_and_says_why(files: Files) -> None:
    await files.create(CLAIMS, _disk_claim())
    operation = "VirtualMachineScaleSetVMs_AttachDetachDataDisks"
    files.scene.azure.add_fault("forbid", operation=operation, caller="cluster", count=None)
    await files.run()
    await files.pass_time(4)
    assert await files.phase() == "Pending"
    said = [message for reason, message, _ in await files.scene.events("web") if reason == "FailedAttachVolume"]
    assert 'AttachVolume.Attach failed for volume "pvc-' in said[-1]
    assert "ERROR CODE: AuthorizationFailed" in said[-1]
    files.scene.azure.clear_faults()
    await files.pass_time(4, RETRIES)
    assert await files.phase() == "Running"


async def test_a_disk_grows_and_never_shrinks(files: Files) -> None:
    await files.create(CLAIMS, _disk_claim())
    await files.run()
    await files.pass_time()
    larger = {"spec": {"resources": {"requests": {"storage": "9Gi"}}}}
    media = "application/merge-patch+json"
    await files.scene.kube.ask("PATCH", f"{CLAIMS}/data", larger, content_type=media)
    await files.scene.advance(10)
    (disk,) = await _disks(files)
    assert disk["properties"]["diskSizeGB"] == 9
    smaller = await files.scene.arm.send("PATCH", disk["id"], {"properties": {"diskSizeGB": 2}})
    assert (smaller.status, smaller.body["error"]["code"]) == (409, "OperationNotAllowed")


async def test_a_disk_at_a_machine_is_not_deleted(files: Files) -> None:
    await files.create(CLAIMS, _disk_claim())
    await files.run()
    await files.pass_time()
    (disk,) = await _disks(files)
    refused = await files.scene.arm.send("DELETE", disk["id"])
    assert (refused.status, refused.body["error"]["code"]) == (409, "OperationNotAllowed")
