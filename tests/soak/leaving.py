"""The end of a run: everything is deleted, one kind after the other, while no fault is in force."""

from collections.abc import Awaitable, Callable, Sequence

from app.models import Cluster, ResourceGroup, Share, StorageAccount
from app.models.base import Base
from tests.soak.collect import rows
from tests.soak.evidence import Row
from tests.soak.history import Outcome
from tests.soak.stage import Stage

_DEADLINE = "deadline_seconds=60"
# What others lie in goes after them: clusters with their volumes, shares, their accounts, and groups that were kept.
_KINDS: Sequence[tuple[type[Base], str, str]] = (
    (Cluster, "clusters", ""),
    (Share, "shares", ""),
    (StorageAccount, "storage-accounts", "&deleted_shares=discard"),
    (ResourceGroup, "resource-groups", ""),
)


async def delete_all(stage: Stage, quiet: Callable[[], Awaitable[None]]) -> None:
    """Delete what lives, and wait until all is `quiet` after each kind."""
    for table, plural, more in _KINDS:
        living = [row for row in await rows(stage.fleet.database, table, table.__table__.c.id) if _is_ours(row)]
        for row in living:
            await _delete(stage, row, f"/v1/{plural}/{row['id']}?{_DEADLINE}{more}")
        await quiet()


def _is_ours(row: Row) -> bool:
    return row["deleted_at"] is None and row.get("managed", True)


async def _delete(stage: Stage, row: Row, path: str) -> None:
    clients = stage.clients
    tenant = [one.id for one in clients.tenants].index(row["project_id"])
    operation = await clients.send(clients.history.add(tenant, "delete", "DELETE", path))
    if operation.outcome is Outcome.UNKNOWN:
        # Asking twice gives the job that is at it already.
        await clients.send(operation)
    if operation.outcome is not Outcome.ACKNOWLEDGED:
        clients.history.surprises.append(f"A2: {row['name']} could not be deleted: {operation.status}")
