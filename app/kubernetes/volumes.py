"""Secrets of accounts, PersistentVolumes, claims and StorageClasses: to Kubernetes' objects and back."""

import base64
import binascii
from collections.abc import Mapping

from lightkube.models.core_v1 import (
    CSIPersistentVolumeSource,
    ObjectReference,
    PersistentVolumeClaimStatus,
    PersistentVolumeStatus,
    SecretReference,
    VolumeResourceRequirements,
)
from lightkube.models.core_v1 import PersistentVolumeClaimSpec as KubernetesClaimSpec
from lightkube.models.core_v1 import PersistentVolumeSpec as KubernetesVolumeSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import PersistentVolume, PersistentVolumeClaim, Secret
from lightkube.resources.storage_v1 import StorageClass

from app.kubernetes.types.volume import (
    ACCOUNT_KEY,
    ACCOUNT_NAME,
    FILES_DRIVER,
    AccountSecretSpec,
    AccountSecretState,
    ClaimSpec,
    ClaimState,
    PersistentVolumeSpec,
    PersistentVolumeState,
    StorageClassSpec,
    StorageClassState,
)

_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def secret_body(spec: AccountSecretSpec, *, uid: str | None = None) -> Secret:
    """The Secret that is applied. `uid`: only where the Secret of that uid is still there."""
    data = {ACCOUNT_NAME: _encoded(spec.account), ACCOUNT_KEY: _encoded(spec.key)}
    metadata = ObjectMeta(namespace=spec.namespace, name=spec.name, uid=uid, labels=dict(spec.labels) or None)
    return Secret(metadata=metadata, type="Opaque", data=data)


def secret_state(secret: Secret) -> AccountSecretState:
    """What matters of a Secret."""
    metadata = secret.metadata or ObjectMeta()
    return AccountSecretState(
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        uid=metadata.uid or "",
        account=_decoded(secret.data, ACCOUNT_NAME),
        key=_decoded(secret.data, ACCOUNT_KEY),
        labels=_words(metadata.labels),
        deleting=metadata.deletionTimestamp is not None,
    )


def volume_body(spec: PersistentVolumeSpec) -> PersistentVolume:
    """The PersistentVolume that is applied. Its claim is named, so that no other one takes it."""
    reference = SecretReference(namespace=spec.secret[0], name=spec.secret[1]) if spec.secret else None
    return PersistentVolume(
        metadata=ObjectMeta(
            name=spec.name, labels=dict(spec.labels) or None, annotations={_PROVISIONED_BY: FILES_DRIVER}
        ),
        spec=KubernetesVolumeSpec(
            capacity={"storage": f"{spec.capacity_gib}Gi"},
            accessModes=list(spec.access_modes),
            persistentVolumeReclaimPolicy=spec.reclaim_policy,
            storageClassName="",
            mountOptions=list(spec.mount_options) or None,
            claimRef=ObjectReference(
                apiVersion="v1", kind="PersistentVolumeClaim", namespace=spec.claim_namespace, name=spec.claim_name
            ),
            csi=CSIPersistentVolumeSource(
                driver=FILES_DRIVER,
                volumeHandle=spec.handle,
                readOnly=spec.read_only or None,
                volumeAttributes=dict(spec.attributes),
                nodeStageSecretRef=reference,
            ),
        ),
    )


def volume_state(volume: PersistentVolume) -> PersistentVolumeState:
    """What matters of a PersistentVolume."""
    metadata = volume.metadata or ObjectMeta()
    spec = volume.spec or KubernetesVolumeSpec()
    status = volume.status or PersistentVolumeStatus()
    csi, claim = spec.csi, spec.claimRef
    secret = csi.nodeStageSecretRef if csi else None
    return PersistentVolumeState(
        name=metadata.name or "",
        uid=metadata.uid or "",
        phase=status.phase or "Pending",
        driver=csi.driver if csi else None,
        handle=csi.volumeHandle if csi else None,
        storage_class=spec.storageClassName or "",
        reclaim_policy=spec.persistentVolumeReclaimPolicy or "Retain",
        capacity=_quantity(spec.capacity),
        access_modes=tuple(spec.accessModes or ()),
        attributes=_words(csi.volumeAttributes if csi else None),
        secret=(secret.namespace or "", secret.name or "") if secret else None,
        mount_options=tuple(spec.mountOptions or ()),
        claim_namespace=claim.namespace if claim else None,
        claim_name=claim.name if claim else None,
        claim_uid=claim.uid if claim else None,
        labels=_words(metadata.labels),
        message=status.message or None,
        deleting=metadata.deletionTimestamp is not None,
        finalizers=tuple(metadata.finalizers or ()),
    )


def claim_body(spec: ClaimSpec) -> PersistentVolumeClaim:
    """The claim that is applied."""
    return PersistentVolumeClaim(
        metadata=ObjectMeta(namespace=spec.namespace, name=spec.name, labels=dict(spec.labels) or None),
        spec=KubernetesClaimSpec(
            accessModes=list(spec.access_modes),
            resources=VolumeResourceRequirements(requests={"storage": f"{spec.request_gib}Gi"}),
            volumeName=spec.volume,
            storageClassName=spec.storage_class,
        ),
    )


def claim_state(claim: PersistentVolumeClaim) -> ClaimState:
    """What matters of a claim."""
    metadata = claim.metadata or ObjectMeta()
    spec = claim.spec or KubernetesClaimSpec()
    status = claim.status or PersistentVolumeClaimStatus()
    annotations = metadata.annotations or {}
    class_name = spec.storageClassName if spec.storageClassName is not None else annotations.get(_OLD_CLASS)
    return ClaimState(
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        uid=metadata.uid or "",
        phase=status.phase or "Pending",
        volume=spec.volumeName or None,
        storage_class=class_name,
        access_modes=tuple(spec.accessModes or ()),
        requested=_quantity(spec.resources.requests if spec.resources else None),
        capacity=_quantity(status.capacity),
        labels=_words(metadata.labels),
        conditions=tuple(sorted(one.type for one in status.conditions or () if one.status == "True")),
        selected_node=annotations.get(_SELECTED_NODE),
        deleting=metadata.deletionTimestamp is not None,
        finalizers=tuple(metadata.finalizers or ()),
        created_at=metadata.creationTimestamp,
    )


def class_body(spec: StorageClassSpec) -> StorageClass:
    """The StorageClass that is applied."""
    return StorageClass(
        metadata=ObjectMeta(name=spec.name, labels=dict(spec.labels) or None),
        provisioner=spec.provisioner,
        parameters=dict(spec.parameters) or None,
        reclaimPolicy=spec.reclaim_policy,
        volumeBindingMode=spec.binding_mode,
        allowVolumeExpansion=spec.allow_expansion,
        mountOptions=list(spec.mount_options) or None,
    )


def class_state(found: StorageClass) -> StorageClassState:
    """What matters of a StorageClass."""
    metadata = found.metadata or ObjectMeta()
    annotations = metadata.annotations or {}
    return StorageClassState(
        name=metadata.name or "",
        uid=metadata.uid or "",
        provisioner=found.provisioner,
        parameters=_words(found.parameters),
        reclaim_policy=found.reclaimPolicy or "Delete",
        binding_mode=found.volumeBindingMode or "Immediate",
        allow_expansion=bool(found.allowVolumeExpansion),
        mount_options=tuple(found.mountOptions or ()),
        default=any(annotations.get(name) == "true" for name in _DEFAULT_CLASS),
        labels=_words(metadata.labels),
        deleting=metadata.deletionTimestamp is not None,
    )


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(data: Mapping[str, str] | None, name: str) -> str | None:
    """A value of a Secret; None where it is missing or no text."""
    try:
        return base64.b64decode((data or {})[name], validate=True).decode()
    except (KeyError, TypeError, binascii.Error, UnicodeDecodeError):
        return None


def _quantity(found: Mapping[str, object] | None) -> str | None:
    value = (found or {}).get("storage")
    return None if value is None else str(value)


def _words(found: Mapping[str, str] | None) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in (found or {}).items()}
