"""Proof of a private cluster whose API server cannot be reached from here: by a command that AKS runs in it."""

from collections.abc import Collection

from app.azure.types.cluster import ManagedCluster
from app.clusters.live import log_in
from app.clusters.specs.wanted import Place
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.errors import KubernetesError
from app.kubernetes.printed import facts_in
from app.kubernetes.types import ClusterFacts

_COMMAND = "kubectl get nodes,pods --namespace kube-system --output json"


async def facts_by_command(
    cloud: Cloud, place: Place, cluster: ManagedCluster, *, resting: Collection[str], excused: Collection[str] = ()
) -> ClusterFacts:
    """Its nodes and system pods. Raises what Azure says (commands may be switched off), and KubernetesError."""
    gateways, call = cloud.gateways, azure_call(cloud)
    login = await log_in(gateways.azure, gateways.kubernetes, place, call=call, seen=cluster)
    commands = gateways.azure.subscription(place.subscription_id).run_commands
    result = await commands.run(
        place.resource_group, place.azure_name, _COMMAND, call=call, cluster_token=login.entra_token
    )
    if result.exit_code != 0:
        raise KubernetesError(f"A command in the cluster ended with {result.exit_code}.")
    version = cluster.current_kubernetes_version or ""
    return facts_in(result.logs, version=version, resting=resting, excused=excused)
