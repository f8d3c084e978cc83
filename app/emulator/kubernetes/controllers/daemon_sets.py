"""Daemon sets: a pod on every node that fits."""

import copy

from app.emulator.kubernetes.controllers.conditions import is_active, is_ready
from app.emulator.kubernetes.controllers.owners import Owners
from app.emulator.kubernetes.controllers.revisions import HASH, current_revision
from app.emulator.kubernetes.controllers.scheduler import misfit
from app.emulator.kubernetes.controllers.templates import make_pod
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.controllers.workloads import WorkloadController
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.quantities import share
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.store import Change, Store

_RESOURCE = "daemonsets.apps"
_NODE = "node.kubernetes.io/"
# What every daemon pod tolerates: it is there for the node, whatever its state.
_TOLERATED = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)


class DaemonSets(WorkloadController):
    """The daemon set controller."""

    resource = _RESOURCE
    kind = "DaemonSet"

    def __init__(self, store: Store, work: Work, owners: Owners, recorder: Recorder) -> None:
        super().__init__(store, work, owners, recorder)
        work.on("nodes", self._hear_node)

    def _hear_node(self, change: Change) -> None:
        if (
            change.type != "MODIFIED"
            or change.previous is None
            or _chosen_by(change.object) != _chosen_by(change.previous)
        ):
            self.resume()

    def sync(self, namespace: str, name: str) -> None:
        """Make and remove pods, and tell how many there are."""
        found = self._store.get(_RESOURCE, namespace, name)
        if found is None:
            return
        if not found["metadata"].get("deletionTimestamp"):
            revision = current_revision(self._store, self._owners, _RESOURCE, found)
            self._place(found, revision)
            self._update(found, revision)
        self._tell(namespace, name)

    def _fitting(self, document: Object) -> list[str]:
        template = document["spec"]["template"].get("spec") or {}
        pod, only = {"spec": _daemon_spec(template, None)}, template.get("nodeName")
        names = [node["metadata"]["name"] for node in self._store.list_("nodes") if misfit(pod, node) is None]
        return [name for name in names if only in {None, "", name}]

    def _pods(self, document: Object) -> dict[str, list[Object]]:
        found: dict[str, list[Object]] = {}
        for pod in self._owners.owned(document, "pods"):
            if is_active(pod):
                found.setdefault(_node_of(pod), []).append(pod)
        return found

    def _place(self, document: Object, revision: str) -> None:
        pods, fitting = self._pods(document), self._fitting(document)
        for node in fitting:
            if node not in pods:
                template = copy.deepcopy(document["spec"]["template"])
                metadata = template.setdefault("metadata", {})
                generation = str(document["metadata"].get("generation", 1))
                labels = {HASH: revision, "pod-template-generation": generation}
                metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
                template["spec"] = _daemon_spec(template.get("spec") or {}, node)
                make_pod(self._store, self._recorder, _RESOURCE, document, template=template)
        for node, there in pods.items():
            for pod in there if node not in fitting else there[1:]:
                remove(self._store, "pods", pod)

    def _update(self, document: Object, revision: str) -> None:
        """Let pods of an earlier template go, as many as may be missing at a time; new ones take their places."""
        strategy = document["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        pods = [pod for there in self._pods(document).values() for pod in there]
        wanted = max(1, len(self._fitting(document)))
        most = share((strategy.get("rollingUpdate") or {}).get("maxUnavailable"), wanted, up=True, default=1)
        missing = wanted - sum(is_ready(pod) for pod in pods)
        old = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(HASH) != revision]
        for pod in sorted(old, key=is_ready):
            if is_ready(pod):
                if missing >= max(1, most):
                    break
                missing += 1
            remove(self._store, "pods", pod)

    def _tell(self, namespace: str, name: str) -> None:
        document = self._store.get(_RESOURCE, namespace, name)
        if document is None:
            return
        pods, fitting = self._pods(document), self._fitting(document)
        placed = [pod for node in fitting for pod in pods.get(node, ())[:1]]
        revision = current_revision(self._store, self._owners, _RESOURCE, document)
        ready = sum(is_ready(pod) for pod in placed)
        optional = {
            "numberAvailable": ready,
            "numberUnavailable": len(fitting) - ready,
            "updatedNumberScheduled": sum(
                (pod["metadata"].get("labels") or {}).get(HASH) == revision for pod in placed
            ),
            "observedGeneration": document["metadata"].get("generation", 1),
        }
        status = {
            "currentNumberScheduled": len(placed),
            "desiredNumberScheduled": len(fitting),
            "numberMisscheduled": sum(node not in fitting for node in pods),
            "numberReady": ready,
            **{key: value for key, value in optional.items() if value},
        }
        self._store.replace(_RESOURCE, {**document, "status": status})


def _chosen_by(node: Object) -> tuple[object, object]:
    return node.get("spec"), node["metadata"].get("labels")


def _daemon_spec(spec: Object, node: str | None) -> Object:
    """Return the spec of a daemon's pod; bound by its affinity to a node, as the real controller does it."""
    tolerations = [{"key": f"{_NODE}{key}", "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]
    if spec.get("hostNetwork"):
        tolerations.append({"key": f"{_NODE}network-unavailable", "operator": "Exists", "effect": "NoSchedule"})
    result = {**spec, "tolerations": [*(spec.get("tolerations") or []), *tolerations]}
    if node is not None:
        fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
        terms = {"nodeSelectorTerms": [{"matchFields": fields}]}
        affinity = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
        result["affinity"] = {**(spec.get("affinity") or {}), "nodeAffinity": affinity}
    return result


def _node_of(pod: Object) -> str:
    bound = at(pod, "spec.nodeName")
    if bound:
        return str(bound)
    terms = at(pod, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms", ())
    return next((str(field["values"][0]) for term in terms for field in term.get("matchFields") or ()), "")
