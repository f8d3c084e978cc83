"""Stop and start node pools, and remove or replace single machines of them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.pool_states import require_staying
from app.clusters.service.start import Asker, require_changeable, tell
from app.core.errors import ConflictError, FieldError, InvalidRequestError
from app.core.json import JsonObject
from app.models import Cluster, Job, NodePool, NodePoolState
from app.node_pools.service.pools import start_job
from app.node_pools.specs import kinds

_SYSTEM = "System"


class SystemPoolError(ConflictError):
    """The cluster's own pods need their pool."""

    code = "system_pool_stays"
    remedy = "Stop the whole cluster: POST /v1/clusters/{id}:stop; or stop its user pools."


async def stop_pool(session: AsyncSession, asker: Asker, cluster: Cluster, row: NodePool, options: JsonObject) -> Job:
    """Start the job that stops a user pool. Raises SystemPoolError, PoolLeavingError, NotReadyError."""
    require_changeable(cluster)
    require_staying(row)
    if row.mode == _SYSTEM:
        raise SystemPoolError(f"{row.name} is a system pool, which Azure does not stop.")
    return await start_job(session, asker, kinds.STOP, cluster, row=row, options=options)


async def start_pool(session: AsyncSession, asker: Asker, cluster: Cluster, row: NodePool, options: JsonObject) -> Job:
    """Start the job that starts a pool. Raises PoolLeavingError, NotReadyError."""
    require_changeable(cluster)
    require_staying(row)
    return await start_job(session, asker, kinds.START, cluster, row=row, options=options)


async def delete_machines(
    session: AsyncSession,
    asker: Asker,
    cluster: Cluster,
    row: NodePool,
    *,
    machines: Sequence[str],
    options: JsonObject,
) -> Job:
    """Start the job that removes these machines. Raises PoolStoppedError, InvalidRequestError, and as above."""
    require_changeable(cluster)
    require_staying(row, running=True)
    machines = list(dict.fromkeys(machines))
    if row.mode == _SYSTEM and row.state != NodePoolState.FAILED and row.count <= len(machines):
        empty = FieldError("system_pool_empty", "/machines", "A system pool keeps at least one node.")
        raise InvalidRequestError("A system pool cannot be empty.", errors=[empty])
    return await start_job(session, asker, kinds.DELETE_MACHINES, cluster, row=row, options=options, machines=machines)


async def replace_machines(
    session: AsyncSession,
    asker: Asker,
    cluster: Cluster,
    row: NodePool,
    *,
    machines: Sequence[str],
    options: JsonObject,
) -> Job:
    """Start the job that removes these machines, of a spot pool, and brings the pool to its count again."""
    await tell(session, cluster, "node_pool.replacement_begun", asker.now, pool=row.name)
    request = {"machines": list(machines)}
    return await start_job(session, asker, kinds.REPLACE_MACHINES, cluster, row=row, options=options, **request)
