"""The frontend of a Service on a load balancer: its own, or that of another one whose address it shares."""

from app.emulator.core.documents import Document, section
from app.emulator.core.network_documents import frontend
from app.emulator.core.paths import key_of
from app.emulator.providers.containerservice.cloud_controller import addresses
from app.emulator.providers.containerservice.cloud_controller.balancer import Balancer
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.place import Place
from app.emulator.providers.containerservice.cloud_controller.service import LoadBalancerService


async def ensure_public(place: Place, balancer: Balancer, service: LoadBalancerService, family: str) -> Document:
    """A frontend with the public address that the Service shall have."""
    chosen = await addresses.choose(place, service, family)
    address = await addresses.ensure(place, service, family, chosen)
    for known in balancer.frontends:
        if key_of(section(known["properties"], "publicIPAddress").get("id", "")) == key_of(address["id"]):
            return known
    fresh = frontend(balancer.id, service.frontend_name(family), public_ip_id=address["id"])
    return _replace(balancer, fresh)


async def ensure_internal(place: Place, balancer: Balancer, service: LoadBalancerService, family: str) -> Document:
    """A frontend in the subnet that the Service shall have, with the address that it asks for."""
    name = service.subnet or place.subnet_name
    subnet = await place.arm.get(place.subnet_id(name))
    if subnet is None:
        network = place.network_id.rsplit("/", 1)[-1]
        raise SyncError(f"ensure({service.key}): lb({balancer.name}) - failed to get subnet: {network}/{name}")
    asked = service.address(family)
    own = service.frontend_name(family).lower()
    for known in balancer.frontends:
        properties = known["properties"]
        here = key_of(section(properties, "subnet").get("id", "")) == key_of(subnet["id"])
        if asked and here and properties.get("privateIPAddress") == asked:
            return known
        if not asked and here and known["name"].lower() == own:
            return known
    fresh = frontend(
        balancer.id,
        service.frontend_name(family),
        subnet_id=subnet["id"],
        private_address=asked or None,
        static=bool(asked),
        version=family,
        zones=place.zones,
    )
    return _replace(balancer, fresh)


def _replace(balancer: Balancer, fresh: Document) -> Document:
    name = fresh["name"].lower()
    balancer.frontends[:] = [known for known in balancer.frontends if known["name"].lower() != name]
    balancer.frontends.append(fresh)
    return fresh


async def drop(
    place: Place, balancer: Balancer, service: LoadBalancerService, *, keep: frozenset[str] = frozenset()
) -> None:
    """Take the Service's frontends out, but those with ids (in lower case) in `keep`, and those that others use."""
    shared = await _shared_addresses(place, service)
    for known in list(balancer.frontends):
        properties = known["properties"]
        theirs = key_of(section(properties, "publicIPAddress").get("id", "/"))
        private = properties.get("privateIPAddress")
        mine = service.owns(known["name"]) or theirs in shared or (service.internal and private in shared)
        if not mine or key_of(known["id"]) in keep:
            continue
        if not _used_by_others(balancer, known, place):
            balancer.frontends.remove(known)


async def _shared_addresses(place: Place, service: LoadBalancerService) -> set[str]:
    """What the Service asks for by address or name: ids of public IPs, or private addresses."""
    found: set[str] = set()
    for family in service.families:
        if service.internal:
            found.add(service.address(family))
        elif service.address(family) or service.address_name(family):
            try:
                chosen = await addresses.choose(place, service, family)
            except SyncError:
                continue
            found.add(key_of(place.address_id(chosen.group, chosen.name)))
    return found - {""}


def _used_by_others(balancer: Balancer, known: Document, place: Place) -> bool:
    holders = [f"the outbound rule {rule['name']}" for rule in balancer.outbound_rules_on(known)]
    if balancer.rules_on(known):
        # The Service's own rules are gone by now.
        holders.append("load balancing rules of other services")
    for holder in holders:
        place.recorder.warning(
            "DeletingFrontendIPConfiguration",
            f"isFrontendIPConfigUnsafeToDelete: frontend IP configuration with ID {known['id']} on LB {balancer.name} "
            f"cannot be deleted because it is being referenced by {holder}",
        )
    return bool(holders)
