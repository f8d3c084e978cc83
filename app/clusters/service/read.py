"""Read clusters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, cast

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project, no_such_cluster, parameters
from app.clusters.schemas.clusters import ClusterRead, KubernetesRead
from app.clusters.schemas.pools import NodePoolRead
from app.clusters.specs.pool_spec import settings_of
from app.clusters.specs.wanted import WantedPool
from app.core.ids import Prefix, is_id
from app.core.json import JsonObject
from app.models import Cluster, ClusterReader, NodePool

_MOST_POOLS = 100


async def list_pools(session: AsyncSession, clusters: Sequence[Cluster]) -> Sequence[NodePool]:
    """The pools of these clusters that are not deleted, in the order of their making."""
    ids = [cluster.id for cluster in clusters]
    living = select(NodePool).where(NodePool.cluster_id.in_(ids), NodePool.deleted_at.is_(None))
    asked = living.order_by(NodePool.id).limit(_MOST_POOLS * len(ids) + 1)
    return (await session.scalars(asked)).all() if ids else []


FoundCluster: TypeAlias = tuple[Cluster, Sequence[NodePool], KubernetesRead | None]
"""Rows with the attributes of a cluster and of its pools, to be read only: no session keeps them; and its reader."""

_READER = (
    ClusterReader.state.label("reader_state"),
    ClusterReader.seen_at.label("reader_seen_at"),
    ClusterReader.problem.label("reader_problem"),
)
_ANY = in_project(select(*Cluster.__table__.columns, *_READER), Cluster).outerjoin(
    ClusterReader, ClusterReader.cluster_id == Cluster.id
)
_BY_ID = _ANY.where(Cluster.id == bindparam("cluster"))
_LIVING_BY_NAME = _ANY.where(Cluster.name == bindparam("cluster"), Cluster.deleted_at.is_(None))
_POOLS = (
    select(*NodePool.__table__.columns)
    .where(NodePool.cluster_id == bindparam("cluster_id"), NodePool.deleted_at.is_(None))
    .order_by(NodePool.id)
    .limit(_MOST_POOLS)
)


def look_up_cluster(connection: Connection, scope: Scope, path: Mapping[str, str]) -> FoundCluster:
    """A cluster by name while it lives; by id also afterwards, so that a caller sees that it is gone.

    Raises NotFoundError.
    """
    by = _BY_ID if is_id(path["cluster"], Prefix.CLUSTER) else _LIVING_BY_NAME
    found = connection.execute(by, {"cluster": path["cluster"], **parameters(scope)}).one_or_none()
    if found is None:
        raise no_such_cluster()
    pools = connection.execute(_POOLS, {"cluster_id": found.id}).all()
    return cast("FoundCluster", (found, pools, _kubernetes_read(*found[-len(_READER) :])))


def list_(
    scope: Scope,
    *,
    state: str | None,
    location: str | None,
    name: str | None,
    resource_group: str | None,
    tag: str | None,
) -> Select[Cluster]:
    """The query of the project's clusters; deleted ones only when their state is asked for."""
    query = in_project(select(Cluster), Cluster, scope)
    query = query.where(Cluster.state == state) if state else query.where(Cluster.deleted_at.is_(None))
    for column, value in (
        (Cluster.location, location and location.lower()),
        (Cluster.name, name),
        (Cluster.resource_group, resource_group),
    ):
        if value:
            query = query.where(column == value)
    if tag is not None:
        key, has_value, value = tag.partition(":")
        found = Cluster.wanted["tags"][key].as_string()
        query = query.where(found == value if has_value else found.is_not(None))
    return query


async def pools_by_cluster(session: AsyncSession, clusters: Sequence[Cluster]) -> dict[str, list[NodePool]]:
    """The pools of all these clusters, read by one query."""
    pools: dict[str, list[NodePool]] = {}
    for pool in await list_pools(session, clusters):
        pools.setdefault(pool.cluster_id, []).append(pool)
    return pools


async def readers_by_cluster(session: AsyncSession, clusters: Sequence[Cluster]) -> dict[str, KubernetesRead | None]:
    """How all these clusters are being read, by one query."""
    ids = [cluster.id for cluster in clusters]
    asked = select(ClusterReader.cluster_id, *_READER).where(ClusterReader.cluster_id.in_(ids)).limit(len(ids) + 1)
    rows = (await session.execute(asked)).all() if ids else []
    return {row.cluster_id: _kubernetes_read(*row[1:]) for row in rows}


async def one_cluster_read(session: AsyncSession, cluster: Cluster) -> ClusterRead:
    """A cluster as callers see it."""
    readers = await readers_by_cluster(session, [cluster])
    return cluster_read(cluster, await list_pools(session, [cluster]), readers.get(cluster.id))


def _kubernetes_read(state: str | None, seen_at: datetime | None, problem: JsonObject | None) -> KubernetesRead | None:
    return None if state is None else KubernetesRead(state=state, seen_at=seen_at, problem=problem)


def cluster_read(cluster: Cluster, pools: Sequence[NodePool], kubernetes: KubernetesRead | None = None) -> ClusterRead:
    """A cluster, its pools and how it is read, as callers see them."""
    observed = cluster.observed or {}
    return ClusterRead(
        id=cluster.id,
        name=cluster.name,
        state=cluster.state,
        location=cluster.location,
        resource_group=cluster.resource_group,
        azure_name=cluster.azure_name,
        subscription_id=cluster.subscription_id,
        kubernetes_version=observed.get("current_kubernetes_version") or cluster.wanted["kubernetes_version"],
        fqdn=observed.get("fqdn") or observed.get("private_fqdn"),
        node_resource_group=observed.get("node_resource_group"),
        outbound_ips=observed.get("outbound_ips", []),
        node_pools=pools_read(cluster, pools),
        tags=cluster.wanted["tags"],
        protection=cluster.protected,
        expires_at=cluster.expires_at,
        **cluster.wanted.get("settings", {}),
        observed=cluster.observed,
        observed_at=cluster.observed_at,
        kubernetes=kubernetes,
        created_by=cluster.created_by,
        created_at=cluster.created_at,
        updated_at=cluster.updated_at,
        deleted_at=cluster.deleted_at,
    )


def pools_read(cluster: Cluster, pools: Sequence[NodePool]) -> list[NodePoolRead]:
    """A cluster's pools, as callers see them: the rows, with what is wanted of each."""
    wanted = {stored["name"]: stored for stored in cluster.wanted["pools"]}
    return [pool_read(pool, wanted.get(pool.name)) for pool in pools]


def pool_read(pool: NodePool, wanted: JsonObject | None) -> NodePoolRead:
    """A pool as callers see it; of one that was deleted nothing is wanted any more."""
    left = {"name": pool.name, "mode": pool.mode, "os_type": pool.os_type, "vm_size": pool.vm_size, "count": pool.count}
    spec = WantedPool.from_json(wanted or left).spec
    return NodePoolRead(
        id=pool.id,
        name=pool.name,
        azure_name=pool.azure_name,
        state=pool.state,
        replaces=pool.replaces,
        **{**settings_of(spec), "count": pool.count},
        observed=pool.observed,
        observed_at=pool.observed_at,
        created_at=pool.created_at,
    )
