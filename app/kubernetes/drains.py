"""What a drain meets in a cluster: pods on nodes, PodDisruptionBudgets; and the use of deprecated APIs."""

import re
from collections.abc import Iterable

from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.models.policy_v1 import PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from lightkube.resources.core_v1 import Pod
from lightkube.resources.policy_v1 import PodDisruptionBudget

from app.kubernetes.connection import Connection
from app.kubernetes.errors import ClusterForbiddenError, NotInClusterError, ObjectChangedError
from app.kubernetes.pods import Ask, pod_state
from app.kubernetes.types.drain import Budget, DeprecatedUse, Operator, PlacedPod, Requirement

_PAGE = 500
_ALL = "*"
_MIRROR = "kubernetes.io/config.mirror"
# https://kubernetes.io/docs/reference/instrumentation/metrics/: a gauge, 1 for what was asked for since the start.
_DEPRECATED = re.compile(r"^apiserver_requested_deprecated_apis\{(?P<labels>[^}]*)\} 1(?:\.0*)?$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class ClusterDrains:
    """What stands in the way of a drain. Every call raises what `ClusterClient` says."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def pods(self) -> tuple[PlacedPod, ...]:
        """The pods that are on a node and have not ended, by node, namespace and name."""

        async def ask(connection: Connection) -> list[PlacedPod]:
            found = connection.typed.list(Pod, namespace=_ALL, chunk_size=_PAGE)
            return [placed async for pod in found if (placed := placed_pod(pod)) is not None]

        return tuple(sorted(await self._ask(ask), key=lambda pod: (pod.node, pod.namespace, pod.name)))

    async def budgets(self) -> tuple[Budget, ...]:
        """All PodDisruptionBudgets, by namespace and name."""

        async def ask(connection: Connection) -> list[Budget]:
            found = connection.typed.list(PodDisruptionBudget, namespace=_ALL, chunk_size=_PAGE)
            return [budget_of(each) async for each in found]

        return tuple(sorted(await self._ask(ask), key=lambda budget: (budget.namespace, budget.name)))

    async def remove(self, pod: PlacedPod) -> bool:
        """Delete exactly this pod, whatever its budget says; False when it is gone."""
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": pod.uid}}

        async def ask(connection: Connection) -> None:
            await connection.raw.request("DELETE", path, json=options)

        try:
            await self._ask(ask)
        except (NotInClusterError, ObjectChangedError):
            return False
        return True

    async def deprecated(self) -> tuple[DeprecatedUse, ...]:
        """Which deprecated APIs the API server has answered since its start; nothing where it shows no metrics."""

        async def ask(connection: Connection) -> str:
            return (await connection.raw.get("/metrics")).text

        try:
            return tuple(sorted(deprecated_in(await self._ask(ask)), key=lambda use: use.api))
        except (NotInClusterError, ClusterForbiddenError):
            return ()


def placed_pod(pod: Pod) -> PlacedPod | None:
    """What a drain sees of a pod; None for one that is on no node or has ended."""
    state, metadata = pod_state(pod), pod.metadata or ObjectMeta()
    if state.node is None or state.ended:
        return None
    mirror = _MIRROR in (metadata.annotations or {})
    return PlacedPod(
        namespace=state.namespace,
        name=state.name,
        uid=state.uid,
        node=state.node,
        ready=state.ready,
        labels=metadata.labels or {},
        controller=state.controller,
        daemon=mirror or (state.controller is not None and state.controller.kind == "DaemonSet"),
        deleting=state.deleting,
    )


def budget_of(found: PodDisruptionBudget) -> Budget:
    """What matters of a PodDisruptionBudget."""
    metadata, spec = found.metadata or ObjectMeta(), found.spec or PodDisruptionBudgetSpec()
    status = found.status or PodDisruptionBudgetStatus(
        currentHealthy=0, desiredHealthy=0, disruptionsAllowed=0, expectedPods=0
    )
    least = spec.minAvailable is not None
    return Budget(
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        bound=f"minAvailable: {spec.minAvailable}" if least else f"maxUnavailable: {spec.maxUnavailable}",
        allowed=status.disruptionsAllowed or 0,
        healthy=status.currentHealthy or 0,
        desired=status.desiredHealthy or 0,
        expected=status.expectedPods or 0,
        selector=None if spec.selector is None else tuple(_requirements(spec.selector)),
    )


def _requirements(selector: LabelSelector) -> Iterable[Requirement]:
    for key, value in (selector.matchLabels or {}).items():
        yield Requirement(key, Operator.IN, (value,))
    for each in selector.matchExpressions or ():
        yield Requirement(each.key, each.operator, tuple(each.values or ()))


def deprecated_in(metrics: str) -> Iterable[DeprecatedUse]:
    """The deprecated APIs that the API server's metrics name."""
    for found in _DEPRECATED.finditer(metrics):
        labels = dict(_LABEL.findall(found["labels"]))
        parts = (labels.get("group"), labels.get("resource"), labels.get("version"))
        yield DeprecatedUse(".".join(part for part in parts if part), labels.get("removed_release") or None)
