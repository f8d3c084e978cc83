"""Stop clusters, start them again, abort what goes on."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.read import list_pools
from app.clusters.service.start import Asker, NotReadyError, partition_of, start
from app.clusters.specs import kinds
from app.clusters.specs.states import SERVING
from app.core.errors import FieldError, InvalidRequestError
from app.core.json import JsonObject
from app.jobs import service as jobs
from app.models import Cluster, ClusterState, Job

STOPPABLE = SERVING | {ClusterState.STARTING, ClusterState.STOPPING, ClusterState.STOPPED}
# A start that failed half way may be asked for again.
_STARTABLE = STOPPABLE | {ClusterState.FAILED}


async def stop_cluster(session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject) -> Job:
    """Start the job that stops the cluster; of a stopped one it has nothing to do. Raises NotReadyError."""
    _require(cluster, STOPPABLE)
    return await start(session, asker, kinds.STOP, cluster, options=options)


async def start_cluster(session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject) -> Job:
    """Start the job that starts the cluster; of a running one it has nothing to do. Raises NotReadyError."""
    _require(cluster, _STARTABLE)
    return await start(session, asker, kinds.START, cluster, options=options)


async def abort_cluster(
    session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject, *, node_pool: str | None
) -> Job:
    """Ask the job that is at work to stop, and start the one that aborts what Azure does.

    It goes before what is queued, which goes on afterwards. Raises NotReadyError, InvalidRequestError.
    """
    if cluster.state in {ClusterState.DELETING, ClusterState.DELETED}:
        raise NotReadyError(f"The cluster is {cluster.state}: that cannot be aborted.")
    pool = None
    if node_pool is not None:
        pool = next((row.azure_name for row in await list_pools(session, [cluster]) if row.name == node_pool), None)
        if pool is None:
            missing = FieldError("unknown_node_pool", "/node_pool", "The cluster has no node pool of this name.")
            raise InvalidRequestError("The cluster has no such node pool.", errors=[missing])
    at_work = [job for job in await jobs.open_jobs_of(session, partition_of(cluster)) if job.started_at is not None]
    for job in at_work:
        if job.kind == kinds.ABORT.name:
            return job
        await jobs.ask_to_stop(session, job, code=jobs.ABORTED, now=asker.now)
    request = {"pool": pool, "job": at_work[0].id if at_work else None}
    # Nothing is in its way: what is at work makes way, and what is queued waits.
    options = {**options, "on_busy": "queue"}
    target = jobs.Target(cluster.id, cluster.name, partition_of(cluster))
    return await asker.start(session, kinds.ABORT, target, options=options, request=request, first=True)


def _require(cluster: Cluster, states: frozenset[ClusterState]) -> None:
    if cluster.state not in states:
        raise NotReadyError(f"The cluster is {cluster.state}.", remedy="Wait until it is ready.")
