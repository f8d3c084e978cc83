"""What volumes and claims say of each other (k8s.io/component-helpers/storage/volume)."""

from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.kinds.volumes import class_of
from app.emulator.kubernetes.quantities import number
from app.emulator.kubernetes.selectors import matches
from app.emulator.kubernetes.store import Store

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONER, BETA_PROVISIONER = (
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
CLASSES = "storageclasses.storage.k8s.io"


def annotation(document: Object, name: str) -> str:
    """One annotation; empty where there is none."""
    return str((document["metadata"].get("annotations") or {}).get(name, ""))


def annotated(document: Object, **changes: str | None) -> Object:
    """An object with other annotations, given by their whole names; None takes one away."""
    annotations = {**(document["metadata"].get("annotations") or {}), **changes}
    kept = {name: value for name, value in annotations.items() if value is not None}
    metadata = {key: value for key, value in document["metadata"].items() if key != "annotations"}
    if kept:
        metadata["annotations"] = kept
    return {**document, "metadata": metadata}


def is_bound(claim: Object) -> bool:
    """Whether a claim has its volume for good."""
    return bool(claim["spec"].get("volumeName")) and bool(annotation(claim, BIND_COMPLETED))


def refers_to(volume: Object, claim: Object) -> bool:
    """Whether a volume is kept for a claim, by its name and, where that is said, its uid."""
    reference, metadata = volume["spec"].get("claimRef") or {}, claim["metadata"]
    if (reference.get("namespace"), reference.get("name")) != (metadata["namespace"], metadata["name"]):
        return False
    return reference.get("uid") in {None, "", metadata["uid"]}


def reference_to(claim: Object) -> Object:
    """What a volume says of the claim that has it."""
    metadata = claim["metadata"]
    return {
        "kind": "PersistentVolumeClaim",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "v1",
        "resourceVersion": metadata["resourceVersion"],
    }


def mismatch(volume: Object, claim: Object) -> str | None:
    """Why a volume cannot be a claim's, in the words of the PV controller."""
    wanted, offered = claim["spec"], volume["spec"]
    if number(at(offered, "capacity.storage", "0")) < number(at(wanted, "resources.requests.storage", "0")):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if offered.get("volumeMode", "Filesystem") != wanted.get("volumeMode", "Filesystem"):
        return "incompatible volumeMode"
    if not set(wanted.get("accessModes") or ()) <= set(offered.get("accessModes") or ()):
        return "incompatible accessMode"
    return None


def best_match(volumes: list[Object], claim: Object) -> Object | None:
    """The smallest volume that a claim can have; one that is kept for it comes first."""
    fitting = [volume for volume in volumes if mismatch(volume, claim) is None]
    kept = [volume for volume in fitting if refers_to(volume, claim)]
    selector = claim["spec"].get("selector")
    free = [
        volume
        for volume in fitting
        if not volume["spec"].get("claimRef")
        and not volume["metadata"].get("deletionTimestamp")
        and (selector is None or matches(selector, volume["metadata"].get("labels") or {}))
    ]
    # The sort is stable: of equals, the first by name.
    return min(kept or free, key=lambda volume: number(volume["spec"]["capacity"]["storage"]), default=None)


def waits_for_pod(store: Store, claim: Object) -> bool:
    """Whether nothing happens to a claim until a pod that uses it has a node."""
    found = store.get(CLASSES, "", class_of(claim))
    delayed = found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"
    return delayed and not annotation(claim, SELECTED_NODE)


def with_phase(volume: Object, phase: str, now: str, *, message: str = "", reason: str = "") -> Object:
    """A volume in a phase; since now, if it was in another."""
    before = volume.get("status") or {}
    since = before.get("lastPhaseTransitionTime") if before.get("phase") == phase else now
    status = {"phase": phase, "message": message, "reason": reason, "lastPhaseTransitionTime": since}
    return {**volume, "status": {key: value for key, value in status.items() if value}}


def set_phase(store: Store, volume: Object, phase: str, *, message: str = "", reason: str = "") -> Object:
    """Tell a volume's phase."""
    now = timestamp(store.now())
    return store.replace("persistentvolumes", with_phase(volume, phase, now, message=message, reason=reason))


def claims_of(pod: Object) -> list[str]:
    """The claims that a pod names."""
    volumes = at(pod, "spec.volumes") or ()
    names = [at(volume, "persistentVolumeClaim.claimName") for volume in volumes]
    return [name for name in names if name]


def without_finalizer(store: Store, resource: str, document: Object, finalizer: str) -> None:
    """Let go of an object: it ends, where it was to end and nothing else holds it."""
    metadata = dict(document["metadata"])
    rest = [one for one in metadata.pop("finalizers", ()) if one != finalizer]
    if rest:
        metadata["finalizers"] = rest
    elif metadata.get("deletionTimestamp"):
        store.delete(resource, metadata.get("namespace", ""), metadata["name"])
        return
    store.replace(resource, {**document, "metadata": metadata})
