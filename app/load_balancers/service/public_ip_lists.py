"""List a project's addresses, its own and those that only its clusters have, and say whose one is: rows only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.core.ids import Prefix, is_id
from app.db.pages import Page, Position, keyset
from app.load_balancers.schemas.public_ips import Origin, PublicIpRead
from app.load_balancers.service.public_ip_use import held, uses_of, uses_of_rows
from app.load_balancers.service.public_ips import PUBLIC_IP_TYPE, no_such_address, normal
from app.load_balancers.specs.public_ip_reads import public_ip_read, seen_read
from app.models import AzureResource, Cluster, PublicIp

_KEY = (
    sa.literal("/subscriptions/")
    + PublicIp.subscription_id
    + sa.literal("/resourcegroups/")
    + PublicIp.resource_group
    + sa.literal("/providers/microsoft.network/publicipaddresses/")
    + PublicIp.azure_name
)
KEY_OF_ROW = sa.func.lower(_KEY)
"""The inventory's key of a reserved address."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is limited to. `cluster`: its id or name; deleted addresses only where their state is asked for."""

    cluster: str | None = None
    used: bool | None = None
    address: str | None = None
    origin: str | None = None
    state: str | None = None


async def list_(
    session: AsyncSession, scope: Scope, filters: Filters, *, after: Position | None, limit: int
) -> Page[PublicIpRead]:
    """A page of the project's addresses, newest first."""
    both = sa.union_all(_reserved(scope, filters), _of_clusters(scope, filters)).subquery()
    columns: Sequence[Any] = (both.c.at, both.c.key)
    entries: sa.Select[Any] = sa.select(both.c.at, both.c.key)
    asked = keyset(entries, columns, after=after, limit=limit, descending=True)
    rows = (await session.execute(asked)).all()
    items = await _read(session, scope, [row.key for row in rows[:limit]])
    return Page(items, (rows[limit - 1].at, rows[limit - 1].key) if len(rows) > limit else None)


async def whose(session: AsyncSession, scope: Scope, reference: str) -> tuple[PublicIpRead, int]:
    """The one address of this id, address or name, and its row's version (0 for one that only a cluster has).

    By id also after it was released. Raises NotFoundError.
    """
    address = normal(reference)
    own = in_project(sa.select(PublicIp), PublicIp, scope)
    if is_id(reference, Prefix.PUBLIC_IP):
        own = own.where(PublicIp.id == reference)
    elif address is not None:
        own = own.where(PublicIp.address == address, PublicIp.deleted_at.is_(None))
    else:
        own = own.where(sa.func.lower(PublicIp.name) == reference.lower(), PublicIp.deleted_at.is_(None))
    row = (await session.scalars(own.order_by(PublicIp.id).limit(1))).one_or_none()
    if row is not None:
        use = (await uses_of_rows(session, row.project_id, [row]))[row.id]
        return public_ip_read(row, use), row.version
    seen = sa.select(AzureResource).join(Cluster, Cluster.id == AzureResource.cluster_id)
    seen = in_project(seen, Cluster, scope).where(AzureResource.type == PUBLIC_IP_TYPE)
    seen = seen.where(AzureResource.address == address if address else AzureResource.name == reference)
    found = (await session.scalars(seen.order_by(AzureResource.key).limit(1))).one_or_none()
    if found is None:
        raise no_such_address()
    uses = await uses_of(session, scope.project.id, {found.key: held(found.body)})
    return seen_read(found, uses[found.key]), 0


async def _read(session: AsyncSession, scope: Scope, keys: Sequence[str]) -> list[PublicIpRead]:
    ids = [key for key in keys if is_id(key, Prefix.PUBLIC_IP)]
    rows = await _by(session, sa.select(PublicIp).where(PublicIp.id.in_(ids)), ids)
    own: Mapping[str, PublicIp] = {row.id: row for row in rows}
    others = [key for key in keys if key not in own]
    resources = await _by(session, sa.select(AzureResource).where(AzureResource.key.in_(others)), others)
    seen: Mapping[str, AzureResource] = {row.key: row for row in resources}
    uses = await uses_of_rows(session, scope.project.id, list(own.values()))
    uses |= await uses_of(session, scope.project.id, {key: held(row.body) for key, row in seen.items()})
    return [
        public_ip_read(own[key], uses[key]) if key in own else seen_read(seen[key], uses[key])
        for key in keys
        if key in own or key in seen
    ]


async def _by(session: AsyncSession, statement: sa.Select[Any], keys: Sequence[str]) -> Sequence[Any]:
    return (await session.scalars(statement.limit(len(keys)))).all() if keys else []


def _reserved(scope: Scope, filters: Filters) -> sa.Select[datetime, str]:
    seen, own_look = AzureResource.body["used_by"].as_string(), PublicIp.observed["used_by"].as_string()
    holder = sa.case((AzureResource.key.is_not(None), seen), else_=own_look)
    own = in_project(sa.select(PublicIp.id), PublicIp, scope)
    asked = sa.select(PublicIp.created_at.label("at"), PublicIp.id.label("key")).where(PublicIp.id.in_(own))
    asked = asked.outerjoin(AzureResource, AzureResource.key == KEY_OF_ROW)
    asked = asked.where(PublicIp.state == filters.state if filters.state else PublicIp.deleted_at.is_(None))
    if filters.cluster is not None:
        asked = asked.where(AzureResource.cluster_id.in_(_clusters(scope, filters.cluster)))
    if filters.used is not None:
        asked = asked.where(holder.is_not(None) if filters.used else holder.is_(None))
    if filters.address is not None:
        asked = asked.where(PublicIp.address == (normal(filters.address) or filters.address))
    if filters.origin is not None:
        asked = asked.where(_of_origin(filters.origin))
    return asked


def _of_origin(origin: str) -> sa.ColumnElement[bool]:
    if origin == Origin.CLUSTER:
        return sa.false()
    return PublicIp.managed.is_(origin == Origin.SLIPWAY)


def _of_clusters(scope: Scope, filters: Filters) -> sa.Select[datetime, str]:
    ours = in_project(sa.select(PublicIp.id), PublicIp, scope).where(
        PublicIp.deleted_at.is_(None), AzureResource.key == KEY_OF_ROW
    )
    asked = sa.select(AzureResource.first_seen_at.label("at"), AzureResource.key.label("key"))
    asked = asked.where(AzureResource.cluster_id.in_(in_project(sa.select(Cluster.id), Cluster, scope)))
    asked = asked.where(AzureResource.type == PUBLIC_IP_TYPE, ~ours.exists())
    holder = AzureResource.body["used_by"].as_string()
    if filters.cluster is not None:
        asked = asked.where(AzureResource.cluster_id.in_(_clusters(scope, filters.cluster)))
    if filters.used is not None:
        asked = asked.where(holder.is_not(None) if filters.used else holder.is_(None))
    if filters.address is not None:
        asked = asked.where(AzureResource.address == (normal(filters.address) or filters.address))
    if filters.origin not in {None, Origin.CLUSTER} or filters.state not in {None, "ready"}:
        asked = asked.where(sa.false())
    return asked


def _clusters(scope: Scope, id_or_name: str) -> sa.Select[Any]:
    by = Cluster.id if is_id(id_or_name, Prefix.CLUSTER) else Cluster.name
    return in_project(sa.select(Cluster.id), Cluster, scope).where(by == id_or_name, Cluster.deleted_at.is_(None))
