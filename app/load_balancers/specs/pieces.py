"""What Azure has made for a Service: each piece that is asked for is found, or named as missing."""

import re
from dataclasses import dataclass, field

from app.azure.types.network import (
    Frontend,
    LoadBalancer,
    LoadBalancingRule,
    Probe,
    PublicIpAddress,
    SecurityGroup,
    VirtualNetwork,
)
from app.azure.types.network import Subnet as AzureSubnet
from app.core.json import JsonObject
from app.kubernetes.types.service import ServiceState
from app.load_balancers.specs.exposure_wanted import WantedExposure, WantedPort, WantedProbe
from app.load_balancers.specs.security import INTERNET, PROBES, Traffic, deciding_rule, lets_in
from app.load_balancers.specs.services import base_name, own_address_name

_DEFAULT_IDLE_MINUTES = 4


@dataclass(frozen=True, slots=True)
class Network:
    """What Azure has of networks where a cluster's Services are served. `groups` are those of the nodes.

    `node_subnets`: ids of the subnets of the pools, where the virtual network is the caller's. `neighbours`: load
    balancers of others with an address in it.
    """

    balancers: tuple[LoadBalancer, ...] = ()
    addresses: tuple[PublicIpAddress, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    networks: tuple[VirtualNetwork, ...] = ()
    neighbours: tuple[LoadBalancer, ...] = ()
    node_subnets: tuple[str, ...] = ()

    def address(self, resource_id: str | None) -> PublicIpAddress | None:
        """The public IP of this id."""
        wanted = (resource_id or "").lower()
        return next((found for found in self.addresses if found.id.lower() == wanted), None)

    def subnets(self, name: str | None) -> list[AzureSubnet]:
        """The subnets of this name; without a name those that an internal address may be of."""
        found = [subnet for network in self.networks for subnet in network.subnets]
        if name is not None:
            return [subnet for subnet in found if subnet.name.lower() == name.lower()]
        nodes = {subnet_id.lower() for subnet_id in self.node_subnets}
        return [subnet for subnet in found if subnet.id.lower() in nodes] or found


@dataclass(frozen=True, slots=True)
class Found:
    """One frontend of the Service's, with the address that it answers at."""

    balancer: LoadBalancer
    frontend: Frontend
    address: str
    public_ip: PublicIpAddress | None


@dataclass(frozen=True, slots=True)
class Pieces:
    """What was found; `missing` are sentences about what was not, `warnings` about what is there and odd."""

    addresses: tuple[JsonObject, ...] = ()
    rules: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    members: int = 0
    security_rules: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origins:
    """Whose the addresses are: a public IP that was given to the exposure, by id, or another exposure's.

    `before_id`: the public IP that was given to it before.
    """

    reserved_id: str | None = None
    shared: bool = False
    before_id: str | None = None


@dataclass
class _Search:
    service: ServiceState
    wanted: WantedExposure
    network: Network
    origins: Origins
    rules: list[str] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    members: int = 0
    security: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def run(self) -> Pieces:
        frontends = [found for address in self.service.ingress if (found := self._frontend(address))]
        for found in frontends:
            for port in self.wanted.ports:
                self._port(found, port)
            self._label(found)
        self._released()
        return Pieces(
            addresses=tuple(self._told(found) for found in frontends),
            rules=tuple(self.rules),
            probes=tuple(dict.fromkeys(self.probes)),
            members=self.members,
            security_rules=tuple(dict.fromkeys(self.security)),
            missing=tuple(self.missing),
            warnings=tuple(dict.fromkeys(self.warnings)),
        )

    def _frontend(self, address: str) -> Found | None:
        found = frontend_at(self.network, address)
        if found is None:
            self.missing.append(f"no frontend of a load balancer has the address {address}")
        return found

    def _port(self, found: Found, port: WantedPort) -> None:
        rule = _rule_at(found, port)
        if rule is None:
            self.missing.append(f"the frontend {found.frontend.name} has no rule for {port.protocol} port {port.port}")
            return
        self.rules.append(rule.name)
        self._members(found.balancer, rule)
        self._settings(rule, port)
        self._probe(found.balancer, rule, port)
        self._security(found, rule, port)

    def _members(self, balancer: LoadBalancer, rule: LoadBalancingRule) -> None:
        ids = {pool_id.lower() for pool_id in rule.backend_pool_ids}
        pools = [pool for pool in balancer.backend_pools if pool.id.lower() in ids]
        members = sum(len(pool.member_ids) or len(pool.addresses) for pool in pools)
        if members == 0:
            self.warnings.append(
                f"No machine is behind the load balancer {balancer.name}: the address is there, and nobody answers."
            )
        self.members = max(self.members, members)

    def _settings(self, rule: LoadBalancingRule, port: WantedPort) -> None:
        minutes = self.wanted.idle_timeout_minutes
        if minutes is not None and (rule.idle_timeout_minutes or _DEFAULT_IDLE_MINUTES) != minutes:
            self.missing.append(f"the rule {rule.name} forgets connections after other than {minutes} minutes")
        if port.protocol == "TCP" and rule.tcp_reset is not self.wanted.tcp_reset:
            self.missing.append(f"the rule {rule.name} has TCP reset other than as asked")

    def _probe(self, balancer: LoadBalancer, rule: LoadBalancingRule, port: WantedPort) -> None:
        if port.protocol != "TCP" and not self.wanted.local:
            return
        probe = _probe_of(balancer, rule)
        if probe is None:
            self.missing.append(f"the rule {rule.name} has no probe")
            return
        self.probes.append(probe.name)
        if not self.wanted.local and not _as_asked(probe, port.probe or WantedProbe()):
            self.missing.append(f"the probe {probe.name} is not as asked")

    def _security(self, found: Found, rule: LoadBalancingRule, port: WantedPort) -> None:
        """Trouble 57: what decides is read back, for clients and for the load balancer's own probes."""
        floating = found.address if rule.floating_ip else "VirtualNetwork"
        arriving = rule.frontend_port if rule.floating_ip else rule.backend_port
        for group in self.network.groups:
            for source in self._sources(found.address):
                traffic = Traffic(source, floating, arriving, port.protocol)
                decides = deciding_rule(group, traffic)
                if decides is None or decides.access.lower() != "allow":
                    by = f"rule {decides.name}" if decides else "no rule"
                    self.missing.append(f"{group.name} keeps {source} out of {port.protocol} port {port.port} ({by})")
                else:
                    self.security.append(decides.name)
            probe = _probe_of(found.balancer, rule)
            if probe and not lets_in(group, Traffic(PROBES, "VirtualNetwork", probe.port, "TCP")):
                self.warnings.append(
                    f"{group.name} keeps Azure's health probes out: all machines will count as unwell. Allow the "
                    f"source {PROBES} before the rule that denies it."
                )

    def _sources(self, address: str) -> tuple[str, ...]:
        """Who shall come to this address: of the ranges those of its family."""
        ranges = self.wanted.allowed_source_ranges
        if not ranges:
            return self._open_to()
        return tuple(each for each in ranges if (":" in each) == (":" in address))

    def _open_to(self) -> tuple[str, ...]:
        if self.wanted.internal or self.wanted.allowed_service_tags:
            return ()
        return (INTERNET,)

    def _released(self) -> None:
        """Trouble 55: after a swap the old address is free. The controller may forget one that it made itself."""
        before = self.network.address(self.origins.before_id)
        if before is not None and before.used_by is not None and base_name(self.service.uid) in before.used_by:
            self.missing.append(f"the public IP {before.name}, which the Service had before, is still bound to it")
        if self.origins.reserved_id is None and not self.origins.shared:
            return
        for address in self.network.addresses:
            if address.name.startswith(own_address_name(self.service.uid)):
                holder = f"{address.used_by} holds it" if address.used_by else "nothing uses it"
                self.warnings.append(
                    f"The public IP {address.name} ({address.address}), which Azure made for the Service before, is "
                    f"still there: {holder}. Remove it: az network public-ip delete --ids {address.id}"
                )

    def _label(self, found: Found) -> None:
        label = self.wanted.dns_label
        if label is None or found.public_ip is None:
            return
        if (found.public_ip.dns_label or "").lower() != label:
            self.missing.append(f"the public IP {found.public_ip.name} has not the DNS label")

    def _told(self, found: Found) -> JsonObject:
        public_ip = found.public_ip
        return {
            "address": found.address,
            "internal": public_ip is None,
            "fqdn": public_ip.fqdn if public_ip else None,
            "azure_id": public_ip.id if public_ip else None,
            "frontend": found.frontend.name,
            "load_balancer": found.balancer.name,
            "origin": self._origin(public_ip),
        }

    def _origin(self, public_ip: PublicIpAddress | None) -> str:
        if self.origins.shared:
            return "shared"
        if public_ip is None:
            return "exposure"
        if self.origins.reserved_id is not None and public_ip.id.lower() == self.origins.reserved_id.lower():
            return "reserved"
        return "exposure" if public_ip.name.startswith(own_address_name(self.service.uid)) else "caller"


def look_for_pieces(service: ServiceState, wanted: WantedExposure, network: Network, origins: Origins) -> Pieces:
    """Find each piece that serves the Service at its addresses."""
    return _Search(service, wanted, network, origins).run()


def network_id_of(subnet_id: str) -> str:
    """The id of the virtual network that a subnet is of, in the id's own case."""
    return re.split("/subnets/", subnet_id, maxsplit=1, flags=re.IGNORECASE)[0]


def frontend_at(network: Network, address: str) -> Found | None:
    """The frontend that has this address, public or private."""
    for balancer in network.balancers:
        for frontend in balancer.frontends:
            public_ip = network.address(frontend.public_ip_id)
            if address in {frontend.private_address, public_ip.address if public_ip else None}:
                return Found(balancer, frontend, address, public_ip)
    return None


def _rule_at(found: Found, port: WantedPort) -> LoadBalancingRule | None:
    for rule in found.balancer.rules:
        on_frontend = (rule.frontend_id or "").lower() == found.frontend.id.lower()
        if on_frontend and rule.frontend_port == port.port and rule.protocol.lower() in {port.protocol.lower(), "all"}:
            return rule
    return None


def _probe_of(balancer: LoadBalancer, rule: LoadBalancingRule) -> Probe | None:
    return next((probe for probe in balancer.probes if probe.id.lower() == (rule.probe_id or "").lower()), None)


def _as_asked(probe: Probe, asked: WantedProbe) -> bool:
    path = None if asked.protocol == "tcp" else (asked.path or "/")
    return (
        probe.protocol.lower() == asked.protocol
        and (path is None or probe.path == path)
        and probe.interval_seconds == asked.interval_seconds
        and (probe.threshold is None or probe.threshold == asked.threshold)
    )
