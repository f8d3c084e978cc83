"""The rules of an exposure that its schema cannot say. All that is broken is told at once."""

import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core.errors import FieldError, InvalidRequestError
from app.load_balancers.schemas.exposures import ExposureCreate, ExposurePort, HealthProbe, IpFamily, Protocol
from app.load_balancers.schemas.exposures import ProbeProtocol as Probes
from app.load_balancers.schemas.exposures import TrafficPolicy as Policy
from app.load_balancers.specs.exposure_wanted import WantedExposure, WantedPort, WantedProbe, WantedPublicIp

# https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/#load-balancer-health-probe
_LONGEST_PROBING_SECONDS = 120


@dataclass
class Broken:
    """The rules that a request breaks."""

    errors: list[FieldError] = field(default_factory=list)

    def add(self, code: str, pointer: str, detail: str) -> None:
        """Note one."""
        self.errors.append(FieldError(code, pointer, detail))

    def raise_if_any(self) -> None:
        """Raise InvalidRequestError with all that was noted."""
        if self.errors:
            raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=self.errors)


def check_exposure(body: ExposureCreate, share_with: str | None, against: Sequence[FieldError] = ()) -> WantedExposure:
    """Check an exposure, or what a change makes of it, and say what it wants.

    `share_with`: the id of the exposure whose address it shares; `against`: what rows have against it. Raises
    InvalidRequestError with every rule that it breaks.
    """
    broken = Broken([*against])
    _pods(body, broken)
    _ports(body, broken)
    _address(body, broken)
    _clients(body, broken)
    broken.raise_if_any()
    return WantedExposure(
        ports=tuple(_wanted_port(port) for port in body.ports),
        selector=body.selector,
        service=body.service,
        internal=body.internal,
        public_ip=WantedPublicIp(**body.public_ip.model_dump()) if body.public_ip else None,
        dns_label=body.dns_label,
        allowed_source_ranges=_tuple(body.allowed_source_ranges),
        allowed_service_tags=_tuple(body.allowed_service_tags),
        subnet=body.subnet,
        private_address=body.private_address,
        external_traffic_policy=body.external_traffic_policy.value,
        session_affinity=body.session_affinity.value,
        idle_timeout_minutes=body.idle_timeout_minutes,
        tcp_reset=body.tcp_reset,
        share_address_with=share_with,
        ip_families=tuple(family.value for family in body.ip_families),
    )


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _wanted_port(port: ExposurePort) -> WantedPort:
    probe = port.probe
    return WantedPort(
        port=port.port,
        name=port.name,
        target_port=port.target_port,
        protocol=port.protocol.value,
        probe=None if probe is None else WantedProbe(**probe.model_dump(mode="json")),
    )


def _pods(body: ExposureCreate, broken: Broken) -> None:
    if body.selector is None and body.service is None:
        broken.add("required", "/selector", "Give `selector`, or `service`: the pods that are meant.")
    if body.selector is not None and body.service is not None:
        broken.add("pods_given_twice", "/service", "Give `selector` or `service`, not both.")
    if body.selector == {}:
        broken.add("empty_selector", "/selector", "An empty selector matches no pod, now and later.")
    if body.service == body.name:
        broken.add("service_is_itself", "/service", "The exposure is a new Service: it needs a name of its own.")


def _ports(body: ExposureCreate, broken: Broken) -> None:
    seen: set[tuple[int, str]] = set()
    names = Counter(port.name for port in body.ports if port.name is not None)
    probed = {port.port for port in body.ports if port.protocol is Protocol.TCP}
    for index, port in enumerate(body.ports):
        at = f"/ports/{index}"
        if (port.port, port.protocol) in seen:
            broken.add("duplicate_port", f"{at}/port", f"{port.protocol} port {port.port} is there twice.")
        seen.add((port.port, port.protocol))
        if port.name is None and len(body.ports) > 1:
            broken.add("required", f"{at}/name", "Of several ports each has a name.")
        if port.name is not None and names[port.name] > 1:
            broken.add("duplicate_port_name", f"{at}/name", "Another port has this name.")
        if port.probe is not None:
            _probe(port, port.probe, probed, f"{at}/probe", broken, local=body.external_traffic_policy is Policy.LOCAL)


def _probe(port: ExposurePort, probe: HealthProbe, probed: set[int], at: str, broken: Broken, *, local: bool) -> None:
    if local:
        broken.add(
            "probe_with_local",
            at,
            "With `external_traffic_policy: Local` Azure probes the Service's health check node port: leave it out.",
        )
    if port.protocol is not Protocol.TCP:
        broken.add("probe_of_udp", at, "Azure probes no UDP port; leave it out.")
    if probe.path is not None and probe.protocol is Probes.TCP:
        broken.add("path_without_http", f"{at}/path", "A TCP probe asks for no path; take `http` or `https`.")
    if probe.port is not None and probe.port not in probed:
        broken.add("unknown_probe_port", f"{at}/port", "It is the number of a TCP port of this exposure.")
    if probe.interval_seconds * probe.threshold >= _LONGEST_PROBING_SECONDS:
        broken.add(
            "probe_too_slow",
            f"{at}/threshold",
            f"Interval times threshold is less than {_LONGEST_PROBING_SECONDS} seconds.",
        )


def _address(body: ExposureCreate, broken: Broken) -> None:
    _contradictions(body, broken)
    if len(set(body.ip_families)) < len(body.ip_families):
        broken.add("duplicate_family", "/ip_families", "Each family once.")
    if body.public_ip is not None:
        if (body.public_ip.id is None) is not body.public_ip.make:
            broken.add("public_ip_unclear", "/public_ip", "Give `id`, or `make: true`: one of the two.")
        if body.public_ip.keep and not body.public_ip.make:
            broken.add("keep_without_make", "/public_ip/keep", "An address that the project has is kept anyway.")
        if len(body.ip_families) > 1:
            broken.add("static_dual_stack", "/public_ip", "A static address is of one family; ask for one family.")
    if body.private_address is not None and (found := _parsed(body.private_address, "/private_address", broken)):
        family = IpFamily(f"IPv{found.version}")
        if family not in body.ip_families:
            broken.add("other_family", "/private_address", f"It is {family}, and `ip_families` does not have that.")


def _contradictions(body: ExposureCreate, broken: Broken) -> None:
    given = body.model_dump(exclude_none=True)
    pairs = [("public_ip", "internal"), ("dns_label", "internal")] if body.internal else []
    for name, against in pairs:
        if name in given:
            broken.add(f"{name}_with_{against}", f"/{name}", "An internal exposure has no public address.")
    for name in ("subnet", "private_address"):
        if name in given and not body.internal:
            broken.add(f"{name}_without_internal", f"/{name}", "Only an internal exposure has it: `internal: true`.")
    if body.share_address_with is None:
        return
    for name in ("public_ip", "dns_label", "subnet", "private_address"):
        if name in given:
            broken.add(
                f"{name}_with_shared_address",
                f"/{name}",
                "The address is that of the other exposure, and is asked for there.",
            )


def _clients(body: ExposureCreate, broken: Broken) -> None:
    # Trouble 57: Kubernetes takes an empty list for "everybody".
    for name, values in (
        ("allowed_source_ranges", body.allowed_source_ranges),
        ("allowed_service_tags", body.allowed_service_tags),
    ):
        if values == []:
            broken.add("empty_list", f"/{name}", "It would let nobody in. Leave it out, or null, to let everybody in.")
        for index, value in enumerate(values or []):
            if (values or []).index(value) != index:
                broken.add("duplicate_value", f"/{name}/{index}", "It is there twice.")
    for index, text in enumerate(body.allowed_source_ranges or []):
        _range(text, f"/allowed_source_ranges/{index}", body.ip_families, broken)


def _range(text: str, at: str, families: list[IpFamily], broken: Broken) -> None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        broken.add("invalid_range", at, "A range is written like 203.0.113.0/24 or 2001:db8::/32.")
        return
    if "/" not in text:
        broken.add("invalid_range", at, f"A single address is written with its length: {network}.")
    elif str(network) != text.lower():
        broken.add("range_not_aligned", at, f"Its first address does not fit its length; {network} is meant, perhaps.")
    if IpFamily(f"IPv{network.version}") not in families:
        broken.add("other_family", at, f"It is IPv{network.version}, and `ip_families` does not have that.")


def _parsed(text: str, at: str, broken: Broken) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        broken.add("invalid_address", at, "An address is written like 10.224.0.200 or fd00::200.")
        return None
