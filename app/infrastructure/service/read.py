"""Read what was seen of a cluster in Azure and in itself, and put it together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, get_cluster
from app.clusters.specs.states import QUIET
from app.core.json import JsonObject
from app.infrastructure.schemas.graph import Graph
from app.infrastructure.specs.graph import build_graph
from app.infrastructure.specs.inputs import ClusterFacts, PoolFacts, Row, ServiceFacts, read_pieces
from app.infrastructure.specs.wiring import referred_to
from app.models import AzureResource, Cluster, ClusterReader, Exposure, NodePool, ReaderState

# More than any cluster has: 5,000 nodes with a machine, an interface and a disk each.
_MOST_RESOURCES = 20_000
_MOST_SERVICES = 2_000
_MOST_POOLS = 100
_AT_ONCE = 500
# The cluster's own network, then what that names.
_ROUNDS = 2
_LONGEST_LIST = 50
_TAGS = "azure-allowed-service-tags"
_T = TypeVar("_T")


async def get_graph(session: AsyncSession, scope: Scope, id_or_name: str) -> Graph:
    """The graph of the caller's living cluster of this id or name. Raises NotFoundError."""
    cluster = await get_cluster(session, scope, id_or_name)
    rows = [_row(found) for found in await _resources_of(session, cluster)]
    for _ in range(_ROUNDS):
        rows += [_row(found) for found in await _by_key(session, cluster, referred_to(read_pieces(rows)))]
    services = await _list(session, _exposures(cluster.id))
    pools = await _list(session, _pools(cluster.id))
    reader = await session.get(ClusterReader, cluster.id)
    # Of those that are gone, too.
    changed_at = await session.scalar(select(func.max(Exposure.updated_at)).where(Exposure.cluster_id == cluster.id))
    facts = replace(_facts(cluster, pools, reader), services_changed_at=changed_at)
    return build_graph(facts, read_pieces(rows), [_service(found) for found in services])


def _pools(cluster_id: str) -> Select[NodePool]:
    alive = select(NodePool).where(NodePool.cluster_id == cluster_id, NodePool.deleted_at.is_(None))
    return alive.order_by(NodePool.id).limit(_MOST_POOLS)


def _exposures(cluster_id: str) -> Select[Exposure]:
    alive = select(Exposure).where(Exposure.cluster_id == cluster_id, Exposure.deleted_at.is_(None))
    return alive.order_by(Exposure.id).limit(_MOST_SERVICES)


async def _resources_of(session: AsyncSession, cluster: Cluster) -> Sequence[AzureResource]:
    own = select(AzureResource).where(AzureResource.cluster_id == cluster.id)
    return await _list(session, own.order_by(AzureResource.key).limit(_MOST_RESOURCES))


async def _by_key(session: AsyncSession, cluster: Cluster, keys: set[str]) -> list[AzureResource]:
    """What the cluster's parts name, of its subscription alone."""
    found: list[AzureResource] = []
    ordered = sorted(keys)
    for place in range(0, len(ordered), _AT_ONCE):
        asked = select(AzureResource).where(
            AzureResource.key.in_(ordered[place : place + _AT_ONCE]),
            AzureResource.subscription_id == cluster.subscription_id,
        )
        found.extend(await _list(session, asked.order_by(AzureResource.key).limit(_AT_ONCE)))
    return found


async def _list(session: AsyncSession, query: Select[_T]) -> Sequence[_T]:
    return (await session.scalars(query)).all()


def _row(found: AzureResource) -> Row:
    return Row(
        id=found.azure_id,
        type=found.type,
        name=found.name,
        resource_group=found.resource_group,
        body=found.body,
        observed_at=found.observed_at,
        unused_since=found.unused_since,
    )


def _facts(cluster: Cluster, pools: Sequence[NodePool], reader: ClusterReader | None) -> ClusterFacts:
    observed: JsonObject = cluster.observed or {}
    network: JsonObject = observed.get("network") or {}
    running = (observed.get("power_state") or "Running").lower() == "running"
    watched = reader is not None and reader.state == ReaderState.WATCHING
    return ClusterFacts(
        id=cluster.id,
        name=cluster.name,
        azure_name=cluster.azure_name,
        subscription_id=cluster.subscription_id,
        location=cluster.location,
        state=cluster.state,
        settled=cluster.state in QUIET and running,
        node_resource_group=observed.get("node_resource_group"),
        kubernetes_version=observed.get("current_kubernetes_version"),
        plugin=network.get("plugin"),
        plugin_mode=network.get("plugin_mode"),
        outbound_type=network.get("outbound_type"),
        pools=tuple(_pool(pool) for pool in pools),
        services_observed_at=reader.seen_at if reader is not None and watched else None,
    )


def _pool(pool: NodePool) -> PoolFacts:
    """As many nodes as Azure says, not as were asked for: what is not there yet is not missing."""
    count = (pool.observed or {}).get("count")
    return PoolFacts(
        name=pool.azure_name,
        mode=pool.mode,
        os_type=pool.os_type,
        vm_size=pool.vm_size,
        count=count if isinstance(count, int) else 0,
    )


def _service(exposure: Exposure) -> ServiceFacts:
    observed: JsonObject = exposure.observed or {}
    wanted: JsonObject = exposure.wanted or {}
    ports = (observed.get("ports") or wanted.get("ports") or [])[:_LONGEST_LIST]
    ranges = observed.get("allowed_source_ranges") or wanted.get("allowed_source_ranges") or []
    return ServiceFacts(
        id=exposure.id,
        namespace=exposure.namespace,
        name=exposure.name,
        uid=exposure.service_uid,
        managed=exposure.managed,
        state=exposure.state,
        internal=bool(observed.get("internal", wanted.get("internal", False))),
        ports=tuple(f"{port['port']}/{port.get('protocol') or 'TCP'}" for port in ports),
        addresses=tuple(found["address"] for found in exposure.addresses if found.get("address")),
        sources=tuple(str(found) for found in ranges),
        changed_at=exposure.updated_at,
        closed=bool(wanted.get("allowed_service_tags"))
        or any(_TAGS in key for key in observed.get("annotations") or ()),
    )
