"""What can outlive a cluster and was not to: each thing is removed by a job of its own, once the cluster is gone."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.parts import items_of_parts, removes_of_parts
from app.clusters.service.start import Asker
from app.clusters.specs.deletion import Fates, Item
from app.core.errors import ConflictError, NotFoundError
from app.core.json import JsonObject
from app.models import Cluster

FATES = "fates"
"""Under which a deletion's request has what was chosen, by flag."""


async def items_to_remove(session: AsyncSession, cluster: Cluster, fates: Fates) -> list[Item]:
    """What was chosen to go too, and stays behind when the cluster goes. To be asked while the cluster has it."""
    removes = removes_of_parts()
    return [item for item in await items_of_parts(session, cluster, fates) if item.goes and item.flag in removes]


async def start_removals(session: AsyncSession, asker: Asker, items: Sequence[Item]) -> JsonObject:
    """Start a job for each, in this transaction, as a request for it would.

    Returns `removing`, each with its `job_id`, and `kept`, each with the `reason`: one that something else has come to
    use meanwhile, or that somebody holds, stays.
    """
    removes = removes_of_parts()
    removing, kept = [], []
    for item in items:
        told = {"kind": item.kind, "id": item.id, "name": item.name}
        try:
            # `items_to_remove` gives such alone.
            job = await removes[item.flag](session, asker, item.id)  # type: ignore[index, arg-type]
        except (ConflictError, NotFoundError) as error:
            kept.append({**told, "reason": error.problem.detail})
        else:
            removing.append({**told, "job_id": job.id})
    return {"removing": removing, "kept": kept}
