"""Choose the resource group of a new cluster; claim one for its deletion. The same locks part the two."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope
from app.core.errors import ConflictError, FieldError, NotFoundError
from app.core.ids import Prefix, new_id
from app.db.insert import insert_into
from app.models import Cluster, PublicIp, ResourceGroup, ResourceGroupState, StorageAccount, StorageState

_MOST_NAMED = 5


class GroupDeletingError(ConflictError):
    """The resource group is being deleted; its name is free again after that."""

    code = "resource_group_deleting"
    retryable = True
    remedy = "Send it again when the group is gone, or name another group."


class GroupInUseError(ConflictError):
    """Living clusters, reserved addresses or storage accounts of Slipway's lie in the resource group."""

    code = "resource_group_in_use"
    title = "The resource group is in use"
    remedy = "Delete those clusters first; a group that was made for clusters goes with the last of them."


async def choose_group(
    session: AsyncSession, scope: Scope, *, name: str, subscription_id: str, location: str, now: datetime
) -> ResourceGroup:
    """Return the project's row for a group that a cluster shall lie in, locked until the commit.

    A group that the project does not know yet gets a row in `creating`; the cluster's job finds or makes it in Azure.
    Raises GroupDeletingError: a delete that has claimed the group, by the same lock, cannot be outrun.
    """
    rows = await lock_rows(session, scope.project.id, subscription_id=subscription_id, name=name)
    require_staying(rows, pointer="/resource_group")
    found = next((row for row in rows if row.project_id == scope.project.id), None)
    if found is None:
        found = await _add_group(session, scope, name=name, subscription_id=subscription_id, location=location, now=now)
    if found.state == ResourceGroupState.FAILED:
        # The cluster's job makes it now.
        found.state = ResourceGroupState.CREATING
        found.version += 1
        found.updated_at = now
    return found


async def _add_group(
    session: AsyncSession, scope: Scope, *, name: str, subscription_id: str, location: str, now: datetime
) -> ResourceGroup:
    insert = insert_into(session, ResourceGroup)
    new = insert.values(
        id=new_id(Prefix.RESOURCE_GROUP),
        project_id=scope.project.id,
        subscription_id=subscription_id,
        name=name.lower(),
        azure_name=name,
        location=location,
        state=ResourceGroupState.CREATING,
        managed=False,
        made_for_cluster=True,
        tags={},
        version=1,
        created_by=scope.principal.id,
        created_at=now,
        updated_at=now,
    )
    # Another create may be the first to name the group at this very moment: then both use its row.
    alone = new.on_conflict_do_nothing(
        index_elements=["project_id", "name"], index_where=ResourceGroup.deleted_at.is_(None)
    )
    await session.execute(alone)
    rows = await lock_rows(session, scope.project.id, subscription_id=subscription_id, name=name)
    require_staying(rows, pointer="/resource_group")
    return next(row for row in rows if row.project_id == scope.project.id)


async def claim_group(session: AsyncSession, group: ResourceGroup, *, now: datetime) -> None:
    """Mark a group as being deleted, so that no cluster can choose it any more.

    Raises GroupInUseError while living clusters or addresses, of any project, lie in it; NotFoundError when it was
    deleted since.
    """
    if group not in await lock_rows(session, group.project_id, subscription_id=group.subscription_id, name=group.name):
        raise NotFoundError("The resource group is deleted already.")
    clusters = await living_clusters(session, group)
    if clusters:
        # The names of another project's clusters are not for this caller.
        own = [cluster.name for cluster in clusters if cluster.project_id == group.project_id]
        rest = len(clusters) - len(own)
        named = [*own[:_MOST_NAMED], *([f"{len(own) - _MOST_NAMED} more"] if len(own) > _MOST_NAMED else [])]
        named += [f"{rest} of other projects"] if rest else []
        raise GroupInUseError(f"In the resource group {group.azure_name} lie clusters: {', '.join(named)}.")
    addresses = await living_addresses(session, group)
    if addresses:
        # A reservation may be about to put one there.
        own = [address.name for address in addresses if address.project_id == group.project_id]
        rest = len(addresses) - len(own)
        named = [*own[:_MOST_NAMED], *([f"{rest} of other projects"] if rest else [])]
        raise GroupInUseError(
            f"In the resource group {group.azure_name} lie reserved addresses: {', '.join(named)}.",
            remedy="Release those addresses first: DELETE /v1/public-ips/{id}.",
        )
    await _require_no_accounts(session, group)
    if group.state != ResourceGroupState.DELETING:
        group.state = ResourceGroupState.DELETING
        group.version += 1
        group.updated_at = now


async def _require_no_accounts(session: AsyncSession, group: ResourceGroup) -> None:
    accounts = await living_accounts(session, group)
    if accounts:
        own = [account.name for account in accounts if account.project_id == group.project_id]
        rest = len(accounts) - len(own)
        named = [*own[:_MOST_NAMED], *([f"{rest} of other projects"] if rest else [])]
        raise GroupInUseError(
            f"In the resource group {group.azure_name} lie storage accounts: {', '.join(named)}.",
            remedy="Delete their shares and those accounts first: DELETE /v1/storage-accounts/{account}.",
        )


async def lock_rows(
    session: AsyncSession, project_id: str, *, subscription_id: str, name: str
) -> Sequence[ResourceGroup]:
    """Lock every project's living row of one group of Azure's, and the project's own row of the name.

    Projects may share a subscription, and a group: whoever chooses it must wait for whoever removes it.
    """
    same = func.lower(ResourceGroup.subscription_id) == subscription_id.lower()
    asked = (
        select(ResourceGroup)
        .where(
            ResourceGroup.name == name.lower(),
            ResourceGroup.deleted_at.is_(None),
            or_(same, ResourceGroup.project_id == project_id),
        )
        .order_by(ResourceGroup.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(asked)).all()


def require_staying(rows: Sequence[ResourceGroup], *, pointer: str) -> None:
    """Raise GroupDeletingError when one of a group's rows is being deleted."""
    leaving = next((row for row in rows if row.state == ResourceGroupState.DELETING), None)
    if leaving is not None:
        raise GroupDeletingError(
            f"The resource group {leaving.azure_name} is being deleted.",
            errors=[FieldError("resource_group_deleting", pointer, "This group is being deleted.")],
        )


async def living_clusters(session: AsyncSession, group: ResourceGroup) -> Sequence[Cluster]:
    """The clusters of all projects that lie in a group; certain only under `lock_rows`."""
    asked = (
        select(Cluster)
        .where(
            func.lower(Cluster.subscription_id) == group.subscription_id.lower(),
            func.lower(Cluster.resource_group) == group.name,
            Cluster.deleted_at.is_(None),
        )
        .order_by(Cluster.id)
        .limit(100)
    )
    return (await session.scalars(asked)).all()


async def living_addresses(session: AsyncSession, group: ResourceGroup) -> Sequence[PublicIp]:
    """The addresses of all projects that were reserved in a group; certain only under `lock_rows`."""
    asked = (
        select(PublicIp)
        .where(
            func.lower(PublicIp.subscription_id) == group.subscription_id.lower(),
            func.lower(PublicIp.resource_group) == group.name,
            PublicIp.managed,
            PublicIp.deleted_at.is_(None),
        )
        .order_by(PublicIp.id)
        .limit(100)
    )
    return (await session.scalars(asked)).all()


async def living_accounts(session: AsyncSession, group: ResourceGroup) -> Sequence[StorageAccount]:
    """The storage accounts of all projects that lie in a group, or shall; certain only under `lock_rows`.

    One whose making failed, or that is lost, is not there.
    """
    there = (StorageState.CREATING, StorageState.READY, StorageState.UPDATING, StorageState.DELETING)
    asked = (
        select(StorageAccount)
        .where(
            func.lower(StorageAccount.subscription_id) == group.subscription_id.lower(),
            func.lower(StorageAccount.resource_group) == group.name,
            StorageAccount.managed,
            StorageAccount.deleted_at.is_(None),
            StorageAccount.state.in_(there),
        )
        .order_by(StorageAccount.id)
        .limit(100)
    )
    return (await session.scalars(asked)).all()
