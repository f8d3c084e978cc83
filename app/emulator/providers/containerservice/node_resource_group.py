"""What AKS makes beside a cluster, in the node resource group `MC_<group>_<name>_<location>`."""

import hashlib
from dataclasses import dataclass

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.paths import group_id, split_path
from app.emulator.core.store import Resource
from app.emulator.core.vm_sizes import find_vm_size

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
FIRST_NODE_ADDRESS = 4
"""Azure keeps the first four addresses of a subnet for itself."""


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
        namespace, *kinds = resource_type.split("/")
        tail = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, names, strict=True))
        return f"{self.id}/providers/{namespace}/{tail}"

    @property
    def outbound_ip_id(self) -> str:
        """The managed outbound address of the load balancer."""
        digest = hashlib.sha256(f"ip{self.cluster_id.lower()}".encode()).hexdigest()
        name = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-9{digest[17:20]}-{digest[20:32]}"
        return self.resource_id("Microsoft.Network/publicIPAddresses", name)

    @property
    def outbound_address(self) -> str:
        """Its address, out of a range for documentation."""
        digest = hashlib.sha256(self.outbound_ip_id.encode()).digest()
        return f"203.0.113.{digest[0] % 254 + 1}"

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


def make_network(cloud: Cloud, cluster: Resource) -> None:
    """The group, and in it network, security group, route table, load balancer, address and identity."""
    group = node_group_of(cluster)
    if cloud.store.get(group.id) is None:
        body: Document = {
            "id": group.id,
            "name": group.name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": group.location,
            "managedBy": cluster.id,
            "tags": {**cluster.body.get("tags", {}), "aks-managed-cluster-name": cluster.body["name"]},
            "properties": {"provisioningState": "Succeeded"},
        }
        cloud.store.put(Resource(group.id, "Microsoft.Resources/resourceGroups", body, cloud.now()))
    network = "Microsoft.Network"
    security_id = group.resource_id(f"{network}/networkSecurityGroups", f"aks-agentpool-{group.number}-nsg")
    routes_id = group.resource_id(f"{network}/routeTables", f"aks-agentpool-{group.number}-routetable")
    subnet: Document = {
        "id": group.subnet_id,
        "name": "aks-subnet",
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": "10.224.0.0/16",
            "networkSecurityGroup": {"id": security_id},
            "routeTable": {"id": routes_id},
        },
    }
    _put(cloud, group, security_id, f"{network}/networkSecurityGroups", {"securityRules": []})
    _put(cloud, group, routes_id, f"{network}/routeTables", {"disableBgpRoutePropagation": False, "routes": []})
    _put(
        cloud,
        group,
        group.resource_id(f"{network}/virtualNetworks", f"aks-vnet-{group.number}"),
        f"{network}/virtualNetworks",
        {"addressSpace": {"addressPrefixes": ["10.224.0.0/12"]}, "subnets": [subnet]},
    )
    _put(cloud, group, group.subnet_id, f"{network}/virtualNetworks/subnets", subnet["properties"])
    _make_load_balancer(cloud, group)
    identity = {
        "clientId": cloud.guid(),
        "principalId": cloud.guid(),
        "tenantId": cloud.settings.tenant_id,
    }
    if cloud.store.get(group.kubelet_identity_id) is None:
        kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
        _put(cloud, group, group.kubelet_identity_id, kind, identity)
    cloud.store.touch(cluster)


def _make_load_balancer(cloud: Cloud, group: NodeGroup) -> None:
    kind = "Microsoft.Network/loadBalancers"
    balancer = group.resource_id(kind, "kubernetes")
    address_name = split_path(group.outbound_ip_id)[-1]
    frontend = {"id": f"{balancer}/frontendIPConfigurations/{address_name}"}
    backend = {"id": f"{balancer}/backendAddressPools/aksOutboundBackendPool"}
    outbound = {"id": f"{balancer}/outboundRules/aksOutboundRule"}
    settled = {"provisioningState": "Succeeded"}
    _put(
        cloud,
        group,
        group.outbound_ip_id,
        "Microsoft.Network/publicIPAddresses",
        {
            "ipAddress": group.outbound_address,
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
            "idleTimeoutInMinutes": 4,
            "ipConfiguration": frontend,
        },
        sku={"name": "Standard", "tier": "Regional"},
        tags={"aks-managed-type": "aks-slb-managed-outbound-ip"},
    )
    _put(
        cloud,
        group,
        balancer,
        kind,
        {
            "frontendIPConfigurations": [
                {
                    **frontend,
                    "name": address_name,
                    "properties": {
                        **settled,
                        "privateIPAllocationMethod": "Dynamic",
                        "publicIPAddress": {"id": group.outbound_ip_id},
                        "outboundRules": [outbound],
                    },
                }
            ],
            "backendAddressPools": [
                {**backend, "name": "aksOutboundBackendPool", "properties": {**settled, "outboundRules": [outbound]}},
                {
                    "id": f"{balancer}/backendAddressPools/kubernetes",
                    "name": "kubernetes",
                    "properties": dict(settled),
                },
            ],
            "loadBalancingRules": [],
            "probes": [],
            "inboundNatRules": [],
            "outboundRules": [
                {
                    **outbound,
                    "name": "aksOutboundRule",
                    "properties": {
                        **settled,
                        "allocatedOutboundPorts": 0,
                        "protocol": "All",
                        "enableTcpReset": True,
                        "idleTimeoutInMinutes": 30,
                        "backendAddressPool": backend,
                        "frontendIPConfigurations": [frontend],
                    },
                }
            ],
        },
        sku={"name": "Standard", "tier": "Regional"},
    )


def _put(
    cloud: Cloud,
    group: NodeGroup,
    resource_id: str,
    resource_type: str,
    properties: Document,
    *,
    sku: Document | None = None,
    tags: dict[str, str] | None = None,
) -> None:
    body: Document = {
        "id": resource_id,
        "name": split_path(resource_id)[-1],
        "type": resource_type,
        "location": group.location,
        "properties": {"provisioningState": "Succeeded", **properties},
    }
    if sku is not None:
        body["sku"] = sku
    if tags is not None:
        body["tags"] = tags
    cloud.store.put(Resource(resource_id, resource_type, body, cloud.now()))


def make_scale_set(cloud: Cloud, cluster: Resource, pool: Resource) -> None:
    """The scale set of a pool, with as many instances as the pool has nodes."""
    group = node_group_of(cluster)
    properties = pool.body["properties"]
    os_type = properties["osType"]
    name = group.scale_set_name(pool.name, os_type)
    kind = "Microsoft.Compute/virtualMachineScaleSets"
    scale_set = group.resource_id(kind, name)
    size = find_vm_size(properties["vmSize"])
    sku = {"name": size.name if size else properties["vmSize"], "tier": "Standard", "capacity": properties["count"]}
    tags = {"aks-managed-poolName": pool.name, "aks-managed-orchestrator": properties["currentOrchestratorVersion"]}
    _put(cloud, group, scale_set, kind, {"overprovision": False}, sku=sku, tags=tags)
    machines = f"{kind}/virtualMachines"
    wanted = {f"{scale_set}/virtualMachines/{instance}" for instance in range(properties["count"])}
    for known in cloud.store.of_type(machines, under=scale_set):
        if known.id not in wanted:
            cloud.store.remove(known.id)
    for instance in range(properties["count"]):
        machine = f"{scale_set}/virtualMachines/{instance}"
        if cloud.store.get(machine) is None:
            host = group.node_name(pool.name, os_type, instance)
            shown = {"latestModelApplied": True, "osProfile": {"computerName": host}}
            _put(cloud, group, machine, machines, shown, sku=sku)


def remove_scale_set(cloud: Cloud, cluster: Resource, pool: Resource) -> None:
    """Take the scale set of a pool out, with its instances."""
    group = node_group_of(cluster)
    kind = "Microsoft.Compute/virtualMachineScaleSets"
    name = group.scale_set_name(pool.name, pool.body["properties"]["osType"])
    scale_set = group.resource_id(kind, name)
    for machine in cloud.store.of_type(f"{kind}/virtualMachines", under=scale_set):
        cloud.store.remove(machine.id)
    cloud.store.remove(scale_set)


def remove_group(cloud: Cloud, cluster: Resource) -> None:
    """Take the whole node resource group out."""
    group = node_group_of(cluster)
    for resource in cloud.store.in_group(group.id):
        cloud.store.remove(resource.id)
    cloud.store.remove(group.id)
