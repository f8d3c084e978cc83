"""A private cluster that cannot be reached, read by commands that AKS runs in it."""

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.clusters.live import log_in
from app.clusters.specs.wanted import Place
from app.kubernetes.errors import KubernetesError
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.printed import seen_in
from app.kubernetes.types.seen import Seen

_OBJECTS = "kubectl get services,nodes --all-namespaces --output json"
_STORAGE = "kubectl get persistentvolumeclaims,persistentvolumes,storageclasses --all-namespaces --output json"
_EVENTS = "kubectl get events --all-namespaces --field-selector involvedObject.kind=Service --output json"


async def read_by_command(azure: AzureGateway, kubernetes: KubernetesGateway, place: Place, *, call: Call) -> Seen:
    """All Services, nodes and storage, and the events about Services that the cluster still has: three commands.

    Raises what Azure says, and KubernetesError where a command failed or printed more than AKS keeps.
    """
    login = await log_in(azure, kubernetes, place, call=call)
    commands = azure.subscription(place.subscription_id).run_commands
    printed = []
    for command in (_OBJECTS, _EVENTS, _STORAGE):
        result = await commands.run(
            place.resource_group, place.azure_name, command, call=call, cluster_token=login.entra_token
        )
        if result.exit_code != 0:
            raise KubernetesError(f"A command in the cluster ended with {result.exit_code}.")
        printed.append(result.logs)
    return seen_in(*printed)
