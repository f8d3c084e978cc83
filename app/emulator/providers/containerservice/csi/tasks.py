"""What is due for an object of a cluster: found from the object alone, so that nothing has to be remembered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.emulator.kubernetes.controllers.volumes.attachments import RESOURCE as ATTACHMENTS
from app.emulator.kubernetes.controllers.volumes.claims import (
    CLASSES,
    PROVISIONED_BY,
    PROVISIONER,
    SELECTED_NODE,
    annotation,
    is_bound,
)
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.host import Store
from app.emulator.kubernetes.kinds.volumes import class_of
from app.emulator.kubernetes.quantities import number
from app.emulator.kubernetes.storage_classes import DISKS, FILES
from app.emulator.providers.containerservice.csi import attachment, deletion, expansion, provisioning
from app.emulator.providers.containerservice.csi.site import Site

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
RESOURCES = (CLAIMS, VOLUMES, ATTACHMENTS)
_DRIVERS = (FILES, DISKS)


@dataclass(frozen=True)
class Task:
    """Something that takes `seconds`; it is announced when it begins, and says itself how it failed."""

    seconds: float
    announce: Callable[[Site, Object], None]
    work: Callable[[Site, Object], Awaitable[None]]
    fail: Callable[[Site, Object, Exception], None]


_PROVISION = Task(5, provisioning.announce, provisioning.provision, provisioning.fail)
_DELETE = Task(2, deletion.announce, deletion.delete, deletion.fail)
_ATTACH = Task(8, attachment.announce, attachment.attach, attachment.fail)
_DETACH = Task(6, attachment.announce_nothing, attachment.detach, attachment.fail_to_detach)
_EXPAND = Task(3, expansion.announce, expansion.expand, expansion.fail)


def due(store: Store, resource: str, document: Object) -> Task | None:
    """What the drivers have to do for a claim, a volume or an attachment; None where nothing is."""
    if resource == CLAIMS:
        if _wants_volume(store, document):
            return _PROVISION
        return _EXPAND if _wants_more(store, document) else None
    if resource == ATTACHMENTS:
        return _due_of_attachment(document)
    if resource == VOLUMES and annotation(document, PROVISIONED_BY) in _DRIVERS:
        return _DELETE if _is_over(document) else None
    return None


def _due_of_attachment(document: Object) -> Task | None:
    if at(document, "spec.attacher") not in _DRIVERS:
        return None
    if document["metadata"].get("deletionTimestamp"):
        return _DETACH if attachment.FINALIZER in (document["metadata"].get("finalizers") or ()) else None
    return None if at(document, "status.attached") else _ATTACH


def _wants_volume(store: Store, claim: Object) -> bool:
    if annotation(claim, PROVISIONER) not in _DRIVERS or claim["spec"].get("volumeName"):
        return False
    found = store.get(CLASSES, "", class_of(claim))
    if found is None or claim["metadata"].get("deletionTimestamp"):
        return False
    delayed = found.get("volumeBindingMode") == "WaitForFirstConsumer"
    return not delayed or bool(annotation(claim, SELECTED_NODE))


def _wants_more(store: Store, claim: Object) -> bool:
    if not is_bound(claim) or at(claim, "status.phase") != "Bound":
        return False
    volume = store.get(VOLUMES, "", claim["spec"]["volumeName"])
    asked, has = (at(claim, path, "0") for path in ("spec.resources.requests.storage", "status.capacity.storage"))
    return number(asked) > number(has) and volume is not None and at(volume, "spec.csi.driver") in _DRIVERS


def _is_over(volume: Object) -> bool:
    released = at(volume, "status.phase") in {"Released", "Failed"}
    return released and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
