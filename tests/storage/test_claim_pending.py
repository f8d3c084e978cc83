"""Why a claim is Pending: from its events, and where nothing is said from what the cluster has. Always a reason."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.kubernetes.types.service import EventSeen
from app.kubernetes.types.volume import ClaimState, PersistentVolumeState, StorageClassState
from app.storage.specs.claim_pending import Cluster, why_pending

AT = datetime(2026, 11, 26, tzinfo=UTC)
CLAIM = ClaimState("shop", "data", "u1", "Pending", None, "files", ("ReadWriteMany",), "5Gi", None)
FILES = StorageClassState("files", "c1", "file.csi.azure.com")
DISK = StorageClassState("disk", "c2", "disk.csi.azure.com", binding_mode="WaitForFirstConsumer")
VOLUME = PersistentVolumeState(
    "pv", "p1", "Available", "file.csi.azure.com", "h", "", "Retain", "5Gi", ("ReadWriteMany",)
)


def said(reason: str, message: str = "", type_: str = "Warning", at: int = 0) -> EventSeen:
    moment = AT.replace(second=at)
    return EventSeen(reason, message, type_, 1, AT, moment, "", "PersistentVolumeClaim", "data", "shop", "u1")


@pytest.mark.parametrize(
    ("reason", "message", "code"),
    [
        ("ProvisioningFailed", 'storageclass.storage.k8s.io "gold" not found', "class_missing"),
        (
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
            "no_volume_fits",
        ),
        ("FailedBinding", 'volume "pv" already bound to a different claim.', "volume_taken"),
        ("VolumeMismatch", 'Cannot bind to requested volume "pv": requested PV is too small', "access_modes_differ"),
        (
            "ProvisioningFailed",
            "rpc error: code = InvalidArgument desc = invalid parameter skuNam in storage class",
            "invalid_parameter",
        ),
        (
            "ProvisioningFailed",
            "rpc error: code = InvalidArgument desc = nfs protocol is not supported on Standard_LRS",
            "nfs_needs_premium",
        ),
        (
            "ProvisioningFailed",
            "StorageAccountAlreadyTaken: The storage account named acc is already taken.",
            "account_name_taken",
        ),
        ("ProvisioningFailed", "RESPONSE 400 TooManyStorageAccounts", "account_limit"),
        (
            "ProvisioningFailed",
            "RESPONSE 403: 403 Forbidden ERROR CODE: AuthorizationFailed",
            "azure_authorization_failed",
        ),
        ("ProvisioningFailed", "RequestDisallowedByPolicy: was disallowed by policy", "azure_policy_denied"),
        ("ProvisioningFailed", "ScopeLocked", "azure_scope_locked"),
        (
            "ProvisioningFailed",
            "ResourceGroupNotFound: Resource group 'x' could not be found.",
            "resource_group_missing",
        ),
        (
            "ProvisioningFailed",
            'persistentvolumeclaims "data" is forbidden: exceeded quota: storage, requested',
            "kubernetes_quota_exceeded",
        ),
        ("ProvisioningFailed", "ShareBeingDeleted: The specified share is being deleted.", "share_being_deleted"),
        ("ProvisioningFailed", "RESPONSE 429: TooManyRequests", "throttled"),
        ("ProvisioningFailed", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "deadline"),
        ("ProvisioningFailed", "something that nobody has seen before", "provisioning_failed"),
    ],
)
def test_a_warning_is_told_in_words(reason: str, message: str, code: str) -> None:
    """A storage class or account with a fixed name that a second cluster takes, NFS on a standard account…"""
    found = why_pending(CLAIM, [said(reason, message)], Cluster(classes=(FILES,)))
    assert found.code == code
    assert found.detail
    assert "{" not in found.detail
    if not found.by_itself:
        assert found.remedy


@pytest.mark.parametrize(
    ("reason", "message", "code"),
    [
        ("WaitForFirstConsumer", "waiting for first consumer to be created before binding", "waits_for_pod"),
        ("WaitForPodScheduled", "waiting for pod web-0 to be scheduled", "waits_for_pod"),
        ("Provisioning", 'External provisioner is provisioning volume for claim "shop/data"', "provisioning"),
        (
            "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner 'file.csi.azure.com' or manually",
            "provisioner_silent",
        ),
    ],
)
def test_what_goes_on_by_itself_says_so(reason: str, message: str, code: str) -> None:
    found = why_pending(CLAIM, [said(reason, message, "Normal")], Cluster(classes=(FILES,)))
    assert (found.code, found.by_itself) == (code, True)


def test_the_newest_warning_counts_and_a_success_ends_it() -> None:
    old, new = said("ProvisioningFailed", "ScopeLocked", at=1), said("ProvisioningFailed", "TooManyRequests", at=2)
    assert why_pending(CLAIM, [new, old], Cluster()).code == "throttled"
    done = said("ProvisioningSucceeded", "ok", "Normal", at=3)
    assert why_pending(CLAIM, [old, new, done], Cluster(classes=(FILES,))).code == "provisioning"


@pytest.mark.parametrize(
    ("claim", "cluster", "code"),
    [
        ({"storage_class": "gold"}, Cluster(classes=(FILES,)), "class_missing"),
        ({"storage_class": None}, Cluster(classes=(FILES,)), "no_default_class"),
        ({"storage_class": None}, Cluster(classes=(replace(FILES, default=True),)), "provisioning"),
        ({"storage_class": ""}, Cluster(classes=(FILES,)), "no_volume_fits"),
        ({"storage_class": "disk"}, Cluster(classes=(DISK,)), "waits_for_pod"),
        ({"storage_class": "disk", "selected_node": "n1"}, Cluster(classes=(DISK,)), "provisioning"),
        ({}, Cluster(classes=(replace(FILES, provisioner="example.com/nfs"),)), "provisioner_silent"),
        ({}, Cluster(), "pending"),
        ({"volume": "pv"}, Cluster(), "volume_missing"),
        ({"volume": "pv", "storage_class": "gold"}, Cluster((VOLUME,)), "class_differs"),
        ({"volume": "pv", "storage_class": ""}, Cluster((VOLUME,)), "binding"),
        ({"volume": "pv", "storage_class": ""}, Cluster((replace(VOLUME, access_modes=()),)), "access_modes_differ"),
        (
            {"volume": "pv", "storage_class": ""},
            Cluster((replace(VOLUME, phase="Released", claim_namespace="shop", claim_name="data", claim_uid="u0"),)),
            "volume_taken",
        ),
    ],
)
def test_a_claim_of_which_nothing_is_said_has_a_reason_too(claim: dict[str, Any], cluster: Cluster, code: str) -> None:
    """A claim Pending for ever without a reason."""
    found = why_pending(replace(CLAIM, **claim), [], cluster)
    assert found.code == code
    assert found.detail
    assert found.by_itself or found.remedy
