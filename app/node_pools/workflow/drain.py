"""Steps that empty a pool's nodes: no new pods, evictions that heed budgets, and the pods up again elsewhere."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from app.clusters.specs.wanted import Place
from app.clusters.workflow.inside import ever_less_often, inside, note_change
from app.core.errors import ConflictError, FieldError
from app.core.json import JsonObject
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import EvictionBlockedError
from app.kubernetes.types import PodState


class DrainBlockedError(ConflictError):
    """Pods stay on a node: a disruption budget keeps them, or they do not end."""

    code = "drain_blocked"
    title = "A node cannot be drained"
    remedy = (
        "Have the budgets allow a disruption, or end the pods that `errors` names; then `:retry` the job, which goes "
        "on with the nodes that are left. Or ask with `ignore_disruption_budgets` or a longer `drain_timeout_seconds`."
    )


class PodsNotUpError(ConflictError):
    """Pods that were moved are not Ready elsewhere."""

    code = "pods_not_up"
    title = "Pods are not up again"
    remedy = "Look why they do not run (`kubectl get events`); then `:retry` the job, which goes on from here."


@dataclass(frozen=True, slots=True)
class Drain:
    """How nodes are emptied. `timeout_seconds`: the longest wait for one node, and for the pods to be up again."""

    timeout_seconds: int
    ignore_budgets: bool = False

    @classmethod
    def of(cls, request: JsonObject) -> "Drain":
        """As a job's request has it."""
        return cls(int(request["drain_timeout_seconds"]), bool(request["ignore_budgets"]))


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeps pods that are to move, and how many of them were Ready before."""

    namespace: str
    name: str
    uid: str
    ready: int


@cloud_step
async def look_at_pods(cloud: Cloud, place: Place, pool: str) -> list[Kept]:
    """What keeps the pods that are on the pool's nodes, and how many of them are Ready in the whole cluster."""
    async with inside(cloud, place) as client:
        nodes = await _nodes_of(client, pool)
        pods = await client.pods.everywhere()
    moving = {pod.controller.uid for pod in pods if pod.node in nodes and pod.leaves and pod.controller is not None}
    ready = _ready(pods)
    named = {pod.controller.uid: pod for pod in pods if pod.controller is not None}
    found = [
        Kept(named[uid].namespace, controller.name, uid, ready[uid])
        for uid in moving
        if (controller := named[uid].controller) is not None
    ]
    return sorted(found, key=lambda kept: (kept.namespace, kept.name))


@cloud_step
async def cordon_nodes(cloud: Cloud, place: Place, pool: str) -> list[str]:
    """Let no new pods come to the pool's nodes."""
    return await allow_pods(cloud, place, pool, allowed=False)


async def allow_pods(cloud: Cloud, place: Place, pool: str, *, allowed: bool) -> list[str]:
    """Let new pods come to the pool's nodes, or not; return the nodes of which that was not so."""
    async with inside(cloud, place) as client:
        other = [node.name for node in await client.nodes() if node.pool == pool and node.schedulable is not allowed]
        for node in other:
            await cloud.context.fence()
            await client.pods.allow_on(node, allowed=allowed)
            note_change(cloud, "PATCH", f"/api/v1/nodes/{node}", place)
    return other


@cloud_step
async def drain_nodes(cloud: Cloud, place: Place, pool: str, drain: Drain) -> int:
    """Evict what is on the nodes, one node after the other; return how many pods had to go.

    A node whose pods stay too long fails the step, unless the job is to wait (`on_blocked`) or budgets are ignored.
    """
    async with inside(cloud, place) as client:
        nodes = sorted(await _nodes_of(client, pool))
    gone = 0
    for number, node in enumerate(nodes, 1):
        gone += await _Node(cloud, place, node, f"node {number} of {len(nodes)}, {node}").drain(drain)
    return gone


class _Node:
    """One node that is being emptied."""

    def __init__(self, cloud: Cloud, place: Place, name: str, words: str) -> None:
        self._cloud = cloud
        self._place = place
        self._name = name
        self._words = words
        self._evicted: set[str] = set()

    async def drain(self, drain: Drain) -> int:
        """Return how many pods were evicted."""
        since = self._cloud.clock.monotonic()
        patience = timedelta(seconds=drain.timeout_seconds).total_seconds()
        endless = self._cloud.job.options.get("on_blocked") == "wait"
        async for _ in ever_less_often(self._cloud):
            async with inside(self._cloud, self._place) as client:
                staying = [pod for pod in await client.pods.on_node(self._name) if pod.leaves]
                blocked = [error for pod in staying if (error := await self._evict(client, pod)) is not None]
            if not staying or (drain.ignore_budgets and len(blocked) == len(staying)):
                # What only budgets keep goes with the pool, when Azure is told to ignore them too.
                break
            why = blocked or [self._still(pod) for pod in staying]
            self._cloud.context.progress(f"Draining {self._words}: {why[0].detail}"[:400])
            if not endless and self._cloud.clock.monotonic() - since >= patience:
                raise DrainBlockedError(
                    f"{self._name} is not empty after {drain.timeout_seconds} s: {why[0].detail}", errors=why
                )
        return len(self._evicted)

    async def _evict(self, client: ClusterClient, pod: PodState) -> FieldError | None:
        if pod.deleting:
            return None
        await self._cloud.context.fence()
        try:
            await client.pods.evict(pod)
        except EvictionBlockedError as blocked:
            return FieldError(
                blocked.code, self._pointer(pod), f"{pod.namespace}/{pod.name} stays: {blocked.problem.detail}"
            )
        self._evicted.add(pod.uid)
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"
        note_change(self._cloud, "POST", path, self._place)
        return None

    def _still(self, pod: PodState) -> FieldError:
        return FieldError("pod_ending", self._pointer(pod), f"{pod.namespace}/{pod.name} is ending.")

    def _pointer(self, pod: PodState) -> str:
        return f"/nodes/{self._name}/pods/{pod.namespace}/{pod.name}"


@cloud_step
async def verify_pods(cloud: Cloud, place: Place, kept: list[Kept], drain: Drain) -> int:
    """Wait until of each that keeps pods as many are Ready as before; return how many that are.

    What has no pod any more was ended by somebody, and is not waited for.
    """
    since = cloud.clock.monotonic()
    endless = cloud.job.options.get("on_blocked") == "wait"
    async for _ in ever_less_often(cloud):
        async with inside(cloud, place) as client:
            pods = await client.pods.everywhere()
        ready, living = _ready(pods), {pod.controller.uid for pod in pods if pod.controller is not None}
        down = [each for each in kept if each.uid in living and ready[each.uid] < each.ready]
        if not down:
            break
        why = [
            FieldError(
                "not_ready",
                f"/{each.namespace}/{each.name}",
                f"{ready[each.uid]} of {each.ready} pods of {each.namespace}/{each.name} are Ready.",
            )
            for each in down
        ]
        cloud.context.progress(f"Waiting: {why[0].detail}")
        if not endless and cloud.clock.monotonic() - since >= drain.timeout_seconds:
            raise PodsNotUpError(f"After {drain.timeout_seconds} s {why[0].detail}", errors=why)
    return sum(each.ready for each in kept)


def _ready(pods: tuple[PodState, ...]) -> Counter[str]:
    return Counter(pod.controller.uid for pod in pods if pod.controller is not None and pod.ready and not pod.deleting)


async def _nodes_of(client: ClusterClient, pool: str) -> frozenset[str]:
    return frozenset(node.name for node in await client.nodes() if node.pool == pool)
