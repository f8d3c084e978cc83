"""Which node a pod goes to: selectors, affinity, taints, readiness, room (kubernetes.io/docs/concepts/scheduling)."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from app.emulator.kubernetes.controllers.conditions import conditions_with
from app.emulator.kubernetes.controllers.owners import controller_of
from app.emulator.kubernetes.controllers.quantities import number
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.selectors import expression_holds, includes
from app.emulator.kubernetes.store import Change, Store

_COMPONENT = "default-scheduler"
_HARD = {"NoSchedule", "NoExecute"}
_RESOURCES = ("cpu", "memory")
_NO_PREEMPTION = "Preemption is not helpful for scheduling."

Used = defaultdict[str, float]
Usage = dict[str, Used]


class Scheduler:
    """Binds pods to nodes, evenly; says why where none fits, and looks again when nodes change or pods go."""

    def __init__(self, store: Store, work: Work, recorder: Recorder) -> None:
        self._store = store
        self._work = work
        self._recorder = recorder
        work.on("pods", self._hear)
        work.on("nodes", self._hear_node)

    def resume(self) -> None:
        """Look at all pods that wait."""
        for pod in self._store.list_("pods"):
            self._consider(pod)

    def _hear(self, change: Change) -> None:
        if change.type == "DELETED" and at(change.object, "spec.nodeName"):
            self.resume()
        elif change.type == "ADDED":
            self._consider(change.object)

    def _hear_node(self, change: Change) -> None:
        if change.previous is None or change.object.get("spec") != change.previous.get("spec"):
            self.resume()

    def _consider(self, pod: Object) -> None:
        if not at(pod, "spec.nodeName"):
            self._work.add(self.schedule, pod["metadata"]["namespace"], pod["metadata"]["name"])

    def schedule(self, namespace: str, name: str) -> None:
        """Bind a pod that waits, or say why it goes on waiting."""
        pod = self._store.get("pods", namespace, name)
        if pod is None or at(pod, "spec.nodeName") or pod["metadata"].get("deletionTimestamp"):
            return
        nodes, usage = self._store.list_("nodes"), self._usage()
        reasons: Counter[str] = Counter()
        fitting = []
        for node in nodes:
            reason = misfit(pod, node) or _no_room(pod, node, usage[node["metadata"]["name"]])
            if reason:
                reasons[reason] += 1
            else:
                fitting.append(node)
        missing = next(self._missing_claims(pod), None)
        if missing or not fitting:
            self._refuse(pod, missing or _summary(len(nodes), reasons))
        else:
            siblings = self._siblings(pod)
            self._bind(pod, min(fitting, key=lambda node: _load(node, siblings, usage[node["metadata"]["name"]])))

    def _usage(self) -> Usage:
        usage: Usage = {node["metadata"]["name"]: defaultdict(float) for node in self._store.list_("nodes")}
        for pod in self._store.list_("pods"):
            used = usage.get(at(pod, "spec.nodeName", ""))
            if used is not None and at(pod, "status.phase") not in {"Succeeded", "Failed"}:
                used["pods"] += 1
                for resource, amount in _requests(pod):
                    used[resource] += amount
        return usage

    def _siblings(self, pod: Object) -> Counter[str]:
        """Return how many pods of the same owner each node has."""
        owner = controller_of(pod)
        if owner is None:
            return Counter()
        pods = self._store.list_("pods", pod["metadata"]["namespace"])
        return Counter(at(one, "spec.nodeName", "") for one in pods if controller_of(one, owner["uid"]))

    def _missing_claims(self, pod: Object) -> Iterator[str]:
        for volume in at(pod, "spec.volumes", ()):
            claim = at(volume, "persistentVolumeClaim.claimName")
            if claim:
                yield f'persistentvolumeclaim "{claim}" not found'

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
        return "node(s) didn't match Pod's node affinity/selector"
    return None


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


def _requests(pod: Object) -> Iterator[tuple[str, float]]:
    for container in pod["spec"].get("containers") or ():
        wanted = at(container, "resources.requests", {})
        for resource in _RESOURCES:
            if resource in wanted:
                yield resource, number(str(wanted[resource]))


def _no_room(pod: Object, node: Object, used: Used) -> str | None:
    allocatable = at(node, "status.allocatable", {})
    if used["pods"] + 1 > number(str(allocatable.get("pods", "110"))):
        return "Too many pods"
    for resource, amount in _requests(pod):
        if used[resource] + amount > number(str(allocatable.get(resource, "0"))):
            return f"Insufficient {resource}"
    return None


def _load(node: Object, siblings: Counter[str], used: Used) -> tuple[bool, int, float, str]:
    """Order nodes: those of an owner's pods apart, and then evenly.

    A real scheduler knows no system of a pod that names none; here such pods go to Windows last, as their images
    would not start there.
    """
    name = node["metadata"]["name"]
    windows = at(node, "metadata.labels", {}).get("kubernetes.io/os") == "windows"
    return windows, siblings[name], used["pods"], name


def _summary(count: int, reasons: Counter[str]) -> str:
    if not count:
        return f"no nodes available to schedule pods. preemption: 0/0 nodes are available: 0 {_NO_PREEMPTION}"
    listed = ", ".join(sorted(f"{number} {reason}" for reason, number in reasons.items()))
    available = f"0/{count} nodes are available: "
    return f"{available}{listed}. preemption: {available}{count} {_NO_PREEMPTION}"
