"""Read clusters."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, get_cluster, in_project
from app.models import Cluster, NodePool

_MOST_POOLS = 100


async def list_pools(session: AsyncSession, clusters: Sequence[Cluster]) -> Sequence[NodePool]:
    """The pools of these clusters, in the order of their making."""
    ids = [cluster.id for cluster in clusters]
    asked = select(NodePool).where(NodePool.cluster_id.in_(ids)).order_by(NodePool.id).limit(_MOST_POOLS * len(ids) + 1)
    return (await session.scalars(asked)).all() if ids else []


async def find_for_read(session: AsyncSession, scope: Scope, id_or_name: str) -> Cluster:
    """A cluster by name while it lives; by id also afterwards, so that a caller sees that it is gone."""
    found = select(Cluster).where(Cluster.id == id_or_name)
    by_id = (await session.scalars(in_project(found, Cluster, scope))).one_or_none()
    return by_id or await get_cluster(session, scope, id_or_name)


def list_(
    scope: Scope,
    *,
    state: str | None,
    location: str | None,
    name: str | None,
    resource_group: str | None,
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
    return query
