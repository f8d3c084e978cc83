"""What a cluster's deletion would do: what the rows know of it, and the preview that is kept."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.deletion import DeletionBlockerRead, DeletionItemRead, DeletionPlanRead
from app.clusters.service import plans
from app.clusters.service.disks import DisksWouldGoError, disks_that_go, words_for
from app.clusters.service.ending import ProtectedError
from app.clusters.service.parts import items_of_parts
from app.clusters.service.read import list_pools
from app.clusters.service.start import Asker
from app.clusters.specs import kinds
from app.clusters.specs.deletion import Fates, Item, world_of
from app.core.text import counted
from app.models import Cluster, Credential


class Seen(Protocol):
    """What Azure and the cluster have, as it was just read. `unread`: why the cluster could not be asked."""

    @property
    def items(self) -> Sequence[Item]: ...
    @property
    def locks(self) -> Sequence[str]: ...
    @property
    def unread(self) -> str | None: ...


async def keep_preview(
    session: AsyncSession, asker: Asker, cluster: Cluster, seen: Seen, *, fates: Fates
) -> DeletionPlanRead:
    """Keep a preview for a deletion that may come to name it, and show it."""
    items = [*await _items(session, asker, cluster, fates), *seen.items]
    kept = await plans.keep(session, asker, cluster, act=kinds.DELETE, request=fates.as_json(), world=world_of(items))
    blockers = [DeletionBlockerRead(code="scope_locked", detail=lock) for lock in seen.locks]
    disks = await disks_that_go(session, cluster, fates)
    if disks:
        blockers.insert(0, DeletionBlockerRead(code=DisksWouldGoError.code, detail=words_for(disks)))
    if cluster.protected:
        blockers.insert(0, DeletionBlockerRead(code=ProtectedError.code, detail="The cluster is protected."))
    return DeletionPlanRead(
        plan_id=kept.id,
        expires_at=kept.expires_at,
        goes=[DeletionItemRead.model_validate(item) for item in items if item.goes],
        stays=[DeletionItemRead.model_validate(item) for item in items if not item.goes],
        unread=seen.unread,
        blockers=blockers,
    )


async def require_preview(
    session: AsyncSession, asker: Asker, cluster: Cluster, seen: Seen, *, fates: Fates, plan_id: str
) -> None:
    """Pass when all is as it was previewed. Raises PlanStaleError, NotFoundError."""
    world = world_of([*await _items(session, asker, cluster, fates), *seen.items])
    await plans.require_unchanged(
        session, plan_id, cluster, act=kinds.DELETE, request=fates.as_json(), world=world, now=asker.now
    )


async def _items(session: AsyncSession, asker: Asker, cluster: Cluster, fates: Fates) -> list[Item]:
    pools = await list_pools(session, [cluster])
    given = select(func.count()).where(
        Credential.cluster_id == cluster.id, or_(Credential.expires_at.is_(None), Credential.expires_at > asker.now)
    )
    credentials = (await session.execute(given)).scalar_one()
    return [
        Item("cluster", cluster.name, goes=True, id=cluster.id),
        *(
            Item("node_pool", pool.name, goes=True, detail=f"{pool.count} of {pool.vm_size}", id=pool.id)
            for pool in pools
        ),
        *(
            [Item("credential", counted(credentials, "kubeconfig"), goes=True, detail="They open nothing then.")]
            * (credentials > 0)
        ),
        *await items_of_parts(session, cluster, fates),
    ]
