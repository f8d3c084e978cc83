"""What the phases and ends of AKS's operations do to clusters, pools, machines and Kubernetes APIs."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.locks import locked
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Transition
from app.emulator.core.store import Resource, group_key_of
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice.identities import KUBELET, shown_kubelet
from app.emulator.providers.containerservice.instances import machines_of, settle, tidy
from app.emulator.providers.containerservice.monitoring.agents import apply_agents
from app.emulator.providers.containerservice.monitoring.collector import Collector
from app.emulator.providers.containerservice.names import CLUSTER_TYPE
from app.emulator.providers.containerservice.node_faults import JOIN, coming, is_put_off
from app.emulator.providers.containerservice.node_network import make_network
from app.emulator.providers.containerservice.node_resource_group import (
    node_group_of,
    remove_group,
)
from app.emulator.providers.containerservice.nodes import cluster_spec, node_specs, pools_of
from app.emulator.providers.containerservice.outbound import apply_outbound
from app.emulator.providers.containerservice.roll_plans import CONTROL_PLANE
from app.emulator.providers.containerservice.rolling import Rolling, fail_for_undrained
from app.emulator.providers.containerservice.scale_sets import make_scale_set, remove_scale_set, set_power

PREEMPTED = {
    "code": "AKSOperationPreemptedByDelete",
    "message": "The operation was preempted because the managed cluster is being deleted.",
}
ABORTED = {"code": "OperationAborted", "message": "The operation was aborted by the caller."}


def set_state(cloud: Cloud, resource: Resource, state: str) -> None:
    """Give `resource` its provisioning state, unless it is on its way out."""
    properties = resource.body["properties"]
    if properties["provisioningState"] != "Deleting" or state == "Deleting":
        properties["provisioningState"] = state
    cloud.store.touch(resource)


def _set_power(cloud: Cloud, cluster: Resource, code: str) -> None:
    for target in (cluster, *pools_of(cloud, cluster)):
        target.body["properties"]["powerState"] = {"code": code}
        set_state(cloud, target, "Succeeded")


class Transitions:
    """The effects, with the host of the Kubernetes APIs at hand."""

    def __init__(self, host: ClusterHost, collector: Collector) -> None:
        """Work with `host`; `collector` is told of clusters whose monitoring may have changed."""
        self._host = host
        self._rolling = Rolling(host)
        self._collector = collector

    def table(self) -> dict[str, Transition]:
        """By the name that plans refer to."""
        return {
            "cluster.create": Transition(self._created, self._failed, self._canceled, self._reached),
            "cluster.update": Transition(self._updated, self._failed, self._canceled, self._reached_update),
            "cluster.stop": Transition(self._stopped, self._failed, self._canceled),
            "cluster.start": Transition(self._started, self._failed, self._canceled),
            "cluster.delete": Transition(self._deleted, self._failed_removal, self._failed_removal),
            "cluster.abort": Transition(self._aborted, self._nothing, self._nothing),
            "pool.create": Transition(self._updated_pool, self._failed_pool, self._canceled_pool, self._rolling.reach),
            "pool.update": Transition(self._updated_pool, self._failed_pool, self._canceled_pool, self._rolling.reach),
            "pool.delete": Transition(
                self._deleted_pool, self._failed_removal, self._failed_removal, self._rolling.reach
            ),
            "pool.stop": Transition(self._stopped_pool, self._failed_pool, self._canceled_pool),
            "pool.start": Transition(self._started_pool, self._failed_pool, self._canceled_pool),
            "pool.abort": Transition(self._aborted, self._nothing, self._nothing),
        }

    async def remove(self, cloud: Cloud, cluster: Resource) -> None:
        """Take a cluster out with all that belongs to it. Also when its resource group goes."""
        for target in (cluster, *pools_of(cloud, cluster)):
            for operation in cloud.operations.running_on(target.key):
                if operation.transition != "cluster.delete":
                    await cloud.cancel(operation, "Canceled", dict(PREEMPTED))
        remove_group(cloud, cluster)
        for child in cloud.store.in_group(group_key_of(cluster.id) or "/"):
            if child.key.startswith(f"{cluster.key}/"):
                cloud.store.remove(child.id)
        cloud.store.remove(cluster.id)
        if cluster.internal.get("api"):
            await self._host.remove(cluster.key)

    async def show_nodes(self, cloud: Cloud, cluster: Resource) -> None:
        """Let the Kubernetes API show the machines that are there."""
        if cluster.internal.get("api"):
            await self._host.set_nodes(cluster.key, node_specs(cloud, cluster))

    async def _start_api(self, cluster: Resource) -> None:
        if not cluster.internal.get("api"):
            await self._host.start(cluster_spec(cluster))
            cluster.internal["api"] = True

    async def _reached(self, cloud: Cloud, operation: Operation, effect: str) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is None:
            return
        if effect == "network":
            make_network(cloud, cluster)
        elif effect == "control-plane":
            await self._start_api(cluster)
        elif effect == "machines" and not self._are_put_off(cloud, operation, cluster):
            await self._settle_pools(cloud, cluster, state=None)
        cloud.store.touch(cluster)

    def _are_put_off(self, cloud: Cloud, operation: Operation, cluster: Resource) -> bool:
        """Whether a fault keeps the first nodes of a cluster for a while; any other raises what ends its creation."""
        counts = ((pool, pool.body["properties"]["count"]) for pool in pools_of(cloud, cluster))
        return any(is_put_off(cloud, operation, JOIN, pool, *coming(cluster, pool, count)) for pool, count in counts)

    async def _created(self, cloud: Cloud, operation: Operation) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is None:
            return
        group = node_group_of(cluster)
        make_network(cloud, cluster)
        await self._start_api(cluster)
        if not operation.running and operation.status != "Failed":
            # Canceled while the API was being started; Failed is one that recovers.
            return
        await self._settle_pools(cloud, cluster, state="Succeeded")
        properties = cluster.body["properties"]
        apply_outbound(cloud, cluster)
        identity = cloud.store.get(cluster.internal.get(KUBELET) or group.kubelet_identity_id)
        if identity is not None:
            properties["identityProfile"] = shown_kubelet(identity)
        await self._settle_agents(cloud, cluster)
        set_state(cloud, cluster, "Succeeded")

    async def _settle_agents(self, cloud: Cloud, cluster: Resource) -> None:
        await apply_agents(cloud, self._host, cluster)
        self._collector.watch(cloud, cluster)

    async def _settle_pools(self, cloud: Cloud, cluster: Resource, *, state: str | None) -> None:
        for pool in pools_of(cloud, cluster):
            self._settle_pool(cloud, cluster, pool)
            if state is not None:
                set_state(cloud, pool, state)
        await self.show_nodes(cloud, cluster)

    def _settle_pool(self, cloud: Cloud, cluster: Resource, pool: Resource) -> None:
        settle(pool)
        make_scale_set(cloud, cluster, pool)
        if "Stopped" in {one.body["properties"]["powerState"]["code"] for one in (cluster, pool)}:
            set_power(cloud, cluster, [pool], "deallocated")
        cloud.store.touch(pool)

    async def _reached_update(self, cloud: Cloud, operation: Operation, effect: str) -> None:
        if effect != CONTROL_PLANE:
            await self._rolling.reach(cloud, operation, effect)
            return
        cluster = cloud.store.get(operation.target)
        if cluster is not None and operation.failure is None:
            await self._upgrade_control_plane(cloud, cluster, operation)

    async def _upgrade_control_plane(self, cloud: Cloud, cluster: Resource, operation: Operation) -> None:
        version = operation.arguments["control_plane"]
        cluster.body["properties"]["currentKubernetesVersion"] = version
        cluster.internal["kubernetes_version"] = version
        await self._start_api(cluster)
        await self._host.update(cluster.key, kubernetes_version=version)
        cloud.store.touch(cluster)

    async def _updated(self, cloud: Cloud, operation: Operation) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is None:
            return
        await self._upgrade_control_plane(cloud, cluster, operation)
        if cloud.store.get(node_group_of(cluster).id) is not None:
            # What is missing is made again; a group that somebody removed is not.
            make_network(cloud, cluster)
        apply_outbound(cloud, cluster)
        await self._settle_pools(cloud, cluster, state="Succeeded")
        await self._settle_agents(cloud, cluster)
        set_state(cloud, cluster, "Succeeded")
        fail_for_undrained(operation)

    async def _stopped(self, cloud: Cloud, operation: Operation) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is None:
            return
        _set_power(cloud, cluster, "Stopped")
        set_power(cloud, cluster, pools_of(cloud, cluster), "deallocated")
        if cluster.internal.get("api"):
            await self._host.stop(cluster.key)

    async def _started(self, cloud: Cloud, operation: Operation) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is None:
            return
        set_power(cloud, cluster, pools_of(cloud, cluster), "running")
        if cluster.internal.get("api"):
            await self._host.start(cluster_spec(cluster))
        _set_power(cloud, cluster, "Running")
        await self.show_nodes(cloud, cluster)
        await self._settle_agents(cloud, cluster)

    async def _failed(self, cloud: Cloud, operation: Operation) -> None:
        await self._end_unwell(cloud, operation, "Failed")

    async def _canceled(self, cloud: Cloud, operation: Operation) -> None:
        await self._end_unwell(cloud, operation, "Canceled")

    async def _end_unwell(self, cloud: Cloud, operation: Operation, state: str) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is None:
            return
        for pool in pools_of(cloud, cluster):
            if pool.body["properties"]["provisioningState"] not in {"Succeeded", "Failed"}:
                await self._tidy(cloud, cluster, pool)
                set_state(cloud, pool, state)
        set_state(cloud, cluster, state)

    async def _tidy(self, cloud: Cloud, cluster: Resource, pool: Resource) -> None:
        tidy(pool)
        if machines_of(pool):
            await self._rolling.show(cloud, cluster, pool)

    async def _deleted(self, cloud: Cloud, operation: Operation) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is not None:
            error = locked(cloud, node_group_of(cluster).id, deletes=True)
            if error is not None:
                # AKS removes the group of the nodes as anybody does; a lock of somebody else stops it there.
                raise error
            await self.remove(cloud, cluster)

    async def _failed_removal(self, cloud: Cloud, operation: Operation) -> None:
        resource = cloud.store.get(operation.target)
        if resource is None:
            return
        pools = pools_of(cloud, resource) if resource.type == CLUSTER_TYPE else []
        for unwell in (resource, *pools):
            unwell.body["properties"]["provisioningState"] = "Failed"
            cloud.store.touch(unwell)

    async def _aborted(self, cloud: Cloud, operation: Operation) -> None:
        for victim in operation.arguments["operations"]:
            running = cloud.operations.get(victim)
            if running is not None and running.running:
                await cloud.cancel(running, "Canceled", dict(ABORTED))

    async def _updated_pool(self, cloud: Cloud, operation: Operation) -> None:
        pool = cloud.store.get(operation.target)
        cluster = cloud.store.get(operation.arguments["cluster"])
        if pool is None or cluster is None:
            return
        self._settle_pool(cloud, cluster, pool)
        set_state(cloud, pool, "Succeeded")
        await self.show_nodes(cloud, cluster)
        fail_for_undrained(operation)

    async def _stopped_pool(self, cloud: Cloud, operation: Operation) -> None:
        await self._set_pool_power(cloud, operation, "Stopped", "deallocated")

    async def _started_pool(self, cloud: Cloud, operation: Operation) -> None:
        await self._set_pool_power(cloud, operation, "Running", "running")

    async def _set_pool_power(self, cloud: Cloud, operation: Operation, code: str, power: str) -> None:
        pool = cloud.store.get(operation.target)
        cluster = cloud.store.get(operation.arguments["cluster"])
        if pool is None or cluster is None:
            return
        pool.body["properties"]["powerState"] = {"code": code}
        set_power(cloud, cluster, [pool], power)
        set_state(cloud, pool, "Succeeded")
        await self.show_nodes(cloud, cluster)

    async def _failed_pool(self, cloud: Cloud, operation: Operation) -> None:
        await self._end_pool_unwell(cloud, operation, "Failed")

    async def _canceled_pool(self, cloud: Cloud, operation: Operation) -> None:
        await self._end_pool_unwell(cloud, operation, "Canceled")

    async def _end_pool_unwell(self, cloud: Cloud, operation: Operation, state: str) -> None:
        pool = cloud.store.get(operation.target)
        cluster = cloud.store.get(operation.arguments["cluster"])
        if pool is not None and cluster is not None:
            await self._tidy(cloud, cluster, pool)
            set_state(cloud, pool, state)

    async def _deleted_pool(self, cloud: Cloud, operation: Operation) -> None:
        pool = cloud.store.get(operation.target)
        cluster = cloud.store.get(operation.arguments["cluster"])
        if pool is None or cluster is None:
            return
        remove_scale_set(cloud, cluster, pool)
        cloud.store.remove(pool.id)
        await self.show_nodes(cloud, cluster)

    async def _nothing(self, cloud: Cloud, operation: Operation) -> None:
        """An abort that does not end well leaves what it found."""
