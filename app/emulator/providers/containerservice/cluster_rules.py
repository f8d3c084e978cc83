"""What the fields of one cluster may say together, and what it cannot change afterwards."""

import ipaddress

from app.emulator.core.documents import Document, section
from app.emulator.providers.containerservice.errors import change_not_allowed, flat, invalid_parameter, only_long_term
from app.emulator.providers.containerservice.versions import LONG_TERM, Offer

TIERS = ("Free", "Standard", "Premium")
CHANNELS = ("none", "patch", "stable", "rapid", "node-image")
NODE_CHANNELS = ("None", "Unmanaged", "NodeImage", "SecurityPatch")
_FIXED_LISTS = ("podCidrs", "serviceCidrs", "ipFamilies")


def check_cluster(body: Document, offer: Offer) -> None:
    """Raise AKS's refusal of what contradicts itself."""
    properties = body["properties"]
    _check_support(body, offer)
    _check_channels(section(properties, "autoUpgradeProfile"))
    _check_addresses(properties["networkProfile"])


def _check_support(body: Document, offer: Offer) -> None:
    properties, tier = body["properties"], body["sku"]["tier"]
    if tier not in TIERS:
        raise invalid_parameter("sku.tier", f"'{tier}' is not among {', '.join(TIERS)}")
    long_term = properties.get("supportPlan") == LONG_TERM
    if long_term and tier != "Premium":
        raise invalid_parameter("supportPlan", "AKSLongTermSupport can only be enabled for the Premium tier")
    version = properties["currentKubernetesVersion"]
    minor = offer.minor_of(version)
    if minor is not None and minor.long_term_only and not long_term:
        raise only_long_term(body["name"], version)


def _check_channels(profile: Document) -> None:
    channel, nodes = profile.get("upgradeChannel", "none"), profile.get("nodeOSUpgradeChannel", "NodeImage")
    if channel not in CHANNELS:
        raise invalid_parameter("autoUpgradeProfile.upgradeChannel", f"'{channel}' is not among {', '.join(CHANNELS)}")
    if nodes not in NODE_CHANNELS:
        raise invalid_parameter(
            "autoUpgradeProfile.nodeOSUpgradeChannel", f"'{nodes}' is not among {', '.join(NODE_CHANNELS)}"
        )
    if channel == "node-image" and nodes != "NodeImage":
        raise invalid_parameter(
            "autoUpgradeProfile.nodeOSUpgradeChannel", "with the channel node-image it can only be NodeImage"
        )


def _check_addresses(network: Document) -> None:
    services = _ranges(network, "serviceCidr", "serviceCidrs")
    pods = _ranges(network, "podCidr", "podCidrs")
    for pod in pods:
        for service in services:
            if pod.version == service.version and pod.overlaps(service):
                raise invalid_parameter("networkProfile.podCidr", f"pod CIDR {pod} overlaps service CIDR {service}")
    try:
        dns = ipaddress.ip_address(network["dnsServiceIP"])
    except ValueError:
        raise invalid_parameter("networkProfile.dnsServiceIP", f"'{network['dnsServiceIP']}' is no address") from None
    if not any(dns in service for service in services):
        raise flat(
            400,
            "DnsServiceIpOutOfServiceCidr",
            f"DNS service IP {dns} is not in service CIDR {services[0]}.",
            target="networkProfile.dnsServiceIP",
        )
    if any(dns == service.network_address + 1 for service in services):
        raise invalid_parameter("networkProfile.dnsServiceIP", "it cannot be the first address of the service CIDR")


def _ranges(network: Document, one: str, many: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    found = []
    for text in dict.fromkeys([*(network.get(many) or ()), network.get(one)]):
        try:
            found += [ipaddress.ip_network(text)] if text else []
        except ValueError:
            raise invalid_parameter(f"networkProfile.{one}", f"'{text}' is no range of addresses") from None
    return found


def with_lists(network: Document, asked: Document) -> Document:
    """Let the lists of ranges say what the single ones say, where only those were asked for."""
    for one, many in (("podCidr", "podCidrs"), ("serviceCidr", "serviceCidrs")):
        if asked.get(one) and not asked.get(many):
            network[many] = [asked[one]]
        elif asked.get(many) and not asked.get(one):
            network[one] = asked[many][0]
    return network


def check_fixed(before: Document, after: Document) -> None:
    """400 `PropertyChangeNotAllowed` for what only goes one way, or not at all."""
    known, wanted = section(before, "networkProfile"), section(after, "networkProfile")
    for name in _FIXED_LISTS:
        if known.get(name) != wanted.get(name):
            raise change_not_allowed(f"networkProfile.{name}")
    if known.get("networkPluginMode") and wanted.get("networkPluginMode") != known["networkPluginMode"]:
        raise change_not_allowed("networkProfile.networkPluginMode")
    if section(before, "oidcIssuerProfile").get("enabled") and not section(after, "oidcIssuerProfile").get("enabled"):
        raise change_not_allowed("oidcIssuerProfile.enabled")
    if before.get("aadProfile") and not after.get("aadProfile"):
        raise change_not_allowed("aadProfile")
