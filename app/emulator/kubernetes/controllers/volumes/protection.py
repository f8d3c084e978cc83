"""Volumes and claims that are deleted stay while they are in use (pvcprotection, pvprotection)."""

from app.emulator.kubernetes.controllers.volumes.claims import claims_of, without_finalizer
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.volumes import PV_PROTECTION, PVC_PROTECTION
from app.emulator.kubernetes.store import Change, Store

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_OVER = {"Succeeded", "Failed"}


class Protection:
    """Takes the finalizers of what may go."""

    def __init__(self, store: Store, work: Work) -> None:
        self._store = store
        self._work = work
        work.on(_CLAIMS, self._hear)
        work.on(_VOLUMES, self._hear_volume)
        work.on("pods", self._hear_pod)

    def resume(self) -> None:
        """Look at all that is to go."""
        for claim in self._store.list_(_CLAIMS):
            self._work.add(self.release_claim, claim["metadata"]["namespace"], claim["metadata"]["name"])
        for volume in self._store.list_(_VOLUMES):
            self._work.add(self.release_volume, "", volume["metadata"]["name"])

    def _hear(self, change: Change) -> None:
        metadata = change.object["metadata"]
        if metadata.get("deletionTimestamp"):
            self._work.add(self.release_claim, metadata["namespace"], metadata["name"])

    def _hear_volume(self, change: Change) -> None:
        if change.object["metadata"].get("deletionTimestamp"):
            self._work.add(self.release_volume, "", change.object["metadata"]["name"])

    def _hear_pod(self, change: Change) -> None:
        if change.type == "DELETED" or at(change.object, "status.phase") in _OVER:
            for name in claims_of(change.object):
                self._work.add(self.release_claim, change.object["metadata"]["namespace"], name)

    def release_claim(self, namespace: str, name: str) -> None:
        """Let a claim go that no pod uses: none that has a node and is not over."""
        claim = self._store.get(_CLAIMS, namespace, name)
        if claim is None or not _held(claim, PVC_PROTECTION):
            return
        pods = [pod for pod in self._store.list_("pods", namespace) if name in claims_of(pod)]
        if not any(at(pod, "spec.nodeName") and at(pod, "status.phase") not in _OVER for pod in pods):
            without_finalizer(self._store, _CLAIMS, claim, PVC_PROTECTION)

    def release_volume(self, _: str, name: str) -> None:
        """Let a volume go that no claim has."""
        volume = self._store.get(_VOLUMES, "", name)
        if volume is not None and _held(volume, PV_PROTECTION) and at(volume, "status.phase") != "Bound":
            without_finalizer(self._store, _VOLUMES, volume, PV_PROTECTION)


def _held(document: Object, finalizer: str) -> bool:
    metadata = document["metadata"]
    return bool(metadata.get("deletionTimestamp")) and finalizer in (metadata.get("finalizers") or ())
