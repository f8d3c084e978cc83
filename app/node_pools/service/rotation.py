"""The rows of a rotation: both pools are on record as long as both are there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.pools import LONGEST_POOL_NAME, NodePoolSettings
from app.clusters.service.pool_rows import replacement_of
from app.clusters.service.read import list_pools
from app.clusters.service.start import want
from app.clusters.specs.pool_spec import azure_pool_name, settings_of, spec_of, wanted_of
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import Prefix, new_id
from app.core.json import JsonObject
from app.models import Cluster, NodePool, NodePoolState
from app.node_pools.service.names import names_in_azure
from app.node_pools.specs.changes import rotated

_NEW = "-new"


class RotationUnfinishedError(ConflictError):
    """A rotation of the pool has stopped half way: both pools are there."""

    code = "rotation_unfinished"
    remedy = "`:retry` the rotation's job, which goes on; or delete the new pool, which is named in the detail."


async def require_no_rotation(session: AsyncSession, row: NodePool) -> None:
    """Raise RotationUnfinishedError where another pool is to take the place of this one, or it of another."""
    new = await replacement_of(session, row.id)
    if new is not None:
        raise RotationUnfinishedError(f"{new.name} is to take the place of {row.name}.")
    if row.replaces is not None:
        raise RotationUnfinishedError(f"{row.name} is to take the place of another pool.")


async def ensure_replacement(
    session: AsyncSession, cluster: Cluster, row: NodePool, changes: JsonObject, *, now: datetime
) -> WantedPool:
    """Write the row of the pool that is to take a pool's place, and what is wanted of it, unless it is there.

    It begins with as many nodes as the old one has now.
    """
    wanted = Wanted.from_json(cluster.wanted)
    rows = await list_pools(session, [cluster])
    new = await replacement_of(session, row.id)
    known = None if new is None else wanted.pool(new.name)
    if known is not None:
        return known
    old = next(pool for pool in wanted.pools if pool.name == row.name)
    settings = settings_of(old)
    if settings["autoscaling"] is not None:
        settings["count"] = (row.observed or {}).get("count", old.spec.count)
    name = _free_name(row.name, rows)
    azure_name = azure_pool_name(row.name, row.os_type, taken=names_in_azure(cluster, rows))
    asked = NodePoolSettings.model_validate(rotated(settings, changes))
    spec = spec_of(asked, azure_name)
    made = NodePool(
        id=new_id(Prefix.NODE_POOL),
        cluster_id=cluster.id,
        name=name,
        azure_name=azure_name,
        state=NodePoolState.CREATING,
        mode=spec.mode,
        os_type=spec.os_type,
        vm_size=spec.vm_size,
        count=spec.count,
        replaces=row.id,
        created_at=now,
        updated_at=now,
    )
    session.add(made)
    # What it lends goes on with it.
    pool = replace(wanted_of(name, asked, spec), lent=old.lent)
    _want(cluster, [*wanted.pools, pool], now)
    return pool


async def take_over(session: AsyncSession, cluster: Cluster, row: NodePool, *, now: datetime) -> None:
    """The old pool's row, id and name stay, and are the new pool's; the row of its own ends."""
    new = await replacement_of(session, row.id)
    pools = Wanted.from_json(cluster.wanted).pools
    taken = next((pool for pool in pools if new is not None and pool.name == new.name), None)
    if taken is None:
        raise NotFoundError("No pool is to take this one's place any more.")
    await forget_replacement(session, cluster, row.id, now=now)
    left = Wanted.from_json(cluster.wanted).pools
    _want(cluster, [replace(taken, name=row.name) if pool.name == row.name else pool for pool in left], now)
    spec = taken.spec
    row.azure_name, row.mode, row.vm_size, row.count = spec.name, spec.mode, spec.vm_size, spec.count
    row.version += 1
    row.updated_at = now


async def forget_replacement(session: AsyncSession, cluster: Cluster, pool_id: str, *, now: datetime) -> None:
    """End the row of a pool that was to take the place of another, and what is wanted of it."""
    new = await replacement_of(session, pool_id)
    if new is None:
        return
    _want(cluster, [pool for pool in Wanted.from_json(cluster.wanted).pools if pool.name != new.name], now)
    new.state, new.deleted_at, new.updated_at = NodePoolState.DELETED, now, now
    new.version += 1


def _want(cluster: Cluster, pools: Sequence[WantedPool], now: datetime) -> None:
    want(cluster, {"pools": [pool.as_json() for pool in pools]}, now)


def _free_name(name: str, rows: Sequence[NodePool]) -> str:
    """`workers-new`, or with a number where that is taken."""
    taken = {row.name for row in rows}
    for number in range(1, len(taken) + 2):
        end = _NEW if number == 1 else f"{_NEW}{number}"
        made = f"{name[: LONGEST_POOL_NAME - len(end)].rstrip('-')}{end}"
        if made not in taken:
            return made
    raise AssertionError("more names than pools were tried")
