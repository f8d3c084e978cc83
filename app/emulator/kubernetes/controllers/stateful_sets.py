"""Stateful sets: pods with names, one after the other."""

import copy

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.controllers.conditions import is_ready
from app.emulator.kubernetes.controllers.revisions import HASH, current_revision
from app.emulator.kubernetes.controllers.templates import make_pod
from app.emulator.kubernetes.controllers.workloads import WorkloadController
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.volumes import PERSISTENT_VOLUME_CLAIMS
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.status import StatusError

_RESOURCE = "statefulsets.apps"


class StatefulSets(WorkloadController):
    """The stateful set controller."""

    resource = _RESOURCE
    kind = "StatefulSet"

    def sync(self, namespace: str, name: str) -> None:
        """Take the next step in order, and tell how many pods there are."""
        found = self._store.get(_RESOURCE, namespace, name)
        if found is None:
            return
        if not found["metadata"].get("deletionTimestamp"):
            self._step(found, current_revision(self._store, self._owners, _RESOURCE, found))
        self._tell(namespace, name)

    def _pods(self, document: Object) -> dict[int, Object]:
        prefix = f"{document['metadata']['name']}-"
        pods = {pod["metadata"]["name"].removeprefix(prefix): pod for pod in self._owners.owned(document, "pods")}
        return {int(ordinal): pod for ordinal, pod in sorted(pods.items()) if ordinal.isdecimal()}

    def _step(self, document: Object, revision: str) -> None:
        pods, wanted = self._pods(document), document["spec"].get("replicas", 1)
        in_order = document["spec"].get("podManagementPolicy") != "Parallel"
        for ordinal in range(wanted):
            pod = pods.get(ordinal)
            if pod is None:
                self._make(document, ordinal, revision)
            if in_order and (pod is None or not is_ready(pod)):
                return
        surplus = sorted((ordinal for ordinal in pods if ordinal >= wanted), reverse=True)
        for ordinal in surplus[: 1 if in_order else None]:
            remove(self._store, "pods", pods[ordinal])
        if not surplus:
            self._update(document, pods, revision)

    def _make(self, document: Object, ordinal: int, revision: str) -> None:
        name = f"{document['metadata']['name']}-{ordinal}"
        template = copy.deepcopy(document["spec"]["template"])
        metadata, spec = template.setdefault("metadata", {}), template.setdefault("spec", {})
        metadata["labels"] = {
            **(metadata.get("labels") or {}),
            "apps.kubernetes.io/pod-index": str(ordinal),
            HASH: f"{document['metadata']['name']}-{revision}",
            "statefulset.kubernetes.io/pod-name": name,
        }
        spec |= {"hostname": name, "subdomain": document["spec"].get("serviceName", "")}
        claims = [at(claim, "metadata.name", "") for claim in document["spec"].get("volumeClaimTemplates") or ()]
        volumes = [
            {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}} for claim in claims if claim
        ]
        if volumes:
            spec["volumes"] = [*(spec.get("volumes") or []), *volumes]
            self._make_claims(document, name)
        make_pod(self._store, self._recorder, _RESOURCE, document, template=template, name=name)

    def _make_claims(self, document: Object, pod: str) -> None:
        """Make the claims of a pod that are not there; those of an earlier pod of its name are taken again."""
        namespace = document["metadata"]["namespace"]
        for template in document["spec"]["volumeClaimTemplates"]:
            name = f"{at(template, 'metadata.name', '')}-{pod}"
            if self._store.get("persistentvolumeclaims", namespace, name) is not None:
                continue
            labels = {
                **at(document, "spec.selector.matchLabels", {}),
                **(at(template, "metadata.labels") or {}),
            }
            annotations = at(template, "metadata.annotations") or {}
            claim = {
                "metadata": {"name": name, "labels": labels, "annotations": dict(annotations)},
                "spec": copy.deepcopy(template.get("spec") or {}),
            }
            self._create_claim(document, claim, pod)

    def _create_claim(self, document: Object, claim: Object, pod: str) -> None:
        owner, name = document["metadata"]["name"], claim["metadata"]["name"]
        told = f"Claim {name} Pod {pod} in StatefulSet {owner}"
        reason, said, type_ = "SuccessfulCreate", f"create {told} success", "Normal"
        try:
            writes.create(self._store, PERSISTENT_VOLUME_CLAIMS, document["metadata"]["namespace"], claim)
        except StatusError as error:
            reason, said, type_ = "FailedCreate", f"create {told} failed error: {error.message}", "Warning"
        self._recorder.record(
            _RESOURCE, document, reason=reason, message=said, component="statefulset-controller", type_=type_
        )

    def _update(self, document: Object, pods: dict[int, Object], revision: str) -> None:
        """Let the pod of an earlier template with the highest ordinal go, once all above it are ready."""
        strategy = document["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        first = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        current = f"{document['metadata']['name']}-{revision}"
        for ordinal in sorted(pods, reverse=True):
            pod = pods[ordinal]
            if ordinal < first or not is_ready(pod):
                return
            if (pod["metadata"].get("labels") or {}).get(HASH) != current:
                remove(self._store, "pods", pod)
                return

    def _tell(self, namespace: str, name: str) -> None:
        document = self._store.get(_RESOURCE, namespace, name)
        if document is None:
            return
        pods = self._pods(document)
        update = f"{name}-{current_revision(self._store, self._owners, _RESOURCE, document)}"
        before = document.get("status") or {}
        updated = sum((pod["metadata"].get("labels") or {}).get(HASH) == update for pod in pods.values())
        wanted, ready = document["spec"].get("replicas", 1), sum(is_ready(pod) for pod in pods.values())
        done = updated == ready == wanted
        current = update if done else before.get("currentRevision", update)
        optional = {
            "readyReplicas": ready,
            "currentReplicas": updated if current == update else len(pods) - updated,
            "updatedReplicas": updated,
            "observedGeneration": document["metadata"].get("generation", 1),
        }
        status = {
            "replicas": len(pods),
            "availableReplicas": ready,
            "currentRevision": current,
            "updateRevision": update,
            "collisionCount": 0,
            **{key: value for key, value in optional.items() if value},
        }
        self._store.replace(_RESOURCE, {**document, "status": status})
