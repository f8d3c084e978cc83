"""Microsoft.ContainerService: AKS."""

from collections.abc import Mapping
from functools import partial

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.registry import Provider, ResourceType
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice import agent_pools, maintenance, pool_actions, power, queries, snapshots
from app.emulator.providers.containerservice.auto_upgrades import AutoUpgrades
from app.emulator.providers.containerservice.cloud_controller import CloudController
from app.emulator.providers.containerservice.cluster_autoscaler import ClusterAutoscaler
from app.emulator.providers.containerservice.csi import CsiController, NodeDrivers
from app.emulator.providers.containerservice.deprecated_uses import use_deprecated
from app.emulator.providers.containerservice.evictions import evict
from app.emulator.providers.containerservice.managed_clusters import ManagedClusters
from app.emulator.providers.containerservice.monitoring.agents import held_agent
from app.emulator.providers.containerservice.monitoring.collector import Collector
from app.emulator.providers.containerservice.names import CLUSTER_TYPE, NAMESPACE
from app.emulator.providers.containerservice.node_images import release_image
from app.emulator.providers.containerservice.nodes import cluster_spec
from app.emulator.providers.containerservice.rotations import Rotations
from app.emulator.providers.containerservice.run_commands import RunCommands
from app.emulator.providers.containerservice.transitions import Transitions
from app.emulator.providers.containerservice.versions import change_versions

API_VERSIONS = ("2026-08-01", "2026-03-01", "2025-08-01", "2025-03-01", "2024-09-01", "2022-04-01")


def clusters_with_api(cloud: Cloud) -> list[Resource]:
    """The clusters whose Kubernetes API was started."""
    return [cluster for cluster in cloud.store.of_type(CLUSTER_TYPE) if cluster.internal.get("api")]


def provider(host: ClusterHost, saved: Mapping[str, Document]) -> Provider:
    """The provider, ready to be joined. `saved`: what the Kubernetes APIs held when the state was saved."""
    collector = Collector(host)
    transitions = Transitions(host, collector)
    controller, commands, rotations = CloudController(host), RunCommands(host), Rotations(host)
    drivers, csi, autoscaler = NodeDrivers(host), CsiController(host), ClusterAutoscaler(host, transitions)

    async def resume(cloud: Cloud) -> None:
        host.hold_pods_by(lambda key, pod: held_agent(cloud, key, pod))
        controller.start(cloud)
        drivers.start(cloud)
        csi.start(cloud)
        autoscaler.start(cloud)
        for cluster in clusters_with_api(cloud):
            await host.start(cluster_spec(cluster), saved.get(cluster.key))
            await transitions.show_nodes(cloud, cluster)
            collector.watch(cloud, cluster)
            if cluster.body["properties"]["powerState"]["code"] == "Stopped":
                await host.stop(cluster.key)

    async def close(cloud: Cloud) -> None:
        for cluster in clusters_with_api(cloud):
            await host.stop(cluster.key)

    return Provider(
        namespace=NAMESPACE,
        resource_types=(
            ResourceType("managedClusters", API_VERSIONS),
            ResourceType("managedClusters/agentPools", API_VERSIONS),
            ResourceType("managedClusters/maintenanceConfigurations", API_VERSIONS),
            ResourceType("snapshots", API_VERSIONS),
            ResourceType("locations/kubernetesVersions", API_VERSIONS),
            ResourceType("locations/operations", API_VERSIONS),
            ResourceType("locations/operationresults", API_VERSIONS),
        ),
        registered_from_start=False,
        routes=(
            *ManagedClusters(host).routes(),
            *agent_pools.routes(host),
            *power.routes(),
            *queries.routes(),
            *commands.routes(),
            *rotations.routes(),
            *maintenance.routes(),
            *pool_actions.routes(host),
            *snapshots.routes(),
        ),
        transitions={**transitions.table(), **commands.transitions(), **rotations.transitions()},
        acts={
            "auto-upgrade": AutoUpgrades(host).act,
            "deprecated-use": partial(use_deprecated, host),
            "evict": partial(evict, transitions),
            "node-image": release_image,
            "versions": change_versions,
        },
        removers={CLUSTER_TYPE: transitions.remove},
        resume=resume,
        close=close,
    )
