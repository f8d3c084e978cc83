"""A load balancer as callers see it: each frontend with whom it serves, each machine with its node."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.azure.types.compute import Machine
from app.azure.types.network import BackendPool, Frontend, LoadBalancer, LoadBalancingRule, PublicIpAddress
from app.clusters.specs.inventory import FRONTEND, read_body, service_name, service_name_of
from app.core.json import JsonObject
from app.load_balancers.schemas.load_balancers import (
    BackendPoolRead,
    FrontendRead,
    LeftOver,
    LoadBalancerRead,
    MemberRead,
    OutboundRuleRead,
    ProbeRead,
    RuleRead,
    ServedService,
)
from app.load_balancers.schemas.public_ips import Origin
from app.load_balancers.specs.left_over import left_over
from app.models import AzureResource, Exposure

SERVICE_TAG = "k8s-azure-service"
_MEMBER = re.compile(
    r"^(?P<machine>.*/(?:virtualMachineScaleSets/(?P<set>[^/]+)/virtualMachines/(?P<number>[^/]+)))/networkInterfaces/",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Around:
    """What is known around the load balancers of a page: rows of the project's clusters, by their keys in lower case.

    `services`: by cluster and by the Service's name in Azure. `left_over`: by cluster. `origins`: of the addresses that
    the project has in its own hands.
    """

    clusters: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, JsonObject] = field(default_factory=dict)
    services: Mapping[tuple[str, str], Exposure] = field(default_factory=dict)
    machines: Mapping[str, JsonObject] = field(default_factory=dict)
    left_over: Mapping[str, Sequence[AzureResource]] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)


def load_balancer_read(row: AzureResource, around: Around) -> LoadBalancerRead:
    """A load balancer's row as callers see it."""
    balancer: LoadBalancer = read_body(LoadBalancer, row.body)
    return _Reading(row, balancer, around).read()


@dataclass(frozen=True, slots=True)
class _Reading:
    row: AzureResource
    balancer: LoadBalancer
    around: Around

    def read(self) -> LoadBalancerRead:
        row, balancer = self.row, self.balancer
        left = self._left_over()
        by_id = {one.azure_id.lower(): one for one in left}
        cluster_id = row.cluster_id or ""
        return LoadBalancerRead(
            name=balancer.name,
            azure_id=balancer.id,
            cluster_id=cluster_id,
            cluster=self.around.clusters[cluster_id],
            subscription_id=row.subscription_id,
            resource_group=balancer.resource_group,
            location=balancer.location,
            sku=balancer.sku,
            provisioning_state=balancer.provisioning_state,
            frontends=[self._frontend(one, by_id.get(one.id.lower())) for one in balancer.frontends],
            rules=[self._rule(one) for one in balancer.rules],
            probes=[
                ProbeRead(
                    name=one.name,
                    protocol=one.protocol,
                    port=one.port,
                    path=one.path,
                    interval_seconds=one.interval_seconds,
                    threshold=one.threshold,
                )
                for one in balancer.probes
            ],
            backend_pools=[self._pool(one) for one in balancer.backend_pools],
            outbound_rules=[
                OutboundRuleRead(
                    name=one.name,
                    frontends=[_name(frontend) for frontend in one.frontend_ids],
                    backend_pool=one.backend_pool_id and _name(one.backend_pool_id),
                    allocated_ports=one.allocated_ports,
                    idle_timeout_minutes=one.idle_timeout_minutes,
                    protocol=one.protocol,
                    tcp_reset=one.tcp_reset,
                )
                for one in balancer.outbound_rules
            ],
            left_over=left,
            tags=dict(balancer.tags),
            observed_at=row.observed_at,
        )

    def _left_over(self) -> list[LeftOver]:
        mine = f"{self.row.key}/"
        rows = self.around.left_over.get(self.row.cluster_id or "", ())
        # Addresses and rules belong to no load balancer: the public one, which alone has such, shows them.
        public = not self.balancer.name.lower().endswith("-internal")
        shown = (row for row in rows if (row.key.startswith(mine) if row.type == FRONTEND else public))
        found = (left_over(row, self.balancer, self.around.origins) for row in shown)
        return [one for one in found if one is not None]

    def _frontend(self, frontend: Frontend, left: LeftOver | None) -> FrontendRead:
        body = self.around.addresses.get((frontend.public_ip_id or "").lower())
        public: PublicIpAddress | None = read_body(PublicIpAddress, body) if body else None
        services = self._services_of(frontend, public)
        address = public.address if public else frontend.private_address
        return FrontendRead(
            name=frontend.name,
            azure_id=frontend.id,
            purpose=self._purpose(frontend, services, left),
            internal=frontend.public_ip_id is None and frontend.public_prefix_id is None,
            address=address,
            version=("IPv6" if ":" in address else "IPv4") if address else None,
            fqdn=public.fqdn if public else None,
            public_ip_id=frontend.public_ip_id,
            origin=self._origin(frontend),
            subnet_id=frontend.subnet_id,
            zones=list(frontend.zones),
            services=services,
            left_over=left,
        )

    def _purpose(self, frontend: Frontend, services: list[ServedService], left: LeftOver | None) -> str:
        if left is not None:
            return "left_over"
        key = frontend.id.lower()
        outbound = any(key == one.lower() for rule in self.balancer.outbound_rules for one in rule.frontend_ids)
        if services:
            return "both" if outbound else "service"
        return "outbound" if outbound else "other"

    def _origin(self, frontend: Frontend) -> str | None:
        if frontend.public_ip_id is None:
            return None
        own = self.around.origins.get(frontend.public_ip_id.lower())
        inside = f"/resourcegroups/{self.balancer.resource_group}/".lower() in frontend.public_ip_id.lower()
        return own or (Origin.CLUSTER if inside else Origin.CALLER)

    def _services_of(self, frontend: Frontend, public: PublicIpAddress | None) -> list[ServedService]:
        key = frontend.id.lower()
        rules = (rule for rule in self.balancer.rules if (rule.frontend_id or "").lower() == key)
        names = dict.fromkeys(filter(None, (service_name(frontend.name), *(service_name(rule.name) for rule in rules))))
        known = [served for name in names if (served := self._service(name))]
        return known or _tagged(public)

    def _service(self, name: str | None) -> ServedService | None:
        exposure = self.around.services.get((self.row.cluster_id or "", name or ""))
        if exposure is None:
            return None
        health = (exposure.observed or {}).get("health") or {}
        return ServedService(
            namespace=exposure.namespace,
            name=exposure.name,
            exposure_id=exposure.id,
            managed=exposure.managed,
            state=exposure.state,
            ready=health.get("ready"),
            not_ready=health.get("not_ready"),
        )

    def _rule(self, rule: LoadBalancingRule) -> RuleRead:
        return RuleRead(
            name=rule.name,
            protocol=rule.protocol,
            frontend=rule.frontend_id and _name(rule.frontend_id),
            frontend_port=rule.frontend_port,
            backend_port=rule.backend_port,
            backend_pools=[_name(pool) for pool in rule.backend_pool_ids],
            probe=rule.probe_id and _name(rule.probe_id),
            floating_ip=rule.floating_ip,
            idle_timeout_minutes=rule.idle_timeout_minutes,
            tcp_reset=rule.tcp_reset,
            distribution=rule.distribution,
            service=self._service(service_name(rule.name)),
        )

    def _pool(self, pool: BackendPool) -> BackendPoolRead:
        members = [self._member(one) for one in pool.member_ids]
        members += [
            MemberRead(azure_id=None, address=address, machine=None, node=None, power_state=None)
            for address in pool.addresses
            # A pool by addresses has them alone; one by interfaces may repeat them.
            if not pool.member_ids
        ]
        return BackendPoolRead(name=pool.name, members=members)

    def _member(self, member_id: str) -> MemberRead:
        key = _machine_key(member_id)
        body = self.around.machines.get(key or "")
        machine: Machine | None = read_body(Machine, body) if body else None
        found = _MEMBER.match(member_id)
        return MemberRead(
            azure_id=member_id,
            address=None,
            machine=f"{found['set']}/{found['number']}" if found else None,
            node=machine.computer_name if machine else None,
            power_state=machine.power_state if machine else None,
        )


def keys_around(bodies: Iterable[JsonObject]) -> tuple[set[str], set[str]]:
    """The keys of the public addresses and of the machines that these load balancers name."""
    addresses, members = set(), set()
    for body in bodies:
        addresses |= {found.lower() for one in body["frontends"] if (found := one["public_ip_id"])}
        members |= {one for pool in body["backend_pools"] for one in pool["member_ids"]}
    return addresses, {key for one in members if (key := _machine_key(one))}


def _machine_key(member_id: str) -> str | None:
    """The key of the machine of a pool's member; None where the id does not name one."""
    found = _MEMBER.match(member_id)
    return found["machine"].lower() if found else None


def services_by_name(exposures: Sequence[Exposure]) -> dict[tuple[str, str], Exposure]:
    """Exposures by their cluster and their Service's name in Azure."""
    return {(one.cluster_id, service_name_of(one.service_uid)): one for one in exposures if one.service_uid}


def _tagged(public: PublicIpAddress | None) -> list[ServedService]:
    """The Services that the address's tag names: what Azure's cloud provider wrote when it took the address."""
    tags = {key.lower(): value for key, value in public.tags.items()} if public else {}
    named = (one.partition("/") for one in tags.get(SERVICE_TAG, "").split(",") if "/" in one)
    return [
        ServedService(
            namespace=namespace, name=name, exposure_id=None, managed=None, state=None, ready=None, not_ready=None
        )
        for namespace, _, name in named
    ]


def _name(resource_id: str) -> str:
    return resource_id.rpartition("/")[2]
