"""Emptying a node for the platform: cordon, evictions that respect disruption budgets, and what holds them up."""

from dataclasses import dataclass

from app.emulator.kubernetes.controllers.budgets import RESOURCE, budget_status, budgets_of
from app.emulator.kubernetes.controllers.conditions import is_active, is_ready
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.store import Store

_CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_UPGRADER = "upgrader"
_SYSTEM = "kube-system"


@dataclass(frozen=True)
class Blocked:
    """A pod that a budget keeps on its node."""

    namespace: str
    pod: str
    budget: str
    bound: str
    """`MinAvailable: 1`, as the budget says it."""
    healthy: int
    desired: int
    expected: int
    unready: tuple[str, ...]


def cordon(store: Store, name: str, *, schedulable: bool) -> None:
    """Let no new pods come to a node, or let them come again."""
    node = store.get("nodes", "", name)
    if node is None:
        return
    spec = {key: value for key, value in node["spec"].items() if key != "unschedulable"}
    taints = [taint for taint in spec.get("taints") or () if taint.get("key") != _CORDONED["key"]]
    if not schedulable:
        spec["unschedulable"] = True
        taints.append(dict(_CORDONED))
    store.replace("nodes", {**node, "spec": {**spec, "taints": taints}})


def label(store: Store, name: str, key: str, value: str) -> None:
    """Set a label of a node that no pool knows."""
    node = store.get("nodes", "", name)
    if node is not None:
        metadata = node["metadata"]
        labels = {**(metadata.get("labels") or {}), key: value}
        store.replace("nodes", {**node, "metadata": {**metadata, "labels": labels}})


def evict_all(store: Store, name: str, *, respect_budgets: bool = True) -> list[Blocked]:
    """Evict every pod of a node but those of daemons, as far as their budgets allow; return those that stay."""
    blocked = []
    for pod in store.list_("pods"):
        if at(pod, "spec.nodeName") != name or _is_daemon(pod):
            continue
        held = _held_by(store, pod) if respect_budgets else None
        if held is None:
            # No container runs that would need its grace.
            store.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        else:
            blocked.append(held)
    return blocked


def tell(store: Store, recorder: Recorder, name: str, message: str, *, warning: bool = False) -> None:
    """Let AKS's upgrader say something of a node."""
    node = store.get("nodes", "", name)
    if node is not None:
        kind = "Warning" if warning else "Normal"
        recorder.record("nodes", node, reason="Drain", message=message, component=_UPGRADER, type_=kind)


def unsatisfiable(store: Store) -> list[str]:
    """The budgets that no eviction can ever satisfy, each with why, in AKS's words."""
    found = []
    for budget in store.list_(RESOURCE):
        namespace, name, spec = budget["metadata"]["namespace"], budget["metadata"]["name"], budget["spec"]
        status = budget_status(store, budget)
        expected, desired = status["expectedPods"], status["desiredHealthy"]
        if namespace == _SYSTEM or expected == 0 or desired < expected:
            continue
        if "maxUnavailable" in spec:
            why = f"maxUnavailable == {spec['maxUnavailable']}"
        else:
            why = f"minAvailable({spec.get('minAvailable')}) >= expectedPods({expected}) "
        found.append(f"PDB {namespace}/{name} has {why} can't proceed with put operation")
    return found


def _is_daemon(pod: Object) -> bool:
    return any(owner.get("kind") == "DaemonSet" for owner in pod["metadata"].get("ownerReferences") or ())


def _held_by(store: Store, pod: Object) -> Blocked | None:
    if not is_ready(pod):
        return None
    for budget in budgets_of(store, pod):
        status = budget_status(store, budget)
        if status["disruptionsAllowed"] < 1:
            return _blocked(store, pod, budget, status)
    return None


def _blocked(store: Store, pod: Object, budget: Object, status: Object) -> Blocked:
    spec, namespace = budget["spec"], pod["metadata"]["namespace"]
    name = "MaxUnavailable" if "maxUnavailable" in spec else "MinAvailable"
    bound = f"{name}: {spec.get('maxUnavailable', spec.get('minAvailable'))}"
    unready = [
        f"{namespace}/{other['metadata']['name']}"
        for other in store.list_("pods", namespace)
        if is_active(other) and not is_ready(other) and budget in budgets_of(store, other)
    ]
    return Blocked(
        namespace=namespace,
        pod=pod["metadata"]["name"],
        budget=budget["metadata"]["name"],
        bound=bound,
        healthy=status["currentHealthy"],
        desired=status["desiredHealthy"],
        expected=status["expectedPods"],
        unready=tuple(unready),
    )
