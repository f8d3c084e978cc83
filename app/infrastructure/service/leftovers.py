"""What nothing needs any more: in the clusters' node resource groups, and of Slipway's own. Rows only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.clusters.specs.wanted import Place
from app.core.ids import Prefix, is_id
from app.db.pages import Page, Position, keyset
from app.infrastructure.schemas.leftovers import LeftoverRead
from app.infrastructure.specs import leftovers as spec
from app.load_balancers.service.public_ip_lists import KEY_OF_ROW
from app.load_balancers.specs.left_over import GRACE
from app.models import (
    AzureResource,
    Cluster,
    ClusterState,
    Monitoring,
    PublicIp,
    PublicIpState,
    ResourceGroup,
    ResourceGroupState,
    Share,
    StorageAccount,
    StorageState,
    Volume,
    Workspace,
    WorkspaceState,
)

_LONG = timedelta(hours=1)
"""No deletion takes so long unless something is in its way."""
_NONE = sa.literal(None, sa.String())
_SETTLED = (ResourceGroupState.READY, ResourceGroupState.FAILED)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is limited to. `cluster`: its id or name, also of one that is gone."""

    cluster: str | None = None
    location: str | None = None


async def list_(
    session: AsyncSession, scope: Scope, filters: Filters, *, now: datetime, after: Position | None, limit: int
) -> Page[LeftoverRead]:
    """A page of what is left over, what is so for longest first. Asks the database alone."""
    parts = [_in_azure(scope, now), _addresses(scope), _shares(scope), _accounts(scope), _workspaces(scope)]
    every = sa.union_all(*parts, _groups(scope)).subquery()
    asked: sa.Select[Any] = sa.select(every).where(every.c.since <= now - GRACE)
    if filters.cluster is not None:
        by = every.c.cluster_id if is_id(filters.cluster, Prefix.CLUSTER) else every.c.cluster
        asked = asked.where(by == filters.cluster)
    if filters.location is not None:
        asked = asked.where(every.c.location == filters.location.lower())
    columns: Sequence[Any] = (every.c.since, every.c.key)
    rows = (await session.execute(keyset(asked, columns, after=after, limit=limit))).all()
    last = rows[limit - 1] if len(rows) > limit else None
    found = rows[:limit]
    bodies = await _bodies(session, [row.key for row in found if row.id is None])
    return Page([_read(row, bodies) for row in found], None if last is None else (last.since, last.key))


def _read(row: Any, bodies: dict[str, Any]) -> LeftoverRead:
    reason, remedy = spec.words_for(row.kind, row.cluster_state)
    foreign = False
    if row.id is None:
        place = Place(row.cluster_id, "", "", row.resource_group, row.cluster_azure_name)
        foreign = spec.foreign(row.azure_id, row.kind, row.name, bodies.get(row.key) or {}, place)
    return LeftoverRead(
        kind=row.kind,
        id=row.id,
        name=row.name,
        azure_id=row.azure_id,
        cluster_id=row.cluster_id,
        cluster=row.cluster,
        location=row.location,
        resource_group=row.resource_group,
        foreign=foreign,
        since=row.since,
        reason=reason,
        remedy=remedy,
    )


async def _bodies(session: AsyncSession, keys: Sequence[str]) -> dict[str, Any]:
    if not keys:
        return {}
    asked = sa.select(AzureResource.key, AzureResource.body).where(AzureResource.key.in_(keys)).limit(len(keys))
    return {row.key: row.body for row in (await session.execute(asked)).all()}


def _columns(
    key: Any,
    kind: Any,
    since: Any,
    row: Any,
    *,
    id_: Any,
    azure_id: Any = _NONE,
    location: Any = None,
    resource_group: Any = None,
    cluster: bool = False,
) -> list[Any]:
    """The columns of one part of the union, always the same and in the same order."""
    return [
        key.label("key"),
        kind.label("kind"),
        since.label("since"),
        id_.label("id"),
        row.name.label("name"),
        azure_id.label("azure_id"),
        (row.location if location is None else location).label("location"),
        (row.resource_group if resource_group is None else resource_group).label("resource_group"),
        (Cluster.id if cluster else _NONE).label("cluster_id"),
        (Cluster.name if cluster else _NONE).label("cluster"),
        (Cluster.azure_name if cluster else _NONE).label("cluster_azure_name"),
        (Cluster.state if cluster else _NONE).label("cluster_state"),
    ]


def _in_azure(scope: Scope, now: datetime) -> sa.Select[Any]:
    """What lists showed of clusters: unused, or of a cluster that is gone or should be."""
    row = AzureResource
    late = (Cluster.state == ClusterState.DELETING) & (Cluster.updated_at <= now - _LONG)
    gone = (Cluster.state == ClusterState.LOST) | late
    since = sa.func.coalesce(row.unused_since, Cluster.updated_at, type_=row.observed_at.type)
    ours = in_project(sa.select(PublicIp.id), PublicIp, scope).where(
        PublicIp.deleted_at.is_(None), row.key == KEY_OF_ROW
    )
    asked = sa.select(*_columns(row.key, row.type, since, row, id_=_NONE, azure_id=row.azure_id, cluster=True))
    asked = in_project(asked.join(Cluster, Cluster.id == row.cluster_id), Cluster, scope)
    return asked.where(row.unused_since.is_not(None) | gone, ~ours.exists())


def _addresses(scope: Scope) -> sa.Select[Any]:
    row, seen = PublicIp, AzureResource
    kind = sa.literal(spec.PUBLIC_IP)
    asked = sa.select(*_columns(row.id, kind, seen.unused_since, row, id_=row.id, azure_id=seen.azure_id))
    asked = in_project(asked.join(seen, seen.key == KEY_OF_ROW), row, scope)
    return asked.where(row.managed, row.state == PublicIpState.READY, seen.unused_since.is_not(None))


def _shares(scope: Scope) -> sa.Select[Any]:
    """Those that were bound once, or made for a cluster that is gone. One that waits for its first volume is none."""
    row = Share
    bound = sa.select(Volume.id).where(Volume.share_id == row.id, Volume.deleted_at.is_(None)).exists()
    last = sa.select(sa.func.max(Volume.deleted_at)).where(Volume.share_id == row.id).correlate(row).scalar_subquery()
    since = sa.func.coalesce(last, Cluster.deleted_at, type_=row.created_at.type)
    place = {"location": StorageAccount.location, "resource_group": StorageAccount.resource_group}
    asked = sa.select(*_columns(row.id, sa.literal(spec.SHARE), since, row, id_=row.id, cluster=True, **place))
    asked = asked.select_from(row).join(StorageAccount, StorageAccount.id == row.account_id)
    asked = in_project(asked.outerjoin(Cluster, Cluster.id == row.cluster_id), row, scope)
    free = Cluster.deleted_at.is_not(None) | (row.cluster_id.is_(None) & last.is_not(None))
    return asked.where(row.managed, row.state == StorageState.READY, ~bound, free)


def _accounts(scope: Scope) -> sa.Select[Any]:
    row = StorageAccount
    used = sa.select(Share.id).where(Share.account_id == row.id, Share.deleted_at.is_(None)).exists()
    last = sa.select(sa.func.max(Share.deleted_at)).where(Share.account_id == row.id).correlate(row).scalar_subquery()
    since = sa.func.coalesce(last, row.created_at, type_=row.created_at.type)
    asked = in_project(sa.select(*_columns(row.id, sa.literal(spec.ACCOUNT), since, row, id_=row.id)), row, scope)
    return asked.where(row.managed, row.state == StorageState.READY, ~used)


def _workspaces(scope: Scope) -> sa.Select[Any]:
    row, uses = Workspace, Monitoring
    used = sa.select(uses.id).where(uses.workspace_id == row.id, uses.deleted_at.is_(None)).exists()
    last = sa.select(sa.func.max(uses.deleted_at)).where(uses.workspace_id == row.id).correlate(row).scalar_subquery()
    since = sa.func.coalesce(last, row.created_at, type_=row.created_at.type)
    columns = _columns(row.id, sa.literal(spec.WORKSPACE), since, row, id_=row.id, azure_id=row.azure_key)
    asked = in_project(sa.select(*columns), row, scope)
    return asked.where(row.managed, row.state == WorkspaceState.READY, ~used)


def _groups(scope: Scope) -> sa.Select[Any]:
    """Those that Slipway made for clusters, with none in them any more."""
    row = ResourceGroup
    used = sa.select(Cluster.id).where(Cluster.resource_group_id == row.id, Cluster.deleted_at.is_(None)).exists()
    last = (
        sa.select(sa.func.max(Cluster.deleted_at))
        .where(Cluster.resource_group_id == row.id)
        .correlate(row)
        .scalar_subquery()
    )
    since = sa.func.coalesce(last, row.created_at, type_=row.created_at.type)
    named = row.azure_name
    asked = sa.select(*_columns(row.id, sa.literal(spec.GROUP), since, row, id_=row.id, resource_group=named))
    asked = in_project(asked, row, scope)
    return asked.where(row.managed, row.made_for_cluster, row.state.in_(_SETTLED), ~used)
