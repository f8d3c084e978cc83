"""Read clusters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, cast

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project, no_such_cluster, parameters
from app.clusters.schemas.clusters import ClusterRead, KubernetesRead, UnmanagedPoolRead
from app.clusters.schemas.pools import LentNodes, NodePoolRead
from app.clusters.specs.condition_reads import conditions_read, pool_conditions, pool_nodes
from app.clusters.specs.pool_spec import settings_of
from app.clusters.specs.summary import pool_summary, summary
from app.clusters.specs.wanted import ADMIN_USERNAME, WantedPool
from app.core.ids import Prefix, is_id
from app.core.json import JsonList, JsonObject
from app.models import TERMINAL, Cluster, ClusterReader, Job, NodePool

_MOST_POOLS = 100
_MOST_JOBS = 5000


async def list_pools(session: AsyncSession, clusters: Sequence[Cluster]) -> Sequence[NodePool]:
    """The pools of these clusters that are not deleted, in the order of their making."""
    ids = [cluster.id for cluster in clusters]
    living = select(NodePool).where(NodePool.cluster_id.in_(ids), NodePool.deleted_at.is_(None))
    asked = living.order_by(NodePool.id).limit(_MOST_POOLS * len(ids) + 1)
    return (await session.scalars(asked)).all() if ids else []


FoundCluster: TypeAlias = tuple[Cluster, Sequence[NodePool], KubernetesRead | None, str | None]
"""Rows with the attributes of a cluster and its pools, which no session keeps: to be read only; its reader; its job."""

_READER = (
    ClusterReader.state.label("reader_state"),
    ClusterReader.seen_at.label("reader_seen_at"),
    ClusterReader.problem.label("reader_problem"),
)
# What goes on in Azure by somebody else's hand keeps all others waiting.
_IN_LINE = (Job.origin, Job.id)
_CURRENT_JOB = (
    select(Job.id)
    .where(Job.partition == "cluster:" + Cluster.id, Job.state.not_in(TERMINAL))
    .order_by(*_IN_LINE)
    .limit(1)
    .correlate(Cluster)
    .scalar_subquery()
    .label("current_job")
)
_ANY = in_project(select(*Cluster.__table__.columns, _CURRENT_JOB, *_READER), Cluster).outerjoin(
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
    return cast("FoundCluster", (found, pools, _kubernetes_read(*found[-len(_READER) :]), found.current_job))


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


async def jobs_by_cluster(session: AsyncSession, clusters: Sequence[Cluster]) -> dict[str, str]:
    """The job of each of these clusters that is at work or the first in line, by one query."""
    partitions = [f"cluster:{cluster.id}" for cluster in clusters]
    asked = select(Job.target_id, Job.id).where(Job.partition.in_(partitions), Job.state.not_in(TERMINAL))
    rows = (await session.execute(asked.order_by(*_IN_LINE).limit(_MOST_JOBS))).all() if partitions else []
    return {row.target_id: row.id for row in reversed(rows)}


async def one_cluster_read(session: AsyncSession, cluster: Cluster) -> ClusterRead:
    """A cluster as callers see it."""
    readers = await readers_by_cluster(session, [cluster])
    current = await jobs_by_cluster(session, [cluster])
    pools = await list_pools(session, [cluster])
    return cluster_read(cluster, pools, readers.get(cluster.id), current.get(cluster.id))


def _kubernetes_read(state: str | None, seen_at: datetime | None, problem: JsonObject | None) -> KubernetesRead | None:
    return None if state is None else KubernetesRead(state=state, seen_at=seen_at, problem=problem)


def cluster_read(
    cluster: Cluster,
    pools: Sequence[NodePool],
    kubernetes: KubernetesRead | None = None,
    current_job: str | None = None,
) -> ClusterRead:
    """A cluster, its pools, how it is read and its present job, as callers see them."""
    observed = cluster.observed or {}
    version = observed.get("current_kubernetes_version") or cluster.wanted["kubernetes_version"]
    unmanaged = observed.get("unmanaged_pools") or {}
    return ClusterRead(
        id=cluster.id,
        name=cluster.name,
        state=cluster.state,
        provisioning_state=observed.get("provisioning_state"),
        conditions=conditions_read(cluster.conditions),
        summary=summary(cluster.name, cluster.state, version, cluster.conditions),
        current_job=current_job,
        location=cluster.location,
        resource_group=cluster.resource_group,
        azure_name=cluster.azure_name,
        subscription_id=cluster.subscription_id,
        kubernetes_version=version,
        fqdn=observed.get("fqdn") or observed.get("private_fqdn"),
        oidc_issuer_url=observed.get("oidc_issuer_url"),
        node_resource_group=observed.get("node_resource_group"),
        outbound_ips=observed.get("outbound_ips", []),
        node_pools=pools_read(cluster, pools),
        unmanaged_node_pools=[
            UnmanagedPoolRead(azure_name=name, observed=unmanaged[name]) for name in sorted(unmanaged)
        ],
        ssh_username=cluster.wanted.get("ssh_username", ADMIN_USERNAME),
        tags=cluster.wanted["tags"],
        protection=cluster.protected,
        expires_at=cluster.expires_at,
        on_expiry=cluster.on_expiry,
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
    return [pool_read(pool, wanted.get(pool.name), cluster.conditions) for pool in pools]


def pool_read(pool: NodePool, wanted: JsonObject | None, conditions: JsonList | None) -> NodePoolRead:
    """A pool as callers see it; of one that was deleted nothing is wanted any more. `conditions`: its cluster's."""
    left = {"name": pool.name, "mode": pool.mode, "os_type": pool.os_type, "vm_size": pool.vm_size, "count": pool.count}
    kept = WantedPool.from_json(wanted or left)
    seen = pool.observed or {}
    own = pool_conditions(pool.azure_name, pool.observed, pool.updated_at, conditions)
    nodes = pool_nodes(pool.azure_name, conditions)
    return NodePoolRead(
        id=pool.id,
        name=pool.name,
        azure_name=pool.azure_name,
        state=pool.state,
        replaces=pool.replaces,
        provisioning_state=seen.get("provisioning_state"),
        conditions=own,
        summary=pool_summary(pool.name, pool.state, seen.get("kubernetes_version"), nodes, own),
        **{**settings_of(kept), "count": pool.count},
        lent=[LentNodes(to=name, count=count) for name, count in kept.lent.items() if count],
        observed=pool.observed,
        observed_at=pool.observed_at,
        created_at=pool.created_at,
    )
