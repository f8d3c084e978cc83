"""Disruption budgets: how many of their pods may be evicted now."""

from app.emulator.kubernetes.controllers.conditions import condition, is_active, is_ready
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.documents import Object, timestamp
from app.emulator.kubernetes.quantities import share
from app.emulator.kubernetes.selectors import matches
from app.emulator.kubernetes.store import Change, Store

RESOURCE = "poddisruptionbudgets.policy"


class Budgets:
    """The disruption controller."""

    def __init__(self, store: Store, work: Work) -> None:
        self._store = store
        self._work = work
        work.on(RESOURCE, self._hear)
        work.on("pods", self._hear_pod)

    def resume(self) -> None:
        """Look at all."""
        for budget in self._store.list_(RESOURCE):
            self._work.add(self.sync, budget["metadata"]["namespace"], budget["metadata"]["name"])

    def _hear(self, change: Change) -> None:
        if change.type != "DELETED":
            self._work.add(self.sync, change.object["metadata"]["namespace"], change.object["metadata"]["name"])

    def _hear_pod(self, change: Change) -> None:
        for budget in budgets_of(self._store, change.object):
            self._work.add(self.sync, budget["metadata"]["namespace"], budget["metadata"]["name"])

    def sync(self, namespace: str, name: str) -> None:
        """Tell how many pods are well, must be, and may go."""
        budget = self._store.get(RESOURCE, namespace, name)
        if budget is not None:
            self._store.replace(RESOURCE, {**budget, "status": budget_status(self._store, budget)})


def budgets_of(store: Store, pod: Object) -> list[Object]:
    """Return the budgets that a pod counts for."""
    labels = pod["metadata"].get("labels") or {}
    budgets = store.list_(RESOURCE, pod["metadata"]["namespace"])
    return [budget for budget in budgets if matches(budget["spec"].get("selector"), labels)]


def budget_status(store: Store, budget: Object) -> Object:
    """Return a budget's status as its pods stand now."""
    spec, metadata = budget["spec"], budget["metadata"]
    pods = [
        pod
        for pod in store.list_("pods", metadata["namespace"])
        if is_active(pod) and matches(spec.get("selector"), pod["metadata"].get("labels") or {})
    ]
    expected, healthy = len(pods), sum(is_ready(pod) for pod in pods)
    if "maxUnavailable" in spec:
        desired = max(0, expected - share(spec["maxUnavailable"], expected, up=True, default=0))
    else:
        desired = share(spec.get("minAvailable"), expected, up=True, default=0)
    allowed = max(0, healthy - desired) if expected else 0
    said = {
        "type": "DisruptionAllowed",
        "status": str(allowed > 0),
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "observedGeneration": metadata.get("generation", 1),
    }
    conditions = condition(budget.get("status") or {}, said, timestamp(store.now()))
    for entry in conditions:
        entry.pop("lastUpdateTime", None)
    return {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": metadata.get("generation", 1),
        "conditions": conditions,
    }
