"""Claims that a driver serves: shares in real accounts of the local Azure, and why there is none."""

from typing import Any

import pytest

from tests.emulator.kubernetes.volumes import CLAIMS, CLASSES, PODS, VOLUMES, claim
from tests.emulator.volumes.conftest import MERGE, RETRIES, SECRETS, Files

NODES = "MC_g1_c1_westus2"
PROVISION = 40
"""Scaled seconds in which an account and a share are made."""


async def _claimed(files: Files, name: str = "data", wait: float = PROVISION, **spec: Any) -> dict[str, Any]:
    await files.create(CLAIMS, claim(name, **spec))
    await files.scene.advance(wait)
    found: dict[str, Any] = await files.get(f"{CLAIMS}/{name}")
    return found


async def _accounts(files: Files) -> list[dict[str, Any]]:
    path = f"resourceGroups/{NODES}/providers/Microsoft.Storage/storageAccounts"
    found: list[dict[str, Any]] = (await files.azure("GET", path))["value"]
    return found


async def _shares(files: Files, account: str) -> list[dict[str, Any]]:
    path = f"{files.account(account, NODES)}/fileServices/default/shares"
    found: list[dict[str, Any]] = (await files.azure("GET", path))["value"]
    return found


async def test_a_claim_gets_a_share_in_an_account_that_is_made_and_its_pod_runs(files: Files) -> None:
    bound = await _claimed(files)
    name = f"pvc-{bound['metadata']['uid']}"
    assert (bound["status"]["phase"], bound["spec"]["volumeName"]) == ("Bound", name)
    (account,) = await _accounts(files)
    assert (account["kind"], account["sku"]["name"], account["tags"]) == (
        "StorageV2",
        "Standard_LRS",
        {"k8s-azure-created-by": "azure"},
    )
    (share,) = await _shares(files, account["name"])
    assert (share["name"], share["properties"]["shareQuota"]) == (name, 5)
    secret = await files.get(f"{SECRETS}/azure-storage-account-{account['name']}-secret")
    assert sorted(secret["data"]) == ["azurestorageaccountkey", "azurestorageaccountname"]
    volume = await files.get(f"{VOLUMES}/{name}")
    assert volume["spec"]["csi"]["volumeHandle"] == f"{NODES}#{account['name']}#{name}###default"
    assert volume["spec"]["mountOptions"] == ["mfsymlinks", "actimeo=30", "nosharesock"]
    assert sorted(volume["metadata"]["finalizers"]) == [
        "external-provisioner.volume.kubernetes.io/finalizer",
        "kubernetes.io/pv-protection",
    ]
    assert await files.run() == "Running"
    assert await files.scene.reasons("data") == ["ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"]


async def test_a_second_claim_goes_to_the_same_account_and_a_premium_one_to_another(files: Files) -> None:
    """Trouble 64: no account in a loop."""
    await _claimed(files)
    await _claimed(files, "second")
    assert len(await _accounts(files)) == 1
    premium = await _claimed(files, "fast", storageClassName="azurefile-csi-premium")
    assert premium["status"]["capacity"] == {"storage": "100Gi"}
    assert sorted(account["kind"] for account in await _accounts(files)) == ["FileStorage", "StorageV2"]


async def test_a_share_goes_with_its_claim_and_the_account_stays(files: Files) -> None:
    bound = await _claimed(files)
    (account,) = await _accounts(files)
    await files.scene.kube.ask("DELETE", f"{CLAIMS}/data")
    await files.scene.advance(10)
    volume = await files.scene.kube.ask("GET", f"{VOLUMES}/{bound['spec']['volumeName']}")
    assert (volume.status, await _shares(files, account["name"]), len(await _accounts(files))) == (404, [], 1)


async def test_a_share_that_cannot_be_deleted_keeps_its_volume_and_says_why(files: Files) -> None:
    """Trouble 65: a share with snapshots."""
    bound = await _claimed(files)
    (account,) = await _accounts(files)
    name = bound["spec"]["volumeName"]
    share = f"{files.account(account['name'], NODES)}/fileServices/default/shares/{name}"
    await files.scene.arm.send("PUT", share, {}, expand="snapshots")
    files.scene.azure.add_fault(
        "error", operation="FileShares_Delete", caller="cluster", status=409, code="ShareHasSnapshots", count=None
    )
    await files.scene.kube.ask("DELETE", f"{CLAIMS}/data")
    await files.scene.advance(10)
    volume = await files.get(f"{VOLUMES}/{name}")
    assert volume["status"]["phase"] == "Released"
    said = [message for reason, message, _ in await files.scene.events(name) if reason == "VolumeFailedDelete"]
    assert f"DeleteFileShare {name} under account({account['name']})" in said[0]
    assert "ERROR CODE: ShareHasSnapshots" in said[0]
    files.scene.azure.clear_faults()
    await files.scene.advance(RETRIES)
    assert (await files.scene.kube.ask("GET", f"{VOLUMES}/{name}")).status == 404


async def test_what_azure_refuses_is_the_claims_event_and_heals(files: Files) -> None:
    files.scene.azure.add_fault("forbid", operation="StorageAccounts_Create", caller="cluster", count=None)
    waiting = await _claimed(files)
    assert waiting["status"]["phase"] == "Pending"
    said = [message for reason, message, _ in await files.scene.events("data") if reason == "ProvisioningFailed"]
    assert said[0].startswith(
        'failed to provision volume with StorageClass "azurefile-csi": rpc error: code = Internal'
    )
    assert "ERROR CODE: AuthorizationFailed" in said[0]
    files.scene.azure.clear_faults()
    await files.scene.advance(RETRIES)
    assert (await files.get(f"{CLAIMS}/data"))["status"]["phase"] == "Bound"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"skuNmae": "Standard_LRS"}, 'invalid parameter "skuNmae" in storage class'),
        ({"protocol": "ftp"}, "protocol(ftp) is not supported, supported protocol list: [smb nfs]"),
        (
            {"protocol": "nfs", "skuName": "Standard_LRS"},
            "nfs protocol only supports premium storage, current account type: Standard_LRS",
        ),
        ({"shareAccessTier": "Warm"}, "shareAccessTier(Warm) is not supported"),
        ({"tags": "team"}, "Tags 'team' are invalid, the format should like"),
        ({"skuName": "Gold_LRS"}, "ERROR CODE: InvalidValuesForRequestParameters"),
        ({"storageAccount": "absent1"}, "ERROR CODE: ResourceNotFound"),
    ],
)
async def test_a_class_that_asks_for_what_is_not_had_says_so(
    files: Files, parameters: dict[str, str], said: str
) -> None:
    """Trouble 68, and a claim that is pending for ever without a reason."""
    wrong = {"metadata": {"name": "own"}, "provisioner": "file.csi.azure.com", "parameters": parameters}
    await files.create(CLASSES, wrong)
    assert (await _claimed(files, storageClassName="own"))["status"]["phase"] == "Pending"
    failures = [message for reason, message, _ in await files.scene.events("data") if reason == "ProvisioningFailed"]
    assert said in failures[-1]


async def test_a_full_account_is_set_aside_and_another_made(files: Files) -> None:
    """Trouble 64 and scene 11: an account that is full of what was deleted."""
    await _claimed(files, storageClassName="azurefile-csi-premium", size="60000Gi")
    await _claimed(files, "second", storageClassName="azurefile-csi-premium", size="60000Gi")
    accounts = await _accounts(files)
    assert sorted("skip-matching" in account["tags"] for account in accounts) == [False, True]
    assert (await files.get(f"{CLAIMS}/second"))["status"]["phase"] == "Bound"


async def test_a_claim_of_an_nfs_class_is_mounted_without_a_key(files: Files) -> None:
    """Trouble 68: the driver opens the subnet and the account as NFS needs it."""
    nfs = {"metadata": {"name": "nfs"}, "provisioner": "file.csi.azure.com", "parameters": {"protocol": "nfs"}}
    await files.create(CLASSES, nfs)
    assert (await _claimed(files, storageClassName="nfs"))["status"]["phase"] == "Bound"
    (account,) = await _accounts(files)
    assert account["properties"]["supportsHttpsTrafficOnly"] is False
    assert await files.run() == "Running"


async def test_a_class_may_name_another_location_and_smb_reaches_it(files: Files) -> None:
    far = {"metadata": {"name": "far"}, "provisioner": "file.csi.azure.com", "parameters": {"location": "northeurope"}}
    await files.create(CLASSES, far)
    await _claimed(files)
    assert (await _claimed(files, "far", storageClassName="far"))["status"]["phase"] == "Bound"
    assert sorted(account["location"] for account in await _accounts(files)) == ["northeurope", "westus2"]
    assert await files.run(claim_name="far") == "Running"


async def test_the_namespace_of_a_secret_has_to_be_there(files: Files) -> None:
    parameters = {"secretNamespace": "absent"}
    wrong = {"metadata": {"name": "own"}, "provisioner": "file.csi.azure.com", "parameters": parameters}
    await files.create(CLASSES, wrong)
    await _claimed(files, storageClassName="own")
    said = [message for reason, message, _ in await files.scene.events("data") if reason == "ProvisioningFailed"]
    assert 'failed to store storage account key: namespaces "absent" not found' in said[-1]


async def test_a_claim_grows_with_its_share(files: Files) -> None:
    """Trouble 69."""
    bound = await _claimed(files)
    larger = {"spec": {"resources": {"requests": {"storage": "20Gi"}}}}
    asked = await files.scene.kube.ask("PATCH", f"{CLAIMS}/data", larger, content_type=MERGE)
    assert asked.status == 200
    await files.scene.advance(1)
    assert (await files.get(f"{CLAIMS}/data"))["status"]["conditions"][0]["type"] == "Resizing"
    await files.scene.advance(10)
    status = (await files.get(f"{CLAIMS}/data"))["status"]
    assert (status["capacity"], "conditions" in status) == ({"storage": "20Gi"}, False)
    volume = await files.get(f"{VOLUMES}/{bound['spec']['volumeName']}")
    assert volume["spec"]["capacity"] == {"storage": "20Gi"}
    (account,) = await _accounts(files)
    assert [share["properties"]["shareQuota"] for share in await _shares(files, account["name"])] == [20]


async def test_a_share_that_cannot_grow_says_why(files: Files) -> None:
    await _claimed(files)
    larger = {"spec": {"resources": {"requests": {"storage": "200Ti"}}}}
    await files.scene.kube.ask("PATCH", f"{CLAIMS}/data", larger, content_type=MERGE)
    await files.scene.advance(10)
    said = [message for reason, message, _ in await files.scene.events("data") if reason == "VolumeResizeFailed"]
    assert 'by resizer "file.csi.azure.com" failed: rpc error: code = Internal desc = expand volume error' in said[0]
    assert (await files.get(f"{CLAIMS}/data"))["status"]["capacity"] == {"storage": "5Gi"}


async def test_a_claim_that_goes_while_its_share_is_made_leaves_nothing(files: Files) -> None:
    await files.create(CLAIMS, claim())
    await files.scene.advance(1)
    await files.scene.kube.ask("DELETE", f"{CLAIMS}/data")
    await files.scene.advance(PROVISION)
    assert (await files.get(VOLUMES))["items"] == []


async def test_each_pod_of_a_stateful_set_gets_a_claim_of_its_own(files: Files) -> None:
    template = {
        "metadata": {"labels": {"app": "db"}},
        "spec": {"containers": [{"name": "db", "image": "db", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}]},
    }
    wanted = {
        "replicas": 2,
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}},
        "template": template,
        "volumeClaimTemplates": [claim()],
    }
    await files.create("/apis/apps/v1/namespaces/default/statefulsets", {"metadata": {"name": "db"}, "spec": wanted})
    for _ in range(4):
        await files.scene.advance(PROVISION)
    claims = {one["metadata"]["name"]: one["status"]["phase"] for one in (await files.get(CLAIMS))["items"]}
    assert claims == {"data-db-0": "Bound", "data-db-1": "Bound"}
    assert [pod["status"]["phase"] for pod in (await files.get(PODS))["items"]] == ["Running", "Running"]
