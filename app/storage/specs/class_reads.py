"""Storage classes and claims as callers see them."""

from app.kubernetes.types.volume import ClaimState, StorageClassState
from app.storage.schemas.storage_classes import ClaimRead, StorageClassRead
from app.storage.schemas.volumes import VolumeProblemRead
from app.storage.specs.claim_pending import Cluster, why_pending
from app.storage.specs.class_rules import is_managed
from app.storage.specs.storage_seen import StorageSeen
from app.storage.specs.volume_objects import VOLUME_LABEL

_BOUND = "Bound"


def class_read(found: StorageClassState) -> StorageClassRead:
    """A class as callers see it."""
    return StorageClassRead(
        name=found.name,
        provisioner=found.provisioner,
        parameters=dict(found.parameters),
        reclaim_policy=found.reclaim_policy,
        binding_mode=found.binding_mode,
        allow_expansion=found.allow_expansion,
        mount_options=list(found.mount_options),
        default=found.default,
        managed=is_managed(found),
    )


def claim_read(claim: ClaimState, seen: StorageSeen) -> ClaimRead:
    """A claim as callers see it; where it is not bound, with the reason."""
    pending = None
    if claim.phase != _BOUND:
        cluster = Cluster(seen.volumes or (), seen.classes)
        pending = why_pending(claim, seen.events_of(claim), cluster).as_json()
    return ClaimRead(
        namespace=claim.namespace,
        name=claim.name,
        phase=claim.phase,
        storage_class=claim.storage_class,
        persistent_volume=claim.volume,
        access_modes=list(claim.access_modes),
        requested=claim.requested,
        capacity=claim.capacity,
        volume_id=claim.labels.get(VOLUME_LABEL),
        deleting=claim.deleting,
        problem=None if pending is None else VolumeProblemRead(**pending),
        created_at=claim.created_at,
    )
