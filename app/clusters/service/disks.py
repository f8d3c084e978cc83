"""The cluster's persistent data that lies in its node resource group, and so goes with it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.deletion import Flag
from app.clusters.service.parts import items_of_parts
from app.clusters.specs.deletion import Fates, Item
from app.core.errors import ConflictError
from app.core.text import counted
from app.models import Cluster, ClusterState

_MOST_NAMED = 10
# Azure is at it, or has it no more: there is nothing to keep.
_TOO_LATE = frozenset({ClusterState.DELETING, ClusterState.DELETED, ClusterState.LOST})


class DisksWouldGoError(ConflictError):
    """Persistent volumes of the cluster lie in its node resource group, which Azure removes with the cluster."""

    code = "disks_would_go"
    title = "Persistent disks would go with the cluster"
    remedy = "Copy what shall stay, then delete with disks=delete."


async def disks_that_go(session: AsyncSession, cluster: Cluster, fates: Fates) -> list[Item]:
    """What the caller has not given up, and Azure would remove. Nothing when it is too late to keep any of it."""
    if fates.deletes(Flag.DISKS) or cluster.state in _TOO_LATE:
        return []
    return [item for item in await items_of_parts(session, cluster, fates) if item.flag is Flag.DISKS]


async def require_no_disks(session: AsyncSession, cluster: Cluster, fates: Fates) -> None:
    """Raise DisksWouldGoError, with their names (trouble 7)."""
    going = await disks_that_go(session, cluster, fates)
    if going:
        raise DisksWouldGoError(words_for(going))


def words_for(going: Sequence[Item]) -> str:
    """A sentence that names them."""
    names = ", ".join(item.name for item in going[:_MOST_NAMED])
    more = f" and {len(going) - _MOST_NAMED} more" if len(going) > _MOST_NAMED else ""
    return f"{counted(len(going), 'persistent volume')} would go with the node resource group: {names}{more}."
