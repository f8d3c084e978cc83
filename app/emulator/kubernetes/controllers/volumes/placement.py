"""What claims mean for where a pod can go (pkg/scheduler/framework/plugins/volumebinding)."""

from app.emulator.kubernetes.controllers.volumes.claims import (
    CLASSES,
    SELECTED_NODE,
    annotated,
    annotation,
    claims_of,
    is_bound,
)
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.volumes import class_of
from app.emulator.kubernetes.selectors import expression_holds
from app.emulator.kubernetes.store import Store

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_ONE_POD = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
NODE_CONFLICT = "node(s) had volume node affinity conflict"


def missing(store: Store, pod: Object) -> str | None:
    """Why a pod can go nowhere yet, whatever the nodes; None if its claims do not keep it."""
    for name in claims_of(pod):
        claim = store.get(_CLAIMS, pod["metadata"]["namespace"], name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if claim["metadata"].get("deletionTimestamp"):
            return f'persistentvolumeclaim "{name}" is being deleted'
        volume = claim["spec"].get("volumeName", "")
        if at(claim, "status.phase") == "Lost" or (is_bound(claim) and store.get(_VOLUMES, "", volume) is None):
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
        if not is_bound(claim) and not _delayed(store, claim):
            return "pod has unbound immediate PersistentVolumeClaims"
        if "ReadWriteOncePod" in claim["spec"]["accessModes"] and _has_pod(store, pod, name):
            return _ONE_POD
    return None


def _has_pod(store: Store, pod: Object, claim: str) -> bool:
    return any(
        claim in claims_of(other) and at(other, "spec.nodeName")
        for other in store.list_("pods", pod["metadata"]["namespace"])
        if other["metadata"]["uid"] != pod["metadata"]["uid"]
    )


def _delayed(store: Store, claim: Object) -> bool:
    found = store.get(CLASSES, "", class_of(claim))
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def conflict(store: Store, pod: Object, node: Object) -> str | None:
    """Why a pod's volumes cannot be had on a node."""
    for name in claims_of(pod):
        claim = store.get(_CLAIMS, pod["metadata"]["namespace"], name)
        volume = store.get(_VOLUMES, "", claim["spec"].get("volumeName", "")) if claim is not None else None
        if volume is not None and not _reaches(volume, node):
            return NODE_CONFLICT
    return None


def _reaches(volume: Object, node: Object) -> bool:
    terms = at(volume, "spec.nodeAffinity.required.nodeSelectorTerms")
    labels = node["metadata"].get("labels") or {}
    return not terms or any(
        all(expression_holds(one, labels) for one in term.get("matchExpressions") or ()) for term in terms
    )


def choose_node(store: Store, pod: Object, node: str) -> bool:
    """Let the claims that wait for a pod be bound for `node`; say whether any is not yet."""
    waiting = False
    for name in claims_of(pod):
        claim = store.get(_CLAIMS, pod["metadata"]["namespace"], name)
        if claim is not None and not is_bound(claim):
            waiting = True
            if annotation(claim, SELECTED_NODE) != node:
                store.replace(_CLAIMS, annotated(claim, **{SELECTED_NODE: node}))
    return waiting


def chosen_node(store: Store, pod: Object) -> str:
    """The node for which a pod's claims are being bound; empty where there is none."""
    for name in claims_of(pod):
        claim = store.get(_CLAIMS, pod["metadata"]["namespace"], name)
        if claim is not None and (chosen := annotation(claim, SELECTED_NODE)):
            return chosen
    return ""
