"""Which node a pod goes to: selectors, affinity, taints, readiness, room (kubernetes.io/docs/concepts/scheduling)."""

from collections import Counter

from app.emulator.kubernetes.controllers.conditions import conditions_with
from app.emulator.kubernetes.controllers.room import Room
from app.emulator.kubernetes.controllers.volumes import placement
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.selectors import expression_holds, includes
from app.emulator.kubernetes.store import Change, Store

_COMPONENT = "default-scheduler"
_HARD = {"NoSchedule", "NoExecute"}
_NO_MATCH = "node(s) didn't match Pod's node affinity/selector"
_NO_PREEMPTION = "Preemption is not helpful for scheduling."


class Scheduler:
    """Binds pods to nodes, evenly; says why where none fits, and looks again when nodes change or pods go."""

    def __init__(self, store: Store, work: Work, recorder: Recorder) -> None:
        self._store = store
        self._work = work
        self._recorder = recorder
        self._room = Room()
        self._waiting: set[tuple[str, str]] = set()
        work.on("pods", self._hear)
        work.on("nodes", self._hear_node)
        work.on("persistentvolumeclaims", self._hear_claim)
        for pod in store.list_("pods"):
            self._note(pod)

    def resume(self) -> None:
        """Look at all pods that wait."""
        for namespace, name in sorted(self._waiting):
            self._work.add(self.schedule, namespace, name)

    def _hear(self, change: Change) -> None:
        pod = change.object
        place = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        if change.type != "DELETED":
            self._note(pod)
            if change.type == "ADDED" and place in self._waiting:
                self._work.add(self.schedule, *place)
            return
        self._waiting.discard(place)
        self._room.forget(pod)
        if at(pod, "spec.nodeName"):
            self.resume()

    def _hear_node(self, change: Change) -> None:
        if change.previous is None or change.object.get("spec") != change.previous.get("spec"):
            self.resume()

    def _hear_claim(self, change: Change) -> None:
        namespace = change.object["metadata"]["namespace"]
        for place in sorted(self._waiting):
            if place[0] == namespace:
                self._work.add(self.schedule, *place)

    def _note(self, pod: Object) -> None:
        place = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        (self._waiting.discard if at(pod, "spec.nodeName") else self._waiting.add)(place)
        self._room.note(pod)

    def schedule(self, namespace: str, name: str) -> None:
        """Bind a pod that waits, or say why it goes on waiting."""
        pod = self._store.get("pods", namespace, name)
        if pod is None or at(pod, "spec.nodeName") or pod["metadata"].get("deletionTimestamp"):
            return
        nodes = self._store.list_("nodes")
        only = _only_node(pod)
        # A daemon's pod names its node: looking at all of them takes the square of their number.
        candidates = nodes if only is None else [node for node in nodes if node["metadata"]["name"] == only]
        reasons: Counter[str] = Counter()
        if len(candidates) < len(nodes):
            reasons[_NO_MATCH] = len(nodes) - len(candidates)
        fitting = []
        for node in candidates:
            reason = misfit(pod, node) or self._room.lacking(pod, node) or placement.conflict(self._store, pod, node)
            if reason:
                reasons[reason] += 1
            else:
                fitting.append(node)
        missing = placement.missing(self._store, pod)
        if missing or not fitting:
            self._refuse(pod, _unfit(len(nodes), missing) if missing else _summary(len(nodes), reasons))
        else:
            self._place(pod, fitting)

    def _place(self, pod: Object, fitting: list[Object]) -> None:
        """Bind a pod to the emptiest node, once the claims that waited for the choice have their volumes."""
        chosen = placement.chosen_node(self._store, pod)
        node = min(fitting, key=lambda node: (node["metadata"]["name"] != chosen, self._room.load(pod, node)))
        if not placement.choose_node(self._store, pod, node["metadata"]["name"]):
            self._bind(pod, node)

    def _bind(self, pod: Object, node: Object) -> None:
        name, now = node["metadata"]["name"], timestamp(self._store.now())
        status = {**pod["status"], "conditions": conditions_with(pod["status"], now, PodScheduled=True)}
        bound = {**pod, "spec": {**pod["spec"], "nodeName": name}, "status": status}
        self._store.replace("pods", bound)
        message = f"Successfully assigned {pod['metadata']['namespace']}/{pod['metadata']['name']} to {name}"
        self._recorder.record("pods", bound, reason="Scheduled", message=message, component=_COMPONENT)

    def _refuse(self, pod: Object, message: str) -> None:
        now = timestamp(self._store.now())
        conditions = conditions_with(pod["status"], now, PodScheduled=False)
        for condition in conditions:
            if condition["type"] == "PodScheduled":
                condition |= {"reason": "Unschedulable", "message": message}
        if conditions != pod["status"].get("conditions"):
            pod = self._store.replace("pods", {**pod, "status": {**pod["status"], "conditions": conditions}})
        self._recorder.record(
            "pods", pod, reason="FailedScheduling", message=message, component=_COMPONENT, type_="Warning"
        )


def misfit(pod: Object, node: Object) -> str | None:
    """Return why a pod may not go to a node, in the words of kube-scheduler; None if it may, were there room."""
    spec, labels = pod["spec"], node["metadata"].get("labels") or {}
    tolerations = spec.get("tolerations") or []
    taints = [taint for taint in at(node, "spec.taints", ()) if taint.get("effect") in _HARD]
    if at(node, "spec.unschedulable"):
        cordoned = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        if not tolerated(cordoned, tolerations):
            return "node(s) were unschedulable"
    for taint in taints:
        if not tolerated(taint, tolerations):
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    terms = at(spec, "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms")
    chosen = includes(labels, spec.get("nodeSelector") or {})
    if not chosen or (terms and not any(_term_holds(term, node) for term in terms)):
        return _NO_MATCH
    return None


def _only_node(pod: Object) -> str | None:
    """The one node that a pod's affinity names, if it names one."""
    terms = at(pod, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms", ())
    fields = terms[0].get("matchFields") or [] if len(terms) == 1 else []
    names = [one["values"] for one in fields if one.get("key") == "metadata.name" and one.get("operator") == "In"]
    return str(names[0][0]) if len(names) == 1 and len(names[0]) == 1 else None


def _term_holds(term: Object, node: Object) -> bool:
    labels, fields = node["metadata"].get("labels") or {}, {"metadata.name": node["metadata"]["name"]}
    expressions, matches = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not matches:
        return False
    return all(expression_holds(one, labels) for one in expressions) and all(
        expression_holds(one, fields) for one in matches
    )


def tolerated(taint: Object, tolerations: list[Object]) -> bool:
    """Say whether any toleration covers a taint."""
    return any(_covers(toleration, taint) for toleration in tolerations)


def _covers(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in {None, "", taint.get("effect")}:
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    if toleration["key"] != taint["key"]:
        return False
    return toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")


def _unfit(count: int, why: str) -> str:
    available = f"0/{count} nodes are available: "
    return f"{available}{why}. preemption: {available}{count} {_NO_PREEMPTION}"


def _summary(count: int, reasons: Counter[str]) -> str:
    if not count:
        return f"no nodes available to schedule pods. preemption: 0/0 nodes are available: 0 {_NO_PREEMPTION}"
    return _unfit(count, ", ".join(sorted(f"{number} {reason}" for reason, number in reasons.items())))
