"""The network that AKS makes beside a cluster: group, network, security group, route table, balancer, identity."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.network_addresses import free_address
from app.emulator.core.network_documents import (
    LOAD_BALANCER,
    ROUTE_TABLE,
    SECURITY_GROUP,
    VIRTUAL_NETWORK,
    backend_pool,
    frontend,
    load_balancer,
    outbound_rule,
    part,
    public_ip,
    reference,
    resource,
)
from app.emulator.core.network_limits import check_public_ip_quota
from app.emulator.core.network_security import security_group
from app.emulator.core.paths import split_path
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice.node_resource_group import NodeGroup, node_group_of, put_once
from app.emulator.providers.containerservice.subnets import has_own_subnet

_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"


def make_network(cloud: Cloud, cluster: Resource) -> None:
    """Make what is missing of a cluster's network; what is there stays as it is."""
    group = node_group_of(cluster)
    put_once(
        cloud,
        {
            **resource(group.id, "Microsoft.Resources/resourceGroups", group.location, {}),
            "managedBy": cluster.id,
            "tags": {**cluster.body.get("tags", {}), "aks-managed-cluster-name": cluster.body["name"]},
        },
    )
    security_id = group.resource_id(SECURITY_GROUP, f"aks-agentpool-{group.number}-nsg")
    put_once(cloud, security_group(security_id, group.location, guid=cloud.guid()))
    if not has_own_subnet(cloud, cluster):
        routes_id = group.resource_id(ROUTE_TABLE, f"aks-agentpool-{group.number}-routetable")
        routes: Document = {"resourceGuid": cloud.guid(), "disableBgpRoutePropagation": False, "routes": []}
        put_once(cloud, resource(routes_id, ROUTE_TABLE, group.location, routes))
        put_once(cloud, _virtual_network(cloud, group, security_id, routes_id))
    if str(cluster.body["properties"]["networkProfile"].get("outboundType")).lower() == "loadbalancer":
        # Otherwise the first Service of type LoadBalancer makes it.
        _make_load_balancer(cloud, group)
    identity = {"clientId": cloud.guid(), "principalId": cloud.guid(), "tenantId": cloud.settings.tenant_id}
    put_once(cloud, resource(group.kubelet_identity_id, _IDENTITY, group.location, identity))
    cloud.store.touch(cluster)


def _virtual_network(cloud: Cloud, group: NodeGroup, security_id: str, routes_id: str) -> Document:
    network_id = group.resource_id(VIRTUAL_NETWORK, f"aks-vnet-{group.number}")
    subnet: Document = {
        "addressPrefix": "10.224.0.0/16",
        "networkSecurityGroup": reference(security_id),
        "routeTable": reference(routes_id),
    }
    properties: Document = {
        "resourceGuid": cloud.guid(),
        "addressSpace": {"addressPrefixes": ["10.224.0.0/12"]},
        "privateEndpointVNetPolicies": "Disabled",
        "subnets": [part(network_id, VIRTUAL_NETWORK, "subnets", split_path(group.subnet_id)[-1], subnet)],
        "virtualNetworkPeerings": [],
        "enableDdosProtection": False,
    }
    return resource(network_id, VIRTUAL_NETWORK, group.location, properties)


def _make_load_balancer(cloud: Cloud, group: NodeGroup) -> None:
    balancer = group.resource_id(LOAD_BALANCER, "kubernetes")
    if cloud.store.get(balancer) is not None:
        return
    check_public_ip_quota(cloud, group.subscription, group.location)
    guid = cloud.guid()
    address = public_ip(
        group.outbound_ip_id,
        group.location,
        guid=guid,
        address=free_address(cloud, guid=guid),
        tags={"aks-managed-type": "aks-slb-managed-outbound-ip"},
    )
    put_once(cloud, address)
    outbound = frontend(balancer, address["name"], public_ip_id=address["id"])
    pool = backend_pool(balancer, "aksOutboundBackendPool")
    rule = outbound_rule(balancer, "aksOutboundRule", frontend_ids=[outbound["id"]], pool_id=pool["id"])
    body = load_balancer(
        balancer,
        group.location,
        guid=cloud.guid(),
        frontendIPConfigurations=[outbound],
        backendAddressPools=[pool, backend_pool(balancer, "kubernetes")],
        outboundRules=[rule],
    )
    put_once(cloud, body)
