"""The way from a job's step to the cluster's own API server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.clusters.live import log_in
from app.clusters.specs.wanted import Place
from app.jobs.workflow import Gateways
from app.kubernetes.client import ClusterClient
from app.kubernetes.types import Login


@asynccontextmanager
async def reach(
    gateways: Gateways, place: Place, *, call: Call, cluster: ManagedCluster | None = None
) -> AsyncIterator[ClusterClient]:
    """The client of the cluster at `place`, shared with whoever else in this process talks to it.

    Azure is asked for the way into it at the first call, where nobody has asked before; `cluster`: as Azure has it,
    where that was read just now. The client's calls raise its own errors, and those of `log_in`: what Azure says,
    ClusterLostError (Azure has no such cluster), ClusterStoppedError, UntrustedKubeconfigError.
    A step that changes the cluster asks `cloud.context.fence()` right before.
    """
    seen = [cluster]

    async def ask() -> Login:
        # What was read before is good for the first login only.
        return await log_in(gateways.azure, gateways.kubernetes, place, call=call, seen=seen.pop() if seen else None)

    async with gateways.kubernetes.client(place.cluster_id, ask) as client:
        yield client
