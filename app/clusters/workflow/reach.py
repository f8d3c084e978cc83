"""The way from a job's step to the cluster's own API server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.clusters.specs.wanted import Place
from app.clusters.workflow.plan import ClusterLostError
from app.jobs.workflow import Gateways
from app.kubernetes.client import ClusterClient


@asynccontextmanager
async def reach(
    gateways: Gateways, place: Place, *, call: Call, cluster: ManagedCluster | None = None
) -> AsyncIterator[ClusterClient]:
    """Log in to the cluster at `place`. `cluster`: as Azure has it, where that was read before.

    Raises what Azure says, ClusterLostError (Azure has no such cluster), UntrustedKubeconfigError.
    """
    clusters = gateways.azure.subscription(place.subscription_id).managed_clusters
    seen = cluster or await clusters.get(place.resource_group, place.azure_name, call=call)
    if seen is None:
        raise ClusterLostError("Azure has no cluster of this name any more.")
    secret = await clusters.user_credential(place.resource_group, place.azure_name, call=call)
    fqdns = [name for name in (seen.fqdn, seen.private_fqdn) if name]
    kubeconfig = await gateways.kubernetes.read_kubeconfig(secret.reveal_bytes(), fqdns=fqdns)
    async with gateways.kubernetes.connect(kubeconfig) as client:
        yield client
