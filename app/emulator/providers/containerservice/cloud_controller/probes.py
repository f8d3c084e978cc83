"""The health probe of a port, from annotations and traffic policy."""

from app.emulator.core.documents import Document
from app.emulator.core.network_documents import probe
from app.emulator.providers.containerservice.cloud_controller import annotations as known
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.service import LoadBalancerService, Port

DEFAULT_INTERVAL_SECONDS = 5
DEFAULT_COUNT = 2
LOCAL_PATH = "/healthz"
_LOWEST_INTERVAL, _LOWEST_COUNT = 5, 2
_LONGEST_SECONDS = 120
_PORTS = range(65536)
_PROTOCOLS = {"tcp": "Tcp", "http": "Http", "https": "Https"}


def local_probe(balancer: str, service: LoadBalancerService, family: str) -> Document | None:
    """The probe of kube-proxy's own health check, which a Service with `externalTrafficPolicy: Local` has."""
    if not service.local or not service.health_check_port:
        return None
    return probe(
        balancer,
        service.rule_name("TCP", service.health_check_port, family),
        protocol="Http",
        port=service.health_check_port,
        path=LOCAL_PATH,
        interval_seconds=DEFAULT_INTERVAL_SECONDS,
        threshold=DEFAULT_COUNT,
    )


def port_probe(
    balancer: str, service: LoadBalancerService, port: Port, family: str, *, local: Document | None
) -> Document | None:
    """The probe of one port; none for UDP and SCTP, for a port that asks for none, and where `local` does it.

    A port's own annotation goes before `appProtocol`, and that before the annotation for all ports. An unknown protocol
    is TCP. Raises `SyncError` for numbers out of their range.
    """
    annotations = service.annotations
    if port.protocol != "TCP" or known.is_true(annotations, known.port_key(port.number, "no_probe_rule")):
        return None
    target = _target(service, port)
    if target is None and local is not None:
        return None
    own = annotations.get(known.port_key(port.number, "health-probe_protocol"))
    said = own or port.app_protocol or annotations.get(f"{known.PROBE}protocol") or "tcp"
    protocol = _PROTOCOLS.get(said.strip().lower(), "Tcp")
    interval, count = _rhythm(service, port)
    return probe(
        balancer,
        service.rule_name(port.protocol, port.number, family),
        protocol=protocol,
        port=target if target is not None else port.node_port,
        path=_path(service, port) if protocol != "Tcp" else None,
        interval_seconds=interval,
        threshold=count,
    )


def _target(service: LoadBalancerService, port: Port) -> int | None:
    """The port that an annotation names, as a port of the Service (its node port) or a number."""
    key = known.port_key(port.number, "health-probe_port")
    said = service.annotations.get(key)
    if said is None:
        return None
    for other in service.ports:
        if other.name.lower() == said.lower() or str(other.number) == said:
            return other.node_port
    if not said.isdecimal():
        raise SyncError(f"failed to parse annotation {key}: port {said} not found in service")
    if int(said) not in _PORTS:
        raise SyncError(f"failed to parse annotation {key}: port {said} is out of range")
    return int(said)


def _path(service: LoadBalancerService, port: Port) -> str:
    own = service.annotations.get(known.port_key(port.number, "health-probe_request-path"))
    return own or service.annotations.get(f"{known.PROBE}request-path") or "/"


def _rhythm(service: LoadBalancerService, port: Port) -> tuple[int, int]:
    count = _number(service, port, "num-of-probe", _LOWEST_COUNT, DEFAULT_COUNT)
    interval = _number(service, port, "interval", _LOWEST_INTERVAL, DEFAULT_INTERVAL_SECONDS)
    if count * interval >= _LONGEST_SECONDS:
        raise SyncError(
            f"failed to parse health probe config for port {port.number}: total probe should be less than 120, please "
            "adjust interval and number of probe accordingly"
        )
    return interval, count


def _number(service: LoadBalancerService, port: Port, what: str, lowest: int, default: int) -> int:
    def check(value: int) -> str | None:
        return f"the minimum value of {what} is {lowest}" if value < lowest else None

    for key in (known.port_key(port.number, f"health-probe_{what}"), f"{known.PROBE}{what}"):
        try:
            value = known.number(service.annotations, key, check)
        except SyncError as error:
            said = f"failed to parse health probe config for port {port.number}: failed to parse annotation {key}"
            raise SyncError(f"{said}: {error}") from error
        if value is not None:
            return value
    return default
