"""Nodes, pods, leases and events: what the cluster says of itself."""

from collections.abc import Iterator
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, age, field_cell

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


def _prepare_pod(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    if previous is None:
        document["status"] = {"phase": "Pending", "qosClass": "BestEffort"}


def _container_statuses(document: Object) -> Iterator[Object]:
    yield from at(document, "status.containerStatuses", ())


def _pod_ready(document: Object, _now: datetime) -> JSON:
    ready = sum(bool(status.get("ready")) for status in _container_statuses(document))
    return f"{ready}/{len(at(document, 'spec.containers', ()))}"


def _pod_status(document: Object, _now: datetime) -> JSON:
    if at(document, "metadata.deletionTimestamp"):
        return "Terminating"
    reason: str = at(document, "status.reason") or at(document, "status.phase", "Unknown")
    return reason


def _pod_restarts(document: Object, _now: datetime) -> JSON:
    return str(sum(status.get("restartCount", 0) for status in _container_statuses(document)))


PODS = Kind(
    kind="Pod",
    plural="pods",
    singular="pod",
    namespaced=True,
    short_names=("po",),
    categories=("all",),
    selectable=(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    has_status=True,
    returns_deleted=True,
    columns=(
        NAME,
        Column("Ready", _pod_ready, description="How many of its containers are ready."),
        Column("Status", _pod_status, description="The aggregate status of the containers."),
        Column("Restarts", _pod_restarts, description="How often its containers were restarted."),
        AGE,
        Column("IP", field_cell("status.podIP", "<none>"), priority=1),
        Column("Node", field_cell("spec.nodeName", "<none>"), priority=1),
        Column("Nominated Node", field_cell("status.nominatedNodeName", "<none>"), priority=1),
        Column("Readiness Gates", field_cell("-", "<none>"), priority=1),
    ),
    prepare=_prepare_pod,
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


def _last_seen(document: Object, now: datetime) -> JSON:
    return age(document.get("lastTimestamp") or document.get("eventTime"), now)


def _first_seen(document: Object, now: datetime) -> JSON:
    return age(document.get("firstTimestamp") or document.get("eventTime"), now)


def _involved(document: Object, _now: datetime) -> JSON:
    kind = str(at(document, "involvedObject.kind", "")).lower()
    return f"{kind}/{at(document, 'involvedObject.name', '')}"


EVENTS = Kind(
    kind="Event",
    plural="events",
    singular="event",
    namespaced=True,
    short_names=("ev",),
    selectable=(
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    columns=(
        Column("Last Seen", _last_seen),
        Column("Type", field_cell("type")),
        Column("Reason", field_cell("reason")),
        Column("Object", _involved),
        Column("Subobject", field_cell("involvedObject.fieldPath"), priority=1),
        Column("Source", field_cell("source.component"), priority=1),
        Column("Message", field_cell("message")),
        Column("First Seen", _first_seen, priority=1),
        Column("Count", field_cell("count", 1), priority=1),
        Column("Name", field_cell("metadata.name"), priority=1, format="name"),
    ),
)
