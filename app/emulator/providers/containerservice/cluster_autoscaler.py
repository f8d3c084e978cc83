"""The cluster autoscaler that AKS runs beside a cluster: it adds nodes for pods that wait, one at a time.

It does not take nodes away. https://learn.microsoft.com/azure/aks/cluster-autoscaler-overview
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError
from app.emulator.core.inner_faults import draw_inner
from app.emulator.core.store import Resource
from app.emulator.kubernetes.controllers.room import Room
from app.emulator.kubernetes.controllers.scheduler import misfit
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.host import Change, ClusterHost, Store
from app.emulator.kubernetes.machines import node
from app.emulator.kubernetes.recorder import tell
from app.emulator.providers.containerservice import access
from app.emulator.providers.containerservice.autoscaler_status import BackOff, write_status
from app.emulator.providers.containerservice.instances import settle
from app.emulator.providers.containerservice.node_resource_group import node_group_of
from app.emulator.providers.containerservice.nodes import pools_of, template
from app.emulator.providers.containerservice.scale_sets import make_scale_set
from app.emulator.providers.containerservice.subnets import check_subnets
from app.emulator.providers.containerservice.transitions import Transitions

SCALE_UP = "ClusterAutoscaler_ScaleUp"
"""What a fault of what happens inside Azure names to let a scale-up fail."""
_COMPONENT = "cluster-autoscaler"
_SCAN_SECONDS, _NODE_SECONDS = 10, 90
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 300, 1800
# So often its status is written where nothing happens, whatever the speed.
_IDLE = timedelta(seconds=60)


@dataclass(frozen=True)
class _Key:
    """A look at a cluster; `idle`: the one that comes though nothing has happened."""

    cluster: str
    idle: bool = False


@dataclass
class _Group:
    """What it remembers of one pool."""

    coming: bool = False
    back_off: BackOff | None = None
    failures: int = field(default=0)


class ClusterAutoscaler:
    """All clusters' autoscalers. What it knows of failures a restart forgets, as the real one does."""

    def __init__(self, host: ClusterHost, transitions: Transitions) -> None:
        """Work for the clusters of `host`, once it was given a cloud by `start`."""
        self._host = host
        self._transitions = transitions
        self._cloud: Cloud | None = None
        self._groups: dict[str, _Group] = {}

    def start(self, cloud: Cloud) -> None:
        """Begin; to be called before the first cluster is brought back."""
        if self._cloud is None:
            self._host.observe(self)
        self._cloud = cloud

    def opened(self, key: str) -> None:
        """Look at a cluster that serves."""
        asyncio.get_running_loop().call_soon(self._soon, key)

    def changed(self, key: str, change: Change) -> None:
        """Look at a cluster in which a pod waits for a node, or nodes have come or gone."""
        waits = change.resource == "pods" and change.type != "DELETED" and _waits(change.object)
        if waits or (change.resource == "nodes" and change.type != "MODIFIED"):
            asyncio.get_running_loop().call_soon(self._soon, key)

    def removed(self, key: str) -> None:
        """Forget a cluster."""
        self._groups = {pool: group for pool, group in self._groups.items() if not pool.startswith(f"{key}/")}

    def _soon(self, key: str) -> None:
        cloud = self._cloud
        cluster = cloud.store.get(key) if cloud is not None else None
        # One that is planned stays: in a busy cluster it would be put off for ever.
        if cloud is not None and cluster is not None and not cloud.agenda.has(_Key(key)) and _scaled(cloud, cluster):
            self._plan(cloud, _Key(key), cloud.now() + cloud.scaled(_SCAN_SECONDS))

    def _plan(self, cloud: Cloud, key: _Key, when: datetime) -> None:
        async def due(_at: datetime) -> None:
            await self._round(cloud, key.cluster)

        cloud.plan(key, when, due)

    async def _round(self, cloud: Cloud, key: str) -> None:
        cluster, store = cloud.store.get(key), self._host.serving(key)
        if cluster is None or store is None:
            return
        pools = _scaled(cloud, cluster)
        for pod in [pod for pod in store.list_("pods") if _waits(pod)] if pools else []:
            if self._help(cloud, cluster, store, pools, pod):
                break
        state = {pool.key: (self._group(pool).coming, self._back_off(cloud, pool)) for pool in pools}
        write_status(store, cluster, pools, state)
        if pools:
            self._plan(cloud, _Key(key, idle=True), cloud.now() + max(_IDLE, cloud.scaled(_SCAN_SECONDS)))

    def _help(self, cloud: Cloud, cluster: Resource, store: Store, pools: Sequence[Resource], pod: Object) -> bool:
        """Whether a node was asked for, or comes already, on which the pod may run."""
        reasons: Counter[str] = Counter()
        for pool in pools:
            properties, group = pool.body["properties"], self._group(pool)
            made = node(template(cloud, cluster, pool), timestamp(cloud.now()))
            why = misfit(pod, made) or Room().lacking(pod, made)
            if why is None and group.coming:
                return True
            if why is None and properties["count"] >= properties["maxCount"]:
                why = "max node group size reached"
            if why is None and self._back_off(cloud, pool) is not None:
                why = "in backoff after failed scale-up"
            if why is None and self._grow(cloud, cluster, store, pool, pod):
                return True
            reasons[why or "in backoff after failed scale-up"] += 1
        words = ", ".join(f"{number} {why}" for why, number in sorted(reasons.items()))
        message = f"pod didn't trigger scale-up: {words}"
        tell(store, "pods", pod, reason="NotTriggerScaleUp", message=message, component=_COMPONENT)
        return False

    def _grow(self, cloud: Cloud, cluster: Resource, store: Store, pool: Resource, pod: Object) -> bool:
        properties, group = pool.body["properties"], self._group(pool)
        name = node_group_of(cluster).scale_set_name(pool.name, properties["osType"])
        try:
            self._ask(cloud, cluster, pool)
        except AzureError as refused:
            seconds = min(_LONGEST_BACK_OFF, _FIRST_BACK_OFF * 2**group.failures)
            group.failures += 1
            group.back_off = BackOff(refused.code, refused.message, cloud.now() + cloud.scaled(seconds))
            message = f"Failed adding 1 nodes to group {name} due to Other.{refused.code}; source errors: "
            message += refused.message
            tell(store, "pods", pod, reason="FailedScaleUp", message=message, component=_COMPONENT, type_="Warning")
            return False
        count = properties["count"]
        message = f"pod triggered scale-up: [{{{name} {count}->{count + 1} (max: {properties['maxCount']})}}]"
        tell(store, "pods", pod, reason="TriggeredScaleUp", message=message, component=_COMPONENT)
        group.coming, group.failures, group.back_off = True, 0, None

        async def arrive(_at: datetime) -> None:
            group.coming = False
            await self._arrive(cloud, cluster.key, pool.key)

        cloud.plan(("autoscaled", pool.key), cloud.now() + cloud.scaled(_NODE_SECONDS), arrive)
        return True

    def _ask(self, cloud: Cloud, cluster: Resource, pool: Resource) -> None:
        """Raise what keeps Azure from giving the pool one more machine."""
        fault = draw_inner(cloud, SCALE_UP, pool.id)
        if fault is not None:
            raise AzureError(409, fault.code, fault.message)
        properties = pool.body["properties"]
        location = cluster.body["location"]
        access.check_quota(cloud, pool.id.split("/")[2], location, access.cores_of_pool(properties, 1))
        check_subnets(cloud, cluster.body, [(properties, 1)])

    async def _arrive(self, cloud: Cloud, cluster_key: str, pool_key: str) -> None:
        cluster, pool = cloud.store.get(cluster_key), cloud.store.get(pool_key)
        if cluster is None or pool is None:
            return
        properties = pool.body["properties"]
        busy = cloud.operations.running_on(cluster_key) or cloud.operations.running_on(pool_key)
        if not busy and properties.get("enableAutoScaling") and properties["count"] < properties["maxCount"]:
            properties["count"] += 1
            settle(pool)
            make_scale_set(cloud, cluster, pool)
            cloud.store.touch(pool)
            await self._transitions.show_nodes(cloud, cluster)
        self._soon(cluster_key)

    def _group(self, pool: Resource) -> _Group:
        return self._groups.setdefault(pool.key, _Group())

    def _back_off(self, cloud: Cloud, pool: Resource) -> BackOff | None:
        back_off = self._group(pool).back_off
        return back_off if back_off is not None and back_off.until > cloud.now() else None


def _scaled(cloud: Cloud, cluster: Resource) -> list[Resource]:
    """The pools that the autoscaler may change."""
    return [
        pool
        for pool in pools_of(cloud, cluster)
        if pool.body["properties"].get("enableAutoScaling")
        and all(one.body["properties"]["powerState"]["code"] == "Running" for one in (cluster, pool))
    ]


def _waits(pod: Object) -> bool:
    """Whether the scheduler has found no node for it. Daemons' pods wait for their own."""
    metadata = pod["metadata"]
    if metadata.get("deletionTimestamp") or at(pod, "spec.nodeName"):
        return False
    if any(owner.get("kind") == "DaemonSet" for owner in metadata.get("ownerReferences") or ()):
        return False
    return any(
        one["type"] == "PodScheduled" and one.get("reason") == "Unschedulable"
        for one in at(pod, "status.conditions", ())
    )
