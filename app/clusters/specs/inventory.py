"""What lists of Azure's resources showed, in the form in which rows keep it."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from app.azure.types.compute import AvailabilitySet, Disk, Identity, Machine, ScaleSet
from app.azure.types.network import (
    Frontend,
    LoadBalancer,
    NetworkInterface,
    PublicIpAddress,
    PublicIpPrefix,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    VirtualNetwork,
)
from app.core.json import JsonObject

Seen: TypeAlias = (
    LoadBalancer
    | PublicIpAddress
    | PublicIpPrefix
    | SecurityGroup
    | VirtualNetwork
    | RouteTable
    | NetworkInterface
    | ScaleSet
    | Machine
    | AvailabilitySet
    | Disk
    | Identity
)

LOAD_BALANCER = "Microsoft.Network/loadBalancers"
FRONTEND = "Microsoft.Network/loadBalancers/frontendIPConfigurations"
PUBLIC_IP = "Microsoft.Network/publicIPAddresses"
PUBLIC_IP_PREFIX = "Microsoft.Network/publicIPPrefixes"
SECURITY_GROUP = "Microsoft.Network/networkSecurityGroups"
SECURITY_RULE = "Microsoft.Network/networkSecurityGroups/securityRules"
VIRTUAL_NETWORK = "Microsoft.Network/virtualNetworks"
ROUTE_TABLE = "Microsoft.Network/routeTables"
INTERFACE = "Microsoft.Network/networkInterfaces"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
SCALE_SET_MACHINE = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"
MACHINE = "Microsoft.Compute/virtualMachines"
AVAILABILITY_SET = "Microsoft.Compute/availabilitySets"
DISK = "Microsoft.Compute/disks"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"

KEPT_WITHOUT_CLUSTER = frozenset({PUBLIC_IP, PUBLIC_IP_PREFIX})
"""What is kept though no cluster has to do with it: whose an address is, is asked over all of them."""

_TYPES: Mapping[type[Any], str] = {
    LoadBalancer: LOAD_BALANCER,
    PublicIpAddress: PUBLIC_IP,
    PublicIpPrefix: PUBLIC_IP_PREFIX,
    SecurityGroup: SECURITY_GROUP,
    VirtualNetwork: VIRTUAL_NETWORK,
    RouteTable: ROUTE_TABLE,
    NetworkInterface: INTERFACE,
    ScaleSet: SCALE_SET,
    AvailabilitySet: AVAILABILITY_SET,
    Disk: DISK,
    Identity: IDENTITY,
}
# Made once: that takes longer than their use.
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}
_OF_A_SERVICE = re.compile(r"^(?:kubernetes-)?(a[0-9a-f]{31})(?:-|$)")
# https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/: rules that all Services with the same ports share.
_SHARED_RULE = "k8s-azure-lb_"


@dataclass(frozen=True, slots=True)
class Found:
    """A resource, or a part of one, as a list showed it.

    `unused`: nothing refers to it, though it is made to be referred to. `links`: by id of the resource or of a part of
    it, the ids that it refers to; whose it is, theirs is too. `service`: the name in Azure of the Service for which it
    was made; `serves`: the public addresses for which alone it is there.
    """

    id: str
    type: str
    name: str
    resource_group: str
    location: str
    body: JsonObject
    address: str | None = None
    unused: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    service: str | None = None
    serves: tuple[str, ...] = ()


def found_of(seen: Seen) -> Found:
    """What is kept of a resource."""
    return Found(
        id=seen.id,
        type=type_of(seen),
        name=seen.name,
        resource_group=seen.resource_group,
        location=seen.location,
        body=body_of(seen),
        address=seen.address if isinstance(seen, PublicIpAddress) else None,
        unused=_is_unused(seen),
        tags=seen.tags,
        links=_links(seen),
    )


def parts_of(seen: Seen) -> tuple[Found, ...]:
    """The parts of a resource that may be left over by themselves; each has a row of its own."""
    if isinstance(seen, LoadBalancer):
        used = {rule.frontend_id for rule in seen.rules} | {rule.frontend_id for rule in seen.inbound_nat_rules}
        used |= {frontend for rule in seen.outbound_rules for frontend in rule.frontend_ids}
        lowered = {frontend.lower() for frontend in used if frontend}
        return tuple(_part(seen, part, FRONTEND, unused=part.id.lower() not in lowered) for part in seen.frontends)
    if isinstance(seen, SecurityGroup):
        return tuple(_part(seen, rule, SECURITY_RULE) for rule in seen.rules if _is_of_services(rule.name))
    return ()


def _part(whole: Seen, part: Frontend | SecurityRule, part_type: str, *, unused: bool = False) -> Found:
    name = service_name(part.name)
    return Found(
        id=part.id,
        type=part_type,
        name=part.name,
        resource_group=whole.resource_group,
        location=whole.location,
        body=body_of(part),
        address=part.private_address if isinstance(part, Frontend) else None,
        unused=unused,
        tags=whole.tags,
        service=name,
        serves=_public(part.destinations) if isinstance(part, SecurityRule) and name is None else (),
    )


def service_name(name: str) -> str | None:
    """The name that Azure's cloud provider gives a Service in Azure, out of the name of what it made for it.

    "a" and the uid without its dashes, cut at 32 characters: `DefaultLoadBalancerName` in k8s.io/cloud-provider.
    """
    found = _OF_A_SERVICE.match(name)
    return found[1] if found else None


def service_name_of(uid: str) -> str:
    """The name in Azure of the Service with this uid."""
    return f"a{uid.replace('-', '')}"[:32]


def _is_of_services(rule: str) -> bool:
    return rule.startswith(_SHARED_RULE) or service_name(rule) is not None


def _public(destinations: tuple[str, ...]) -> tuple[str, ...]:
    """These addresses, if all are public ones: of a private one nobody can say whether a node has it."""
    try:
        return destinations if all(ipaddress.ip_address(one).is_global for one in destinations) else ()
    except ValueError:
        return ()


def type_of(seen: Seen) -> str:
    """The ARM type of a resource, in Azure's case."""
    if isinstance(seen, Machine):
        return SCALE_SET_MACHINE if seen.scale_set_id else MACHINE
    return _TYPES[type(seen)]


def body_of(value: object) -> JsonObject:
    """A value of `app/azure/types` as JSON; `read_body` is the way back."""
    body: JsonObject = _adapter(type(value)).dump_python(value, mode="json")
    return body


def read_body(kind: type[Any], body: JsonObject) -> Any:
    """A value of this type of `app/azure/types` out of a row's body."""
    return _adapter(kind).validate_python(body)


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    found = _ADAPTERS.get(kind)
    if found is None:
        found = _ADAPTERS[kind] = TypeAdapter(kind)
    return found


def _is_unused(seen: Seen) -> bool:
    match seen:
        case PublicIpAddress():
            return seen.used_by is None
        case PublicIpPrefix():
            return not seen.address_ids and seen.frontend_id is None
        case NetworkInterface():
            return seen.machine_id is None
        case Disk():
            return seen.machine_id is None and (seen.state or "").lower() == "unattached"
        case _:
            return False


def _links(seen: Seen) -> Mapping[str, tuple[str, ...]]:
    if isinstance(seen, VirtualNetwork):
        return {
            subnet.id: _each([subnet.security_group_id, subnet.route_table_id, subnet.nat_gateway_id])
            for subnet in seen.subnets
        }
    return {seen.id: _each(_targets(seen))}


def _targets(seen: Seen) -> Iterable[str | None]:
    match seen:
        case LoadBalancer():
            frontends = seen.frontends
            return (i for f in frontends for i in (f.public_ip_id, f.subnet_id, f.public_prefix_id))
        case PublicIpAddress():
            return (seen.prefix_id,)
        case ScaleSet():
            return (*seen.subnet_ids, *seen.security_group_ids, *seen.identity_ids)
        case Machine():
            return (*seen.interface_ids, *seen.disk_ids, seen.availability_set_id)
        case NetworkInterface():
            return (seen.security_group_id, *(address.subnet_id for address in seen.addresses))
        case _:
            return ()


def _each(ids: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(found for found in ids if found)
