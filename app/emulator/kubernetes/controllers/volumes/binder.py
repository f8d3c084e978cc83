"""Which volume a claim gets, and what becomes of one whose claim is gone (pkg/controller/volume/persistentvolume)."""

from app.emulator.kubernetes.controllers.volumes.claims import (
    BETA_PROVISIONER,
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    CLASSES,
    PROVISIONED_BY,
    PROVISIONER,
    annotated,
    annotation,
    best_match,
    claims_of,
    is_bound,
    mismatch,
    reference_to,
    refers_to,
    set_phase,
    waits_for_pod,
    with_phase,
)
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.kinds.volumes import class_of
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.store import Change, Store

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_COMPONENT = "persistentvolume-controller"
_BY_HAND = "kubernetes.io/no-provisioner"
_LOST = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
_MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"
_LOST_REFERENCE = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"


class Binder:
    """The PV controller: it looks at a claim or a volume after every change of it, or of what it may be bound to."""

    def __init__(self, store: Store, work: Work, recorder: Recorder) -> None:
        self._store = store
        self._work = work
        self._recorder = recorder
        work.on(_CLAIMS, self._hear_claim)
        work.on(_VOLUMES, self._hear_volume)
        work.on(CLASSES, self._hear_class)
        work.on("pods", self._hear_pod)

    def resume(self) -> None:
        """Look at all."""
        for volume in self._store.list_(_VOLUMES):
            self._work.add(self.sync_volume, "", volume["metadata"]["name"])
        for claim in self._store.list_(_CLAIMS):
            self._add_claim(claim)

    def _add_claim(self, claim: Object) -> None:
        self._work.add(self.sync_claim, claim["metadata"]["namespace"], claim["metadata"]["name"])

    def _hear_claim(self, change: Change) -> None:
        self._add_claim(change.object)
        if volume := change.object["spec"].get("volumeName"):
            self._work.add(self.sync_volume, "", volume)

    def _hear_volume(self, change: Change) -> None:
        name = change.object["metadata"]["name"]
        self._work.add(self.sync_volume, "", name)
        for claim in self._store.list_(_CLAIMS):
            if claim["spec"].get("volumeName") == name or not claim["spec"].get("volumeName"):
                self._add_claim(claim)

    def _hear_class(self, _change: Change) -> None:
        for claim in self._store.list_(_CLAIMS):
            if not is_bound(claim):
                self._add_claim(claim)

    def _hear_pod(self, change: Change) -> None:
        # Only what a claim that waits for its first pod is told.
        if change.type == "ADDED":
            for name in claims_of(change.object):
                self._work.add(self.sync_claim, change.object["metadata"]["namespace"], name)

    def sync_claim(self, namespace: str, name: str) -> None:
        """Bind a claim, or say why it waits."""
        claim = self._store.get(_CLAIMS, namespace, name)
        if claim is None:
            return
        if is_bound(claim) or annotation(claim, BIND_COMPLETED):
            self._check_bound(claim)
        elif claim["spec"].get("volumeName"):
            self._bind_to_named(claim)
        else:
            self._find(claim)

    def _find(self, claim: Object) -> None:
        delayed = waits_for_pod(self._store, claim)
        volume = None if delayed else best_match(self._store.list_(_VOLUMES), claim)
        if volume is not None:
            self._bind(volume, claim)
        elif claim["metadata"].get("deletionTimestamp"):
            return
        elif delayed:
            self._say_waiting(claim)
        elif class_of(claim):
            self._ask_provisioner(claim)
        else:
            said = "no persistent volumes available for this claim and no storage class is set"
            self._say(claim, "FailedBinding", said)

    def _say_waiting(self, claim: Object) -> None:
        metadata = claim["metadata"]
        pods = [
            pod["metadata"]["name"]
            for pod in self._store.list_("pods", metadata["namespace"])
            if metadata["name"] in claims_of(pod) and not at(pod, "spec.nodeName")
        ]
        if pods:
            self._say(claim, "WaitForPodScheduled", f"waiting for pod {pods[0]} to be scheduled")
        else:
            self._say(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")

    def _ask_provisioner(self, claim: Object) -> None:
        name = class_of(claim)
        found = self._store.get(CLASSES, "", name)
        if found is None:
            said = f'storageclass.storage.k8s.io "{name}" not found'
            self._say(claim, "ProvisioningFailed", said, type_="Warning")
            return
        provisioner = found["provisioner"]
        if provisioner == _BY_HAND:
            self._say(
                claim, "FailedBinding", "no persistent volumes available for this claim and no provisioner is set"
            )
            return
        asked = self._store.replace(
            _CLAIMS, annotated(claim, **{PROVISIONER: provisioner, BETA_PROVISIONER: provisioner})
        )
        said = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
            "correctly registered."
        )
        if asked is not claim:
            self._say(asked, "ExternalProvisioning", said)

    def _bind_to_named(self, claim: Object) -> None:
        name = claim["spec"]["volumeName"]
        volume = self._store.get(_VOLUMES, "", name)
        if volume is None:
            return  # it may come
        if volume["spec"].get("claimRef") is None:
            why = mismatch(volume, claim)
            if why is None:
                self._bind(volume, claim)
            else:
                said = f'Cannot bind to requested volume "{name}": {why}'
                self._say(claim, "VolumeMismatch", said, type_="Warning")
        elif refers_to(volume, claim):
            self._bind(volume, claim)
        else:
            said = f'volume "{name}" already bound to a different claim.'
            self._say(claim, "FailedBinding", said, type_="Warning")

    def _check_bound(self, claim: Object) -> None:
        name = claim["spec"].get("volumeName")
        volume = self._store.get(_VOLUMES, "", name) if name else None
        if not name:
            self._lose(claim, "ClaimLost", _LOST_REFERENCE)
        elif volume is None:
            self._lose(claim, "ClaimLost", _LOST)
        elif volume["spec"].get("claimRef") is None or refers_to(volume, claim):
            self._bind(volume, claim)
        else:
            self._lose(claim, "ClaimMisbound", _MISBOUND)

    def _lose(self, claim: Object, reason: str, message: str) -> None:
        if at(claim, "status.phase") != "Lost":
            self._store.replace(_CLAIMS, {**claim, "status": {"phase": "Lost"}})
            self._say(claim, reason, message, type_="Warning")

    def _bind(self, volume: Object, claim: Object) -> None:
        now = timestamp(self._store.now())
        if not refers_to(volume, claim):
            volume = annotated(volume, **{BOUND_BY_CONTROLLER: "yes"})
        if at(volume, "spec.claimRef.uid") != claim["metadata"]["uid"]:
            volume = {**volume, "spec": {**volume["spec"], "claimRef": reference_to(claim)}}
        volume = self._store.replace(_VOLUMES, with_phase(volume, "Bound", now))
        if not claim["spec"].get("volumeName"):
            claim = annotated(claim, **{BOUND_BY_CONTROLLER: "yes"})
        claim = annotated(claim, **{BIND_COMPLETED: "yes"})
        status = {**claim.get("status", {}), "phase": "Bound", "accessModes": volume["spec"]["accessModes"]}
        if at(claim, "status.phase") != "Bound":
            status["capacity"] = dict(volume["spec"]["capacity"])
        spec = {**claim["spec"], "volumeName": volume["metadata"]["name"]}
        self._store.replace(_CLAIMS, {**claim, "spec": spec, "status": status})

    def sync_volume(self, _: str, name: str) -> None:
        """Tell whether a volume is free, bound or released, and what follows from that."""
        volume = self._store.get(_VOLUMES, "", name)
        if volume is None:
            return
        reference = volume["spec"].get("claimRef")
        if not reference or not reference.get("uid"):
            set_phase(self._store, volume, "Available")
            return
        claim = self._store.get(_CLAIMS, reference.get("namespace", ""), reference.get("name", ""))
        if claim is None or claim["metadata"]["uid"] != reference["uid"]:
            self._release(volume)
        elif claim["spec"].get("volumeName") == name:
            set_phase(self._store, volume, "Bound")
        elif claim["spec"].get("volumeName"):
            self._take_back(volume)
        else:
            self._add_claim(claim)

    def _take_back(self, volume: Object) -> None:
        """End what was begun for a claim that has got another volume meanwhile."""
        if annotation(volume, PROVISIONED_BY) and at(volume, "spec.persistentVolumeReclaimPolicy") == "Delete":
            self._release(volume)
        elif annotation(volume, BOUND_BY_CONTROLLER):
            spec = {key: value for key, value in volume["spec"].items() if key != "claimRef"}
            set_phase(self._store, annotated({**volume, "spec": spec}, **{BOUND_BY_CONTROLLER: None}), "Available")

    def _release(self, volume: Object) -> None:
        if at(volume, "status.phase") not in {"Released", "Failed"}:
            volume = set_phase(self._store, volume, "Released")
        policy, name = volume["spec"]["persistentVolumeReclaimPolicy"], volume["metadata"]["name"]
        if at(volume, "status.phase") == "Failed" or policy == "Retain" or annotation(volume, PROVISIONED_BY):
            return  # who has made a volume deletes it
        reason, said = "VolumeFailedRecycle", "no volume plugin matched"
        if policy == "Delete":
            reason = "VolumeFailedDelete"
            said = f'error getting deleter volume plugin for volume "{name}": no volume plugin matched'
        failed = set_phase(self._store, volume, "Failed", message=said, reason="")
        self._recorder.record(_VOLUMES, failed, reason=reason, message=said, component=_COMPONENT, type_="Warning")

    def _say(self, claim: Object, reason: str, message: str, *, type_: str = "Normal") -> None:
        self._recorder.record(_CLAIMS, claim, reason=reason, message=message, component=_COMPONENT, type_=type_)
