"""How Slipway logs in to a cluster: as Azure's answer says, with its own identity."""

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.clusters.specs.wanted import Place
from app.core.errors import ErrorClass, SlipwayError
from app.kubernetes.errors import ClusterStoppedError
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types import Kubeconfig, Login

_STOPPED = "stopped"


class ClusterLostError(SlipwayError):
    """The cluster is not in Azure, although it should be."""

    code = "cluster_lost"
    status = 409
    title = "The cluster is gone from Azure"
    error_class = ErrorClass.GONE
    remedy = "Somebody removed it outside Slipway. Delete it here, and create it again if it is still needed."


class PoolMissingError(SlipwayError):
    """Azure has no pool of this name."""

    code = "node_pool_missing"
    status = 404
    title = "The node pool is not in Azure"
    error_class = ErrorClass.GONE
    remedy = "Delete the pool and add it again."


async def log_in(
    azure: AzureGateway, kubernetes: KubernetesGateway, place: Place, *, call: Call, seen: ManagedCluster | None = None
) -> Login:
    """Ask Azure for the way into the cluster at `place`. `seen`: as Azure has it, where that was read just now.

    Where the cluster's users log in through Entra, Slipway's own identity takes a token for the cluster.
    Raises what Azure says, ClusterLostError, ClusterStoppedError, UntrustedKubeconfigError.
    """
    clusters = azure.subscription(place.subscription_id).managed_clusters
    cluster = seen or await clusters.get(place.resource_group, place.azure_name, call=call)
    if cluster is None:
        raise ClusterLostError("Azure has no cluster of this name any more.")
    if (cluster.power_state or "").lower() == _STOPPED:
        raise ClusterStoppedError("Azure says that the cluster is stopped.")
    secret = await clusters.user_credential(place.resource_group, place.azure_name, call=call)
    fqdns = [name for name in (cluster.fqdn, cluster.private_fqdn) if name]
    kubeconfig = await kubernetes.read_kubeconfig(secret.reveal_bytes(), fqdns=fqdns)
    return await _login(azure, kubeconfig, call=call, private=cluster.private_fqdn is not None)


async def _login(azure: AzureGateway, kubeconfig: Kubeconfig, *, call: Call, private: bool) -> Login:
    if kubeconfig.exec_plugin is None:
        return Login(kubeconfig, expires_at=kubeconfig.expires_at, private=private)
    token = await azure.cluster_token(kubeconfig.exec_plugin.server_id, call=call)
    return Login(kubeconfig, token.secret.reveal(), token.expires_at, private)
