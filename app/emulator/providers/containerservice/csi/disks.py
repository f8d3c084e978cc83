"""The controller of disk.csi.azure.com: disks made, grown and deleted for claims."""

from app.emulator.core.documents import Document
from app.emulator.core.inside import ArmError
from app.emulator.core.network_documents import resource_id
from app.emulator.core.paths import group_id
from app.emulator.kubernetes.controllers.volumes.claims import SELECTED_NODE, annotation
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.quantities import number
from app.emulator.providers.containerservice.csi.errors import Code, DriverError
from app.emulator.providers.containerservice.csi.parameters import DiskParameters, read_disk_parameters, rounded_gib
from app.emulator.providers.containerservice.csi.site import Site

_DISK = "Microsoft.Compute/disks"
_ZONE = "topology.disk.csi.azure.com/zone"
_DEFAULT_GIB = 10


async def create(site: Site, claim: Object, storage_class: Object, name: str) -> Object:
    """Make the disk of a claim, in the zone of the node that was chosen; return what a volume's spec says of it."""
    parameters = read_disk_parameters(storage_class.get("parameters") or {})
    shared = set(claim["spec"]["accessModes"]) & {"ReadWriteMany", "ReadOnlyMany"}
    if shared and claim["spec"].get("volumeMode") != "Block":
        text = "mountVolume is not supported for access mode: MULTI_NODE_MULTI_WRITER"
        raise DriverError(Code.INVALID_ARGUMENT, text)
    gib = rounded_gib(number(at(claim, "spec.resources.requests.storage", "0"))) or _DEFAULT_GIB
    zone = "" if parameters.sku.endswith("ZRS") else _zone(site, claim)
    group = group_id(site.group.subscription, parameters.group or site.group.name)
    identity = resource_id(group, _DISK, name)
    try:
        await site.arm.put(identity, _disk(site, claim, parameters, name, zone, gib))
    except ArmError as error:
        raise DriverError(Code.INTERNAL, str(error)) from error
    made: Object = {"capacity": {"storage": f"{gib}Gi"}, "csi": _source(site, claim, storage_class, identity, gib)}
    if not parameters.sku.endswith("ZRS"):
        where = {"key": _ZONE, "operator": "In", "values": [zone]}
        made["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [where]}]}}
    return made


def _disk(  # noqa: PLR0913, PLR0917 (a disk has these parts)
    site: Site, claim: Object, parameters: DiskParameters, name: str, zone: str, gib: int
) -> Document:
    body: Document = {
        "location": site.group.location,
        "sku": {"name": parameters.sku},
        "tags": {
            "k8s-azure-created-by": "kubernetes-azure-dd",
            "kubernetes.io-created-for-pv-name": name,
            "kubernetes.io-created-for-pvc-name": claim["metadata"]["name"],
            "kubernetes.io-created-for-pvc-namespace": claim["metadata"]["namespace"],
            **parameters.tags,
        },
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": gib},
    }
    if zone:
        body["zones"] = [zone.rpartition("-")[2]]
    return body


def _source(site: Site, claim: Object, storage_class: Object, identity: str, gib: int) -> Object:
    attributes = {
        **(storage_class.get("parameters") or {}),
        "csi.storage.k8s.io/pv/name": f"pvc-{claim['metadata']['uid']}",
        "csi.storage.k8s.io/pvc/name": claim["metadata"]["name"],
        "csi.storage.k8s.io/pvc/namespace": claim["metadata"]["namespace"],
        "requestedsizegib": str(gib),
        "storage.kubernetes.io/csiProvisionerIdentity": f"{site.group.number}-disk.csi.azure.com",
    }
    return {"driver": "disk.csi.azure.com", "volumeHandle": identity, "volumeAttributes": attributes}


def _zone(site: Site, claim: Object) -> str:
    """The zone of the node for which the claim is bound, as its label says it; empty for a node of none."""
    node = site.store.get("nodes", "", annotation(claim, SELECTED_NODE))
    nodes = [node] if node is not None else site.store.list_("nodes")
    return str((nodes[0]["metadata"].get("labels") or {}).get(_ZONE, "")) if nodes else ""


async def delete(site: Site, volume: Object) -> None:
    """Delete the disk of a volume."""
    try:
        await site.arm.delete(volume["spec"]["csi"]["volumeHandle"])
    except ArmError as error:
        raise DriverError(Code.INTERNAL, str(error)) from error


async def expand(site: Site, volume: Object, asked_bytes: float) -> str:
    """Let the disk of a volume grow; return its size as a quantity."""
    identity, gib = volume["spec"]["csi"]["volumeHandle"], rounded_gib(asked_bytes)
    try:
        await site.arm.patch(identity, {"properties": {"diskSizeGB": gib}})
    except ArmError as error:
        text = f"failed to resize disk({identity}) with error({error})"
        raise DriverError(Code.INTERNAL, text) from error
    return f"{gib}Gi"
