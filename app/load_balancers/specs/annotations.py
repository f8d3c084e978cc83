"""The annotations by which Azure's cloud controller takes its orders; no other place knows their names.

https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/#loadbalancer-annotations
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.load_balancers.specs.exposure_wanted import WantedExposure, WantedPort, WantedProbe

_PREFIX = "service.beta.kubernetes.io/"
INTERNAL = f"{_PREFIX}azure-load-balancer-internal"
SUBNET = f"{_PREFIX}azure-load-balancer-internal-subnet"
_IPV4 = f"{_PREFIX}azure-load-balancer-ipv4"
_IPV6 = f"{_PREFIX}azure-load-balancer-ipv6"
PIP_NAME = f"{_PREFIX}azure-pip-name"
PIP_NAME_IPV6 = f"{_PREFIX}azure-pip-name-ipv6"
PIP_GROUP = f"{_PREFIX}azure-load-balancer-resource-group"
DNS_LABEL = f"{_PREFIX}azure-dns-label-name"
_SERVICE_TAGS = f"{_PREFIX}azure-allowed-service-tags"
_IDLE_TIMEOUT = f"{_PREFIX}azure-load-balancer-tcp-idle-timeout"
_NO_TCP_RESET = f"{_PREFIX}azure-load-balancer-disable-tcp-reset"
_TRUE = "true"


@dataclass(frozen=True, slots=True)
class StaticAddress:
    """The address that a Service is to have. `name`: a public IP's; `group`: where it is not in the node group."""

    address: str | None = None
    name: str | None = None
    group: str | None = None
    version: str = "IPv4"


def annotations_of(wanted: WantedExposure, statics: tuple[StaticAddress, ...] = ()) -> dict[str, str]:
    """What is asked of Azure beside the Service's own fields."""
    return {**dict(_asked(wanted)), **dict(_statics(statics)), **dict(_probes(wanted))}


def is_internal(annotations: Mapping[str, str]) -> bool:
    """Whether a Service asks for an address of the virtual network."""
    return annotations.get(INTERNAL, "").lower() == _TRUE


def _asked(wanted: WantedExposure) -> Iterator[tuple[str, str]]:
    if wanted.internal:
        yield INTERNAL, _TRUE
    if wanted.subnet is not None:
        yield SUBNET, wanted.subnet
    if wanted.private_address is not None:
        yield (_IPV6 if ":" in wanted.private_address else _IPV4), wanted.private_address
    if wanted.dns_label is not None:
        yield DNS_LABEL, wanted.dns_label
    if wanted.allowed_service_tags:
        yield _SERVICE_TAGS, ",".join(wanted.allowed_service_tags)
    if wanted.idle_timeout_minutes is not None:
        yield _IDLE_TIMEOUT, str(wanted.idle_timeout_minutes)
    if not wanted.tcp_reset:
        yield _NO_TCP_RESET, _TRUE


def _statics(statics: tuple[StaticAddress, ...]) -> Iterator[tuple[str, str]]:
    for static in statics:
        second = static.version == "IPv6"
        if static.name is not None:
            yield (PIP_NAME_IPV6 if second else PIP_NAME), static.name
        elif static.address is not None:
            yield (_IPV6 if second else _IPV4), static.address
        if static.group is not None:
            yield PIP_GROUP, static.group


def _probes(wanted: WantedExposure) -> Iterator[tuple[str, str]]:
    """Trouble 60: each port's probe in full, so that no version of the controller chooses it.

    With `Local` the controller takes Kubernetes' own health check node port and no annotation; UDP has no probe.
    """
    if wanted.local:
        return
    for port in wanted.ports:
        if port.protocol == "TCP":
            yield from _probe(port, port.probe or WantedProbe())


def _probe(port: WantedPort, probe: WantedProbe) -> Iterator[tuple[str, str]]:
    prefix = f"{_PREFIX}port_{port.port}_health-probe_"
    yield f"{prefix}protocol", probe.protocol
    yield f"{prefix}port", str(probe.port or port.port)
    if probe.protocol != "tcp":
        yield f"{prefix}request-path", probe.path or "/"
    yield f"{prefix}interval", str(probe.interval_seconds)
    yield f"{prefix}num-of-probe", str(probe.threshold)
