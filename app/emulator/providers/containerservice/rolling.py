"""Carrying out the steps of `roll_plans`: nodes come, are drained as their budgets allow, are made anew, and go."""

from datetime import datetime, timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import section
from app.emulator.core.errors import AzureError
from app.emulator.core.operations import Operation
from app.emulator.core.store import Resource
from app.emulator.kubernetes.draining import Blocked, cordon, evict_all, label
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice.errors import flat
from app.emulator.providers.containerservice.instances import (
    AWAY,
    QUARANTINED,
    SURGE,
    add_machines,
    healthy,
    machines_of,
    rebuild,
    target,
)
from app.emulator.providers.containerservice.names import pool_id
from app.emulator.providers.containerservice.node_faults import DRAIN, JOIN, coming, is_put_off, node_name
from app.emulator.providers.containerservice.nodes import node_specs
from app.emulator.providers.containerservice.scale_sets import make_scale_set

TRY_AGAIN_SECONDS = 30
DRAIN_TIMEOUT_MINUTES = 30
_DRAINING = "draining"
_QUARANTINE = ("kubernetes.azure.com/upgrade-status", "Quarantined")


class Rolling:
    """The steps, with the host of the Kubernetes APIs at hand."""

    def __init__(self, host: ClusterHost) -> None:
        """Work with `host`."""
        self._host = host
        self._acts = {
            "new": self._new,
            "join": self._join,
            "empty": self._empty,
            "surge": self._surge,
            "drain": self._drain,
            "reimage": self._reimage,
            "unsurge": self._unsurge,
        }

    async def reach(self, cloud: Cloud, operation: Operation, effect: str) -> None:
        """Do one step; what is not to be done yet comes again. Raises what ends the operation."""
        what, pool_name, number = effect.split("/")
        cluster = cloud.store.get(operation.arguments.get("cluster") or operation.target)
        pool = cloud.store.get(pool_id(cluster.id, pool_name)) if cluster is not None else None
        if cluster is None or pool is None or operation.failure is not None:
            # One that shall fail leaves the nodes as they are.
            return
        await self._acts[what](cloud, operation, cluster, pool, number)

    async def show(self, cloud: Cloud, cluster: Resource, pool: Resource) -> None:
        """Let the scale set and the Kubernetes API have the machines that the pool has."""
        make_scale_set(cloud, cluster, pool)
        cloud.store.touch(pool)
        if cluster.internal.get("api"):
            await self._host.set_nodes(cluster.key, node_specs(cloud, cluster))

    async def _new(self, cloud: Cloud, operation: Operation, cluster: Resource, pool: Resource, number: str) -> None:
        """The nodes of a new pool join; they are shown at its end."""
        is_put_off(cloud, operation, JOIN, pool, *coming(cluster, pool, int(number)))

    async def _join(self, cloud: Cloud, operation: Operation, cluster: Resource, pool: Resource, number: str) -> None:
        if len(healthy(pool)) < pool.body["properties"]["count"]:
            if is_put_off(cloud, operation, JOIN, pool, *coming(cluster, pool, int(number))):
                return
            version, image = target(pool)
            add_machines(pool, int(number), version=version, image=image)
            await self.show(cloud, cluster, pool)

    async def _empty(self, cloud: Cloud, operation: Operation, cluster: Resource, pool: Resource, number: str) -> None:
        if number not in machines_of(pool):
            return
        blocked = await self._emptied(cloud, operation, cluster, pool, number)
        if blocked is None:
            return
        if blocked:
            self._cordon(cluster, node_name(cluster, pool, int(number)), schedulable=True)
            raise drain_failure(node_name(cluster, pool, int(number)), blocked[0])
        del machines_of(pool)[number]
        await self.show(cloud, cluster, pool)

    async def _surge(self, cloud: Cloud, operation: Operation, cluster: Resource, pool: Resource, number: str) -> None:
        missing = int(number) - sum(1 for machine in machines_of(pool).values() if machine.get(SURGE))
        if is_put_off(cloud, operation, JOIN, pool, *coming(cluster, pool, missing)):
            return
        version, image = target(pool)
        add_machines(pool, missing, version=version, image=image, surge=True)
        await self.show(cloud, cluster, pool)

    async def _drain(self, cloud: Cloud, operation: Operation, cluster: Resource, pool: Resource, number: str) -> None:
        machine = machines_of(pool).get(number)
        if machine is None:
            return
        blocked = await self._emptied(cloud, operation, cluster, pool, number)
        if blocked is None:
            return
        if not blocked:
            machine.pop(QUARANTINED, None)
            machine[AWAY] = True
            await self.show(cloud, cluster, pool)
            return
        # `Schedule` ends the upgrade and lets the node go on; `Cordon` leaves it behind and goes on itself.
        failure = drain_failure(node_name(cluster, pool, int(number)), blocked[0])
        settings = section(pool.body["properties"], "upgradeSettings")
        if settings.get("undrainableNodeBehavior") != "Cordon":
            self._cordon(cluster, node_name(cluster, pool, int(number)), schedulable=True)
            await self._remove_surge(cloud, cluster, pool)
            raise failure
        self._quarantine(cluster, pool, number)
        operation.arguments.setdefault("undrained", []).append(failure.message)
        cloud.store.touch(pool)

    def _quarantine(self, cluster: Resource, pool: Resource, number: str) -> None:
        machines_of(pool)[number][QUARANTINED] = True
        store = self._host.serving(cluster.key)
        if store is not None:
            label(store, node_name(cluster, pool, int(number)), *_QUARANTINE)

    async def _reimage(
        self, cloud: Cloud, operation: Operation, cluster: Resource, pool: Resource, number: str
    ) -> None:
        machine = machines_of(pool).get(number)
        if machine is None or machine.get(QUARANTINED):
            return
        if is_put_off(cloud, operation, JOIN, pool, node_name(cluster, pool, int(number))):
            return
        version, image = target(pool)
        rebuild(pool, int(number), version=version, image=image)
        await self.show(cloud, cluster, pool)

    async def _unsurge(
        self, cloud: Cloud, operation: Operation, cluster: Resource, pool: Resource, _number: str
    ) -> None:
        """One surge node goes, unless a quarantined one needs it in its place."""
        machines = machines_of(pool)
        surge = [one for one, machine in machines.items() if machine.get(SURGE)]
        kept = sum(1 for machine in machines.values() if machine.get(QUARANTINED))
        if len(surge) <= kept:
            return
        blocked = await self._emptied(cloud, operation, cluster, pool, surge[-1])
        if blocked is None:
            return
        # "A best-effort attempt": what its budget keeps there goes with it.
        del machines[surge[-1]]
        await self.show(cloud, cluster, pool)

    async def _remove_surge(self, cloud: Cloud, cluster: Resource, pool: Resource) -> None:
        for number, machine in list(machines_of(pool).items()):
            if machine.get(SURGE):
                del machines_of(pool)[number]
        await self.show(cloud, cluster, pool)

    async def _emptied(
        self, cloud: Cloud, operation: Operation, cluster: Resource, pool: Resource, number: str
    ) -> list[Blocked] | None:
        """Drain a node: nothing left, or what is left when the time is over; none where it is to be tried again."""
        store, name = self._host.serving(cluster.key), node_name(cluster, pool, int(number))
        if store is None or store.get("nodes", "", name) is None:
            return []
        if is_put_off(cloud, operation, DRAIN, pool, name):
            return None
        began = operation.arguments.setdefault(_DRAINING, {})
        if name not in began:
            began[name] = operation.reached_at.isoformat()
            self._host.tell_of_node(cluster.key, name, f"Draining node: {name}")
        self._cordon(cluster, name, schedulable=False)
        respect = not operation.arguments.get("ignore_budgets")
        blocked = evict_all(store, name, respect_budgets=respect)
        await self._host.settled(cluster.key)
        if not blocked:
            return []
        for one in blocked:
            said = f"Eviction blocked by Too many Requests (usually a pdb): {one.pod}"
            self._host.tell_of_node(cluster.key, name, said, warning=True)
        minutes = section(pool.body["properties"], "upgradeSettings").get("drainTimeoutInMinutes")
        timeout = cloud.scaled(60 * (minutes or DRAIN_TIMEOUT_MINUTES))
        if operation.reached_at - _moment(began[name]) >= timeout:
            return blocked
        operation.repeat_phase(max(cloud.scaled(TRY_AGAIN_SECONDS), timedelta(milliseconds=1)))
        return None

    def _cordon(self, cluster: Resource, name: str, *, schedulable: bool) -> None:
        store = self._host.serving(cluster.key)
        if store is not None:
            cordon(store, name, schedulable=schedulable)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def drain_failure(node: str, blocked: Blocked) -> AzureError:
    """What ends an operation that cannot drain a node (AKS#4783, cloudnative-pg#7346)."""
    counts = (
        f"({blocked.bound}) (CurrentHealthy: {blocked.healthy}) (DesiredHealthy: {blocked.desired}) "
        f"(ExpectedPods: {blocked.expected})"
    )
    return flat(
        400,
        "PodDrainFailure",
        f"Drain node {node} failed when evicting pod {blocked.pod} failed with Too Many Requests error. This is often "
        "caused by a restrictive Pod Disruption Budget (PDB) policy. See http://aka.ms/aks/debugdrainfailures. "
        "Original error: Cannot evict pod as it would violate the pod's disruption budget.. PDB debug info: "
        f"{blocked.namespace}/{blocked.pod} blocked by pdb {blocked.budget} {counts} with {len(blocked.unready)} "
        f"unready pods: [{','.join(blocked.unready)}].",
    )


def fail_for_undrained(operation: Operation) -> None:
    """Raise what an upgrade ends with that had to leave nodes behind."""
    undrained = operation.arguments.get("undrained")
    if undrained:
        raise flat(400, "PodDrainFailure", undrained[0])
