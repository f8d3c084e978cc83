"""Documents as a GET shows them: etags, and the references that others hold."""

from collections.abc import Mapping
from typing import Any

from app.emulator.core.documents import Document, clone
from app.emulator.core.network_documents import (
    LOAD_BALANCER,
    PUBLIC_IP,
    PUBLIC_IP_PREFIX,
    ROUTE_TABLE,
    SECURITY_GROUP,
    VIRTUAL_NETWORK,
    reference,
)
from app.emulator.core.store import Resource
from app.emulator.providers.network.references import References

_OF_PARTS: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {
    (LOAD_BALANCER, "frontendIPConfigurations"): {
        "loadBalancingRules": ("loadbalancingrules",),
        "inboundNatRules": ("inboundnatrules",),
        "inboundNatPools": ("inboundnatpools",),
        "outboundRules": ("outboundrules",),
    },
    (LOAD_BALANCER, "backendAddressPools"): {
        "loadBalancingRules": ("loadbalancingrules",),
        "outboundRules": ("outboundrules",),
        "inboundNatRules": ("inboundnatrules",),
        "backendIPConfigurations": ("ipconfigurations",),
    },
    (LOAD_BALANCER, "inboundNatRules"): {"backendIPConfiguration": ("ipconfigurations",)},
    (LOAD_BALANCER, "probes"): {"loadBalancingRules": ("loadbalancingrules",)},
    (VIRTUAL_NETWORK, "subnets"): {"ipConfigurations": ("ipconfigurations", "frontendipconfigurations")},
}
"""Which kinds of users (as `References` names them) a part shows under which name."""
_OF_RESOURCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    PUBLIC_IP: {"ipConfiguration": ("ipconfigurations", "frontendipconfigurations")},
    PUBLIC_IP_PREFIX: {
        "publicIPAddresses": ("publicipaddresses",),
        "loadBalancerFrontendIpConfiguration": ("frontendipconfigurations",),
    },
    SECURITY_GROUP: {"networkInterfaces": ("networkinterfaces",), "subnets": ("subnets",)},
    ROUTE_TABLE: {"subnets": ("subnets",)},
}
_ONE = frozenset({"ipConfiguration", "backendIPConfiguration", "loadBalancerFrontendIpConfiguration"})


def derived_names(parent_type: str, kind: str) -> frozenset[str]:
    """The fields of a part that a PUT may repeat and that say nothing."""
    return frozenset(_OF_PARTS.get((parent_type, kind), ())) | {"provisioningState"}


def etag_of(resource: Resource) -> str:
    """The etag as Network spells it."""
    text = resource.etag
    return f'W/"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"'


def show(resource: Resource, references: References) -> Document:
    """The whole resource."""
    shown = clone(resource.body)
    etag = etag_of(resource)
    shown["etag"] = etag
    properties: Document = shown["properties"]
    _add(properties, resource.id, _OF_RESOURCES.get(resource.type, {}), references)
    for kind, items in properties.items():
        if isinstance(items, list):
            for item in items:
                if isinstance(item, dict) and "properties" in item:
                    _finish(item, etag, _OF_PARTS.get((resource.type, kind), {}), references)
    return shown


def show_part(resource: Resource, kind: str, name: str, references: References) -> Document | None:
    """One part of it; none when there is no such part."""
    parts: list[Document] = resource.body["properties"].get(kind) or []
    found = next((item for item in parts if item["name"].lower() == name.lower()), None)
    if found is None:
        return None
    shown = clone(found)
    _finish(shown, etag_of(resource), _OF_PARTS.get((resource.type, kind), {}), references)
    return shown


def _finish(item: Document, etag: str, names: Mapping[str, tuple[str, ...]], references: References) -> None:
    item["etag"] = etag
    _add(item["properties"], item["id"], names, references)
    for delegation in item["properties"].get("delegations", ()):
        delegation["etag"] = etag


def _add(properties: Document, identity: str, names: Mapping[str, tuple[str, ...]], references: References) -> None:
    for name, kinds in names.items():
        users: list[Any] = [reference(user) for user in references.users(identity, *kinds)]
        if users:
            properties[name] = users[0] if name in _ONE else users
