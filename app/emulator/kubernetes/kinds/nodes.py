"""Nodes and their leases."""

from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, Subresource, field_cell

_ROLE = "node-role.kubernetes.io/"


def _node_status(document: Object, _now: datetime) -> JSON:
    ready = _condition(document, "Ready")
    said = ["Ready" if ready == "True" else "NotReady" if ready else "Unknown"]
    if at(document, "spec.unschedulable"):
        said.append("SchedulingDisabled")
    return ",".join(said)


def _condition(document: Object, type_: str) -> str | None:
    found = [entry for entry in at(document, "status.conditions", ()) if entry.get("type") == type_]
    return str(found[0].get("status")) if found else None


def _node_roles(document: Object, _now: datetime) -> JSON:
    labels = at(document, "metadata.labels", {})
    roles = sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE))
    return ",".join(roles) or "<none>"


def _address(document: Object, type_: str) -> str:
    found = [entry for entry in at(document, "status.addresses", ()) if entry.get("type") == type_]
    return str(found[0]["address"]) if found else "<none>"


def _internal_ip(document: Object, _now: datetime) -> JSON:
    return _address(document, "InternalIP")


def _external_ip(document: Object, _now: datetime) -> JSON:
    return _address(document, "ExternalIP")


NODES = Kind(
    kind="Node",
    plural="nodes",
    singular="node",
    namespaced=False,
    short_names=("no",),
    selectable=("spec.unschedulable",),
    has_status=True,
    subresources=(Subresource("proxy", "NodeProxyOptions", ("create", "get")),),
    columns=(
        NAME,
        Column("Status", _node_status, description="The status of the node"),
        Column("Roles", _node_roles, description="The roles of the node"),
        AGE,
        Column("Version", field_cell("status.nodeInfo.kubeletVersion"), description="Kubelet Version."),
        Column("Internal-IP", _internal_ip, priority=1, description="The address inside the network."),
        Column("External-IP", _external_ip, priority=1, description="The address from outside."),
        Column("OS-Image", field_cell("status.nodeInfo.osImage", "<unknown>"), priority=1),
        Column("Kernel-Version", field_cell("status.nodeInfo.kernelVersion", "<unknown>"), priority=1),
        Column(
            "Container-Runtime",
            field_cell("status.nodeInfo.containerRuntimeVersion", "<unknown>"),
            priority=1,
        ),
    ),
)


LEASES = Kind(
    kind="Lease",
    plural="leases",
    singular="lease",
    namespaced=True,
    group="coordination.k8s.io",
    columns=(
        NAME,
        Column("Holder", field_cell("spec.holderIdentity"), description="Who holds the lease."),
        AGE,
    ),
)
