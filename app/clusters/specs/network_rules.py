"""The rules of a cluster's network.

https://learn.microsoft.com/azure/aks/concepts-network-cni-overview
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import combinations

from app.api.in_part import unless_refused
from app.clusters.schemas.network import (
    AddressFamily,
    Network,
    NetworkCreate,
    NetworkDataplane,
    NetworkPlugin,
    NetworkPluginMode,
    NetworkPolicy,
    OutboundType,
)
from app.clusters.schemas.settings import ClusterSettings
from app.clusters.specs.outbound import broken_outbound
from app.clusters.specs.rejections import Rejections

OUTBOUND_AT = "/network/outbound"
"""Where the outbound addresses stand in a create."""
_AKS_DNS = ip_address("10.0.0.10")
"""What AKS takes when no address is given, in 10.0.0.0/16."""
_LARGEST_SERVICE_PREFIX = {4: 12, 6: 108}
_OWN_NETWORK = frozenset({OutboundType.USER_ASSIGNED_NAT_GATEWAY, OutboundType.USER_DEFINED_ROUTING})
Ranges = list[IPv4Network | IPv6Network]


@unless_refused()
def check_network(settings: ClusterSettings, *, windows: bool, rejections: Rejections) -> None:
    """Note every rule that the network breaks, and ranges of addresses that are none."""
    with unless_refused():
        server = settings.api_server
        for index, cidr in enumerate((server and server.authorized_ip_ranges) or ()):
            _range(cidr, f"/api_server/authorized_ip_ranges/{index}", rejections)
    network = settings.network
    if network is None:
        return
    _check_plugin(network, rejections)
    if windows:
        _check_windows(network, rejections)
    _check_outbound(network, rejections)
    services = _ranges(network.service_cidrs, "service_cidrs", rejections)
    pods = _ranges(network.pod_cidrs, "pod_cidrs", rejections)
    _check_families(network, services, pods, rejections)
    named = [(f"/network/service_cidrs/{index}", each) for index, each in enumerate(services)]
    named += [(f"/network/pod_cidrs/{index}", each) for index, each in enumerate(pods)]
    for (_, one), (pointer, other) in combinations(named, 2):
        if one.version == other.version and one.overlaps(other):
            rejections.add("cidrs_overlap", pointer, f"{other} overlaps {one}.")
    _check_services(network, services, rejections)


@unless_refused()
def _check_plugin(network: Network, rejections: Rejections) -> None:
    plugin, azure = network.plugin, network.plugin is NetworkPlugin.AZURE
    if network.plugin_mode is NetworkPluginMode.OVERLAY and not azure:
        rejections.add("contradiction", "/network/plugin_mode", "`overlay` takes `plugin: azure`.")
    cilium = network.dataplane is NetworkDataplane.CILIUM
    if cilium and not azure:
        rejections.add("contradiction", "/network/dataplane", "`cilium` takes `plugin: azure`.")
    policy = network.policy
    if policy is NetworkPolicy.CILIUM and not cilium:
        rejections.add("contradiction", "/network/policy", "`cilium` takes `dataplane: cilium`.")
    if cilium and policy in {NetworkPolicy.AZURE, NetworkPolicy.CALICO}:
        rejections.add("contradiction", "/network/policy", "With `dataplane: cilium` it is cilium or none.")
    if policy is NetworkPolicy.AZURE and not azure:
        rejections.add("contradiction", "/network/policy", "`azure` takes `plugin: azure`.")
    if plugin is NetworkPlugin.NONE and policy not in {None, NetworkPolicy.NONE}:
        rejections.add("contradiction", "/network/policy", "Without a plugin AKS enforces no policy.")
    if network.pod_cidrs is not None and azure and network.plugin_mode is None:
        rejections.add(
            "contradiction", "/network/pod_cidrs", "Pods have addresses of the subnet; give `plugin_mode: overlay`."
        )


@unless_refused()
def _check_windows(network: Network, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/windows-faq; said at the create, not at the first pool (trouble 52).
    if network.plugin in {NetworkPlugin.KUBENET, NetworkPlugin.NONE}:
        rejections.add("windows_needs_azure_plugin", "/network/plugin", "Windows nodes take `plugin: azure`.")
    if network.dataplane is NetworkDataplane.CILIUM:
        rejections.add("linux_only", "/network/dataplane", "Windows nodes cannot have `cilium`.")


@unless_refused()
def _check_outbound(network: Network, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/egress-outboundtype
    kind = network.outbound_type
    if kind in _OWN_NETWORK and network.subnet_id is None:
        rejections.add("required", "/network/subnet_id", f"`outbound_type: {kind}` takes a subnet of your own.")
    if kind is OutboundType.MANAGED_NAT_GATEWAY and network.subnet_id is not None:
        rejections.add(
            "contradiction",
            "/network/outbound_type",
            "AKS keeps a NAT gateway in its own network only; with `subnet_id` it is userAssignedNATGateway.",
        )
    if network.nat_gateway is not None and kind is not OutboundType.MANAGED_NAT_GATEWAY:
        rejections.add("contradiction", "/network/nat_gateway", "It takes `outbound_type: managedNATGateway`.")


@unless_refused()
def check_addresses(network: NetworkCreate | None, locations: Sequence[str | None], rejections: Rejections) -> None:
    """Note what is wrong with the outbound addresses of a new cluster. `locations`: of its fallbacks, in order."""
    outbound = network.outbound if network is not None else None
    if network is None or outbound is None:
        return
    rejections.errors.extend(broken_outbound(outbound, OUTBOUND_AT))
    if network.outbound_type not in {None, OutboundType.LOAD_BALANCER}:
        rejections.add("contradiction", OUTBOUND_AT, "It takes `outbound_type: loadBalancer`.")
    if outbound.public_ips is None and outbound.prefix_ids is None:
        return
    for index, location in enumerate(locations):
        if location is not None:
            at = f"/fallbacks/{index}/location"
            rejections.add("contradiction", at, "Own outbound addresses serve clusters of their own location only.")


@unless_refused()
def _check_families(network: Network, services: Ranges, pods: Ranges, rejections: Rejections) -> None:
    families = network.ip_families or [AddressFamily.IPV4]
    if len(set(families)) != len(families):
        rejections.add("duplicate", "/network/ip_families", "Each family once.")
    elif families == [AddressFamily.IPV6]:
        rejections.add("ipv4_needed", "/network/ip_families", "AKS has IPv4, or both.")
    if len(families) > 1 and network.plugin is NetworkPlugin.AZURE and network.plugin_mode is None:
        rejections.add("contradiction", "/network/ip_families", "Both families take `plugin_mode: overlay`.")
    asked = sorted({4 if family is AddressFamily.IPV4 else 6 for family in families})
    for name, ranges in (("service_cidrs", services), ("pod_cidrs", pods)):
        if ranges and sorted(each.version for each in ranges) != asked:
            words = " and ".join(f"IPv{version}" for version in asked)
            rejections.add("wrong_families", f"/network/{name}", f"Give one range of {words} each.")


@unless_refused()
def _check_services(network: Network, services: Ranges, rejections: Rejections) -> None:
    for index, each in enumerate(services):
        least = _LARGEST_SERVICE_PREFIX[each.version]
        if each.prefixlen < least:
            rejections.add("cidr_too_large", f"/network/service_cidrs/{index}", f"At most /{least}.")
    if network.dns_service_ip is None:
        if services and services[0].version == _AKS_DNS.version and _AKS_DNS not in services[0]:
            rejections.add("required", "/network/dns_service_ip", f"Give one, such as {services[0][10]}.")
        return
    try:
        address = ip_address(network.dns_service_ip)
    except ValueError:
        rejections.add("wrong_value", "/network/dns_service_ip", "This is no address.")
        return
    first = services[0] if services else ip_network("10.0.0.0/16")
    if address.version != first.version or address not in first:
        rejections.add("dns_ip_outside", "/network/dns_service_ip", f"It lies outside of {first}, the Services' range.")
    elif address in {first[0], first[1], first[-1]}:
        rejections.add(
            "dns_ip_taken", "/network/dns_service_ip", f"{address} is taken; give another, such as {first[10]}."
        )


def _ranges(cidrs: Sequence[str] | None, name: str, rejections: Rejections) -> Ranges:
    found = [_range(cidr, f"/network/{name}/{index}", rejections) for index, cidr in enumerate(cidrs or ())]
    return [each for each in found if each is not None]


def _range(cidr: str, pointer: str, rejections: Rejections) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(cidr)
    except ValueError:
        rejections.add("invalid_cidr", pointer, "This is no range: an address whose bits after the prefix are 0.")
        return None
