"""Secrets, PersistentVolumes, claims and classes: what is applied, and what is read back."""

import json
from typing import Any, cast

import pytest
from lightkube.resources.core_v1 import PersistentVolume, PersistentVolumeClaim, Secret
from lightkube.resources.storage_v1 import StorageClass

from app.kubernetes import volumes
from app.kubernetes.types.volume import (
    AccountSecretSpec,
    ClaimSpec,
    PersistentVolumeSpec,
    StorageClassSpec,
    fingerprint,
)

LABELS = {"app.kubernetes.io/managed-by": "slipway"}
VOLUME = PersistentVolumeSpec(
    name="slipway-shop-data-1",
    handle="rg#acc#media##vol_1#shop",
    capacity_gib=5,
    access_modes=("ReadWriteMany",),
    claim_namespace="shop",
    claim_name="data",
    attributes={"shareName": "media", "storageAccount": "acc"},
    secret=("shop", "slipway-acc"),
    mount_options=("dir_mode=0777",),
    read_only=True,
    labels=LABELS,
)


def test_a_secret_is_read_back_and_its_key_shown_nowhere() -> None:
    spec = AccountSecretSpec("shop", "slipway-acc", "acc", "a-planted-key==", LABELS)
    state = volumes.secret_state(cast("Secret", Secret.from_dict(volumes.secret_body(spec).to_dict())))
    assert (state.account, state.key, state.labels) == ("acc", "a-planted-key==", LABELS)
    assert state.fingerprint == fingerprint("a-planted-key==")
    assert "planted" not in repr(spec) + repr(state)


@pytest.mark.parametrize("data", [None, {}, {"azurestorageaccountkey": "%%%"}, {"azurestorageaccountkey": "/w=="}])
def test_a_secret_without_a_readable_key_has_none(data: dict[str, str] | None) -> None:
    document = {"metadata": {"namespace": "shop", "name": "s", "uid": "u"}, "data": data}
    state = volumes.secret_state(cast("Secret", Secret.from_dict(document)))
    assert (state.key, state.fingerprint) == (None, None)


def test_a_secret_may_be_bound_to_the_one_that_was_read() -> None:
    spec = AccountSecretSpec("shop", "slipway-acc", "acc", "key")
    assert volumes.secret_body(spec, uid="u1").to_dict()["metadata"]["uid"] == "u1"
    assert "uid" not in volumes.secret_body(spec).to_dict()["metadata"]


def test_a_volume_is_read_back_and_kept_for_its_claim() -> None:
    document = volumes.volume_body(VOLUME).to_dict()
    assert document["spec"]["claimRef"]["name"] == "data"
    assert document["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert document["spec"]["storageClassName"] == ""
    assert document["spec"]["csi"]["nodeStageSecretRef"] == {"namespace": "shop", "name": "slipway-acc"}
    assert document["metadata"]["annotations"] == {"pv.kubernetes.io/provisioned-by": "file.csi.azure.com"}
    state = volumes.volume_state(cast("PersistentVolume", PersistentVolume.from_dict(document)))
    assert (state.handle, state.secret, state.capacity) == (VOLUME.handle, VOLUME.secret, "5Gi")
    assert (state.claim_namespace, state.claim_name, state.claim_uid) == ("shop", "data", None)


def test_a_claim_is_read_back() -> None:
    spec = ClaimSpec("shop", "data", ("ReadWriteMany",), 5, "slipway-shop-data-1", labels=LABELS)
    document = volumes.claim_body(spec).to_dict()
    # Without a class named, the cluster's default one would provision something else.
    assert document["spec"]["storageClassName"] == ""
    state = volumes.claim_state(cast("PersistentVolumeClaim", PersistentVolumeClaim.from_dict(document)))
    assert (state.volume, state.requested, state.phase) == ("slipway-shop-data-1", "5Gi", "Pending")


def test_a_claim_as_the_cluster_has_it() -> None:
    document: dict[str, Any] = {
        "metadata": {
            "namespace": "shop",
            "name": "data",
            "uid": "u",
            "annotations": {"volume.kubernetes.io/selected-node": "n1"},
            "deletionTimestamp": "2026-11-26T10:00:00Z",
            "finalizers": ["kubernetes.io/pvc-protection"],
        },
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}},
        "status": {"phase": "Bound", "capacity": {"storage": "8Gi"}, "conditions": [_condition("Resizing", "True")]},
    }
    state = volumes.claim_state(cast("PersistentVolumeClaim", PersistentVolumeClaim.from_dict(document)))
    assert (state.storage_class, state.capacity, state.conditions) == (None, "8Gi", ("Resizing",))
    assert (state.selected_node, state.deleting) == ("n1", True)


def _condition(type_: str, status: str) -> dict[str, str]:
    return {"type": type_, "status": status}


@pytest.mark.parametrize("prefix", ["storageclass", "storageclass.beta"])
def test_the_default_class_is_known_by_either_annotation(prefix: str) -> None:
    spec = StorageClassSpec("files", "file.csi.azure.com", {"skuName": "Standard_LRS"}, mount_options=("mfsymlinks",))
    document = cast("dict[str, Any]", json.loads(json.dumps(volumes.class_body(spec).to_dict())))
    document["metadata"]["annotations"] = {f"{prefix}.kubernetes.io/is-default-class": "true"}
    state = volumes.class_state(cast("StorageClass", StorageClass.from_dict(document)))
    assert state.default
    assert (state.parameters, state.mount_options, state.allow_expansion) == (spec.parameters, ("mfsymlinks",), True)
