"""Stop clusters and start them again."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import SERVING, Asker, NotReadyError, start
from app.clusters.specs import kinds
from app.core.json import JsonObject
from app.models import Cluster, ClusterState, Job

_STOPPABLE = SERVING | {ClusterState.STARTING, ClusterState.STOPPING, ClusterState.STOPPED}
# A start that failed half way may be asked for again.
_STARTABLE = _STOPPABLE | {ClusterState.FAILED}


async def stop_cluster(session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject) -> Job:
    """Start the job that stops the cluster; of a stopped one it has nothing to do. Raises NotReadyError."""
    _require(cluster, _STOPPABLE)
    return await start(session, asker, kinds.STOP, cluster, options=options)


async def start_cluster(session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject) -> Job:
    """Start the job that starts the cluster; of a running one it has nothing to do. Raises NotReadyError."""
    _require(cluster, _STARTABLE)
    return await start(session, asker, kinds.START, cluster, options=options)


def _require(cluster: Cluster, states: frozenset[ClusterState]) -> None:
    if cluster.state not in states:
        raise NotReadyError(f"The cluster is {cluster.state}.", remedy="Wait until it is ready.")
