"""Replica sets: as many pods as they want."""

from app.emulator.kubernetes.controllers.conditions import is_active, is_ready
from app.emulator.kubernetes.controllers.owners import controller_of, owner_reference
from app.emulator.kubernetes.controllers.templates import make_pod
from app.emulator.kubernetes.controllers.workloads import WorkloadController
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.selectors import includes, matches
from app.emulator.kubernetes.store import Change

_RESOURCE = "replicasets.apps"


class ReplicaSets(WorkloadController):
    """The replica set controller."""

    resource = _RESOURCE
    kind = "ReplicaSet"

    def _hear_pod(self, change: Change) -> None:
        metadata = change.object["metadata"]
        owner = controller_of(change.object) or (change.previous and controller_of(change.previous))
        if owner:
            if owner["kind"] == "ReplicaSet":
                self._work.add(self.sync, metadata["namespace"], owner["name"])
            return
        for document in self._store.list_(_RESOURCE, metadata["namespace"]):
            if matches(document["spec"].get("selector"), metadata.get("labels") or {}):
                self._work.add(self.sync, metadata["namespace"], document["metadata"]["name"])

    def sync(self, namespace: str, name: str) -> None:
        """Make and remove pods, and tell how many there are."""
        found = self._store.get(_RESOURCE, namespace, name)
        if found is None:
            return
        if not found["metadata"].get("deletionTimestamp"):
            self._adopt(found)
            pods = self._pods(found)
            wanted = found["spec"].get("replicas", 1)
            for _ in range(wanted - len(pods)):
                if make_pod(self._store, self._recorder, _RESOURCE, found, template=found["spec"]["template"]) is None:
                    break
            for pod in sorted(pods, key=_first_to_go)[: max(0, len(pods) - wanted)]:
                self._remove(found, pod)
        self._tell(namespace, name)

    def _pods(self, document: Object) -> list[Object]:
        return [pod for pod in self._owners.owned(document, "pods") if is_active(pod)]

    def _adopt(self, document: Object) -> None:
        """Take pods that match and belong to nobody, and let go of those that match no more."""
        selector, metadata = document["spec"].get("selector"), document["metadata"]
        for pod in self._owners.orphans("pods", metadata["namespace"]):
            if is_active(pod) and matches(selector, pod["metadata"].get("labels") or {}):
                held = pod["metadata"].get("ownerReferences") or []
                self._give(pod, [*held, owner_reference("apps/v1", "ReplicaSet", document)])
        for pod in self._owners.owned(document, "pods"):
            if not matches(selector, pod["metadata"].get("labels") or {}):
                held = pod["metadata"]["ownerReferences"]
                self._give(pod, [entry for entry in held if entry["uid"] != metadata["uid"]])

    def _give(self, pod: Object, references: list[Object]) -> None:
        self._store.replace("pods", {**pod, "metadata": {**pod["metadata"], "ownerReferences": references}})

    def _remove(self, document: Object, pod: Object) -> None:
        remove(self._store, "pods", pod)
        message = f"Deleted pod: {pod['metadata']['name']}"
        self._recorder.record(
            _RESOURCE, document, reason="SuccessfulDelete", message=message, component="replicaset-controller"
        )

    def _tell(self, namespace: str, name: str) -> None:
        document = self._store.get(_RESOURCE, namespace, name)
        if document is None:
            return
        pods = self._pods(document)
        labels = at(document, "spec.template.metadata.labels", {})
        counts = {
            "fullyLabeledReplicas": sum(includes(pod["metadata"].get("labels") or {}, labels) for pod in pods),
            "readyReplicas": sum(is_ready(pod) for pod in pods),
            "availableReplicas": sum(is_ready(pod) for pod in pods),
            "observedGeneration": document["metadata"].get("generation", 1),
        }
        status = {"replicas": len(pods), **{key: value for key, value in counts.items() if value}}
        self._store.replace(_RESOURCE, {**document, "status": status})


def _first_to_go(pod: Object) -> tuple[bool, bool, float, str]:
    """Order pods as kube-controller-manager does: without a node, not ready, youngest first."""
    made = pod["metadata"].get("resourceVersion", "0")
    return bool(at(pod, "spec.nodeName")), is_ready(pod), -float(made), pod["metadata"]["name"]
