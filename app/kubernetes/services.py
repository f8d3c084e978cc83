"""Services, events, endpoints: from Slipway's types to Kubernetes' objects and back."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from lightkube.models.core_v1 import ClientIPConfig, SessionAffinityConfig
from lightkube.models.core_v1 import ServicePort as KubernetesServicePort
from lightkube.models.core_v1 import ServiceSpec as KubernetesServiceSpec
from lightkube.models.core_v1 import ServiceStatus as KubernetesServiceStatus
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Event, Namespace, Service
from lightkube.resources.discovery_v1 import EndpointSlice

from app.kubernetes.types.service import (
    EndpointsState,
    EventSeen,
    NamespaceState,
    ServiceCondition,
    ServicePort,
    ServiceSpec,
    ServiceState,
)


def service_body(spec: ServiceSpec) -> Service:
    """The object that is applied: all that Slipway wants to own, and nothing else."""
    seconds = spec.session_affinity_seconds
    return Service(
        metadata=ObjectMeta(
            namespace=spec.namespace,
            name=spec.name,
            labels=dict(spec.labels) or None,
            annotations=dict(spec.annotations) or None,
        ),
        spec=KubernetesServiceSpec(
            type=spec.type,
            selector=dict(spec.selector) or None,
            ports=[_port_body(port) for port in spec.ports],
            externalTrafficPolicy=spec.external_traffic_policy,
            sessionAffinity=spec.session_affinity,
            sessionAffinityConfig=SessionAffinityConfig(clientIP=ClientIPConfig(timeoutSeconds=seconds))
            if seconds is not None
            else None,
            loadBalancerSourceRanges=list(spec.source_ranges) or None,
            ipFamilies=list(spec.ip_families) or None,
            ipFamilyPolicy=spec.ip_family_policy,
            loadBalancerClass=spec.load_balancer_class,
            allocateLoadBalancerNodePorts=spec.allocate_node_ports,
        ),
    )


def service_state(service: Service) -> ServiceState:
    """What matters of a Service."""
    metadata = service.metadata or ObjectMeta()
    spec = service.spec or KubernetesServiceSpec()
    status = service.status or KubernetesServiceStatus()
    affinity = spec.sessionAffinityConfig.clientIP if spec.sessionAffinityConfig else None
    balancer = (status.loadBalancer.ingress if status.loadBalancer else None) or []
    return ServiceState(
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        uid=metadata.uid or "",
        resource_version=metadata.resourceVersion or "",
        type=spec.type or "ClusterIP",
        labels=_words(metadata.labels),
        annotations=_words(metadata.annotations),
        selector=_words(spec.selector),
        ports=tuple(_port_state(port) for port in spec.ports or ()),
        cluster_ips=tuple(spec.clusterIPs or ([spec.clusterIP] if spec.clusterIP else ())),
        external_traffic_policy=spec.externalTrafficPolicy,
        health_check_node_port=spec.healthCheckNodePort,
        session_affinity=spec.sessionAffinity,
        session_affinity_seconds=affinity.timeoutSeconds if affinity else None,
        source_ranges=tuple(spec.loadBalancerSourceRanges or ()),
        ip_families=tuple(spec.ipFamilies or ()),
        ip_family_policy=spec.ipFamilyPolicy,
        load_balancer_class=spec.loadBalancerClass,
        load_balancer_ip=spec.loadBalancerIP,
        ingress=tuple(found for one in balancer if (found := one.ip or one.hostname)),
        conditions=tuple(
            ServiceCondition(one.type, one.status, one.reason or None, one.message or None)
            for one in status.conditions or ()
        ),
        deleting=metadata.deletionTimestamp is not None,
        finalizers=tuple(metadata.finalizers or ()),
        managers=tuple(sorted({one.manager for one in metadata.managedFields or () if one.manager})),
        created_at=metadata.creationTimestamp,
    )


def event_seen(event: Event) -> EventSeen:
    """What matters of an event, of either of the two ways to write one (`count`, or `series`)."""
    about, series, source = event.involvedObject, event.series, event.source
    first = event.firstTimestamp or event.eventTime or event.metadata.creationTimestamp
    last = (series.lastObservedTime if series else None) or event.lastTimestamp or event.eventTime or first
    return EventSeen(
        reason=event.reason or "",
        message=event.message or "",
        type=event.type or "Normal",
        count=(series.count if series else None) or event.count or 1,
        first_seen=first,
        last_seen=last,
        source=event.reportingComponent or (source.component if source else None) or "",
        kind=about.kind or "",
        name=about.name or "",
        namespace=about.namespace or "",
        uid=about.uid or "",
    )


def in_order(events: Iterable[EventSeen]) -> tuple[EventSeen, ...]:
    """Events, oldest first by when they were last seen."""
    return tuple(sorted(events, key=lambda event: event.last_seen or datetime.min.replace(tzinfo=UTC)))


def endpoints_state(slices: Iterable[EndpointSlice]) -> EndpointsState:
    """How many addresses the slices of one Service hold; an address of both families counts once for each pod."""
    # `ready` that is not said means ready (the API's own rule).
    known: dict[str, bool] = {}
    for part in slices:
        for endpoint in part.endpoints or ():
            target = endpoint.targetRef.uid if endpoint.targetRef else None
            ready = endpoint.conditions is None or endpoint.conditions.ready is not False
            for key in [target] if target else endpoint.addresses:
                known[key] = known.get(key, False) or ready
    ready_ones = sum(known.values())
    return EndpointsState(ready=ready_ones, not_ready=len(known) - ready_ones)


def namespace_state(namespace: Namespace) -> NamespaceState:
    """What matters of a namespace."""
    metadata = namespace.metadata or ObjectMeta()
    phase = namespace.status.phase if namespace.status else None
    return NamespaceState(
        name=metadata.name or "", deleting=phase == "Terminating" or metadata.deletionTimestamp is not None
    )


def _port_body(port: ServicePort) -> KubernetesServicePort:
    return KubernetesServicePort(
        name=port.name,
        port=port.port,
        targetPort=port.target_port,
        protocol=port.protocol,
        nodePort=port.node_port,
    )


def _port_state(port: KubernetesServicePort) -> ServicePort:
    return ServicePort(
        name=port.name or None,
        port=port.port,
        target_port=port.targetPort,
        protocol=port.protocol or "TCP",
        node_port=port.nodePort or None,
    )


def _words(found: Mapping[str, str] | None) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in (found or {}).items()}
