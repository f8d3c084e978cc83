"""Full documents of `Microsoft.Network`, as Azure answers them: each field that Slipway reads is set."""

from typing import Any

from tests.azure.arm_double import SUBSCRIPTION

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/MC_g/providers/Microsoft.Network"
BALANCER_ID = f"{NETWORK}/loadBalancers/kubernetes"


def part(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    return {"id": f"{BALANCER_ID}/{kind}/{name}", "name": name, "properties": properties}


def ref(kind: str, name: str) -> dict[str, str]:
    return {"id": f"{BALANCER_ID}/{kind}/{name}"}


FRONTEND, POOL, PROBE = "frontendIPConfigurations", "backendAddressPools", "probes"
BALANCER: dict[str, Any] = {
    "id": BALANCER_ID,
    "name": "kubernetes",
    "location": "westeurope",
    "etag": 'W/"1"',
    "tags": {"a": "b"},
    "sku": {"name": "Standard"},
    "properties": {
        "provisioningState": "Succeeded",
        FRONTEND: [
            {
                **part(FRONTEND, "a1", publicIPAddress={"id": f"{NETWORK}/publicIPAddresses/kubernetes-a1"}),
                "zones": ["1", "2"],
            },
            part(FRONTEND, "i1", privateIPAddress="10.0.0.9", subnet={"id": "/s"}, publicIPPrefix={"id": "/p"}),
        ],
        POOL: [
            part(
                POOL,
                "kubernetes",
                backendIPConfigurations=[{"id": "/nic/ipConfigurations/1"}],
                loadBalancerBackendAddresses=[{"name": "x", "properties": {"ipAddress": "10.0.0.4"}}],
            )
        ],
        "loadBalancingRules": [
            part(
                "loadBalancingRules",
                "a1-TCP-80",
                protocol="Tcp",
                frontendPort=80,
                backendPort=30080,
                frontendIPConfiguration=ref(FRONTEND, "a1"),
                backendAddressPool=ref(POOL, "kubernetes"),
                backendAddressPools=[ref(POOL, "kubernetes"), ref(POOL, "kubernetes-v6")],
                probe=ref(PROBE, "a1-TCP-80"),
                enableFloatingIP=True,
                enableTcpReset=True,
                idleTimeoutInMinutes=4,
                loadDistribution="SourceIP",
            )
        ],
        PROBE: [
            part(
                PROBE,
                "a1-TCP-80",
                protocol="Http",
                port=30081,
                requestPath="/healthz",
                intervalInSeconds=5,
                numberOfProbes=2,
                probeThreshold=3,
            )
        ],
        "outboundRules": [
            part(
                "outboundRules",
                "aksOutboundRule",
                allocatedOutboundPorts=1024,
                protocol="All",
                idleTimeoutInMinutes=30,
                enableTcpReset=True,
                backendAddressPool=ref(POOL, "kubernetes"),
                frontendIPConfigurations=[ref(FRONTEND, "a1")],
            )
        ],
        "inboundNatRules": [
            part(
                "inboundNatRules",
                "ssh",
                protocol="Tcp",
                frontendPort=22,
                backendPort=22,
                frontendIPConfiguration=ref(FRONTEND, "a1"),
                backendIPConfiguration={"id": "/nic/ipConfigurations/1"},
            )
        ],
    },
}
ADDRESS: dict[str, Any] = {
    "id": f"{NETWORK}/publicIPAddresses/kubernetes-a1",
    "name": "kubernetes-a1",
    "location": "westeurope",
    "sku": {"name": "Standard"},
    "zones": ["1"],
    "tags": {"k8s-azure-service": "shop/web"},
    "properties": {
        "ipAddress": "20.1.2.3",
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": "Static",
        "ipConfiguration": ref(FRONTEND, "a1"),
        "publicIPPrefix": {"id": "/p"},
        "dnsSettings": {"domainNameLabel": "shop", "fqdn": "shop.westeurope.cloudapp.azure.com"},
        "idleTimeoutInMinutes": 4,
    },
}
PREFIX: dict[str, Any] = {
    **{key: ADDRESS[key] for key in ("location", "sku", "zones", "tags")},
    "id": f"{NETWORK}/publicIPPrefixes/p",
    "name": "p",
    "properties": {
        "ipPrefix": "20.1.2.0/28",
        "prefixLength": 28,
        "publicIPAddresses": [{"id": "/a"}],
        "loadBalancerFrontendIpConfiguration": {"id": "/f"},
    },
}
SECURITY_RULE: dict[str, Any] = {
    "id": "/r",
    "name": "k8s-azure-lb_allow_IPv4",
    "properties": {
        "priority": 500,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "Internet",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "",
        "destinationAddressPrefixes": ["20.1.2.3"],
        "destinationPortRanges": ["80", "443"],
        "description": "x",
    },
}
SECURITY_GROUP: dict[str, Any] = {
    "id": f"{NETWORK}/networkSecurityGroups/aks-agentpool-nsg",
    "name": "aks-agentpool-nsg",
    "location": "westeurope",
    "properties": {
        "securityRules": [SECURITY_RULE],
        "defaultSecurityRules": [SECURITY_RULE],
        "subnets": [{"id": "/s"}],
        "networkInterfaces": [{"id": "/n"}],
    },
}
VIRTUAL_NETWORK: dict[str, Any] = {
    "id": f"{NETWORK}/virtualNetworks/aks-vnet",
    "name": "aks-vnet",
    "location": "westeurope",
    "properties": {
        "addressSpace": {"addressPrefixes": ["10.224.0.0/12"]},
        "dhcpOptions": {"dnsServers": ["10.0.0.1"]},
        "subnets": [
            {
                "id": "/s",
                "name": "aks-subnet",
                "properties": {
                    "addressPrefix": "10.224.0.0/16",
                    "networkSecurityGroup": {"id": "/n"},
                    "routeTable": {"id": "/t"},
                    "natGateway": {"id": "/g"},
                    "delegations": [{"properties": {"serviceName": "Microsoft.X/y"}}],
                    "ipConfigurations": [{"id": "/i"}],
                },
            }
        ],
    },
}
ROUTE_TABLE: dict[str, Any] = {
    "id": f"{NETWORK}/routeTables/aks-routes",
    "name": "aks-routes",
    "location": "westeurope",
    "properties": {
        "subnets": [{"id": "/s"}],
        "routes": [
            {
                "id": "/r",
                "name": "node",
                "properties": {
                    "addressPrefix": "10.244.0.0/24",
                    "nextHopType": "VirtualAppliance",
                    "nextHopIpAddress": "10.224.0.4",
                },
            }
        ],
    },
}
INTERFACE: dict[str, Any] = {
    "id": f"{NETWORK}/networkInterfaces/n",
    "name": "n",
    "location": "westeurope",
    "properties": {
        "virtualMachine": {"id": "/m"},
        "privateEndpoint": {"id": "/e"},
        "networkSecurityGroup": {"id": "/n"},
        "ipConfigurations": [
            {
                "id": "/i",
                "name": "ipconfig1",
                "properties": {
                    "primary": True,
                    "privateIPAddress": "10.224.0.4",
                    "subnet": {"id": "/s"},
                    "publicIPAddress": {"id": "/a"},
                    "loadBalancerBackendAddressPools": [{"id": "/b"}],
                },
            }
        ],
    },
}
