"""Who belongs to whom among the pieces of a cluster: what ids, tags and names say."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from app.azure.types.compute import AvailabilitySet, Disk, Machine, ScaleSet
from app.azure.types.network import (
    BackendPool,
    Frontend,
    InterfaceAddress,
    LoadBalancer,
    LoadBalancingRule,
    NetworkInterface,
    OutboundRule,
    PublicIpAddress,
    Subnet,
    VirtualNetwork,
)
from app.infrastructure.specs.inputs import ClusterFacts, Piece, Pieces, PoolFacts, ServiceFacts

# The cloud controller names what it makes for a Service after its uid: https://cloud-provider-azure.sigs.k8s.io
BASE_NAME = re.compile(r"^a[0-9a-f]{31}")
POOL_TAGS = ("aks-managed-poolname", "poolname")
_SCALE_SET_OF = re.compile(r"^(.*/virtualmachinescalesets/[^/]+)/virtualmachines/", re.IGNORECASE)
_INTERFACE_OF = re.compile(r"^(.*/networkinterfaces/[^/]+)/ipconfigurations/", re.IGNORECASE)
_LONGEST_BASE = 32


def key(resource_id: str) -> str:
    """An ARM id as the graph has it."""
    return resource_id.lower()


def base_name(service: ServiceFacts) -> str | None:
    """With what the names of a Service's frontend, rules and probes begin; None where its uid is not known."""
    return f"a{service.uid.replace('-', '')}"[:_LONGEST_BASE] if service.uid else None


@dataclass(frozen=True)
class Wiring:
    """The pieces of one cluster, and its Services, joined."""

    cluster: ClusterFacts
    pieces: Pieces
    services: tuple[ServiceFacts, ...]

    def seen_after(self, kind: type[Piece], changed_at: datetime | None) -> bool:
        """Whether all of a type were seen after a change; where there is none, whether all that there is was."""
        if changed_at is None:
            return True
        times = [self.pieces.seen_at.get(key(piece.id)) for piece in self.pieces.of(kind)] or [self.pieces.observed_at]
        return all(at is not None and at >= changed_at for at in times)

    @cached_property
    def subnets(self) -> dict[str, tuple[VirtualNetwork, Subnet]]:
        """All subnets with their networks, by id."""
        networks = self.pieces.of(VirtualNetwork)
        return {key(subnet.id): (network, subnet) for network in networks for subnet in network.subnets}

    @cached_property
    def used_subnets(self) -> frozenset[str]:
        """The ids of the subnets that machines or frontends of the cluster are in."""
        balancers = self.pieces.of(LoadBalancer)
        frontends = {frontend.subnet_id for balancer in balancers for frontend in balancer.frontends}
        by_sets = {subnet for found in self.sets for subnet in self.subnets_of(found)}
        return frozenset(by_sets | {key(subnet) for subnet in frontends if subnet})

    def is_shown(self, network: VirtualNetwork, subnet: Subnet) -> bool:
        """Whether a subnet is of the cluster: a network of its caller's may have others as well."""
        return self.in_node_group(network.resource_group) or key(subnet.id) in self.used_subnets

    def in_node_group(self, resource_group: str) -> bool:
        """Whether this is the group in which AKS keeps what it makes for the cluster."""
        return resource_group.lower() == (self.cluster.node_resource_group or "").lower()

    @cached_property
    def machines(self) -> list[Machine]:
        """All machines, those of one set beside each other, in the order in which they were made."""
        return sorted(self.pieces.of(Machine), key=_machine_order)

    @cached_property
    def interfaces_by_machine(self) -> dict[str, list[NetworkInterface]]:
        """The NICs of each machine, by its id."""
        found: dict[str, list[NetworkInterface]] = {}
        named = {key(nic): key(machine.id) for machine in self.machines for nic in machine.interface_ids}
        for interface in self.pieces.of(NetworkInterface):
            owner = key(interface.machine_id) if interface.machine_id else named.get(key(interface.id))
            if owner is not None:
                found.setdefault(owner, []).append(interface)
        return found

    @cached_property
    def disk_holders(self) -> dict[str, Machine]:
        """The machine that each attached disk belongs to, by the disk's id."""
        by_name = {key(machine.id): machine for machine in self.machines}
        # Azure names a scale set's machine by its number, or by its name.
        by_name |= {
            f"{key(m.scale_set_id)}/virtualmachines/{m.name.lower()}": m for m in self.machines if m.scale_set_id
        }
        held = {key(disk): machine for machine in self.machines for disk in machine.disk_ids}
        for disk in self.pieces.of(Disk):
            holder = by_name.get(key(disk.machine_id or ""))
            if holder is not None:
                held.setdefault(key(disk.id), holder)
        return held

    def starts_from(self, machine: Machine, disk: Disk) -> bool:
        """Whether a machine starts from this one of its disks: Azure names that one first."""
        return bool(machine.disk_ids) and key(machine.disk_ids[0]) == key(disk.id)

    def pool_of(self, found: ScaleSet | AvailabilitySet) -> PoolFacts | None:
        """The node pool that a set of machines is: by AKS's tag, else by its name."""
        tags = {name.lower(): value for name, value in found.tags.items()}
        named = next((tags[tag].lower() for tag in POOL_TAGS if tag in tags), None)
        for pool in self.cluster.pools:
            name = pool.name.lower()
            if named == name or (named is None and found.name.lower().startswith((f"aks-{name}-", f"aks{name}"))):
                return pool
        return None

    def subnets_of(self, found: ScaleSet | AvailabilitySet) -> list[str]:
        """The ids of the subnets that a set's machines are in."""
        ids = list(found.subnet_ids) if isinstance(found, ScaleSet) else []
        for machine in self.machines_of(found):
            for interface in self.interfaces_by_machine.get(key(machine.id), []):
                ids += [address.subnet_id for address in interface.addresses if address.subnet_id]
        return list(dict.fromkeys(key(subnet) for subnet in ids))

    @cached_property
    def _by_owner(self) -> dict[str, list[Machine]]:
        found: dict[str, list[Machine]] = {}
        for machine in self.machines:
            for owner in _owners(machine):
                found.setdefault(key(owner), []).append(machine)
        return found

    def machines_of(self, found: ScaleSet | AvailabilitySet) -> list[Machine]:
        """The machines of a set."""
        return self._by_owner.get(key(found.id), [])

    def members(self, pool: BackendPool) -> set[str]:
        """The ids of the scale sets and machines that are in a load balancer's pool."""
        found: set[str] = set()
        for member in pool.member_ids:
            scale_set = _SCALE_SET_OF.match(member)
            interface = _INTERFACE_OF.match(member)
            if scale_set:
                found.add(key(scale_set[1]))
            elif interface and (nic := self.pieces.get(interface[1], NetworkInterface)) and nic.machine_id:
                found.add(key(nic.machine_id))
        found |= {key(each.id) for each in self.pieces.of(ScaleSet) if key(pool.id) in map(key, each.backend_pool_ids)}
        for machine_id, interfaces in self.interfaces_by_machine.items():
            if any(_in_pool(address, pool) for interface in interfaces for address in interface.addresses):
                found.add(machine_id)
        return found

    def sets_behind(self, pool: BackendPool) -> list[ScaleSet | AvailabilitySet]:
        """The scale sets and availability sets whose machines are in a load balancer's pool."""
        members = self.members(pool)
        return [
            found
            for found in self.sets
            if key(found.id) in members or any(key(machine.id) in members for machine in self.machines_of(found))
        ]

    @cached_property
    def sets(self) -> list[ScaleSet | AvailabilitySet]:
        """All scale sets and availability sets."""
        return [*self.pieces.of(ScaleSet), *self.pieces.of(AvailabilitySet)]

    def address_of(self, frontend: Frontend) -> str | None:
        """The address at which a frontend listens, public or private."""
        public = self.pieces.get(frontend.public_ip_id, PublicIpAddress)
        return frontend.private_address or (public.address if public else None)

    def services_of(self, balancer: LoadBalancer, frontend: Frontend) -> list[ServiceFacts]:
        """The Services that a frontend serves: by the names of it and its rules, else by its address."""
        names = [frontend.name, *(rule.name for rule in rules_of(balancer, frontend))]
        address = self.address_of(frontend)
        return [
            service
            for service in self.services
            if _is_named(base_name(service), names) or (address is not None and address in service.addresses)
        ]


def _in_pool(address: InterfaceAddress, pool: BackendPool) -> bool:
    return key(pool.id) in map(key, address.backend_pool_ids) or address.private_address in pool.addresses


def rules_of(balancer: LoadBalancer, frontend: Frontend) -> list[LoadBalancingRule]:
    """The load balancing rules of a frontend."""
    return [rule for rule in balancer.rules if rule.frontend_id and key(rule.frontend_id) == key(frontend.id)]


def outbound_of(balancer: LoadBalancer, frontend: Frontend) -> list[OutboundRule]:
    """The outbound rules that use a frontend."""
    return [rule for rule in balancer.outbound_rules if key(frontend.id) in map(key, rule.frontend_ids)]


def _is_named(base: str | None, names: Iterable[str]) -> bool:
    return base is not None and any(name.lower().startswith(base) for name in names)


def _owners(machine: Machine) -> list[str]:
    return [owner for owner in (machine.scale_set_id, machine.availability_set_id) if owner]


def _machine_order(machine: Machine) -> tuple[str, int, str]:
    number = machine.instance_id or ""
    return next(iter(_owners(machine)), "").lower(), int(number) if number.isdecimal() else -1, key(machine.id)


def referred_to(pieces: Pieces) -> set[str]:
    """The ids of resources that the pieces name and that are not among them: a network of the caller's, its guards."""
    found: set[str | None] = set()
    for scale_set in pieces.of(ScaleSet):
        found |= {subnet.partition("/subnets/")[0] for subnet in map(key, scale_set.subnet_ids)}
        found |= {*scale_set.security_group_ids, *scale_set.identity_ids}
    for balancer in pieces.of(LoadBalancer):
        for frontend in balancer.frontends:
            found |= {frontend.public_ip_id, frontend.public_prefix_id}
            found.add(key(frontend.subnet_id or "").partition("/subnets/")[0])
    used = {key(subnet) for scale_set in pieces.of(ScaleSet) for subnet in scale_set.subnet_ids}
    for network in pieces.of(VirtualNetwork):
        for subnet in network.subnets:
            if key(subnet.id) in used:
                found |= {subnet.security_group_id, subnet.route_table_id, subnet.nat_gateway_id}
    found |= {address.prefix_id for address in pieces.of(PublicIpAddress)}
    known = {key(piece.id) for piece in pieces.all}
    return {key(resource) for resource in found if resource} - known
