"""How an object goes: at once, or marked while its finalizers, or for a pod its containers, hold it."""

from datetime import timedelta

from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.store import Store

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
_DEFAULT_GRACE = 30


def remove(store: Store, resource: str, document: Object, *, grace: int | None = None) -> bool:
    """Delete an object, or only mark it while something holds it; say whether it is gone.

    `grace` in seconds is for pods: 0 ends one at once, None takes the pod's own.
    """
    metadata = document["metadata"]
    seconds = _grace(document, grace) if resource == "pods" else 0
    if not metadata.get("finalizers") and seconds == 0:
        store.delete(resource, metadata.get("namespace", ""), metadata["name"])
        return True
    if not metadata.get("deletionTimestamp"):
        marked = {
            **metadata,
            "deletionTimestamp": timestamp(store.now() + timedelta(seconds=seconds)),
            "deletionGracePeriodSeconds": seconds,
        }
        store.replace(resource, {**document, "metadata": marked})
    return False


def _grace(pod: Object, asked: int | None) -> int:
    # Nobody runs a pod without a node, so that nobody has to end it.
    if not at(pod, "spec.nodeName") or at(pod, "status.phase") in {"Succeeded", "Failed"}:
        return 0
    seconds: int = at(pod, "spec.terminationGracePeriodSeconds", _DEFAULT_GRACE) if asked is None else asked
    return seconds
