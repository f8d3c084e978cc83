"""The Service that an exposure is, and the names that Azure's cloud controller gives to what it makes for it."""

from collections.abc import Mapping

from app.kubernetes.types.service import ServicePort, ServiceSpec, ServiceState
from app.load_balancers.specs.annotations import StaticAddress, annotations_of
from app.load_balancers.specs.exposure_wanted import WantedExposure

EXPOSURE_LABEL = "slipway.dev/exposure"
JOB_ANNOTATION = "slipway.dev/job"
"""The job that applied the Service last. Each job's is new, so that the controller looks at the Service again."""
_MANAGED_BY = ("app.kubernetes.io/managed-by", "slipway")
_LONGEST_BASE = 32


def service_of(
    *,
    exposure_id: str,
    job_id: str,
    namespace: str,
    name: str,
    wanted: WantedExposure,
    selector: Mapping[str, str],
    statics: tuple[StaticAddress, ...] = (),
) -> ServiceSpec:
    """The Service as it is applied; what is not asked for is left out, and stays whoever's it is."""
    dual = len(wanted.ip_families) > 1
    return ServiceSpec(
        namespace=namespace,
        name=name,
        ports=tuple(ServicePort(port.name, port.port, port.target_port, port.protocol) for port in wanted.ports),
        labels=dict([_MANAGED_BY, (EXPOSURE_LABEL, exposure_id)]),
        annotations={**annotations_of(wanted, statics), JOB_ANNOTATION: job_id},
        selector=selector,
        external_traffic_policy=wanted.external_traffic_policy,
        session_affinity=wanted.session_affinity,
        source_ranges=wanted.allowed_source_ranges or (),
        ip_families=wanted.ip_families,
        ip_family_policy="RequireDualStack" if dual else "SingleStack",
    )


def is_ours(service: ServiceState, exposure_id: str) -> bool:
    """Whether Slipway made the Service for just this exposure."""
    return service.labels.get(EXPOSURE_LABEL) == exposure_id


def base_name(uid: str) -> str:
    """With what the names of the Service's frontends, rules and probes begin (cloud-provider: a<uid>)."""
    return f"a{uid.replace('-', '')}"[:_LONGEST_BASE]


def own_address_name(uid: str) -> str:
    """With what the name of a public IP begins that the controller makes for the Service."""
    return f"kubernetes-{base_name(uid)}"
