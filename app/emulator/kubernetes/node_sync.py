"""The nodes of a cluster as the platform has its machines, beside what users have set on them."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.emulator.kubernetes import machines
from app.emulator.kubernetes.documents import JSON, Object, timestamp
from app.emulator.kubernetes.specs import NodeSpec
from app.emulator.kubernetes.store import Store

_LEASES, _LEASE_NAMESPACE = "leases.coordination.k8s.io", "kube-node-lease"
_LEASE_SECONDS = 40  # kubelet's default


class NodeSync:
    """Writes nodes and their leases, and remembers which labels and taints are the platform's."""

    def __init__(self, store: Store, saved: Mapping[str, Any] | None) -> None:
        self._store = store
        self._labels: dict[str, list[str]] = (saved or {}).get("node_labels", {})
        self._taints: dict[str, list[str]] = (saved or {}).get("node_taints", {})

    def dump(self) -> dict[str, JSON]:
        """Return what has to be remembered."""
        return {
            "node_labels": {name: [*labels] for name, labels in self._labels.items()},
            "node_taints": {name: [*taints] for name, taints in self._taints.items()},
        }

    def set_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        """Make the nodes what they should be, and nothing else; a pod whose machine is gone goes with it."""
        now = timestamp(self._store.now())
        wanted = [machines.node(spec, now) for spec in nodes]
        labels = {node["metadata"]["name"]: [*node["metadata"]["labels"]] for node in wanted}
        taints = {node["metadata"]["name"]: [_identity(taint) for taint in node["spec"]["taints"]] for node in wanted}
        for node in wanted:
            # What a pool no longer has goes; what a user has set stays.
            before = self._labels.get(node["metadata"]["name"], [])
            node["metadata"]["labels"] = {**dict.fromkeys(before), **node["metadata"]["labels"]}
            node["spec"]["taints"] += self._users_taints(node)
        self._labels, self._taints = labels, taints
        self._reconcile("nodes", "", wanted)
        self._reconcile(_LEASES, _LEASE_NAMESPACE, [_lease(spec) for spec in nodes])
        names = {spec.name for spec in nodes}
        for pod in self._store.list_("pods"):
            bound, metadata = pod["spec"].get("nodeName"), pod["metadata"]
            if bound and bound not in names:
                self._store.delete("pods", metadata["namespace"], metadata["name"])

    def _users_taints(self, node: Object) -> list[Object]:
        name = node["metadata"]["name"]
        before = self._store.get("nodes", "", name) or {"spec": {}}
        platform = {*self._taints.get(name, []), *(_identity(taint) for taint in node["spec"]["taints"])}
        return [taint for taint in before["spec"].get("taints") or () if _identity(taint) not in platform]

    def _reconcile(self, resource: str, namespace: str, wanted: list[Object]) -> None:
        names = {document["metadata"]["name"] for document in wanted}
        for document in self._store.list_(resource, namespace):
            if document["metadata"]["name"] not in names:
                self._store.delete(resource, namespace, document["metadata"]["name"])
        for document in wanted:
            self._put(resource, document)

    def _put(self, resource: str, document: Object) -> None:
        metadata = document["metadata"]
        previous = self._store.get(resource, metadata.get("namespace", ""), metadata["name"])
        if previous is None:
            self._store.create(resource, _over({"metadata": metadata}, document))
        else:
            self._store.replace(resource, _over(previous, document))


def _identity(taint: Object) -> str:
    return f"{taint['key']}:{taint['effect']}"


def _lease(spec: NodeSpec) -> Object:
    return {
        "metadata": {"name": spec.name, "namespace": _LEASE_NAMESPACE},
        "spec": {"holderIdentity": spec.name, "leaseDurationSeconds": _LEASE_SECONDS},
    }


def _over(previous: Object, wanted: Object) -> Object:
    """Lay what the platform wants over an object; a label of None goes.

    What users have set besides stays, as do the times of what lasts.
    """
    metadata = dict(previous["metadata"])
    for name in ("labels", "annotations"):
        if name in wanted["metadata"]:
            both = {**(metadata.get(name) or {}), **wanted["metadata"][name]}
            metadata[name] = {key: value for key, value in both.items() if value is not None}
    spec = {**previous.get("spec", {}), **wanted.get("spec", {})}
    result = {**previous, "metadata": metadata, "spec": spec}
    if "status" in wanted and _timeless(wanted["status"]) != _timeless(previous.get("status")):
        result["status"] = wanted["status"]
    return result


_TIMES = {"lastHeartbeatTime", "lastTransitionTime", "startTime", "startedAt", "containerID"}


def _timeless(value: Any) -> Any:  # any part of a status
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in _TIMES}
    return [_timeless(item) for item in value] if isinstance(value, list) else value
