"""What AKS makes beside a cluster, in the node resource group `MC_<group>_<name>_<location>`."""

import hashlib
from dataclasses import dataclass

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.network_documents import resource_id
from app.emulator.core.paths import group_id, split_path
from app.emulator.core.store import Resource

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class NodeGroup:
    """Names and ids in one cluster's node resource group; all follow from the cluster's own."""

    subscription: str
    name: str
    location: str
    cluster_id: str

    @property
    def id(self) -> str:
        """The group's ARM id."""
        return group_id(self.subscription, self.name)

    @property
    def number(self) -> str:
        """The eight digits that AKS puts into the names of what it makes."""
        digest = hashlib.sha256(self.cluster_id.lower().encode()).digest()
        return f"{int.from_bytes(digest[:6], 'big') % 100_000_000:08d}"

    def resource_id(self, resource_type: str, *names: str) -> str:
        """The id of something in the group: `("Microsoft.Network/virtualNetworks/subnets", vnet, subnet)`."""
        return resource_id(self.id, resource_type, *names)

    @property
    def outbound_ip_id(self) -> str:
        """The managed outbound address of the load balancer."""
        digest = hashlib.sha256(f"ip{self.cluster_id.lower()}".encode()).hexdigest()
        name = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-9{digest[17:20]}-{digest[20:32]}"
        return self.resource_id("Microsoft.Network/publicIPAddresses", name)

    @property
    def subnet_id(self) -> str:
        """The subnet of the nodes."""
        return self.resource_id("Microsoft.Network/virtualNetworks/subnets", f"aks-vnet-{self.number}", "aks-subnet")

    @property
    def kubelet_identity_id(self) -> str:
        """The nodes' own identity."""
        name = f"{split_path(self.cluster_id)[-1]}-agentpool"
        return self.resource_id("Microsoft.ManagedIdentity/userAssignedIdentities", name)

    def scale_set_name(self, pool: str, os_type: str) -> str:
        """The scale set of a pool. Windows host names are short, so theirs is too."""
        return f"aks{pool}" if os_type == "Windows" else f"aks-{pool}-{self.number}-vmss"

    def node_name(self, pool: str, os_type: str, instance: int) -> str:
        """The host name of one instance: six digits in base 36."""
        digits = ""
        for _ in range(6):
            instance, digit = divmod(instance, len(_ALPHABET))
            digits = _ALPHABET[digit] + digits
        return f"{self.scale_set_name(pool, os_type)}{digits}"


def node_group_of(cluster: Resource) -> NodeGroup:
    """The node resource group of a stored cluster."""
    return NodeGroup(
        subscription=split_path(cluster.id)[1],
        name=cluster.body["properties"]["nodeResourceGroup"],
        location=cluster.body["location"],
        cluster_id=cluster.id,
    )


def put_once(cloud: Cloud, body: Document) -> None:
    """Keep `body` unless there is one with its id: others may have changed that meanwhile."""
    if cloud.store.get(body["id"]) is None:
        cloud.store.put(Resource(body["id"], body["type"], body, cloud.now()))


def remove_group(cloud: Cloud, cluster: Resource) -> None:
    """Take the whole node resource group out."""
    group = node_group_of(cluster)
    for member in cloud.store.in_group(group.id):
        cloud.store.remove(member.id)
    cloud.store.remove(group.id)
