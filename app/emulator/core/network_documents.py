"""Documents of Microsoft.Network as the store keeps them, for its provider and for what AKS makes beside a cluster.

A stored document holds references in one direction only: a frontend names its public address, a rule its frontend, a
NIC its pools. What Azure shows in the other direction (`publicIPAddress.ipConfiguration`, `subnet.ipConfigurations`,
`frontend.loadBalancingRules`) the provider derives whenever it is read, so that both always agree. Etags are the
store's: whoever changes a document in place calls `store.touch`.
"""

from collections.abc import Mapping, Sequence

from app.emulator.core.documents import Document, overlay
from app.emulator.core.paths import split_path

NETWORK = "Microsoft.Network"
VIRTUAL_NETWORK = "Microsoft.Network/virtualNetworks"
SECURITY_GROUP = "Microsoft.Network/networkSecurityGroups"
ROUTE_TABLE = "Microsoft.Network/routeTables"
NETWORK_INTERFACE = "Microsoft.Network/networkInterfaces"
LOAD_BALANCER = "Microsoft.Network/loadBalancers"
PUBLIC_IP = "Microsoft.Network/publicIPAddresses"
PUBLIC_IP_PREFIX = "Microsoft.Network/publicIPPrefixes"
SCALE_SET_NIC = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces"

_OF_RULES: Document = {
    "enableFloatingIP": False,
    "idleTimeoutInMinutes": 4,
    "protocol": "Tcp",
    "enableDestinationServiceEndpoint": False,
    "enableTcpReset": False,
    "allowBackendPortConflict": False,
}
PART_DEFAULTS: Mapping[tuple[str, str], Document] = {
    (LOAD_BALANCER, "frontendIPConfigurations"): {"privateIPAllocationMethod": "Dynamic"},
    (LOAD_BALANCER, "backendAddressPools"): {},
    (LOAD_BALANCER, "loadBalancingRules"): {**_OF_RULES, "loadDistribution": "Default", "disableOutboundSnat": False},
    (LOAD_BALANCER, "probes"): {
        "intervalInSeconds": 15,
        "numberOfProbes": 2,
        "probeThreshold": 1,
        "noHealthyBackendsBehavior": "AllProbedDown",
    },
    (LOAD_BALANCER, "inboundNatRules"): _OF_RULES,
    (LOAD_BALANCER, "inboundNatPools"): _OF_RULES,
    (LOAD_BALANCER, "outboundRules"): {
        "allocatedOutboundPorts": 0,
        "protocol": "All",
        "enableTcpReset": False,
        "idleTimeoutInMinutes": 4,
    },
    (SECURITY_GROUP, "securityRules"): {
        "sourceAddressPrefixes": [],
        "destinationAddressPrefixes": [],
        "sourcePortRanges": [],
        "destinationPortRanges": [],
    },
    (ROUTE_TABLE, "routes"): {"hasBgpOverride": False},
    (VIRTUAL_NETWORK, "subnets"): {
        "delegations": [],
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
    },
    (VIRTUAL_NETWORK, "virtualNetworkPeerings"): {},
    (NETWORK_INTERFACE, "ipConfigurations"): {
        "privateIPAllocationMethod": "Dynamic",
        "primary": True,
        "privateIPAddressVersion": "IPv4",
    },
}
"""What Azure fills in where a part says nothing, by the type above it and the name of its list."""


def resource_id(group: str, resource_type: str, *names: str) -> str:
    """An id in the resource group with the id `group`: `(group, "Microsoft.Network/loadBalancers", "kubernetes")`."""
    namespace, *kinds = resource_type.split("/")
    tail = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, names, strict=True))
    return f"{group}/providers/{namespace}/{tail}"


def part_id(parent: str, kind: str, name: str) -> str:
    """The id of a part of the resource `parent`: `(balancer, "frontendIPConfigurations", "a1b2")`."""
    return f"{parent}/{kind}/{name}"


def reference(resource: str) -> Document:
    """How one document names another."""
    return {"id": resource}


def resource(
    identity: str,
    resource_type: str,
    location: str,
    properties: Document,
    *,
    sku: Document | None = None,
    tags: Mapping[str, str] | None = None,
    zones: Sequence[str] = (),
) -> Document:
    """A top-level document; `provisioningState` is Succeeded unless `properties` say otherwise."""
    body: Document = {
        "name": split_path(identity)[-1],
        "id": identity,
        "type": resource_type,
        "location": location,
        "properties": {"provisioningState": "Succeeded", **properties},
    }
    if sku is not None:
        body["sku"] = sku
    if tags:
        body["tags"] = dict(tags)
    if zones:
        body["zones"] = list(zones)
    return body


def part(parent: str, parent_type: str, kind: str, name: str, properties: Document) -> Document:
    """A part of a resource (a frontend, a rule, a subnet, a route) with Azure's defaults."""
    return {
        "name": name,
        "id": part_id(parent, kind, name),
        "type": f"{parent_type}/{kind}",
        "properties": {"provisioningState": "Succeeded", **overlay(PART_DEFAULTS[parent_type, kind], properties)},
    }


def public_ip(
    identity: str,
    location: str,
    *,
    guid: str,
    address: str | None,
    version: str = "IPv4",
    sku: str = "Standard",
    allocation: str = "Static",
    idle_timeout_minutes: int = 4,
    dns_label: str | None = None,
    prefix_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    zones: Sequence[str] = (),
) -> Document:
    """A public address. `address` comes from `network_addresses.free_address`; None: not given yet."""
    properties: Document = {
        "resourceGuid": guid,
        "publicIPAddressVersion": version,
        "publicIPAllocationMethod": allocation,
        "idleTimeoutInMinutes": idle_timeout_minutes,
        "ipTags": [],
        "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
    }
    if address is not None:
        properties["ipAddress"] = address
    if dns_label:
        properties["dnsSettings"] = {"domainNameLabel": dns_label, "fqdn": dns_name(dns_label, location)}
    if prefix_id is not None:
        properties["publicIPPrefix"] = reference(prefix_id)
    shown = {"name": sku, "tier": "Regional"}
    return resource(identity, PUBLIC_IP, location, properties, sku=shown, tags=tags, zones=zones)


def dns_name(label: str, location: str) -> str:
    """The name that Azure gives a DNS label; unique in a location."""
    return f"{label}.{location}.cloudapp.azure.com"


def load_balancer(
    identity: str,
    location: str,
    *,
    guid: str,
    sku: str = "Standard",
    tags: Mapping[str, str] | None = None,
    **parts: Sequence[Document],
) -> Document:
    """A load balancer; `parts` by their lists' names, each made by `frontend`, `backend_pool` and so on."""
    kinds = [kind for parent, kind in PART_DEFAULTS if parent == LOAD_BALANCER and kind != "inboundNatPools"]
    properties: Document = {"resourceGuid": guid, **{kind: list(parts.pop(kind, ())) for kind in kinds}}
    properties.update({kind: list(items) for kind, items in parts.items()})
    return resource(identity, LOAD_BALANCER, location, properties, sku={"name": sku, "tier": "Regional"}, tags=tags)


def frontend(
    balancer: str,
    name: str,
    *,
    public_ip_id: str | None = None,
    subnet_id: str | None = None,
    private_address: str | None = None,
    static: bool = False,
    version: str = "IPv4",
    zones: Sequence[str] = (),
) -> Document:
    """A frontend: of a public address, or, for an internal one, of an address in a subnet."""
    properties: Document = {}
    if public_ip_id is not None:
        properties["publicIPAddress"] = reference(public_ip_id)
    if subnet_id is not None:
        properties["subnet"] = reference(subnet_id)
        properties["privateIPAddressVersion"] = version
        properties["privateIPAllocationMethod"] = "Static" if static else "Dynamic"
    if private_address is not None:
        properties["privateIPAddress"] = private_address
    made = part(balancer, LOAD_BALANCER, "frontendIPConfigurations", name, properties)
    return {**made, "zones": list(zones)} if zones else made


def backend_pool(balancer: str, name: str) -> Document:
    """A backend pool; its members are the NICs whose `loadBalancerBackendAddressPools` name it."""
    return part(balancer, LOAD_BALANCER, "backendAddressPools", name, {})


def load_balancing_rule(
    balancer: str,
    name: str,
    *,
    frontend_id: str,
    pool_id: str,
    probe_id: str | None,
    protocol: str,
    frontend_port: int,
    backend_port: int,
    floating_ip: bool = True,
    idle_timeout_minutes: int = 4,
    tcp_reset: bool = True,
    distribution: str = "Default",
    disable_outbound_snat: bool = True,
) -> Document:
    """A rule. `protocol`: Tcp, Udp or All; `distribution`: Default, SourceIP or SourceIPProtocol."""
    properties: Document = {
        "frontendIPConfiguration": reference(frontend_id),
        "backendAddressPool": reference(pool_id),
        "backendAddressPools": [reference(pool_id)],
        "protocol": protocol,
        "frontendPort": frontend_port,
        "backendPort": backend_port,
        "enableFloatingIP": floating_ip,
        "idleTimeoutInMinutes": idle_timeout_minutes,
        "enableTcpReset": tcp_reset,
        "loadDistribution": distribution,
        "disableOutboundSnat": disable_outbound_snat,
    }
    if probe_id is not None:
        properties["probe"] = reference(probe_id)
    return part(balancer, LOAD_BALANCER, "loadBalancingRules", name, properties)


def probe(
    balancer: str,
    name: str,
    *,
    protocol: str,
    port: int,
    path: str | None = None,
    interval_seconds: int = 5,
    threshold: int = 2,
) -> Document:
    """A health probe. `protocol`: Tcp, Http or Https; `path` for the latter two."""
    properties: Document = {
        "protocol": protocol,
        "port": port,
        "intervalInSeconds": interval_seconds,
        "numberOfProbes": 1,
        "probeThreshold": threshold,
    }
    if path is not None:
        properties["requestPath"] = path
    return part(balancer, LOAD_BALANCER, "probes", name, properties)


def outbound_rule(
    balancer: str,
    name: str,
    *,
    frontend_ids: Sequence[str],
    pool_id: str,
    allocated_ports: int = 0,
    idle_timeout_minutes: int = 30,
    tcp_reset: bool = True,
) -> Document:
    """An outbound rule. `allocated_ports` for each node; 0 lets Azure decide by the size of the pool."""
    properties: Document = {
        "frontendIPConfigurations": [reference(identity) for identity in frontend_ids],
        "backendAddressPool": reference(pool_id),
        "allocatedOutboundPorts": allocated_ports,
        "idleTimeoutInMinutes": idle_timeout_minutes,
        "enableTcpReset": tcp_reset,
    }
    return part(balancer, LOAD_BALANCER, "outboundRules", name, properties)
