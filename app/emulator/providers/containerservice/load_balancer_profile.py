"""A cluster's `networkProfile.loadBalancerProfile`: what a PUT makes of it, and what AKS refuses.

Codes and words as the field knows them (Azure/azure-cli#22374, terraform-provider-azurerm#6525, Azure/AKS#3247),
and the codes of AKS's own source that ARO and others quote.
"""

import math
from collections.abc import Iterable

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, overlay, section
from app.emulator.core.network_documents import LOAD_BALANCER, PUBLIC_IP, PUBLIC_IP_PREFIX
from app.emulator.core.paths import key_of, split_path
from app.emulator.providers.containerservice.errors import flat, invalid_parameter

_TARGET = "networkProfile.loadBalancerProfile"
_KINDS = ("managedOutboundIPs", "outboundIPs", "outboundIPPrefixes")
_BACKENDS = ("nodeIPConfiguration", "nodeIP")
_MANAGED_TAG = "aks-managed-type"
_PORTS_PER_ADDRESS = 64_000
_MOST_MANAGED = 100
_LEAST_IDLE, _MOST_IDLE = 4, 120
_STEP = 8


def changed_profile(known: Document, asked: Document) -> Document:
    """What a PUT with the profile `asked` makes of `known`: naming one kind of address ends the others."""
    named = [kind for kind in _KINDS if asked.get(kind) is not None]
    if len(named) > 1:
        raise _refused(
            "InvalidLoadBalancerProfile",
            "Load balancer profile must specify one of ManagedOutboundIPs, OutboundIPPrefixes and OutboundIPs.",
        )
    kept = {name: value for name, value in known.items() if not named or name not in _KINDS}
    return overlay(kept, {name: value for name, value in asked.items() if name != "effectiveOutboundIPs"})


def own_ids(profile: Document) -> list[str]:
    """The ids of own addresses that the profile names."""
    return [each["id"] for each in section(profile, "outboundIPs").get("publicIPs") or []]


def prefix_ids(profile: Document) -> list[str]:
    """The ids of prefixes that the profile names."""
    return [each["id"] for each in section(profile, "outboundIPPrefixes").get("publicIPPrefixes") or []]


def check_profile(cloud: Cloud, cluster: Document, pools: Iterable[Document]) -> None:
    """Raise what AKS refuses of a cluster with these pools. `cluster`: its body, with the profile as it shall be."""
    network = section(cluster, "properties", "networkProfile")
    if str(network.get("outboundType")).lower() != "loadbalancer":
        return
    profile = section(network, "loadBalancerProfile")
    _check_numbers(profile)
    _check_backend(profile)
    for address in own_ids(profile):
        _check_address(cloud, cluster, address)
    for prefix in prefix_ids(profile):
        _check_prefix(cloud, cluster, prefix)
    _check_ports(cloud, profile, pools)


def _check_numbers(profile: Document) -> None:
    managed = section(profile, "managedOutboundIPs").get("count")
    if managed is not None and not 1 <= managed <= _MOST_MANAGED:
        raise _refused(
            "InvalidLoadBalancerProfileManagedOutboundIPCount",
            f"Load balancer profile managed outbound IP count {managed} is not in an allowable range. The count must "
            f"be in the range of 1 to {_MOST_MANAGED} (inclusive).",
            "managedOutboundIPs.count",
        )
    idle = profile.get("idleTimeoutInMinutes")
    if idle is not None and not _LEAST_IDLE <= idle <= _MOST_IDLE:
        raise _refused(
            "InvalidLoadBalancerProfileIdleTimeoutInMinutes",
            f"Load balancer profile idle timeout {idle} is not in an allowable range. The value must be in the range "
            f"of {_LEAST_IDLE} to {_MOST_IDLE} (inclusive).",
            "idleTimeoutInMinutes",
        )
    ports = profile.get("allocatedOutboundPorts") or 0
    if not 0 <= ports <= _PORTS_PER_ADDRESS or ports % _STEP:
        raise _refused(
            "InvalidLoadBalancerProfileAllocatedOutboundPorts",
            f"Load balancer profile allocated ports {ports} is not in an allowable range. Please specify a value in "
            f"the range of [0, {_PORTS_PER_ADDRESS}] that is a multiple of {_STEP}.",
            "allocatedOutboundPorts",
        )


def _check_backend(profile: Document) -> None:
    kind = profile.get("backendPoolType")
    if kind is not None and kind not in _BACKENDS:
        raise invalid_parameter(f"{_TARGET}.backendPoolType", f"'{kind}' is not among {', '.join(_BACKENDS)}")


def _check_address(cloud: Cloud, cluster: Document, address: str) -> None:
    found = cloud.store.get(address)
    if found is None or found.type.lower() != PUBLIC_IP.lower():
        raise _wrong_address("LoadBalancerProfileOutboundIPNotExist")
    body = found.body
    if body["properties"].get("provisioningState") != "Succeeded":
        raise _wrong_address("LoadBalancerProfileOutboundIPProvisioningNotSucceeded")
    if body["location"] != cluster["location"]:
        raise _wrong_address("LoadBalancerProfileOutboundIPNotInTheSameRegion")
    if section(body, "sku").get("name") != "Standard":
        raise _wrong_address("LoadBalancerProfileOutboundIPNotStandardSKU")
    if _MANAGED_TAG in section(body, "tags"):
        raise _wrong_address("LoadBalancerProfileOutboundIPHasManagedOutboundIPTag")
    holder = _holder(cloud, address)
    own = f"{split_path(cluster['id'])[1]}/{cluster['properties']['nodeResourceGroup']}".lower()
    if holder is not None and f"{split_path(holder)[1]}/{split_path(holder)[3]}".lower() != own:
        raise _wrong_address("LoadBalancerProfileOutboundIPAttachedToAnotherIPConfiguration")


def _check_prefix(cloud: Cloud, cluster: Document, prefix: str) -> None:
    found = cloud.store.get(prefix)
    if found is None or found.type.lower() != PUBLIC_IP_PREFIX.lower():
        raise _wrong_prefix("LoadBalancerProfileOutboundIPPrefixNotExist")
    if found.body["location"] != cluster["location"]:
        raise _wrong_prefix("LoadBalancerProfileOutboundIPPrefixNotInTheSameRegion")


def _holder(cloud: Cloud, address: str) -> str | None:
    """The frontend that has a public address."""
    for balancer in cloud.store.of_type(LOAD_BALANCER):
        for frontend in balancer.body["properties"].get("frontendIPConfigurations", ()):
            if key_of(section(frontend, "properties", "publicIPAddress").get("id", "")) == key_of(address):
                return str(frontend["id"])
    return None


def _check_ports(cloud: Cloud, profile: Document, pools: Iterable[Document]) -> None:
    ports = profile.get("allocatedOutboundPorts") or 0
    nodes = sum(_nodes_at_most(pool) for pool in pools)
    addresses = _addresses(cloud, profile)
    if ports * nodes > addresses * _PORTS_PER_ADDRESS:
        raise _refused(
            "InvalidLoadBalancerProfileAllocatedOutboundPorts",
            f"Load balancer profile allocated ports {ports} is not in an allowable range given the number of nodes and "
            f"IPs provisioned. Total node count {nodes} requires {ports * nodes} ports but only "
            f"{addresses * _PORTS_PER_ADDRESS} ports are available given {addresses} outbound public IPs. Refer to "
            "https://aka.ms/aks/slb-ports for more details.",
            "allocatedOutboundPorts",
        )


def _nodes_at_most(pool: Document) -> int:
    count = pool["maxCount"] if pool.get("enableAutoScaling") and pool.get("maxCount") else pool["count"]
    surge = str(section(pool, "upgradeSettings").get("maxSurge") or "10%")
    added = math.ceil(count * int(surge[:-1]) / 100) if surge.endswith("%") else int(surge)
    return int(count) + (added if count else 0)


def _addresses(cloud: Cloud, profile: Document) -> int:
    own, prefixes = own_ids(profile), prefix_ids(profile)
    if own:
        return len(own)
    if prefixes:
        found = [cloud.store.get(prefix) for prefix in prefixes]
        return sum(2 ** (32 - int(each.body["properties"]["prefixLength"])) for each in found if each is not None)
    return int(section(profile, "managedOutboundIPs").get("count") or 1)


def _wrong_address(detail: str) -> Exception:
    return _refused(
        "InvalidLoadBalancerProfileOutboundIPs",
        f"Error in validating load balancer profile outbound IPs, error details: {detail}",
        "outboundIPs",
    )


def _wrong_prefix(detail: str) -> Exception:
    return _refused(
        "InvalidLoadBalancerProfileOutboundIPPrefixes",
        f"Error in validating load balancer profile outbound IP prefixes, error details: {detail}",
        "outboundIPPrefixes",
    )


def _refused(code: str, message: str, part: str = "") -> Exception:
    return flat(400, code, message, target=f"{_TARGET}.{part}" if part else _TARGET)
