"""Deployments: a replica set for each template, and the way from one to the next."""

import copy
from dataclasses import replace

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.controllers.conditions import condition
from app.emulator.kubernetes.controllers.owners import Owners, controller_of, owner_reference
from app.emulator.kubernetes.controllers.rollout import Fleet, available, next_sizes, size
from app.emulator.kubernetes.controllers.templates import template_hash
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.controllers.workloads import WorkloadController
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.selectors import matches
from app.emulator.kubernetes.store import Change, Store

_RESOURCE, _SETS = "deployments.apps", "replicasets.apps"
_HASH = "pod-template-hash"
_PREFIX = "deployment.kubernetes.io/"
_REVISION = f"{_PREFIX}revision"
_NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", _REVISION}


class Deployments(WorkloadController):
    """The deployment controller."""

    resource = _RESOURCE
    kind = "Deployment"

    def __init__(self, store: Store, work: Work, owners: Owners, recorder: Recorder) -> None:
        super().__init__(store, work, owners, recorder)
        work.on(_SETS, self._hear_dependent)

    def _hear_pod(self, change: Change) -> None:
        # Recreate waits for the very last old pod, which no replica set counts any more.
        owner = controller_of(change.object)
        if change.type == "DELETED" and owner and owner["kind"] == "ReplicaSet":
            namespace = change.object["metadata"]["namespace"]
            found = self._store.get(_SETS, namespace, owner["name"])
            above = controller_of(found) if found else None
            if above:
                self._work.add(self.sync, namespace, above["name"])

    def sync(self, namespace: str, name: str) -> None:
        """Take one step towards what a deployment wants, and tell how it stands."""
        found = self._store.get(_RESOURCE, namespace, name)
        if found is None:
            return
        if not found["metadata"].get("deletionTimestamp"):
            paused = bool(found["spec"].get("paused"))
            self._adopt(found)
            fleet = self._fleet(found)
            if fleet.new is None and not paused:
                fleet = self._begin(found, fleet)
            elif fleet.new is not None:
                fleet = self._renumber(found, fleet)
            self._resize(found, fleet, paused=paused)
            self._clean_up(found)
        self._tell(namespace, name)

    def _adopt(self, document: Object) -> None:
        """Take replica sets that match and belong to nobody: those of an earlier deployment that left them."""
        selector, metadata = document["spec"].get("selector"), document["metadata"]
        for one in self._owners.orphans(_SETS, metadata["namespace"]):
            if matches(selector, one["metadata"].get("labels") or {}):
                references = [owner_reference("apps/v1", "Deployment", document)]
                self._store.replace(_SETS, {**one, "metadata": {**one["metadata"], "ownerReferences": references}})

    def _fleet(self, document: Object) -> Fleet:
        sets = self._owners.owned(document, _SETS)
        template = document["spec"]["template"]
        new = [one for one in sets if _without_hash(one["spec"]["template"]) == _plain(template)]
        chosen = new[0] if new else None
        old = [one for one in sets if one is not chosen]
        left = any(self._owners.owned(one, "pods") for one in old)
        return Fleet(chosen, sorted(old, key=_revision), left)

    def _begin(self, document: Object, fleet: Fleet) -> Fleet:
        metadata, spec = document["metadata"], document["spec"]
        template = copy.deepcopy(spec["template"])
        hashed = template_hash(_plain(template))
        labels = {**at(template, "metadata.labels", {}), _HASH: hashed}
        template["metadata"] = {**template.get("metadata", {}), "labels": labels}
        selector = copy.deepcopy(spec["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), _HASH: hashed}
        revision = str(max((_revision(one) for one in fleet.old), default=0) + 1)
        made = {
            "metadata": {
                "name": f"{metadata['name']}-{hashed}",
                "labels": dict(labels),
                "annotations": self._annotations(document, revision),
                "ownerReferences": [owner_reference("apps/v1", "Deployment", document)],
            },
            "spec": {"replicas": 0, "selector": selector, "template": template},
        }
        if self._store.get(_SETS, metadata["namespace"], made["metadata"]["name"]):
            return fleet  # one of that name that is not ours, or is still going: looked at again when it is gone
        new = writes.create(self._store, BY_RESOURCE[_SETS], metadata["namespace"], made)
        self._number(document, revision)
        return replace(fleet, new=new)

    def _annotations(self, document: Object, revision: str) -> dict[str, str]:
        given = document["metadata"].get("annotations") or {}
        copied = {key: value for key, value in given.items() if key not in _NOT_COPIED}
        replicas = size(document)
        most = replicas + (next_sizes(document, Fleet(None, [])).surge)
        limits = {f"{_PREFIX}desired-replicas": str(replicas), f"{_PREFIX}max-replicas": str(most)}
        return {**copied, **limits, _REVISION: revision}

    def _renumber(self, document: Object, fleet: Fleet) -> Fleet:
        """Give a template that is back, after an undo, the newest revision."""
        new, newest = fleet.new, max((_revision(one) for one in fleet.old), default=0)
        if new is None:
            return fleet
        revision = str(max(_revision(new), newest + 1) if _revision(new) <= newest else _revision(new))
        annotations = {**(new["metadata"].get("annotations") or {}), **self._annotations(document, revision)}
        new = self._store.replace(_SETS, {**new, "metadata": {**new["metadata"], "annotations": annotations}})
        self._number(document, revision)
        return replace(fleet, new=new)

    def _number(self, document: Object, revision: str) -> None:
        fresh = self._store.get(_RESOURCE, document["metadata"]["namespace"], document["metadata"]["name"])
        if fresh is not None:
            annotations = {**(fresh["metadata"].get("annotations") or {}), _REVISION: revision}
            self._store.replace(_RESOURCE, {**fresh, "metadata": {**fresh["metadata"], "annotations": annotations}})

    def _resize(self, document: Object, fleet: Fleet, *, paused: bool) -> None:
        sizes = next_sizes(document, fleet, paused=paused)
        for one in (*([fleet.new] if fleet.new else []), *fleet.old):
            name, wanted = one["metadata"]["name"], sizes.of.get(one["metadata"]["name"], size(one))
            if wanted == size(one):
                continue
            before = size(one)
            spec = {**one["spec"], "replicas": wanted}
            generation = one["metadata"].get("generation", 1) + 1
            metadata = {**one["metadata"], "generation": generation}
            self._store.replace(_SETS, {**one, "metadata": metadata, "spec": spec})
            way = "up" if wanted > before else "down"
            message = f"Scaled {way} replica set {name} from {before} to {wanted}"
            self._recorder.record(
                _RESOURCE, document, reason="ScalingReplicaSet", message=message, component="deployment-controller"
            )

    def _clean_up(self, document: Object) -> None:
        """Forget the oldest templates past the limit of revisions."""
        fleet = self._fleet(document)
        if fleet.new is None or available(fleet.new) < size(document):
            return
        empty = [one for one in fleet.old if size(one) == 0 and not at(one, "status.replicas", 0)]
        for one in empty[: max(0, len(empty) - document["spec"].get("revisionHistoryLimit", 10))]:
            remove(self._store, _SETS, one)

    def _tell(self, namespace: str, name: str) -> None:
        document = self._store.get(_RESOURCE, namespace, name)
        if document is None:
            return
        fleet = self._fleet(document)
        every = [*fleet.old, *([fleet.new] if fleet.new else [])]
        replicas, ready = (sum(at(one, f"status.{key}", 0) for one in every) for key in ("replicas", "readyReplicas"))
        counts = {
            "observedGeneration": document["metadata"].get("generation", 1),
            "replicas": replicas,
            "updatedReplicas": at(fleet.new or {}, "status.replicas", 0),
            "readyReplicas": ready,
            "availableReplicas": sum(available(one) for one in every),
            "unavailableReplicas": max(0, max(size(document), replicas) - sum(available(one) for one in every)),
        }
        status = {key: value for key, value in counts.items() if value}
        status["conditions"] = self._conditions(document, fleet, status)
        self._store.replace(_RESOURCE, {**document, "status": status})

    def _conditions(self, document: Object, fleet: Fleet, status: Object) -> list[Object]:
        now, before = timestamp(self._store.now()), document.get("status") or {}
        least = size(document) - next_sizes(document, fleet).unavailable
        is_enough = status.get("availableReplicas", 0) >= least
        said = {
            "type": "Available",
            "status": str(is_enough),
            "reason": "MinimumReplicasAvailable" if is_enough else "MinimumReplicasUnavailable",
            "message": f"Deployment {'has' if is_enough else 'does not have'} minimum availability.",
        }
        conditions = condition(before, said, now)
        if fleet.new is None:
            return conditions
        name, wanted = fleet.new["metadata"]["name"], size(document)
        done = status.get("updatedReplicas", 0) == status.get("replicas", 0) == wanted and (
            status.get("availableReplicas", 0) >= wanted
        )
        progress = {
            "type": "Progressing",
            "status": "True",
            "reason": "NewReplicaSetAvailable" if done else "ReplicaSetUpdated",
            "message": f'ReplicaSet "{name}" {"has successfully progressed" if done else "is progressing"}.',
        }
        return condition({"conditions": conditions}, progress, now)


def _plain(template: Object) -> Object:
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value}
    return {**template, "metadata": metadata}


def _without_hash(template: Object) -> Object:
    labels = {key: value for key, value in at(template, "metadata.labels", {}).items() if key != _HASH}
    return _plain({**template, "metadata": {**template.get("metadata", {}), "labels": labels}})


def _revision(document: Object) -> int:
    text = (document["metadata"].get("annotations") or {}).get(_REVISION, "0")
    return int(text) if text.isdecimal() else 0
