"""The load balancing rules and probes that a Service's ports call for."""

from dataclasses import dataclass

from app.emulator.core.documents import Document
from app.emulator.core.network_documents import load_balancing_rule
from app.emulator.providers.containerservice.cloud_controller import annotations as known
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.probes import local_probe, port_probe
from app.emulator.providers.containerservice.cloud_controller.service import IPV6, LoadBalancerService, Port

DEFAULT_IDLE_MINUTES = 4
_SHORTEST_IDLE, _LONGEST_IDLE = 4, 100
_PROTOCOLS = {"TCP": "Tcp", "UDP": "Udp", "SCTP": "All"}


@dataclass(frozen=True)
class Wanted:
    """Rules and probes of a Service for one family."""

    rules: tuple[Document, ...]
    probes: tuple[Document, ...]


def wanted_rules(balancer: str, service: LoadBalancerService, family: str, frontend: str, pool: str) -> Wanted:
    """One rule a port. `balancer`, `frontend` and `pool` are ids. Raises `SyncError`."""
    local = local_probe(balancer, service, family)
    probes = [local] if local is not None else []
    rules = []
    for port in service.ports:
        if known.is_true(service.annotations, known.port_key(port.number, "no_lb_rule")):
            continue
        if port.protocol == "SCTP" and not service.internal:
            raise SyncError("SCTP is only supported on standard loadbalancer in internal mode")
        own = port_probe(balancer, service, port, family, local=local)
        if own is not None:
            probes.append(own)
        rules.append(_rule(balancer, service, port, family=family, frontend=frontend, pool=pool, probe=own or local))
    return Wanted(tuple(rules), tuple(probes))


def _rule(
    balancer: str,
    service: LoadBalancerService,
    port: Port,
    *,
    family: str,
    frontend: str,
    pool: str,
    probe: Document | None,
) -> Document:
    # An internal IPv6 address cannot float, so its rule points to the node port, as one without floating address does.
    floating = not known.is_true(service.annotations, known.NO_FLOATING_IP)
    floating = floating and not (service.internal and family == IPV6)
    return load_balancing_rule(
        balancer,
        service.rule_name(port.protocol, port.number, family),
        frontend_id=frontend,
        pool_id=pool,
        probe_id=probe["id"] if probe is not None else None,
        protocol=_PROTOCOLS[port.protocol],
        frontend_port=port.number,
        backend_port=port.number if floating else port.node_port,
        floating_ip=floating,
        idle_timeout_minutes=_idle_minutes(service),
        tcp_reset=port.protocol == "TCP" and not known.is_true(service.annotations, known.NO_TCP_RESET),
        distribution="SourceIP" if service.by_client else "Default",
    )


def _idle_minutes(service: LoadBalancerService) -> int:
    def check(value: int) -> str | None:
        if _SHORTEST_IDLE <= value <= _LONGEST_IDLE:
            return None
        limits = f"between {_SHORTEST_IDLE} and {_LONGEST_IDLE}"
        return f"idle timeout value must be a whole number representing minutes {limits}, actual value: {value}"

    try:
        minutes = known.number(service.annotations, known.IDLE_TIMEOUT, check)
    except SyncError as error:
        raise SyncError(
            "error generate lb rule for ha mod loadbalancer. err: error parsing idle timeout key: "
            f"{known.IDLE_TIMEOUT}, err: {error}"
        ) from error
    return minutes if minutes is not None else DEFAULT_IDLE_MINUTES
