"""What a row keeps of what was seen of a Service: `exposures.observed` and `exposures.addresses`."""

from dataclasses import asdict, dataclass
from datetime import datetime

from app.core.json import JsonObject
from app.kubernetes.types.service import EndpointsState, ServiceState
from app.load_balancers.specs.annotations import DNS_LABEL, annotations_of, is_internal
from app.load_balancers.specs.exposure_wanted import WantedExposure
from app.load_balancers.specs.pieces import Pieces
from app.load_balancers.specs.services import EXPOSURE_LABEL

NO_PODS = "No pod matches the selector: the address is there, and nobody answers at it."
NO_READY_PODS = "No pod is ready: the address is there, and nobody answers at it."
NO_READY_PODS_LOCAL = (
    "No pod is ready. With `external_traffic_policy: Local` no machine passes Azure's probe: connections are refused."
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found at the end: the Service, who stands behind it, and the pieces in Azure."""

    service: ServiceState
    endpoints: EndpointsState
    pieces: Pieces

    @property
    def warnings(self) -> list[str]:
        """What works, and is probably not what was meant."""
        return [*pods_warnings(self.service, self.endpoints), *self.pieces.warnings]


def pods_warnings(service: ServiceState, endpoints: EndpointsState) -> list[str]:
    """What is said of a Service behind which nobody stands."""
    if endpoints.ready:
        return []
    if service.external_traffic_policy == "Local":
        return [NO_READY_PODS_LOCAL]
    return [NO_READY_PODS if endpoints.not_ready else NO_PODS]


def observed_service(service: ServiceState) -> JsonObject:
    """What is kept of the Service itself. Annotations of others may hold anything; those about Azure are kept."""
    return {
        "internal": is_internal(service.annotations),
        "ports": [asdict(port) for port in service.ports],
        "uid": service.uid,
        "selector": dict(service.selector),
        "external_traffic_policy": service.external_traffic_policy,
        "session_affinity": service.session_affinity,
        "allowed_source_ranges": list(service.source_ranges),
        "ip_families": list(service.ip_families),
        "dns_label": service.annotations.get(DNS_LABEL),
        "annotations": {
            key: value[:_LONGEST_VALUE]
            for key, value in sorted(service.annotations.items())[:_MOST_ANNOTATIONS]
            if key.startswith("service.beta.kubernetes.io/")
        },
        "managers": list(service.managers),
        "deleting": service.deleting,
    }


_LONGEST_VALUE = 1_000
_MOST_ANNOTATIONS = 100


def seen_as_wanted(wanted: WantedExposure, observed: JsonObject) -> bool:
    """Whether what was last seen of the Service itself is what is wanted; annotations only as far as they are kept."""
    ports = [
        (port.port, port.protocol, port.target_port if port.target_port is not None else port.port)
        for port in wanted.ports
    ]
    seen_ports = [(port["port"], port["protocol"], port["target_port"]) for port in observed.get("ports") or ()]
    same = {
        "internal": wanted.internal,
        "external_traffic_policy": wanted.external_traffic_policy,
        "session_affinity": wanted.session_affinity,
        "ip_families": list(wanted.ip_families),
    }
    ranges, seen_ranges = wanted.allowed_source_ranges or (), observed.get("allowed_source_ranges") or ()
    return (
        all(observed.get(name) == value for name, value in same.items())
        and sorted(ports, key=str) == sorted(seen_ports, key=str)
        and sorted(ranges) == sorted(seen_ranges)
        and (wanted.selector is None or dict(wanted.selector) == observed.get("selector"))
        and _annotations_seen(wanted, observed.get("annotations") or {})
    )


def _annotations_seen(wanted: WantedExposure, seen: JsonObject) -> bool:
    if len(seen) >= _MOST_ANNOTATIONS:
        return True
    return all(seen.get(key) == value[:_LONGEST_VALUE] for key, value in annotations_of(wanted).items())


def observed_proof(proof: Proof) -> JsonObject:
    """What is kept when a job has proven an exposure."""
    pieces = proof.pieces
    return {
        **observed_service(proof.service),
        "health": {"ready": proof.endpoints.ready, "not_ready": proof.endpoints.not_ready},
        "warnings": proof.warnings,
        "azure": {
            "rules": list(pieces.rules),
            "probes": list(pieces.probes),
            "machines": pieces.members,
            "security_rules": list(pieces.security_rules),
        },
    }


@dataclass(frozen=True, slots=True)
class Sighting:
    """A Service of type LoadBalancer as it was seen. `exposure_id`: by its label, None when others made it."""

    namespace: str
    name: str
    uid: str
    exposure_id: str | None
    addresses: tuple[str, ...]
    internal: bool
    deleting: bool
    observed: JsonObject
    created_at: datetime | None


def sighting(service: ServiceState) -> Sighting:
    """What a reader saw of a Service of type LoadBalancer."""
    return Sighting(
        namespace=service.namespace,
        name=service.name,
        uid=service.uid,
        exposure_id=service.labels.get(EXPOSURE_LABEL),
        addresses=service.ingress,
        internal=is_internal(service.annotations),
        deleting=service.deleting,
        observed=observed_service(service),
        created_at=service.created_at,
    )
