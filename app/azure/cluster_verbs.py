"""What is done to a whole cluster beside its PUT: stop, start, new certificates, another service principal."""

from collections.abc import Awaitable, Callable

from azure.core.polling import AsyncLROPoller
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.containerservice.models import ManagedClusterServicePrincipalProfile

from app.azure.clients import first_answer, operation_of, settled
from app.azure.types.call import Call
from app.azure.types.operation import Operation
from app.azure.types.secret import Secret


class ClusterVerbs:
    """The actions of `Microsoft.ContainerService/managedClusters`. Each begins, and gives the operation to wait for."""

    def __init__(self, client: ContainerServiceClient, id_of: Callable[[str, str], str]) -> None:
        """`id_of`: the resource id of a cluster, by its group and name."""
        self._clusters = client.managed_clusters
        self._id_of = id_of

    async def stop(self, group: str, name: str, *, call: Call) -> Operation:
        """Deallocate the control plane and all nodes; what the API server knows is kept."""
        begun = self._clusters.begin_stop(group, name, polling=first_answer(), slipway_call=call)
        return await self._operation(begun, group, name)

    async def start(self, group: str, name: str, *, call: Call) -> Operation:
        """Start what was stopped. The private address of the API server may be another one then."""
        begun = self._clusters.begin_start(group, name, polling=first_answer(), slipway_call=call)
        return await self._operation(begun, group, name)

    async def rotate_certificates(self, group: str, name: str, *, call: Call) -> Operation:
        """Replace all certificates: the API does not answer for up to 30 minutes, and all nodes are made anew."""
        begun = self._clusters.begin_rotate_cluster_certificates(group, name, polling=first_answer(), slipway_call=call)
        return await self._operation(begun, group, name)

    async def reset_service_principal(
        self, group: str, name: str, *, client_id: str, secret: Secret, call: Call
    ) -> Operation:
        """Let the cluster act as this application of Entra's."""
        profile = ManagedClusterServicePrincipalProfile(client_id=client_id, secret=secret.reveal())
        begun = self._clusters.begin_reset_service_principal_profile(
            group, name, profile, polling=first_answer(), slipway_call=call
        )
        return await self._operation(begun, group, name)

    async def _operation(self, begun: Awaitable[AsyncLROPoller[None]], group: str, name: str) -> Operation:
        return operation_of(await settled(begun), self._id_of(group, name))
