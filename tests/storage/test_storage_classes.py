"""Storage classes and claims: parameters against the driver's table, what readers saw, and jobs in a cluster."""

import asyncio
from typing import Any

import pytest

from app.core.errors import InvalidRequestError
from app.models import ClusterReader, ReaderState
from app.storage.schemas.storage_classes import StorageClassCreate
from app.storage.specs.class_rules import class_of
from app.storage.specs.storage_seen import StorageSeen
from tests.load_balancers.exposing import add_cluster, errors_of
from tests.storage.bound import Stage
from tests.storage.test_claim_pending import CLAIM, DISK, FILES
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway, reading

CLASSES, CLAIMS = "/v1/clusters/blue/storage-classes", "/v1/clusters/blue/claims"


def body(**fields: Any) -> StorageClassCreate:
    return StorageClassCreate.model_validate({"name": "gold", "kind": "files", **fields})


@pytest.mark.parametrize(
    ("kind", "provisioner", "parameters", "binding"),
    [
        ("files", "file.csi.azure.com", {"skuName": "Standard_LRS"}, "Immediate"),
        ("files_premium", "file.csi.azure.com", {"skuName": "Premium_LRS"}, "Immediate"),
        ("files_nfs", "file.csi.azure.com", {"skuName": "Premium_LRS", "protocol": "nfs"}, "Immediate"),
        ("disk", "disk.csi.azure.com", {"skuName": "StandardSSD_LRS"}, "WaitForFirstConsumer"),
    ],
)
def test_each_kind_brings_its_own(kind: str, provisioner: str, parameters: dict[str, str], binding: str) -> None:
    spec = class_of(body(kind=kind))
    assert (spec.provisioner, dict(spec.parameters), spec.binding_mode) == (provisioner, parameters, binding)
    assert ("noresvport" in spec.mount_options) is (kind == "files_nfs")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"parameters": {"skuname": "Standard_LRS"}}, ("unknown_parameter", "/parameters/skuname")),
        ({"parameters": {"cachingMode": "None"}}, ("unknown_parameter", "/parameters/cachingMode")),
        ({"parameters": {"skuName": "Gold"}}, ("invalid_parameter", "/parameters/skuName")),
        ({"parameters": {"matchTags": "yes"}}, ("invalid_parameter", "/parameters/matchTags")),
        ({"parameters": {"accountQuota": "0"}}, ("invalid_parameter", "/parameters/accountQuota")),
        ({"parameters": {"accountQuota": "-5"}}, ("invalid_parameter", "/parameters/accountQuota")),
        ({"parameters": {"storageAccount": "My-Account"}}, ("invalid_parameter", "/parameters/storageAccount")),
        ({"parameters": {"shareName": "media"}}, ("fixed_share_name", "/parameters/shareName")),
        ({"parameters": {"rootSquashType": "AllSquash"}}, ("nfs_parameter", "/parameters/rootSquashType")),
        ({"parameters": {"protocol": "nfs"}}, ("nfs_needs_premium", "/parameters/skuName")),
        (
            {"kind": "files_nfs", "parameters": {"skuName": "Standard_LRS"}},
            ("nfs_needs_premium", "/parameters/skuName"),
        ),
        ({"kind": "files_nfs", "parameters": {"protocol": "smb"}}, ("protocol_of_kind", "/parameters/protocol")),
        ({"kind": "files_premium", "parameters": {"skuName": "Standard_LRS"}}, ("sku_of_kind", "/parameters/skuName")),
        (
            {"kind": "disk", "parameters": {"skuName": "UltraSSD_LRS", "cachingMode": "ReadOnly"}},
            ("caching_with_sku", "/parameters/cachingMode"),
        ),
        (
            {"kind": "disk", "parameters": {"csi.storage.k8s.io/fstype": "fat"}},
            ("invalid_parameter", "/parameters/csi.storage.k8s.io~1fstype"),
        ),
    ],
)
def test_what_the_driver_would_refuse_is_refused(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    """Trouble 68; a class with a fixed name that a second claim or cluster takes."""
    with pytest.raises(InvalidRequestError) as caught:
        class_of(body(**fields))
    assert expected in {(error.code, error.pointer) for error in caught.value.problem.errors}


def test_a_spelling_that_is_meant_is_named() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        class_of(body(parameters={"skuname": "Standard_LRS"}))
    assert "skuName" in caught.value.problem.errors[0].detail


async def add_seen(slipway: Slipway, cluster_id: str, seen: StorageSeen) -> None:
    async with slipway.parts.database.write() as session:
        row = ClusterReader(cluster_id=cluster_id, state=ReaderState.WATCHING, seen_at=slipway.parts.clock.now())
        row.storage = seen.as_json()
        session.add(row)


async def test_lists_are_answered_from_what_a_reader_saw(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    unseen = await idle_slipway.ask("GET", CLASSES)
    assert (unseen.status_code, unseen.json()["code"]) == (503, "storage_not_seen")
    claims = tuple(_claim(f"c{number}", "Bound" if number % 2 else "Pending") for number in range(5))
    await add_seen(idle_slipway, cluster.id, StorageSeen(claims, (), (FILES, DISK)))
    classes = (await idle_slipway.ask("GET", CLASSES)).json()["items"]
    assert [(each["name"], each["managed"]) for each in classes] == [("disk", False), ("files", False)]
    first = (await idle_slipway.ask("GET", f"{CLAIMS}?limit=3")).json()
    second = (await idle_slipway.ask("GET", f"{CLAIMS}?limit=3&cursor={first['next_cursor']}")).json()
    assert [each["name"] for each in first["items"] + second["items"]] == ["c0", "c1", "c2", "c3", "c4"]
    assert second["next_cursor"] is None
    pending = (await idle_slipway.ask("GET", f"{CLAIMS}?phase=Pending")).json()["items"]
    assert [(each["name"], each["problem"]["code"]) for each in pending] == [
        (name, "provisioning") for name in ("c0", "c2", "c4")
    ]
    assert (await idle_slipway.ask("GET", f"{CLAIMS}?namespace=other")).json()["items"] == []


def _claim(name: str, phase: str) -> Any:
    return type(CLAIM)("shop", name, f"u-{name}", phase, None, "files", ("ReadWriteMany",), "5Gi", None)


async def test_names_that_are_taken_and_classes_of_others(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    await add_seen(idle_slipway, cluster.id, StorageSeen((), (), (FILES,)))
    taken = await idle_slipway.ask("POST", CLASSES, {"name": "files", "kind": "disk"})
    assert (taken.status_code, errors_of(taken)) == (409, [("name_taken", "/name")])
    theirs = await idle_slipway.ask("DELETE", f"{CLASSES}/files")
    assert (theirs.status_code, theirs.json()["code"]) == (409, "storage_class_not_managed")
    assert (await idle_slipway.ask("DELETE", f"{CLASSES}/Nothing")).status_code == 404


@ONE_DATABASE
async def test_a_class_is_made_provisions_and_is_removed(slipway: Slipway) -> None:
    """And a reader sees AKS's classes, the new one, and the claim that waits for its pod."""
    stage = await Stage.open(slipway)
    job = await slipway.done("POST", CLASSES, {"name": "gold", "kind": "disk"})
    assert job["outcome"] == {"storage_class": "gold"}
    resources = {"requests": {"storage": "5Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": "gold"}
    path = "/api/v1/namespaces/default/persistentvolumeclaims"
    await stage.inside.send("POST", path, {"metadata": {"name": "dynamic"}, "spec": spec})
    async with reading(slipway):
        claims = await _until(slipway, CLAIMS, bool)
        assert claims[0]["problem"]["code"] == "waits_for_pod"
        classes = await _until(slipway, CLASSES, lambda items: any(each["name"] == "gold" for each in items))
        shipped = {each["name"] for each in classes if not each["managed"]}
        assert {"azurefile-csi", "managed-csi"} <= shipped
        await slipway.done("DELETE", f"{CLASSES}/gold")
        await _until(slipway, CLASSES, lambda items: all(each["name"] != "gold" for each in items))


async def _until(slipway: Slipway, path: str, fine: Any) -> list[dict[str, Any]]:
    for _ in range(200):
        answer = await slipway.ask("GET", path)
        if answer.status_code == 200 and fine(answer.json()["items"]):
            found: list[dict[str, Any]] = answer.json()["items"]
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(answer.text)


@ONE_DATABASE
async def test_a_class_whose_account_is_somebody_elses_is_refused(slipway: Slipway) -> None:
    """An account with a fixed name that somebody took in the world, or that is of another kind or place."""
    stage = await Stage.open(slipway)
    await stage.share("far", location="northeurope")
    for name, code in (("accfar", "other_location"), ("accmedia", "sku_differs")):
        kind = "files_premium" if code == "sku_differs" else "files"
        asked = {"name": f"c-{name}", "kind": kind, "parameters": {"storageAccount": name}}
        job = await slipway.ended(await slipway.accepted("POST", CLASSES, asked))
        assert job["problem"]["code"] == code, job
    fine = {"name": "own", "kind": "files", "parameters": {"storageAccount": "accmedia"}}
    assert (await slipway.done("POST", CLASSES, fine))["outcome"]["storage_class"] == "own"


@ONE_DATABASE
async def test_a_reader_keeps_volumes_up_to_date(slipway: Slipway) -> None:
    """A claim that is deleted outside is lost, and one that comes back is bound again."""
    stage = await Stage.open(slipway)
    volume = await stage.bind()
    async with reading(slipway):
        await _until(slipway, CLAIMS, lambda items: any(each["volume_id"] == volume["id"] for each in items))
        claim = "/api/v1/namespaces/default/persistentvolumeclaims/data"
        before = await stage.inside.send("GET", claim)
        await stage.inside.send("DELETE", claim)
        await _until_state(stage, volume, "lost")
        events = [each["type"] for each in await slipway.events()]
        assert events.count("volume.lost") == 1
        await stage.inside.send("DELETE", f"/api/v1/persistentvolumes/{volume['persistent_volume']}")
        assert before["metadata"]["labels"]["slipway.dev/volume"] == volume["id"]
        job = next(each for each in await _jobs(slipway) if each["kind"] == "volume.create")
        assert job["state"] == "succeeded"
        assert (await stage.remove(volume))["state"] == "succeeded"


async def _jobs(slipway: Slipway) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await slipway.ask("GET", "/v1/jobs")).json()["items"]
    return found


async def _until_state(stage: Stage, volume: dict[str, Any], state: str) -> None:
    for _ in range(200):
        if (await stage.read(volume["id"]))["state"] == state:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(await stage.read(volume["id"]))
