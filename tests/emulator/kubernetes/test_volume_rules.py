"""What no server takes of volumes, claims and classes, and what never changes of them."""

from typing import Any

import pytest

from tests.emulator.kubernetes.volumes import CLAIMS, CLASSES, PODS, VOLUMES, claim, pod, put, volume
from tests.emulator.kubernetes.workloads import MERGE, Driver

_REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        VOLUMES,
        {"metadata": {"name": "v"}, "spec": {}},
        ["spec.accessModes: Required value", "spec.capacity: Required value", "spec: Required value: must specify a"],
    ),
    (VOLUMES, volume(size="0"), ['spec.capacity[storage]: Invalid value: "0": must be greater than zero']),
    (VOLUMES, volume(accessModes=["Sometimes"]), ['spec.accessModes: Unsupported value: "Sometimes"']),
    (
        VOLUMES,
        volume(accessModes=["ReadWriteOncePod", "ReadWriteMany"]),
        ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
    ),
    (VOLUMES, volume(nfs={"server": "s", "path": "/"}), ["Forbidden: may not specify more than 1 volume type"]),
    (VOLUMES, volume(csi={"driver": "file.csi.azure.com"}), ["spec.csi.volumeHandle: Required value"]),
    (
        VOLUMES,
        volume(csi={"driver": "d", "volumeHandle": "h", "nodeStageSecretRef": {"name": "s"}}),
        ["spec.csi.nodeStageSecretRef.namespace: Required value"],
    ),
    (VOLUMES, volume(azureFile={"shareName": "s"}), ["spec.azureFile.secretName: Required value"]),
    (VOLUMES, volume(persistentVolumeReclaimPolicy="Keep"), ['Unsupported value: "Keep": supported values: "Delete"']),
    (CLAIMS, claim(accessModes=[]), ["spec.accessModes: Required value: at least 1 access mode is required"]),
    (CLAIMS, claim(resources={}), ["spec.resources[storage]: Required value"]),
    (CLAIMS, claim(size="-1Gi"), ['spec.resources[storage]: Invalid value: "-1Gi": must be greater than zero']),
    (CLAIMS, claim(volumeMode="Object"), ['spec.volumeMode: Unsupported value: "Object"']),
    (CLAIMS, claim(storageClassName="Not_A_Name"), ['spec.storageClassName: Invalid value: "Not_A_Name"']),
    (CLASSES, {"metadata": {"name": "c"}}, ["provisioner: Required value"]),
    (
        CLASSES,
        {"metadata": {"name": "c"}, "provisioner": "p", "reclaimPolicy": "Recycle", "volumeBindingMode": "Later"},
        ['reclaimPolicy: Unsupported value: "Recycle"', 'volumeBindingMode: Unsupported value: "Later"'],
    ),
    (PODS, pod(claim_name=""), ["spec.volumes[0].persistentVolumeClaim.claimName: Required value"]),
]


@pytest.mark.parametrize(("path", "document", "said"), _REFUSED)
async def test_what_no_server_takes_is_refused(
    driver: Driver, path: str, document: dict[str, Any], said: list[str]
) -> None:
    reply = await driver.client.ask("POST", path, document)
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    for part in said:
        assert part in reply.body["message"]


async def test_what_never_changes_of_a_volume_a_claim_and_a_class(driver: Driver) -> None:
    await put(driver, (VOLUMES, volume()), (CLAIMS, claim(volumeName="share")))
    csi = {"driver": "file.csi.azure.com", "volumeHandle": "another"}
    for path, change, said in (
        (f"{VOLUMES}/share", {"spec": {"csi": csi}}, "spec.persistentvolumesource is immutable after creation"),
        (f"{CLAIMS}/data", {"spec": {"volumeName": "other"}}, "spec is immutable after creation except resources"),
        (f"{CLAIMS}/data", {"spec": {"accessModes": ["ReadWriteOnce"]}}, "spec is immutable after creation except"),
        (f"{CLASSES}/azurefile", {"parameters": {"skuName": "Premium_LRS"}}, "updates to parameters are forbidden."),
        (f"{CLASSES}/azurefile", {"volumeBindingMode": "WaitForFirstConsumer"}, "field is immutable"),
    ):
        reply = await driver.client.ask("PATCH", path, change, content_type=MERGE)
        assert (reply.status, said in reply.body["message"]) == (422, True), reply.body


async def test_a_claim_grows_where_its_class_allows_it_and_never_shrinks(driver: Driver) -> None:
    fixed = {"metadata": {"name": "fixed"}, "provisioner": "file.csi.azure.com"}
    await put(
        driver,
        (CLASSES, fixed),
        (VOLUMES, volume()),
        (CLAIMS, claim()),
        (VOLUMES, volume("stiff", storageClassName="fixed")),
        (CLAIMS, claim("stiff", storageClassName="fixed")),
    )
    larger, smaller = ({"spec": {"resources": {"requests": {"storage": size}}}} for size in ("9Gi", "4Gi"))
    grown = await driver.client.ask("PATCH", f"{CLAIMS}/data", larger, content_type=MERGE)
    assert grown.status == 200
    refused = await driver.client.ask("PATCH", f"{CLAIMS}/stiff", larger, content_type=MERGE)
    assert (refused.status, refused.body["reason"]) == (403, "Forbidden")
    assert "only dynamically provisioned pvc can be resized and the storageclass that" in refused.body["message"]
    shrunk = await driver.client.ask("PATCH", f"{CLAIMS}/data", smaller, content_type=MERGE)
    assert (shrunk.status, "field can not be less than status.capacity" in shrunk.body["message"]) == (422, True)
