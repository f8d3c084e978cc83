"""Where the pieces of one cluster's Services lie in Azure."""

from dataclasses import dataclass

from app.emulator.core.cloud import Cloud
from app.emulator.core.inside import InsideClient
from app.emulator.core.locations import find_location
from app.emulator.core.network_documents import LOAD_BALANCER, PUBLIC_IP, SECURITY_GROUP, part_id, resource_id
from app.emulator.core.paths import group_id, split_path
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice.cloud_controller.events import Recorder
from app.emulator.providers.containerservice.node_resource_group import NodeGroup, node_group_of
from app.emulator.providers.containerservice.nodes import pools_of

_NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Place:
    """One cluster's group, network and identity, and the Service that is worked on."""

    cloud: Cloud
    arm: InsideClient
    group: NodeGroup
    network_id: str
    """The virtual network of its nodes."""
    subnet_name: str
    recorder: Recorder

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones of its region, which all that is new spans."""
        region = find_location(self.group.location)
        return tuple(str(zone) for zone in range(1, region.zones + 1)) if region is not None else ()

    @property
    def security_group_id(self) -> str:
        """The security group that AKS made for the nodes."""
        return self.group.resource_id(SECURITY_GROUP, f"aks-agentpool-{self.group.number}-nsg")

    def balancer_id(self, name: str) -> str:
        """A load balancer in the node resource group."""
        return self.group.resource_id(LOAD_BALANCER, name)

    def subnet_id(self, name: str) -> str:
        """A subnet of the nodes' network."""
        return part_id(self.network_id, "subnets", name)

    def address_id(self, group: str, name: str) -> str:
        """A public IP in the resource group of that name."""
        return resource_id(group_id(self.group.subscription, group), PUBLIC_IP, name)

    def addresses_id(self, group: str) -> str:
        """The list of public IPs of a resource group."""
        return self.address_id(group, "").rstrip("/")


def place_of(cloud: Cloud, cluster: Resource, recorder: Recorder) -> Place:
    """Where the Services of a stored cluster go."""
    group = node_group_of(cluster)
    subnets = [pool.body["properties"].get("vnetSubnetID") for pool in pools_of(cloud, cluster)]
    subnet = next((subnet for subnet in subnets if subnet), group.subnet_id)
    return Place(
        cloud=cloud,
        arm=InsideClient(cloud, principal_of(cluster)),
        group=group,
        network_id=subnet.rsplit("/subnets/", 1)[0],
        subnet_name=split_path(subnet)[-1],
        recorder=recorder,
    )


def principal_of(cluster: Resource) -> str:
    """The object id of a cluster's identity."""
    identity = cluster.body.get("identity") or {}
    assigned = (identity.get("userAssignedIdentities") or {}).values()
    own = identity.get("principalId")
    return str(own or next((one["principalId"] for one in assigned if one and one.get("principalId")), _NOBODY))
