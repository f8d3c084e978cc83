"""Upgrades: what the rows alone can refuse, the job, and what is bound to a preview."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import Asker, require_changeable, start
from app.clusters.service.versions import require_path
from app.clusters.specs import kinds
from app.clusters.specs.wanted import Wanted
from app.core.errors import FieldError, InvalidRequestError
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.models import Cluster, Job


async def upgrade(
    session: AsyncSession,
    asker: Asker,
    cluster: Cluster,
    request: JsonObject,
    *,
    kind: JobKind = kinds.UPGRADE,
    options: JsonObject,
    more: JsonObject | None = None,
) -> Job:
    """Start the job. What the rows and the catalogue know to be impossible is refused at once; the rest by the job.

    `request`: as `upgrade_request` makes it; `more`: what another kind of job is told beside it.
    """
    require_changeable(cluster)
    require_pools(cluster, request)
    await require_path(session, asker, cluster, request, options=options)
    return await start(session, asker, kind, cluster, options=options, request={**request, **(more or {})})


def require_pools(cluster: Cluster, request: JsonObject) -> None:
    """Raise InvalidRequestError where a pool is named that the cluster does not have."""
    known = [pool.name for pool in Wanted.from_json(cluster.wanted).pools]
    wrong = [
        FieldError("unknown_node_pool", f"/node_pools/{index}", f"The cluster has these pools: {', '.join(known)}.")
        for index, name in enumerate(request.get("node_pools") or ())
        if name not in known
    ]
    if wrong:
        raise InvalidRequestError("The cluster has no such node pool.", errors=wrong)
