"""Where the drivers of one cluster work."""

import uuid
from dataclasses import dataclass

from app.emulator.core.cloud import Cloud
from app.emulator.core.inside import InsideClient
from app.emulator.core.store import Resource
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.host import Store
from app.emulator.kubernetes.recorder import tell
from app.emulator.providers.containerservice.cloud_controller.place import principal_of
from app.emulator.providers.containerservice.node_resource_group import NodeGroup, node_group_of

_NAMES = {"file.csi.azure.com": "csi-azurefile-controller", "disk.csi.azure.com": "csi-azuredisk-controller"}


@dataclass(frozen=True)
class Site:
    """One cluster: its objects, its identity in Azure, and the group that its drivers write to."""

    cloud: Cloud
    cluster: Resource
    store: Store
    arm: InsideClient
    group: NodeGroup

    def tell(
        self, driver: str, resource: str, document: Object, reason: str, message: str, *, warning: bool = False
    ) -> None:
        """Say something of a claim or a volume, as the sidecar of a driver."""
        seed = uuid.uuid5(uuid.NAMESPACE_URL, f"{driver}/{self.cluster.key}")
        component = f"{driver}_{_NAMES[driver]}-{seed.hex[:10]}-{seed.hex[10:15]}_{seed}"
        type_ = "Warning" if warning else "Normal"
        tell(self.store, resource, document, reason=reason, message=message, component=component, type_=type_)


def site_of(cloud: Cloud, cluster: Resource, store: Store) -> Site:
    """The site of a stored cluster."""
    return Site(cloud, cluster, store, InsideClient(cloud, principal_of(cluster)), node_group_of(cluster))
