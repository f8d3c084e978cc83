"""Load balancers."""

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.clients import read_all, read_group
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.resource_fields import id_at, ids_at, resource_of
from app.azure.types.call import Call
from app.azure.types.network import (
    BackendPool,
    Frontend,
    InboundNatRule,
    LoadBalancer,
    LoadBalancingRule,
    OutboundRule,
    Probe,
)


class LoadBalancers:
    """`Microsoft.Network/loadBalancers`."""

    def __init__(self, client: NetworkManagementClient) -> None:
        self._balancers = client.load_balancers

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[LoadBalancer, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._balancers.list_all(slipway_call=call), load_balancer_of))
        return tuple(await read_group(self._balancers.list(group, slipway_call=call), load_balancer_of))

    async def get(self, group: str, name: str, *, call: Call) -> LoadBalancer | None:
        """The load balancer, or None when there is none."""
        try:
            return load_balancer_of(await self._balancers.get(group, name, slipway_call=call))
        except AzureError as error:
            if error.gone:
                return None
            raise


def load_balancer_of(value: object) -> LoadBalancer:
    """A load balancer from Azure's JSON."""
    body = Fields(value, "loadBalancer")
    properties = body.part("properties")
    return LoadBalancer(
        **resource_of(body),
        etag=body.maybe("etag"),
        sku=body.part("sku").maybe("name"),
        frontends=tuple(_frontend(part) for part in properties.parts("frontendIPConfigurations")),
        backend_pools=tuple(_backend_pool(part) for part in properties.parts("backendAddressPools")),
        rules=tuple(_rule(part) for part in properties.parts("loadBalancingRules")),
        probes=tuple(_probe(part) for part in properties.parts("probes")),
        outbound_rules=tuple(_outbound_rule(part) for part in properties.parts("outboundRules")),
        inbound_nat_rules=tuple(_inbound_nat_rule(part) for part in properties.parts("inboundNatRules")),
    )


def _frontend(part: Fields) -> Frontend:
    properties = part.part("properties")
    return Frontend(
        id=part.text("id"),
        name=part.text("name"),
        public_ip_id=id_at(properties, "publicIPAddress"),
        private_address=properties.maybe("privateIPAddress"),
        subnet_id=id_at(properties, "subnet"),
        zones=part.texts("zones"),
        public_prefix_id=id_at(properties, "publicIPPrefix"),
    )


def _backend_pool(part: Fields) -> BackendPool:
    properties = part.part("properties")
    members = (member.part("properties") for member in properties.parts("loadBalancerBackendAddresses"))
    return BackendPool(
        id=part.text("id"),
        name=part.text("name"),
        member_ids=ids_at(properties, "backendIPConfigurations"),
        addresses=tuple(address for member in members if (address := member.maybe("ipAddress"))),
    )


def _rule(part: Fields) -> LoadBalancingRule:
    properties = part.part("properties")
    # A rule with several pools names them in the plural; both forms may name the same one.
    pools = (id_at(properties, "backendAddressPool"), *ids_at(properties, "backendAddressPools"))
    return LoadBalancingRule(
        id=part.text("id"),
        name=part.text("name"),
        protocol=properties.maybe("protocol") or "All",
        frontend_port=properties.number("frontendPort") or 0,
        backend_port=properties.number("backendPort") or 0,
        frontend_id=id_at(properties, "frontendIPConfiguration"),
        backend_pool_ids=tuple(dict.fromkeys(pool for pool in pools if pool)),
        probe_id=id_at(properties, "probe"),
        floating_ip=properties.flag("enableFloatingIP"),
        idle_timeout_minutes=properties.number("idleTimeoutInMinutes"),
        tcp_reset=properties.flag("enableTcpReset"),
        distribution=properties.maybe("loadDistribution"),
    )


def _probe(part: Fields) -> Probe:
    properties = part.part("properties")
    return Probe(
        id=part.text("id"),
        name=part.text("name"),
        protocol=properties.maybe("protocol") or "Tcp",
        port=properties.number("port") or 0,
        path=properties.maybe("requestPath"),
        interval_seconds=properties.number("intervalInSeconds"),
        # `numberOfProbes` is the older one, which Azure does not obey any more where both are set.
        threshold=properties.number("probeThreshold") or properties.number("numberOfProbes"),
    )


def _outbound_rule(part: Fields) -> OutboundRule:
    properties = part.part("properties")
    return OutboundRule(
        id=part.text("id"),
        name=part.text("name"),
        frontend_ids=ids_at(properties, "frontendIPConfigurations"),
        backend_pool_id=id_at(properties, "backendAddressPool"),
        allocated_ports=properties.number("allocatedOutboundPorts") or 0,
        idle_timeout_minutes=properties.number("idleTimeoutInMinutes"),
        protocol=properties.maybe("protocol") or "All",
        tcp_reset=properties.flag("enableTcpReset"),
    )


def _inbound_nat_rule(part: Fields) -> InboundNatRule:
    properties = part.part("properties")
    return InboundNatRule(
        id=part.text("id"),
        name=part.text("name"),
        protocol=properties.maybe("protocol") or "Tcp",
        frontend_port=properties.number("frontendPort"),
        backend_port=properties.number("backendPort"),
        frontend_id=id_at(properties, "frontendIPConfiguration"),
        target_id=id_at(properties, "backendIPConfiguration"),
    )
