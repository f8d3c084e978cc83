"""Reads from Azure and from the cluster what an upgrade would meet. Nothing is changed by it."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from app.azure.errors import AzureError
from app.azure.gateway import AzureGateway, SubscriptionGateway
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.azure.types.lock import Lock
from app.clusters.live import ClusterLostError, log_in
from app.clusters.live.workspaces import WorkspaceGoneError, require_workspace
from app.clusters.specs.room import free_addresses
from app.clusters.specs.upgrade_scene import Inside, Scene
from app.clusters.specs.wanted import Place
from app.core.errors import ErrorClass, Problem, SlipwayError
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types import Login

T = TypeVar("T")

_STOPPED = "stopped"


async def read_scene(
    azure: AzureGateway,
    kubernetes: KubernetesGateway,
    place: Place,
    *,
    call: Call,
    present: ManagedCluster | None = None,
) -> Scene:
    """All of it. Raises what Azure says, and ClusterLostError.

    What Slipway may not read is left out, since only a certain no keeps a cluster from being upgraded; and a cluster
    that does not answer is no reason not to upgrade it.
    """
    subscription = azure.subscription(place.subscription_id)
    group, name = place.resource_group, place.azure_name
    cluster = present or await subscription.managed_clusters.get(group, name, call=call)
    if cluster is None:
        raise ClusterLostError("Azure has no cluster of this name any more.")
    profile, versions, usages, sizes, images = await asyncio.gather(
        subscription.upgrade_profiles.of_cluster(group, name, call=call),
        _allowed(subscription.catalog.kubernetes_versions(cluster.location, call=call), ()),
        _told(subscription.compute.cores.usages(cluster.location, call=call), ()),
        _told(subscription.compute.cores.sizes(cluster.location, call=call), {}),
        _images(subscription, place, cluster, call),
    )
    free, locks, workspace, (inside, unread) = await asyncio.gather(
        _told(_free(subscription, cluster), {}),
        _locks(subscription, cluster, call),
        _workspace(azure, cluster, call),
        _inside(azure, kubernetes, place, cluster, call),
    )
    return Scene(
        cluster=cluster,
        profile=profile,
        versions=versions,
        images=images,
        usages=usages,
        sizes=sizes,
        free=free,
        locks=locks,
        workspace=workspace,
        inside=inside,
        unread=unread,
    )


async def _allowed(reading: Awaitable[T], nothing: T) -> T:
    try:
        return await reading
    except AzureError as error:
        if error.problem.error_class is ErrorClass.PERMISSION:
            return nothing
        raise


async def _told(reading: Awaitable[T], nothing: T) -> T:
    """What says whether there is room, as far as Azure tells it: what it does not tell keeps no upgrade from beginning.

    Trouble 75.
    """
    try:
        return await reading
    except AzureError:
        return nothing


async def _images(
    subscription: SubscriptionGateway, place: Place, cluster: ManagedCluster, call: Call
) -> dict[str, str]:
    names = [pool.name for pool in cluster.pools]
    found = await asyncio.gather(
        *(
            subscription.upgrade_profiles.newest_image(place.resource_group, place.azure_name, name, call=call)
            for name in names
        )
    )
    return {name: image for name, image in zip(names, found, strict=True) if image is not None}


async def _free(subscription: SubscriptionGateway, cluster: ManagedCluster) -> dict[str, int]:
    own = {pool.subnet_id.lower() for pool in cluster.pools if pool.subnet_id}
    if not own:
        return {}
    seen = await subscription.network.together.fresh()
    free = {}
    for network in seen.virtual_networks:
        for subnet in network.subnets:
            if subnet.id.lower() in own:
                left = free_addresses(subnet)
                if left is not None:
                    free[subnet.id.lower()] = left
    return free


async def _locks(subscription: SubscriptionGateway, cluster: ManagedCluster, call: Call) -> tuple[Lock, ...]:
    of_nodes = f"/subscriptions/{subscription.subscription_id}/resourceGroups/{cluster.node_resource_group}"
    scopes = [cluster.id, *([of_nodes] if cluster.node_resource_group else [])]
    found = await asyncio.gather(*(_allowed(subscription.locks.list_(scope, call=call), ()) for scope in scopes))
    return tuple(dict.fromkeys(lock for locks in found for lock in locks))


async def _workspace(azure: AzureGateway, cluster: ManagedCluster, call: Call) -> Problem | None:
    try:
        await require_workspace(azure, cluster, call=call)
    except WorkspaceGoneError as error:
        return error.problem
    return None


async def _inside(
    azure: AzureGateway, kubernetes: KubernetesGateway, place: Place, cluster: ManagedCluster, call: Call
) -> tuple[Inside | None, Problem | None]:
    if (cluster.power_state or "").lower() == _STOPPED:
        return None, None

    async def ask() -> Login:
        return await log_in(azure, kubernetes, place, call=call)

    try:
        async with kubernetes.client(place.cluster_id, ask) as client:
            nodes, pods, budgets, deprecated = await asyncio.gather(
                client.nodes(), client.drains.pods(), client.drains.budgets(), client.drains.deprecated()
            )
    except SlipwayError as error:
        return None, error.problem
    return Inside(nodes, pods, budgets, deprecated), None
