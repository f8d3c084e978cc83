"""Disks at machines, as external-attacher and the disk driver attach them."""

from app.emulator.core.inside import ArmError
from app.emulator.kubernetes.controllers.volumes.attachments import RESOURCE
from app.emulator.kubernetes.controllers.volumes.claims import without_finalizer
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.providers.containerservice.csi.errors import Code, DriverError
from app.emulator.providers.containerservice.csi.site import Site

FINALIZER = "external-attacher/disk-csi-azure-com"


def _disk(site: Site, attachment: Object) -> str:
    volume = site.store.get("persistentvolumes", "", at(attachment, "spec.source.persistentVolumeName", ""))
    return str(at(volume or {}, "spec.csi.volumeHandle", ""))


def _machine(site: Site, attachment: Object) -> str:
    node = site.store.get("nodes", "", attachment["spec"]["nodeName"])
    return str(at(node or {}, "spec.providerID", "")).removeprefix("azure://")


def announce(site: Site, attachment: Object) -> None:
    """Hold an attachment until its disk is detached again."""
    metadata = attachment["metadata"]
    if FINALIZER not in (metadata.get("finalizers") or ()):
        held = {**metadata, "finalizers": [*(metadata.get("finalizers") or ()), FINALIZER]}
        site.store.replace(RESOURCE, {**attachment, "metadata": held})


def announce_nothing(_site: Site, _attachment: Object) -> None:
    """Nothing is said before a disk is detached."""


async def attach(site: Site, attachment: Object) -> None:
    """Attach the disk of a volume to the machine of a node."""
    machine, disk = _machine(site, attachment), _disk(site, attachment)
    if not machine or not disk:
        text = f'failed to get azure instance id for node "{attachment["spec"]["nodeName"]}" (instance not found)'
        raise DriverError(Code.INTERNAL, text)
    try:
        answer = await site.arm.post(f"{machine}/attachDetachDataDisks", {"dataDisksToAttach": [{"diskId": disk}]})
    except ArmError as error:
        name = attachment["spec"]["nodeName"]
        text = f"Attach volume {disk} to instance {name} failed with {error}"
        raise DriverError(Code.INTERNAL, text) from error
    number = next((one["lun"] for one in answer["dataDisks"] if one["managedDisk"]["id"].lower() == disk.lower()), 0)
    _tell(site, attachment, {"attached": True, "attachmentMetadata": {"LUN": str(number)}})


def _tell(site: Site, attachment: Object, status: Object) -> None:
    now = site.store.get(RESOURCE, "", attachment["metadata"]["name"])
    if now is not None:
        site.store.replace(RESOURCE, {**now, "status": status})


def fail(site: Site, attachment: Object, error: Exception) -> None:
    """Say in the attachment why the disk is not there."""
    message = {"time": timestamp(site.store.now()), "message": str(error)}
    _tell(site, attachment, {"attached": False, "attachError": message})


async def detach(site: Site, attachment: Object) -> None:
    """Detach the disk, unless its machine has gone with it, and let the attachment go."""
    machine, disk = _machine(site, attachment), _disk(site, attachment)
    if machine and disk and site.cloud.store.get(machine) is not None:
        body = {"dataDisksToDetach": [{"diskId": disk}]}
        try:
            await site.arm.post(f"{machine}/attachDetachDataDisks", body)
        except ArmError as error:
            raise DriverError(Code.INTERNAL, f"could not detach volume {disk} from node: {error}") from error
    now = site.store.get(RESOURCE, "", attachment["metadata"]["name"])
    if now is not None:
        without_finalizer(site.store, RESOURCE, now, FINALIZER)


def fail_to_detach(site: Site, attachment: Object, error: Exception) -> None:
    """Say in the attachment why the disk is still there."""
    message = {"time": timestamp(site.store.now()), "message": str(error)}
    _tell(site, attachment, {"attached": True, "detachError": message})
