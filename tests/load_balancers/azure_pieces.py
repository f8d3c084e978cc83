"""What Azure makes for one Service, as its lists show it."""

from dataclasses import replace

from app.azure.types.network import (
    BackendPool,
    Frontend,
    LoadBalancer,
    LoadBalancingRule,
    Probe,
    PublicIpAddress,
    SecurityGroup,
    SecurityRule,
    Subnet,
    VirtualNetwork,
)
from app.kubernetes.types.service import ServicePort, ServiceState
from app.load_balancers.specs.exposure_wanted import WantedExposure, WantedPort
from app.load_balancers.specs.pieces import Network
from app.load_balancers.specs.services import base_name

UID = "11111111-2222-3333-4444-555555555555"
BASE = base_name(UID)
BALANCER = "/subscriptions/s/resourceGroups/MC/providers/Microsoft.Network/loadBalancers/kubernetes"
ADDRESSES = "/subscriptions/s/resourceGroups/MC/providers/Microsoft.Network/publicIPAddresses"
WANTED = WantedExposure(ports=(WantedPort(80, "http"),), selector={"app": "web"})
SERVICE = ServiceState(
    "default",
    "web",
    UID,
    "1",
    "LoadBalancer",
    ports=(ServicePort("http", 80, 80, "TCP", 31080),),
    ingress=("20.1.2.3",),
)
OWN = PublicIpAddress(
    id=f"{ADDRESSES}/kubernetes-{BASE}", name=f"kubernetes-{BASE}", resource_group="MC", location="l",
    address="20.1.2.3", sku="Standard", used_by=f"{BALANCER}/frontendIPConfigurations/{BASE}",
    tags={"k8s-azure-service": "default/web"},
)  # fmt: skip
GIVEN = replace(OWN, id=f"{ADDRESSES}/gateway", name="gateway", address="20.7.7.7", tags={})
RULE = LoadBalancingRule(
    id=f"{BALANCER}/loadBalancingRules/{BASE}-TCP-80", name=f"{BASE}-TCP-80", protocol="Tcp", frontend_port=80,
    backend_port=80, frontend_id=f"{BALANCER}/frontendIPConfigurations/{BASE}",
    backend_pool_ids=(f"{BALANCER}/backendAddressPools/kubernetes",), probe_id=f"{BALANCER}/probes/{BASE}-TCP-80",
    floating_ip=True, idle_timeout_minutes=4, tcp_reset=True,
)  # fmt: skip
PROBE = Probe(
    id=f"{BALANCER}/probes/{BASE}-TCP-80", name=f"{BASE}-TCP-80", protocol="Tcp", port=31080, interval_seconds=5,
    threshold=2,
)  # fmt: skip
POOL = BackendPool(id=f"{BALANCER}/backendAddressPools/kubernetes", name="kubernetes", member_ids=("/nic1", "/nic2"))
FRONTEND = Frontend(id=f"{BALANCER}/frontendIPConfigurations/{BASE}", name=BASE, public_ip_id=OWN.id)
LB = LoadBalancer(
    id=BALANCER, name="kubernetes", resource_group="MC", location="l", sku="Standard", frontends=(FRONTEND,),
    backend_pools=(POOL,), rules=(RULE,), probes=(PROBE,),
)  # fmt: skip


def security_rule(
    name: str, priority: int, access: str, *sources: str, ports: tuple[str, ...] = ("*",)
) -> SecurityRule:
    """An inbound rule to everywhere."""
    return SecurityRule(
        id=f"/nsg/securityRules/{name}", name=name, priority=priority, direction="Inbound", access=access, protocol="*",
        sources=sources, destinations=("*",), destination_ports=ports,
    )  # fmt: skip


NSG = SecurityGroup(
    id="/nsg", name="aks-agentpool-1-nsg", resource_group="MC", location="l",
    rules=(security_rule(f"{BASE}-allow", 500, "Allow", "Internet", ports=("80",)),),
    default_rules=(
        security_rule("probes", 65001, "Allow", "AzureLoadBalancer"), security_rule("rest", 65500, "Deny", "*"),
    ),
)  # fmt: skip
VNET = VirtualNetwork(
    id="/vnet", name="aks-vnet", resource_group="MC", location="l",
    subnets=(
        Subnet("/vnet/aks-subnet", "aks-subnet", ("10.224.0.0/16",)), Subnet("/vnet/apps", "apps", ("10.1.0.0/24",)),
    ),
)  # fmt: skip
NETWORK = Network((LB,), (OWN,), (NSG,), (VNET,))
