"""Disks of a caller's own: made, grown, deleted, and attached to machines of scale sets. All of it happens at once."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, section
from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_location, check_tags, require_group
from app.emulator.core.network_documents import resource, resource_id
from app.emulator.core.paths import group_id, key_of, split_path
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.core.stored_reads import require_stored
from app.emulator.core.vm_sizes import VM_SIZES, find_vm_size
from app.emulator.providers.compute.names import DISK, NAMESPACE, SCALE_SET

_PATH = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{DISK}/{{disk}}"
_MACHINE = (
    f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{SCALE_SET}/{{scale_set}}"
    "/virtualMachines/{machine}"
)
_SIZES = range(1, 65_537)
_BYTES_PER_GB = 1024**3
_SKUS = (
    *("Premium_LRS", "PremiumV2_LRS", "Premium_ZRS", "Standard_LRS", "StandardSSD_LRS", "StandardSSD_ZRS"),
    "UltraSSD_LRS",
)


def routes() -> list[Route]:
    """The operations of this file."""
    attach = f"{_MACHINE}/attachDetachDataDisks"
    return [
        Route("PUT", _PATH, "Disks_CreateOrUpdate", _put, NAMESPACE, 1),
        Route("PATCH", _PATH, "Disks_Update", _patch, NAMESPACE, 0.5),
        Route("DELETE", _PATH, "Disks_Delete", _delete, NAMESPACE, 0.5),
        Route("POST", attach, "VirtualMachineScaleSetVMs_AttachDetachDataDisks", _attach, NAMESPACE, 1),
    ]


def _refused(status: int, code: str, message: str, target: str | None = None) -> AzureError:
    return AzureError(status, code, message, envelope=Envelope.WRAPPED, target=target)


def _disk_id(call: Call) -> str:
    group = group_id(call.parameter("subscription"), call.parameter("group"))
    return resource_id(group, DISK, call.parameter("disk"))


async def _put(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    document, identity = call.document(), _disk_id(call)
    known = cloud.store.get(identity)
    location = check_location(document, DISK, known=known.body if known else None)
    if known is not None:
        return _change(cloud, call, known, document)
    sku = section(document, "sku").get("name", "Standard_LRS")
    if sku not in _SKUS:
        raise _refused(400, "InvalidParameter", f"The value {sku} of parameter sku.name is invalid.", "sku.name")
    properties = section(document, "properties")
    gigabytes = _size(properties)
    unique = cloud.guid()
    shown: Document = {
        "creationData": section(properties, "creationData") or {"createOption": "Empty"},
        "diskSizeGB": gigabytes,
        "diskSizeBytes": gigabytes * _BYTES_PER_GB,
        "diskState": "Unattached",
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "timeCreated": cloud.now().isoformat(),
        "uniqueId": unique,
    }
    tier = {"name": sku, "tier": sku.partition("_")[0].removesuffix("SSD").removesuffix("V2")}
    body = resource(
        identity, DISK, location, shown, sku=tier, tags=check_tags(document), zones=document.get("zones") or ()
    )
    cloud.store.put(Resource(identity, DISK, body, cloud.now()))
    call.effect = "created"
    return Answer(200, clone(body))


def _size(properties: Document) -> int:
    gigabytes = properties.get("diskSizeGB")
    if isinstance(gigabytes, bool) or gigabytes not in _SIZES:
        said = (
            f"The value '{gigabytes}' of parameter 'disk.diskSizeGB' is out of range. It must be between 1 and 65536."
        )
        raise _refused(400, "InvalidParameter", said, "disk.diskSizeGB")
    return int(str(gigabytes))


def _change(cloud: Cloud, call: Call, disk: Resource, document: Document) -> Answer:
    properties = section(document, "properties")
    if "diskSizeGB" in properties:
        gigabytes, before = _size(properties), int(disk.body["properties"]["diskSizeGB"])
        if gigabytes < before:
            said = f"The new disk size in GB is {gigabytes}, which is smaller than the current size of {before} GB."
            raise _refused(409, "OperationNotAllowed", said)
        changed = {"diskSizeGB": gigabytes, "diskSizeBytes": gigabytes * _BYTES_PER_GB}
        disk.body["properties"] = {**disk.body["properties"], **changed}
    if document.get("tags") is not None:
        disk.body["tags"] = check_tags(document)
    cloud.store.touch(disk)
    call.effect = "updated"
    return Answer(200, clone(disk.body))


async def _patch(cloud: Cloud, call: Call) -> Answer:
    return _change(cloud, call, require_stored(cloud, call, call.path), call.document())


async def _delete(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call)
    disk = cloud.store.get(_disk_id(call))
    if disk is None:
        return Answer(204, content_type=None)
    owner = _owner(cloud, disk)
    if owner is not None:
        said = f"Disk {disk.name} is attached to VM {owner.id}."
        raise _refused(409, "OperationNotAllowed", said)
    cloud.store.remove(disk.id)
    call.effect = "deleted"
    return Answer(200, content_type=None)


def _owner(cloud: Cloud, disk: Resource) -> Resource | None:
    """The machine that has a disk; none where that machine is gone."""
    held = disk.body.get("managedBy")
    return cloud.store.get(held) if held else None


async def _attach(cloud: Cloud, call: Call) -> Answer:
    machine = require_stored(cloud, call, call.path.rstrip("/").rpartition("/")[0])
    document = call.document()
    for entry in document.get("dataDisksToDetach") or ():
        _release(cloud, machine, entry["diskId"])
    for entry in document.get("dataDisksToAttach") or ():
        _take(cloud, machine, entry["diskId"])
    cloud.store.touch(machine)
    call.effect = "updated"
    return Answer(200, clone({"dataDisks": _disks(machine)}))


def _disks(machine: Resource) -> list[Document]:
    profile: Document = machine.body["properties"]["storageProfile"]
    listed: list[Document] = profile.setdefault("dataDisks", [])
    return listed


def _take(cloud: Cloud, machine: Resource, identity: str) -> None:
    disk = cloud.store.get(identity)
    if disk is None:
        said = f"Disk {identity} is not found."
        raise _refused(404, "NotFound", said)
    owner = _owner(cloud, disk)
    if owner is not None and owner.key != machine.key:
        said = f"Disk '{disk.id}' cannot be attached as the disk is already owned by VM '{owner.id}'."
        raise _refused(409, "ConflictingUserInput", said)
    disks = _disks(machine)
    if any(key_of(one["managedDisk"]["id"]) == disk.key for one in disks):
        return
    zones = disk.body.get("zones") or []
    if zones and zones != (machine.body.get("zones") or []):
        said = (
            f"Disk {disk.id} cannot be attached to the VM because it is not in the same zone as the VM. "
            f"VM zone: '{','.join(machine.body.get('zones') or [])}'. Disk zone: '{','.join(zones)}'."
        )
        raise _refused(400, "BadRequest", said)
    _refuse_beyond_size(cloud, machine, len(disks))
    used = {one["lun"] for one in disks}
    lun = next(number for number in range(len(used) + 1) if number not in used)
    size = disk.body["properties"]["diskSizeGB"]
    shown = {"id": disk.id, "storageAccountType": disk.body["sku"]["name"]}
    disks.append({"lun": lun, "name": disk.name, "createOption": "Attach", "diskSizeGB": size, "managedDisk": shown})
    disk.body["managedBy"] = machine.id
    disk.body["properties"] = {**disk.body["properties"], "diskState": "Attached"}
    cloud.store.touch(disk)


def _refuse_beyond_size(cloud: Cloud, machine: Resource, count: int) -> None:
    scale_set = cloud.store.get("/" + "/".join(split_path(machine.id)[:-2]))
    name = section(scale_set.body, "sku").get("name") if scale_set is not None else None
    most = (find_vm_size(name) or VM_SIZES["standard_ds2_v2"]).max_data_disks
    if count >= most:
        said = f"The maximum number of data disks allowed to be attached to a VM of this size is {most}."
        raise _refused(409, "OperationNotAllowed", said, "dataDisks")


def _release(cloud: Cloud, machine: Resource, identity: str) -> None:
    disks = _disks(machine)
    machine.body["properties"]["storageProfile"]["dataDisks"] = [
        one for one in disks if key_of(one["managedDisk"]["id"]) != key_of(identity)
    ]
    disk = cloud.store.get(identity)
    if disk is not None and key_of(disk.body.get("managedBy", "")) == machine.key:
        disk.body.pop("managedBy")
        disk.body["properties"] = {**disk.body["properties"], "diskState": "Unattached"}
        cloud.store.touch(disk)
