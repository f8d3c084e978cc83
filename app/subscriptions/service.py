"""Resource groups and providers: rows, and the jobs that bring Azure in line with them. No network."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.core.errors import ConflictError, FieldError
from app.core.ids import Prefix, new_id
from app.models import ResourceGroup, ResourceGroupState


class GroupDeletingError(ConflictError):
    """The resource group is being deleted; its name is free again after that."""

    code = "resource_group_deleting"
    retryable = True
    remedy = "Send it again when the group is gone, or name another group."


async def choose_group(
    session: AsyncSession, scope: Scope, *, name: str, subscription_id: str, location: str, now: datetime
) -> ResourceGroup:
    """Return the project's row for a group that a cluster shall lie in, locked until the commit.

    A group that the project does not know yet gets a row in `creating`; the cluster's job finds or makes it in Azure.
    Raises GroupDeletingError: a delete that has claimed the group, by the same lock, cannot be outrun.
    """
    query = in_project(select(ResourceGroup), ResourceGroup, scope)
    query = query.where(ResourceGroup.name == name.lower(), ResourceGroup.deleted_at.is_(None))
    found = (await session.scalars(query.with_for_update())).one_or_none()
    if found is None:
        found = ResourceGroup(
            id=new_id(Prefix.RESOURCE_GROUP),
            project_id=scope.project.id,
            subscription_id=subscription_id,
            name=name.lower(),
            azure_name=name,
            location=location,
            state=ResourceGroupState.CREATING,
            made_for_cluster=True,
            created_by=scope.principal.id,
            created_at=now,
            updated_at=now,
        )
        session.add(found)
        await session.flush()
    if found.state == ResourceGroupState.DELETING:
        raise GroupDeletingError(
            f"The resource group {found.azure_name} is being deleted.",
            errors=[FieldError("resource_group_deleting", "/resource_group", "This group is being deleted.")],
        )
    return found
