"""What Azure offers a subscription: locations, Kubernetes versions, sizes of machines."""

from app.azure.clients import Clients, read_all
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.catalog import KubernetesVersion, Location, NodeSize

_MACHINES = "virtualMachines"


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
                support_plans=minor.part("capabilities").texts("supportPlan"),
            )
            for minor in Fields(model, "kubernetesVersions").parts("values")
            for patch in minor.names("patchVersions")
        )

    async def node_sizes(self, location: str, *, call: Call) -> tuple[NodeSize, ...]:
        """The sizes of machines that a location has, with what keeps the subscription from them."""
        client = self._clients.compute(self._subscription_id)
        skus = client.resource_skus.list(filter=f"location eq '{location}'", slipway_call=call)
        found = await read_all(skus, lambda value: _size(Fields(value, "sku"), location))
        return tuple(size for size in found if size is not None)


def _location(value: object) -> Location:
    body = Fields(value, "location")
    name = body.text("name")
    return Location(name=name, display_name=body.maybe("displayName") or name)


def _size(sku: Fields, location: str) -> NodeSize | None:
    """None for what is no machine, such as a disk."""
    if sku.maybe("resourceType") != _MACHINES:
        return None
    said = {part.maybe("name"): part.maybe("value") for part in sku.parts("capabilities")}
    here = [info for info in sku.parts("locationInfo") if (info.maybe("location") or "").lower() == location.lower()]
    zones = {zone for info in here for zone in info.texts("zones")}
    restricted = None
    for restriction in sku.parts("restrictions"):
        if restriction.maybe("type") == "Zone":
            zones -= set(restriction.part("restrictionInfo").texts("zones"))
        else:
            restricted = restriction.maybe("reasonCode") or "NotAvailableForSubscription"
    return NodeSize(
        name=sku.text("name"),
        cores=int(_number(said.get("vCPUs"))),
        memory_gib=_number(said.get("MemoryGB")),
        max_data_disks=int(_number(said.get("MaxDataDiskCount"))),
        family=sku.maybe("family"),
        zones=tuple(sorted(zones)),
        restricted=restricted,
    )


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0
