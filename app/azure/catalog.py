"""What Azure offers a subscription: locations, Kubernetes versions, sizes of machines."""

from app.azure.clients import Clients, read_all
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.catalog import KubernetesVersion, Location, VmSize

_MIB_PER_GIB = 1024


class Catalog:
    """Lists that change seldom; whoever asks keeps them."""

    def __init__(self, clients: Clients, subscription_id: str) -> None:
        self._clients = clients
        self._subscription_id = subscription_id

    async def locations(self, *, call: Call) -> tuple[Location, ...]:
        """The regions that the subscription sees."""
        pages = self._clients.subscriptions.subscriptions.list_locations(self._subscription_id, slipway_call=call)
        return tuple(await read_all(pages, _location))

    async def kubernetes_versions(self, location: str, *, call: Call) -> tuple[KubernetesVersion, ...]:
        """The patch versions that AKS offers in a location, in Azure's order."""
        client = self._clients.container_service(self._subscription_id)
        model = await client.managed_clusters.list_kubernetes_versions(location, slipway_call=call)
        return tuple(
            KubernetesVersion(
                version=patch,
                minor=minor.text("version"),
                is_default=minor.flag("isDefault"),
                is_preview=minor.flag("isPreview"),
                upgrades=minor.part("patchVersions").part(patch).texts("upgrades"),
            )
            for minor in Fields(model, "kubernetesVersions").parts("values")
            for patch in minor.names("patchVersions")
        )

    async def vm_sizes(self, location: str, *, call: Call) -> tuple[VmSize, ...]:
        """The sizes of machines that a location has."""
        client = self._clients.compute(self._subscription_id)
        return tuple(await read_all(client.virtual_machine_sizes.list(location, slipway_call=call), _size))


def _location(value: object) -> Location:
    body = Fields(value, "location")
    name = body.text("name")
    return Location(name=name, display_name=body.maybe("displayName") or name)


def _size(value: object) -> VmSize:
    body = Fields(value, "vmSize")
    return VmSize(
        name=body.text("name"),
        cores=body.number("numberOfCores") or 0,
        memory_gib=(body.number("memoryInMB") or 0) / _MIB_PER_GIB,
        max_data_disks=body.number("maxDataDiskCount") or 0,
    )
