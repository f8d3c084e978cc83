"""Read load balancers: rows only, as Azure's lists last filled them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.auth.scope import Scope, in_project
from app.clusters.specs.inventory import LOAD_BALANCER, PUBLIC_IP, SCALE_SET_MACHINE
from app.core.ids import Prefix, is_id
from app.core.json import JsonObject
from app.load_balancers.schemas.public_ips import Origin
from app.load_balancers.specs.left_over import GRACE, KINDS
from app.load_balancers.specs.load_balancer_reads import Around, keys_around, services_by_name
from app.load_balancers.specs.public_ips import azure_id_of
from app.models import AzureResource, Cluster, Exposure, PublicIp

_BATCH = 500
_MOST_SERVICES = 20_000
_MOST_LEFT_OVER = 5_000
_MOST_ADDRESSES = 5_000


def list_(
    scope: Scope, *, now: datetime, cluster: str | None = None, name: str | None = None, left_over: bool | None = None
) -> Select[AzureResource]:
    """The query of the project's load balancers: those of its living clusters, whatever else lies in a subscription."""
    query = select(AzureResource).join(Cluster, Cluster.id == AzureResource.cluster_id)
    query = in_project(query, Cluster, scope).where(AzureResource.type == LOAD_BALANCER, Cluster.deleted_at.is_(None))
    if cluster is not None:
        query = query.where((Cluster.id if is_id(cluster, Prefix.CLUSTER) else Cluster.name) == cluster)
    if name is not None:
        query = query.where(AzureResource.name == name)
    if left_over is not None:
        other = aliased(AzureResource)
        found = exists().where(other.cluster_id == Cluster.id, other.type.in_(KINDS), other.unused_since <= now - GRACE)
        query = query.where(found if left_over else ~found)
    return query


async def around(session: AsyncSession, scope: Scope, rows: Sequence[AzureResource], *, now: datetime) -> Around:
    """What is known around these load balancers of a project, by a fixed number of queries."""
    clusters = {row.cluster_id for row in rows if row.cluster_id}
    if not clusters:
        return Around()
    addresses, machines = keys_around(row.body for row in rows)
    return Around(
        clusters=await _names(session, scope, clusters),
        addresses=await _bodies(session, PUBLIC_IP, addresses),
        services=services_by_name(await _exposures(session, scope, clusters)),
        machines=await _bodies(session, SCALE_SET_MACHINE, machines),
        left_over=await _left_over(session, clusters, before=now - GRACE),
        origins=await _origins(session, scope),
    )


async def _names(session: AsyncSession, scope: Scope, clusters: Collection[str]) -> dict[str, str]:
    query = in_project(select(Cluster), Cluster, scope).where(Cluster.id.in_(clusters))
    return {cluster.id: cluster.name for cluster in await session.scalars(query)}


async def _bodies(session: AsyncSession, kind: str, keys: Collection[str]) -> dict[str, JsonObject]:
    found: dict[str, JsonObject] = {}
    wanted = sorted(keys)
    # SQLite takes no more than so many parameters at once.
    for begin in range(0, len(wanted), _BATCH):
        query = select(AzureResource.key, AzureResource.body).where(
            AzureResource.type == kind, AzureResource.key.in_(wanted[begin : begin + _BATCH])
        )
        found.update((await session.execute(query)).all())
    return found


async def _exposures(session: AsyncSession, scope: Scope, clusters: Collection[str]) -> Sequence[Exposure]:
    query = (
        in_project(select(Exposure), Exposure, scope)
        .where(Exposure.cluster_id.in_(clusters), Exposure.deleted_at.is_(None))
        .order_by(Exposure.id)
        .limit(_MOST_SERVICES)
    )
    return (await session.scalars(query)).all()


async def _left_over(
    session: AsyncSession, clusters: Collection[str], *, before: datetime
) -> dict[str, list[AzureResource]]:
    query = (
        select(AzureResource)
        .where(
            AzureResource.cluster_id.in_(clusters),
            AzureResource.type.in_(KINDS),
            AzureResource.unused_since <= before,
        )
        .order_by(AzureResource.key)
        .limit(_MOST_LEFT_OVER)
    )
    found: dict[str, list[AzureResource]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.cluster_id or "", []).append(row)
    return found


async def _origins(session: AsyncSession, scope: Scope) -> dict[str, str]:
    """Of the addresses that the project has in its own hands, who made them."""
    query = (
        in_project(select(PublicIp), PublicIp, scope)
        .where(PublicIp.deleted_at.is_(None))
        .order_by(PublicIp.id)
        .limit(_MOST_ADDRESSES)
    )
    return {
        azure_id_of(row).lower(): Origin.SLIPWAY if row.managed else Origin.CALLER
        for row in await session.scalars(query)
    }
