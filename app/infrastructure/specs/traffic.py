"""Network security groups in the way of what the load balancers send: their probes, and what comes to Services."""

from collections.abc import Iterator

from app.azure.types.compute import ScaleSet
from app.azure.types.network import Frontend, LoadBalancer, Probe, SecurityGroup, SecurityRule
from app.infrastructure.schemas.graph import Finding, Severity
from app.infrastructure.specs.inputs import ServiceFacts
from app.infrastructure.specs.wiring import BASE_NAME, Wiring, base_name, key, rules_of
from app.load_balancers.specs.security import INTERNET, PROBES, Traffic, deciding_rule

_INSIDE = "VirtualNetwork"


def blocked_of(wiring: Wiring) -> Iterator[Finding]:
    """All findings: of each group, who is kept out, and by which rule."""
    for group in guards_of_machines(wiring):
        yield from _probes(wiring, group)
        yield from _ports(wiring, group)


def guards_of_machines(wiring: Wiring) -> list[SecurityGroup]:
    """The groups that stand before the machines: of their subnets and of their interfaces."""
    named = {key(group) for found in wiring.pieces.of(ScaleSet) for group in found.security_group_ids}
    for subnet in wiring.used_subnets & wiring.subnets.keys():
        named.add(key(wiring.subnets[subnet][1].security_group_id or ""))
    for interfaces in wiring.interfaces_by_machine.values():
        named |= {key(interface.security_group_id or "") for interface in interfaces}
    return [group for group in wiring.pieces.of(SecurityGroup) if key(group.id) in named]


def _probes(wiring: Wiring, group: SecurityGroup) -> Iterator[Finding]:
    """A machine whose probe is not answered gets nothing: blocked probes stop all that the rule lets in."""
    blocked: dict[SecurityRule, list[tuple[LoadBalancer, Probe]]] = {}
    for balancer in wiring.pieces.of(LoadBalancer):
        used = {key(rule.probe_id) for rule in balancer.rules if rule.probe_id}
        for probe in (each for each in balancer.probes if key(each.id) in used):
            rule = _denying(group, Traffic(PROBES, _INSIDE, probe.port, "TCP"))
            if rule is not None:
                blocked.setdefault(rule, []).append((balancer, probe))
    for rule, found in blocked.items():
        ports = ", ".join(str(port) for port in sorted({probe.port for _, probe in found}))
        balancers = sorted({key(balancer.id) for balancer, _ in found})
        yield Finding(
            code="probes_blocked",
            severity=Severity.ERROR,
            title=f"{group.name} blocks the load balancer's probes{_by(group, rule)}",
            detail=f"Azure asks the machines at port {ports} and gets no answer: it takes all of them for unwell, and "
            "sends them nothing.",
            remedy=_remedy(group, rule, PROBES),
            nodes=(key(group.id), *balancers),
        )


def _ports(wiring: Wiring, group: SecurityGroup) -> Iterator[Finding]:
    for balancer in wiring.pieces.of(LoadBalancer):
        for frontend in balancer.frontends:
            for service in wiring.services_of(balancer, frontend):
                for (rule, source), ports in _kept_out(wiring, group, balancer, frontend, service).items():
                    yield Finding(
                        code="service_ports_blocked",
                        severity=Severity.ERROR,
                        title=f"{group.name} keeps {source} out of {service.namespace}/{service.name}"
                        f"{_by(group, rule)}",
                        detail=f"What comes to port {', '.join(ports)} of the Service is dropped before it reaches a "
                        "machine.",
                        remedy=_remedy(group, rule, source),
                        nodes=(key(group.id), key(frontend.id), service.id),
                    )


def _kept_out(
    wiring: Wiring, group: SecurityGroup, balancer: LoadBalancer, frontend: Frontend, service: ServiceFacts
) -> dict[tuple[SecurityRule, str], list[str]]:
    """Ports of a Service at a frontend, by the rule that closes them and the source that it keeps out."""
    found: dict[tuple[SecurityRule, str], list[str]] = {}
    address = wiring.address_of(frontend)
    seen_at = wiring.pieces.seen_at.get(key(group.id))
    too_old = service.changed_at is not None and (seen_at is None or seen_at < service.changed_at)
    if service.closed or address is None or too_old:
        return found
    base = base_name(service)
    for rule in rules_of(balancer, frontend):
        # One address may be shared; a rule of another Service's is told by its name.
        if base is not None and BASE_NAME.match(rule.name.lower()) and not rule.name.lower().startswith(base):
            continue
        protocol = "UDP" if rule.protocol.lower() == "udp" else "TCP"
        destination, port = (address, rule.frontend_port) if rule.floating_ip else (_INSIDE, rule.backend_port)
        for source in service.sources or ((_INSIDE,) if service.internal else (INTERNET,)):
            denying = _denying(group, Traffic(source, destination, port, protocol))
            if denying is not None:
                found.setdefault((denying, source), []).append(f"{rule.frontend_port}/{protocol}")
                break
    return found


def _denying(group: SecurityGroup, traffic: Traffic) -> SecurityRule | None:
    """The rule that keeps it out. Where none fits at all, Azure did not say what its own rules are."""
    rule = deciding_rule(group, traffic)
    return rule if rule is not None and rule.access.lower() != "allow" else None


def _by(group: SecurityGroup, rule: SecurityRule) -> str:
    return "" if rule in group.default_rules else f" by the rule {rule.name}"


def _remedy(group: SecurityGroup, rule: SecurityRule, source: str) -> str:
    if rule in group.default_rules:
        return f"No rule lets {source} in: change the Service, so that the cloud controller does, or do it yourself."
    return f"Remove the rule {rule.name}, or allow {source} by one of a lower number than {rule.priority}."
