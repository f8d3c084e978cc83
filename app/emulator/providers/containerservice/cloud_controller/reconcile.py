"""One Service in Azure: everything that it needs, or nothing of it any more."""

from collections.abc import Sequence

from app.emulator.core.documents import Document, section
from app.emulator.core.paths import key_of, split_path
from app.emulator.kubernetes.documents import Object
from app.emulator.providers.containerservice.cloud_controller import access, addresses, frontends, members
from app.emulator.providers.containerservice.cloud_controller.balancer import Balancer, load
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.place import Place
from app.emulator.providers.containerservice.cloud_controller.rules import wanted_rules
from app.emulator.providers.containerservice.cloud_controller.service import (
    LoadBalancerService,
    backend_pool_name,
    balancer_name,
    read_service,
)


async def ensure(
    place: Place, document: Object, nodes: Sequence[Object], services: Sequence[Object]
) -> tuple[str, ...]:
    """Make in Azure what a Service asks for, and return its addresses."""
    service = read_service(document)
    balancer = await load(place, service.balancer)
    held = await _use(place, balancer, service)
    await balancer.save()
    machines = members.machines_of(nodes)
    for family in service.families:
        members.join(place.cloud, place.group.id, balancer.pool_id(family), machines)
    found = [await _address(place, balancer, frontend) for frontend in held]
    extra = access.additional_addresses(service)
    await access.reconcile(place, service, [*found, *extra], services, wanted=True)
    await _leave_balancer(place, service, balancer_name(internal=not service.internal))
    await addresses.release(place, service, keep=_public_names(held))
    return (*found, *extra)


async def _use(place: Place, balancer: Balancer, service: LoadBalancerService) -> list[Document]:
    """Give the Service its frontends, rules and probes; a frontend for each family."""
    held: list[Document] = []
    rules: list[Document] = []
    probes: list[Document] = []
    for family in service.families:
        make = frontends.ensure_internal if service.internal else frontends.ensure_public
        frontend = await make(place, balancer, service, family)
        balancer.refuse_conflicts(service, frontend)
        wanted = wanted_rules(balancer.id, service, family, frontend["id"], balancer.pool_id(family))
        held.append(frontend)
        rules += wanted.rules
        probes += wanted.probes
    balancer.use(service, rules, probes)
    await frontends.drop(place, balancer, service, keep=frozenset(key_of(frontend["id"]) for frontend in held))
    return held


async def _address(place: Place, balancer: Balancer, frontend: Document) -> str:
    public = section(frontend["properties"], "publicIPAddress").get("id")
    if public is not None:
        body = await place.arm.get(public)
        found = section(body or {}, "properties").get("ipAddress")
        if not found:
            raise SyncError(f"lb({balancer.name}) - failed to get LB PublicIPAddress from ID({public})")
        return str(found)
    written = next(known for known in balancer.frontends if key_of(known["id"]) == key_of(frontend["id"]))
    return str(written["properties"]["privateIPAddress"])


def _public_names(held: Sequence[Document]) -> frozenset[str]:
    ids = [section(frontend["properties"], "publicIPAddress").get("id") for frontend in held]
    return frozenset(split_path(identity)[-1] for identity in ids if identity)


async def _leave_balancer(place: Place, service: LoadBalancerService, name: str) -> None:
    balancer = await load(place, name)
    if not balancer.exists:
        return
    balancer.use(service, (), ())
    await frontends.drop(place, balancer, service)
    if not balancer.frontends:
        # Azure keeps a load balancer whose pools a scale set's machines are in.
        members.leave(place.cloud, place.group.id, balancer.id)
    await balancer.save()


async def remove(place: Place, document: Object, services: Sequence[Object]) -> None:
    """Take out of Azure what a Service has there; what others share stays, and what its user has made."""
    service = read_service(document)
    await access.reconcile(place, service, access.addresses_of(document), services, wanted=False)
    for internal in (service.internal, not service.internal):
        await _leave_balancer(place, service, balancer_name(internal=internal))
    await addresses.release(place, service, keep=frozenset())


async def join_nodes(place: Place, nodes: Sequence[Object], services: Sequence[Object]) -> bool:
    """Let the pools that Services use have these nodes as members; whether that changed anything."""
    read = [read_service(service) for service in services]
    pools = {(service.balancer, family) for service in read for family in service.families}
    machines, changed = members.machines_of(nodes), False
    for balancer, family in sorted(pools):
        pool = f"{place.balancer_id(balancer)}/backendAddressPools/{backend_pool_name(family)}"
        changed |= members.join(place.cloud, place.group.id, pool, machines)
    return changed
