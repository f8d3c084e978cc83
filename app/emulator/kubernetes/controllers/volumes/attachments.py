"""Which volumes are attached to which nodes (pkg/controller/volume/attachdetach); the driver's attacher does it."""

import hashlib

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.controllers.volumes.claims import claims_of
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.storage import VOLUME_ATTACHMENTS
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.store import Change, Store

RESOURCE = "volumeattachments.storage.k8s.io"
_CLAIMS, _VOLUMES, _DRIVERS = "persistentvolumeclaims", "persistentvolumes", "csidrivers.storage.k8s.io"
_COMPONENT = "attachdetach-controller"
_SHARED = {"ReadWriteMany", "ReadOnlyMany"}
_OVER = {"Succeeded", "Failed"}


def needs_attaching(store: Store, volume: Object) -> bool:
    """Whether a volume's driver attaches it to a node before it is mounted there."""
    driver = store.get(_DRIVERS, "", at(volume, "spec.csi.driver", ""))
    return driver is not None and bool(driver["spec"].get("attachRequired"))


def is_attached(store: Store, volume: Object, node: str) -> bool:
    """Whether a node has a volume, or need not have it attached."""
    if not needs_attaching(store, volume):
        return True
    found = store.get(RESOURCE, "", _name(volume, node))
    return found is not None and bool(at(found, "status.attached"))


def _name(volume: Object, node: str) -> str:
    csi = volume["spec"]["csi"]
    unique = csi["volumeHandle"] + csi["driver"] + node
    return f"csi-{hashlib.sha256(unique.encode()).hexdigest()}"


class Attachments:
    """Asks for an attachment where a pod has got a node, and gives it up where none needs it any more."""

    def __init__(self, store: Store, work: Work, recorder: Recorder) -> None:
        self._store = store
        self._work = work
        self._recorder = recorder
        work.on("pods", self._hear_pod)
        work.on(RESOURCE, self._hear)

    def resume(self) -> None:
        """Look at all volumes."""
        for volume in self._store.list_(_VOLUMES):
            self._work.add(self.sync, "", volume["metadata"]["name"])

    def _hear_pod(self, change: Change) -> None:
        pod = change.object
        for name in claims_of(pod) if at(pod, "spec.nodeName") else ():
            claim = self._store.get(_CLAIMS, pod["metadata"]["namespace"], name)
            if claim is not None and claim["spec"].get("volumeName"):
                self._work.add(self.sync, "", claim["spec"]["volumeName"])

    def _hear(self, change: Change) -> None:
        name = at(change.object, "spec.source.persistentVolumeName", "")
        self._work.add(self.sync, "", name)
        if change.type == "MODIFIED" and at(change.previous or {}, "status") != at(change.object, "status"):
            self._work.add(self.tell, "", change.object["metadata"]["name"])

    def sync(self, _: str, name: str) -> None:
        """Make what the pods of a volume need, and remove what they do not."""
        volume = self._store.get(_VOLUMES, "", name)
        held = [one for one in self._store.list_(RESOURCE) if at(one, "spec.source.persistentVolumeName") == name]
        pods = self._pods(volume) if volume is not None else []
        wanted = {pod["spec"]["nodeName"] for pod in pods}
        for attachment in held:
            if attachment["spec"]["nodeName"] not in wanted:
                remove(self._store, RESOURCE, attachment)
        if volume is None or not needs_attaching(self._store, volume):
            return
        for pod in pods:
            self._want(volume, pod)

    def _pods(self, volume: Object) -> list[Object]:
        reference = volume["spec"].get("claimRef") or {}
        return [
            pod
            for pod in self._store.list_("pods", reference.get("namespace") or "-")
            if reference.get("name") in claims_of(pod)
            and at(pod, "spec.nodeName")
            and at(pod, "status.phase") not in _OVER
        ]

    def _want(self, volume: Object, pod: Object) -> None:
        node, name = pod["spec"]["nodeName"], volume["metadata"]["name"]
        if self._store.get(RESOURCE, "", _name(volume, node)) is not None:
            return
        others = [one for one in self._store.list_(RESOURCE) if at(one, "spec.source.persistentVolumeName") == name]
        if others and not _SHARED & set(volume["spec"]["accessModes"]):
            said = (
                f'Multi-Attach error for volume "{name}" Volume is already exclusively attached to one node and '
                "can't be attached to another"
            )
            self._say(pod, "FailedAttachVolume", said, warning=True)
            return
        attachment = {
            "metadata": {"name": _name(volume, node)},
            "spec": {
                "attacher": volume["spec"]["csi"]["driver"],
                "nodeName": node,
                "source": {"persistentVolumeName": name},
            },
            "status": {"attached": False},
        }
        writes.create(self._store, VOLUME_ATTACHMENTS, "", attachment)

    def tell(self, _: str, name: str) -> None:
        """Say on the pods of a node whether their volume could be attached."""
        attachment = self._store.get(RESOURCE, "", name)
        volume_name = at(attachment or {}, "spec.source.persistentVolumeName", "")
        volume = self._store.get(_VOLUMES, "", volume_name)
        if attachment is None or volume is None:
            return
        failed = at(attachment, "status.attachError.message")
        for pod in self._pods(volume):
            if pod["spec"]["nodeName"] != attachment["spec"]["nodeName"]:
                continue
            if at(attachment, "status.attached"):
                said = f'AttachVolume.Attach succeeded for volume "{volume_name}"'
                self._say(pod, "SuccessfulAttachVolume", said)
            elif failed:
                said = f'AttachVolume.Attach failed for volume "{volume_name}" : {failed}'
                self._say(pod, "FailedAttachVolume", said, warning=True)

    def _say(self, pod: Object, reason: str, message: str, *, warning: bool = False) -> None:
        type_ = "Warning" if warning else "Normal"
        self._recorder.record("pods", pod, reason=reason, message=message, component=_COMPONENT, type_=type_)
