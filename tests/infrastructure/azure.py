"""A cluster as Azure lists it: the resources of its node resource group, ready to be changed by a test."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from app.azure.types.compute import Disk, Identity, Machine, ScaleSet
from app.azure.types.network import (
    BackendPool,
    Frontend,
    InterfaceAddress,
    LoadBalancer,
    LoadBalancingRule,
    NetworkInterface,
    OutboundRule,
    Probe,
    PublicIpAddress,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
    VirtualNetwork,
)
from app.infrastructure.schemas.graph import Graph
from app.infrastructure.specs.graph import build_graph
from app.infrastructure.specs.inputs import (
    TYPES,
    ClusterFacts,
    Piece,
    Pieces,
    PoolFacts,
    Row,
    ServiceFacts,
    Unknown,
    read_pieces,
)

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "MC_demo_blue_westeurope"
AT = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
UID = "0f6c1e7d-94b4-4a5f-8e2d-3c4b5a697881"
BASE = "a0f6c1e7d94b44a5f8e2d3c4b5a69788"


def resource_id(kind: str, name: str, group: str = GROUP) -> str:
    """An ARM id."""
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{kind}/{name}"


def common(kind: str, name: str, group: str = GROUP) -> dict[str, Any]:
    """What all resources have."""
    return {
        "id": resource_id(kind, name, group),
        "name": name,
        "resource_group": group,
        "location": "westeurope",
        "provisioning_state": "Succeeded",
    }


NET = "Microsoft.Network/"
BALANCER_ID = resource_id(f"{NET}loadBalancers", "kubernetes")
SUBNET_ID = resource_id(f"{NET}virtualNetworks", "aks-vnet-12345678") + "/subnets/aks-subnet"
NSG_ID = resource_id(f"{NET}networkSecurityGroups", "aks-agentpool-12345678-nsg")
TABLE_ID = resource_id(f"{NET}routeTables", "aks-agentpool-12345678-routetable")
SET_ID = resource_id("Microsoft.Compute/virtualMachineScaleSets", "aks-nodepool1-12345678-vmss")
IDENTITY_ID = resource_id("Microsoft.ManagedIdentity/userAssignedIdentities", "blue-agentpool")
MACHINE_ID = f"{SET_ID}/virtualMachines/0"
MEMBER_ID = f"{MACHINE_ID}/networkInterfaces/n/ipConfigurations/i"
POOL_ID = f"{BALANCER_ID}/backendAddressPools/kubernetes"
OUTBOUND_POOL_ID = f"{BALANCER_ID}/backendAddressPools/aksOutboundBackendPool"


def frontend_id(name: str, balancer: str = BALANCER_ID) -> str:
    """The id of a frontend."""
    return f"{balancer}/frontendIPConfigurations/{name}"


def public_ip(name: str, address: str | None, frontend: str | None = None, group: str = GROUP) -> PublicIpAddress:
    """A public address, used by a frontend of `kubernetes`."""
    used_by = frontend_id(frontend) if frontend else None
    return PublicIpAddress(**common(f"{NET}publicIPAddresses", name, group), address=address, used_by=used_by)


def rule(name: str = f"{BASE}-TCP-80", port: int = 80, *, frontend: str = BASE) -> LoadBalancingRule:
    """A rule as the cloud controller makes it."""
    return LoadBalancingRule(
        id=f"{BALANCER_ID}/loadBalancingRules/{name}",
        name=name,
        protocol="Tcp",
        frontend_port=port,
        backend_port=port,
        frontend_id=frontend_id(frontend),
        backend_pool_ids=(POOL_ID,),
        probe_id=f"{BALANCER_ID}/probes/{name}",
        floating_ip=True,
    )


def security_rule(name: str, priority: int, **fields: Any) -> SecurityRule:
    """An inbound rule that lets everything in, but for `fields`."""
    common: dict[str, Any] = {
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "*",
        "sources": ("*",),
        "destinations": ("*",),
        "destination_ports": ("*",),
    }
    return SecurityRule(id=f"{NSG_ID}/securityRules/{name}", name=name, priority=priority, **{**common, **fields})


DEFAULT_RULES = (
    security_rule("AllowVnetInBound", 65000, sources=("VirtualNetwork",), destinations=("VirtualNetwork",)),
    security_rule("AllowAzureLoadBalancerInBound", 65001, sources=("AzureLoadBalancer",)),
    security_rule("DenyAllInBound", 65500, access="Deny"),
)


def balancer() -> LoadBalancer:
    """The load balancer of the nodes' way out and of one Service."""
    return LoadBalancer(
        **common(f"{NET}loadBalancers", "kubernetes"),
        sku="Standard",
        frontends=(
            Frontend(frontend_id("out"), "out", resource_id(f"{NET}publicIPAddresses", "out")),
            Frontend(frontend_id(BASE), BASE, resource_id(f"{NET}publicIPAddresses", f"kubernetes-{BASE}")),
        ),
        backend_pools=(
            BackendPool(OUTBOUND_POOL_ID, "aksOutboundBackendPool", (MEMBER_ID,)),
            BackendPool(POOL_ID, "kubernetes", (MEMBER_ID,)),
        ),
        rules=(rule(),),
        probes=(Probe(f"{BALANCER_ID}/probes/{BASE}-TCP-80", f"{BASE}-TCP-80", "Tcp", 31080),),
        outbound_rules=(
            OutboundRule(f"{BALANCER_ID}/outboundRules/r", "aksOutboundRule", (frontend_id("out"),), OUTBOUND_POOL_ID),
        ),
    )


def pieces() -> dict[str, Piece]:
    """Everything that AKS builds for a cluster of one node and one public Service, by short names."""
    machine = common("Microsoft.Compute/virtualMachineScaleSets", "aks-nodepool1-12345678-vmss_0")
    interface = common("Microsoft.Network/networkInterfaces", "nic-0")
    return {
        "network": VirtualNetwork(
            **common(f"{NET}virtualNetworks", "aks-vnet-12345678"),
            prefixes=("10.224.0.0/12",),
            subnets=(Subnet(SUBNET_ID, "aks-subnet", ("10.224.0.0/16",), NSG_ID, TABLE_ID),),
        ),
        "guard": SecurityGroup(
            **common(f"{NET}networkSecurityGroups", "aks-agentpool-12345678-nsg"),
            rules=(
                security_rule(
                    "k8s-azure-lb_allow_IPv4_1",
                    500,
                    sources=("Internet",),
                    destinations=("20.61.0.17",),
                    destination_ports=("80",),
                ),
            ),
            default_rules=DEFAULT_RULES,
            subnet_ids=(SUBNET_ID,),
        ),
        "table": RouteTable(
            **common(f"{NET}routeTables", "aks-agentpool-12345678-routetable"), subnet_ids=(SUBNET_ID,)
        ),
        "balancer": balancer(),
        "out": public_ip("out", "20.50.1.2", "out"),
        "in": public_ip(f"kubernetes-{BASE}", "20.61.0.17", BASE),
        "set": ScaleSet(
            **common("Microsoft.Compute/virtualMachineScaleSets", "aks-nodepool1-12345678-vmss"),
            tags={"aks-managed-poolName": "nodepool1"},
            vm_size="Standard_D4s_v5",
            capacity=1,
            os_type="Linux",
            subnet_ids=(SUBNET_ID,),
            backend_pool_ids=(POOL_ID, OUTBOUND_POOL_ID),
            identity_ids=(IDENTITY_ID,),
        ),
        "machine": Machine(
            **{**machine, "id": MACHINE_ID},
            instance_id="0",
            computer_name="aks-nodepool1-12345678-vmss000000",
            scale_set_id=SET_ID,
            zones=("1",),
            vm_size="Standard_D4s_v5",
            power_state="running",
            disk_ids=(resource_id("Microsoft.Compute/disks", "os-0"),),
        ),
        "nic": NetworkInterface(
            **{**interface, "id": f"{MACHINE_ID}/networkInterfaces/n"},
            machine_id=MACHINE_ID,
            addresses=(
                InterfaceAddress(f"{MACHINE_ID}/networkInterfaces/n/ipConfigurations/i", "i", "10.224.0.4", SUBNET_ID),
            ),
        ),
        "disk": Disk(
            **common("Microsoft.Compute/disks", "os-0"),
            size_gib=128,
            state="Attached",
            machine_id=f"{SET_ID}/virtualMachines/aks-nodepool1-12345678-vmss_0",
        ),
        "identity": Identity(**common("Microsoft.ManagedIdentity/userAssignedIdentities", "blue-agentpool")),
    }


def facts(**fields: Any) -> ClusterFacts:
    """A ready cluster of one pool."""
    common: dict[str, Any] = {
        "id": "cls_01k7x3v5q8a9b0c1d2e3f4g5h6",
        "name": "blue",
        "azure_name": "blue",
        "subscription_id": SUBSCRIPTION,
        "location": "westeurope",
        "state": "ready",
        "settled": True,
        "node_resource_group": GROUP,
        "kubernetes_version": "1.33.5",
        "plugin": "azure",
        "plugin_mode": "overlay",
        "outbound_type": "loadBalancer",
        "pools": (PoolFacts(name="nodepool1", mode="System", os_type="Linux", vm_size="Standard_D4s_v5", count=1),),
        "services_observed_at": AT,
    }
    return ClusterFacts(**{**common, **fields})


def service(**fields: Any) -> ServiceFacts:
    """The Service `shop/web` at 20.61.0.17."""
    common: dict[str, Any] = {
        "id": "exp_01k7x3v5q8a9b0c1d2e3f4g5h6",
        "namespace": "shop",
        "name": "web",
        "uid": UID,
        "managed": True,
        "state": "ready",
        "internal": False,
        "ports": ("80/TCP",),
        "addresses": ("20.61.0.17",),
    }
    return ServiceFacts(**{**common, **fields})


def rows_of(found: Iterable[Piece], **since: datetime) -> list[Row]:
    """The rows that keep these pieces, as the inventory writes them."""
    names = {kind: name for name, kind in TYPES.items() if "/virtualmachines/" not in name}
    rows = []
    for piece in found:
        unknown = isinstance(piece, Unknown)
        kind = piece.type if isinstance(piece, Unknown) else names[type(piece)]
        body = {} if unknown else TypeAdapter(type(piece)).dump_python(piece, mode="json")
        rows.append(
            Row(
                id=piece.id,
                type=kind,
                name=piece.name,
                resource_group=piece.resource_group,
                body=body,
                observed_at=AT,
                unused_since=since.get(piece.name),
            )
        )
    return rows


def graph_of(
    found: dict[str, Piece] | None = None,
    *,
    cluster: ClusterFacts | None = None,
    services: tuple[ServiceFacts, ...] | None = None,
    since: dict[str, datetime] | None = None,
) -> Graph:
    """The graph of what was seen, read from rows as it comes."""
    whole = pieces() if found is None else found
    seen: Pieces = read_pieces(rows_of(whole.values(), **(since or {})))
    return build_graph(cluster or facts(), seen, (service(),) if services is None else services)


def changed(name: str, **fields: Any) -> dict[str, Piece]:
    """All pieces, one of them changed."""
    found = pieces()
    return {**found, name: replace(found[name], **fields)}


def without(*names: str) -> dict[str, Piece]:
    """All pieces but these."""
    return {name: piece for name, piece in pieces().items() if name not in names}
