"""Why a claim is Pending, in words: from its events, and where nothing is said, from what the cluster has.

Kubernetes' own controller says what it waits for; the driver says what Azure answered.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.clock import rfc3339
from app.core.json import JsonObject
from app.kubernetes.types.service import EventSeen
from app.kubernetes.types.volume import (
    DISK_DRIVER,
    FILES_DRIVER,
    ClaimState,
    PersistentVolumeState,
    StorageClassState,
)
from app.storage.specs.claim_table import ROWS

_BLANKS = re.compile(r"\s+")
_MOST_WORDS = 500
_FIRST_CONSUMER = "WaitForFirstConsumer"
_KNOWN_DRIVERS = frozenset({FILES_DRIVER, DISK_DRIVER, "kubernetes.io/azure-file", "kubernetes.io/azure-disk"})
_DONE = frozenset({"ProvisioningSucceeded"})


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the cluster has of storage. `classes` None: not known."""

    volumes: Sequence[PersistentVolumeState] = ()
    classes: Sequence[StorageClassState] | None = None


@dataclass(frozen=True, slots=True)
class PendingClaim:
    """Why it is not bound. `by_itself`: it goes on without anybody's doing, or is tried again."""

    code: str
    detail: str
    remedy: str | None = None
    by_itself: bool = False
    since: datetime | None = None

    def as_json(self) -> JsonObject:
        """The form in which a row keeps it."""
        return {
            "code": self.code,
            "detail": self.detail,
            "remedy": self.remedy,
            "retryable": self.by_itself,
            "since": None if self.since is None else rfc3339(self.since),
        }


def why_pending(claim: ClaimState, events: Iterable[EventSeen], cluster: Cluster) -> PendingClaim:
    """Why this claim, which is not bound, is not; always with a reason."""
    said = _said(events)
    if said is not None:
        return said
    if claim.volume:
        return _for_its_volume(claim, claim.volume, cluster)
    return _for_its_class(claim, cluster)


def _said(events: Iterable[EventSeen]) -> PendingClaim | None:
    """What the newest event that tells something says."""
    told = sorted(events, key=lambda event: event.last_seen or datetime.min.replace(tzinfo=UTC))
    if not told or told[-1].reason in _DONE:
        return None
    warnings = [event for event in told if event.type == "Warning"]
    return _explained(warnings[-1] if warnings else told[-1])


def _explained(event: EventSeen) -> PendingClaim | None:
    text = _BLANKS.sub(" ", event.message).strip()[:_MOST_WORDS]
    for row in ROWS:
        found = row.pattern.search(f"{event.reason}: {text}")
        if found:
            facts = {**{name: value or "…" for name, value in found.groupdict().items()}, "said": text}
            return PendingClaim(
                row.code,
                row.detail.format_map(facts),
                row.remedy.format_map(facts) if row.remedy else None,
                row.by_itself,
                event.first_seen,
            )
    if event.type != "Warning":
        return None
    remedy = "kubectl describe pvc shows all that is said of it."
    return PendingClaim("provisioning_failed", f"The cluster says: {text}", remedy, by_itself=True)


def _for_its_volume(claim: ClaimState, name: str, cluster: Cluster) -> PendingClaim:
    volume = next((each for each in cluster.volumes if each.name == name), None)
    if volume is None:
        detail = f"The claim asks for the PersistentVolume {name}, and there is none of this name."
        return PendingClaim("volume_missing", detail, "Make it, or leave `volumeName` out.")
    if volume.claim_uid not in {None, claim.uid} or (
        volume.claim_name is not None and (volume.claim_namespace, volume.claim_name) != (claim.namespace, claim.name)
    ):
        holder = f"{volume.claim_namespace}/{volume.claim_name}"
        detail = f"The PersistentVolume {name} is kept for the claim {holder}" + (
            " that is gone." if volume.phase == "Released" else "."
        )
        return PendingClaim("volume_taken", detail, "One PersistentVolume serves one claim: make another one.")
    if volume.storage_class != (claim.storage_class or ""):
        detail = (
            f"The claim is of the class {claim.storage_class or '(none)'}, the PersistentVolume {name} of "
            f"{volume.storage_class or '(none)'}."
        )
        return PendingClaim("class_differs", detail, "Give both the same `storageClassName`.")
    if not set(claim.access_modes) <= set(volume.access_modes):
        detail = f"The PersistentVolume {name} has not all access modes that the claim asks for."
        return PendingClaim("access_modes_differ", detail, "Ask for modes that it has.")
    return PendingClaim("binding", f"Waiting for the cluster to bind it to {name}.", by_itself=True)


def _for_its_class(claim: ClaimState, cluster: Cluster) -> PendingClaim:
    if claim.storage_class == "":
        detail = "The claim names no class (an empty one), and waits for a PersistentVolume that somebody makes."
        return PendingClaim("no_volume_fits", detail, "Make one, or ask for a class that provisions.")
    if cluster.classes is None:
        return PendingClaim("pending", "The cluster has said nothing of it yet.", by_itself=True)
    found = next((each for each in cluster.classes if each.name == claim.storage_class), None)
    if found is None:
        return _without_class(claim, cluster.classes)
    return _by_class(claim, found)


def _without_class(claim: ClaimState, classes: Sequence[StorageClassState]) -> PendingClaim:
    names = ", ".join(sorted(each.name for each in classes)) or "none"
    if claim.storage_class is not None:
        detail = f"The cluster has no storage class {claim.storage_class} (it has: {names})."
        return PendingClaim("class_missing", detail, "Make it, or name another one.")
    if not any(each.default for each in classes):
        detail = f"The claim names no class, and the cluster has no default one (it has: {names})."
        return PendingClaim("no_default_class", detail, "Name one in `storageClassName`.")
    return PendingClaim("provisioning", "Waiting for the cluster to give it the default class.", by_itself=True)


def _by_class(claim: ClaimState, found: StorageClassState) -> PendingClaim:
    if found.provisioner not in _KNOWN_DRIVERS:
        detail = f"The class {found.name} is provisioned by {found.provisioner}, which says nothing: does it run?"
        return PendingClaim("provisioner_silent", detail, "Look for the provisioner's pods in the cluster.")
    if found.binding_mode == _FIRST_CONSUMER and claim.selected_node is None:
        detail = f"The class {found.name} provisions when a pod that mounts the claim is scheduled; there is none yet."
        return PendingClaim("waits_for_pod", detail, "Start a pod that mounts it.", by_itself=True)
    return PendingClaim("provisioning", "Waiting for the driver to make its storage in Azure.", by_itself=True)
