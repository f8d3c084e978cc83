"""Finding what a request names, and refusing what is busy, stale or gone."""

from collections.abc import Iterable
from datetime import timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone
from app.emulator.core.errors import AzureError, resource_not_found
from app.emulator.core.exchange import Call
from app.emulator.core.gateway import require_group
from app.emulator.core.paths import group_id, key_of
from app.emulator.core.store import Resource
from app.emulator.core.vm_sizes import VM_SIZES, find_vm_size
from app.emulator.core.vm_usage import SPOT, limit_of, restricted_zones
from app.emulator.providers.containerservice.errors import busy, etag_mismatch, flat, not_found, size_not_allowed
from app.emulator.providers.containerservice.names import CLUSTER_TYPE, POOL_TYPE, cluster_id, pool_id
from app.emulator.providers.containerservice.nodes import pools_of
from app.emulator.providers.containerservice.pool_documents import profile, shown_properties

GATEWAY_FORGETS_AFTER = timedelta(seconds=30)
"""So long the gateway still hands requests for a deleted cluster on to AKS (as recorded)."""


def id_of(call: Call) -> str:
    """The ARM id of the cluster that the path names."""
    return cluster_id(call.parameter("subscription"), call.parameter("group"), call.parameter("cluster"))


def find_cluster(cloud: Cloud, call: Call) -> Resource | None:
    """The cluster of the path; its resource group must be there."""
    require_group(cloud, call)
    return cloud.store.get(id_of(call))


def require_cluster(cloud: Cloud, call: Call) -> Resource:
    """The cluster of the path, or a 404: the gateway's, and AKS's own for one that went a moment ago."""
    cluster = find_cluster(cloud, call)
    if cluster is None and _went_a_moment_ago(cloud, id_of(call)):
        raise not_found(
            "Managed Cluster",
            f"Could not find managed cluster resource: {call.parameter('cluster')} in subscription: "
            f"{call.parameter('subscription')}, resourceGroup: {call.parameter('group')}.",
            "GetManagedCluster_NotFound_HCPServerError",
        )
    if cluster is None:
        raise resource_not_found(CLUSTER_TYPE, call.parameter("cluster"), call.parameter("group"))
    return cluster


def _went_a_moment_ago(cloud: Cloud, resource_id: str) -> bool:
    since, key = cloud.now() - GATEWAY_FORGETS_AFTER, key_of(resource_id)
    return any(
        operation.transition == "cluster.delete"
        and operation.target == key
        and operation.ended is not None
        and operation.ended > since
        for operation in cloud.operations
    )


def require_parent(cloud: Cloud, call: Call) -> Resource:
    """The cluster above an agent pool, or the gateway's 404."""
    cluster = find_cluster(cloud, call)
    if cluster is None:
        raise AzureError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform '{call.method.lower()}' on resource(s) of type 'managedClusters/agentPools', because "
            f"the parent resource '{id_of(call).removesuffix('/')}' could not be found.",
        )
    return cluster


def require_pool(cloud: Cloud, call: Call, cluster: Resource) -> Resource:
    """The agent pool of the path, or AKS's own 404."""
    pool = cloud.store.get(pool_id(cluster.id, call.parameter("pool")))
    if pool is None:
        raise not_found(
            "Agent Pool",
            f"Could not find the agentpool: {call.parameter('pool')} in subscription: "
            f"{call.parameter('subscription')}, resourceGroup: {call.parameter('group')}, resourceName: "
            f"{call.parameter('cluster')}.",
            "GetAgentPool_NotFound_HCPServerError",
        )
    return pool


def show_cluster(cloud: Cloud, cluster: Resource) -> Document:
    """The cluster as a GET shows it, pools and all."""
    shown = clone(cluster.body)
    shown["properties"]["agentPoolProfiles"] = [
        profile(pool.name, shown_properties(pool.body["properties"])) for pool in pools_of(cloud, cluster)
    ]
    shown["eTag"] = cluster.etag
    return shown


def show_pool(pool: Resource) -> Document:
    """An agent pool as a GET shows it."""
    return {**pool.body, "properties": {**shown_properties(pool.body["properties"]), "eTag": pool.etag}}


def refuse_while_busy(cloud: Cloud, cluster: Resource, pool: Resource | None = None) -> None:
    """409 while an operation runs: on the cluster or any pool, or, for a pool, on the cluster or that pool."""
    others = [pool] if pool is not None else pools_of(cloud, cluster)
    for target in (cluster, *others):
        if cloud.operations.running_on(target.key):
            raise busy(target.body["properties"]["provisioningState"])
        if target.body["properties"]["provisioningState"] == "Deleting":
            raise busy("Deleting")


def refuse_while_stopped(cluster: Resource) -> None:
    """400 for all that changes a stopped cluster but its start and its removal."""
    if cluster.body["properties"]["powerState"]["code"] == "Stopped":
        raise flat(
            400,
            "OperationNotAllowed",
            f"An error has occurred in subscription {cluster.id.split('/')[2]}, resourceGroup: "
            f"{cluster.id.split('/')[4]} request: Managed Cluster is in stopped state, no operations except for start "
            "are allowed.",
        )


def check_preconditions(call: Call, known: Resource | None) -> None:
    """`If-Match` and `If-None-Match` against what is there."""
    wanted = call.headers.get("if-match")
    if wanted is not None and wanted != "*" and (known is None or wanted.strip('"') != known.etag):
        raise etag_mismatch()
    if known is not None and call.headers.get("if-none-match") == "*":
        raise flat(412, "PreconditionFailed", f"The resource '{known.name}' already exists.")


def refuse_taken_node_group(cloud: Cloud, subscription: str, body: Document) -> None:
    """400 when the node resource group that AKS would make is there already."""
    name = body["properties"]["nodeResourceGroup"]
    if cloud.store.get(group_id(subscription, name)) is not None:
        raise flat(400, "NodeResourceGroupAlreadyExists", f"The node resource group '{name}' already exists.")


def check_quota(cloud: Cloud, subscription: str, location: str, added: dict[str, int]) -> None:
    """400 when `added` cores by family are more than is left in the region."""
    used: dict[str, int] = {}
    for pool in cloud.store.of_type(POOL_TYPE, under=f"/subscriptions/{subscription}"):
        cluster = cloud.store.get(pool.id.rsplit("/agentPools/", 1)[0])
        if cluster is None or cluster.body["location"] != location or _rests(cluster) or _rests(pool):
            continue
        for family, cores in cores_of_pool(pool.body["properties"]).items():
            used[family] = used.get(family, 0) + cores
    for family, cores in added.items():
        left = max(0, limit_of(cloud, family) - used.get(family, 0))
        if cores > left:
            raise flat(
                400,
                "ErrCode_InsufficientVCPUQuota",
                f"Insufficient vcpu quota requested {cores}, remaining {left} for family {family} for region "
                f"{location}. If you want to increase the quota, please follow this instruction: "
                "https://learn.microsoft.com/en-us/azure/quotas/view-quotas. Surge nodes would also consume vcpu "
                "quota, please consider use smaller maxSurge or use maxUnavailable to proceed upgrade without surge "
                "nodes, details: aka.ms/aks/maxUnavailable.",
            )


def check_offer(cloud: Cloud, location: str, pools: Iterable[Document]) -> None:
    """400 where the subscription may not have a size in the location, or in one of the zones."""
    for pool in pools:
        barred = restricted_zones(cloud, pool["vmSize"])
        if barred == []:
            offered = ",".join(
                sorted(size.name for size in VM_SIZES.values() if restricted_zones(cloud, size.name) is None)
            )
            raise size_not_allowed(str(pool["vmSize"]), location, offered)
        if set(barred or ()) & set(pool.get("availabilityZones") or ()):
            raise flat(
                400,
                "AvailabilityZoneNotSupported",
                "Preflight validation check for resource(s) for container service failed. Message: The zone(s) "
                f"'{','.join(pool['availabilityZones'])}' for resource 'agentpool' is not supported.",
            )


def _rests(resource: Resource) -> bool:
    return bool(resource.body["properties"]["powerState"]["code"] == "Stopped")


def cores_of_pool(properties: Document, nodes: int | None = None) -> dict[str, int]:
    """The cores of a pool, or of so many of its nodes, by the quota that they count for."""
    size = find_vm_size(properties["vmSize"])
    if size is None:
        return {}
    family = SPOT if properties.get("scaleSetPriority") == "Spot" else size.quota_family
    return {family: size.cores * (properties["count"] if nodes is None else nodes)}
