"""Exposures on the wire."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import Choice, RequestModel
from app.core.text import PLAIN
from app.jobs.schemas import RunOptions
from app.load_balancers.schemas.ports import TargetPort

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_LABEL = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
ServiceName = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$"), PLAIN
]
NamespaceName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=_LABEL), PLAIN]
PortName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=_LABEL), PLAIN]
PortNumber = Annotated[int, Field(ge=1, le=65_535)]
LabelKey = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=317,
        pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$",
    ),
    PLAIN,
]
LabelValue = Annotated[
    str, StringConstraints(max_length=63, pattern=r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$"), PLAIN
]
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftnetwork
DnsLabel = Annotated[str, StringConstraints(min_length=3, max_length=63, pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$"), PLAIN]
SubnetName = Annotated[
    str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$"), PLAIN
]
ServiceTag = Annotated[
    str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)*$"), PLAIN
]
AddressRange = Annotated[str, StringConstraints(min_length=1, max_length=49, pattern=r"^[0-9A-Fa-f:./]+$"), PLAIN]
Address = Annotated[str, StringConstraints(min_length=1, max_length=45, pattern=r"^[0-9A-Fa-f:.]+$"), PLAIN]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.-]+$"), PLAIN]
ExposureReference = Annotated[
    str, StringConstraints(min_length=1, max_length=127, pattern=r"^[a-z0-9_-]+(/[a-z0-9-]+)?$"), PLAIN
]
Minutes = Annotated[int, Field(ge=4, le=100)]
"""https://learn.microsoft.com/azure/load-balancer/load-balancer-tcp-idle-timeout"""


class Protocol(StrEnum):
    """What Azure's load balancer forwards."""

    TCP = "TCP"
    UDP = "UDP"


class ProbeProtocol(StrEnum):
    """How Azure asks a node whether it is well."""

    TCP = "tcp"
    HTTP = "http"
    HTTPS = "https"


class TrafficPolicy(StrEnum):
    """`Local` keeps the client's address, and only nodes with a ready pod take traffic."""

    CLUSTER = "Cluster"
    LOCAL = "Local"


class SessionAffinity(StrEnum):
    """`ClientIP` leads a client to the same pod again."""

    NONE = "None"
    CLIENT_IP = "ClientIP"


class IpFamily(StrEnum):
    """A family of addresses; it is only ever what was asked for."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"


def _ipv4() -> list[IpFamily]:
    return [IpFamily.IPV4]


class HealthProbe(RequestModel):
    """How Azure's load balancer probes the nodes for one port."""

    protocol: Choice[ProbeProtocol] = ProbeProtocol.TCP
    path: Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^/[!-~]*$"), PLAIN] | None = None
    """For http and https; default `/`."""
    port: PortNumber | None = None
    """A port of the exposure whose node port is probed; default: the port itself."""
    interval_seconds: Annotated[int, Field(ge=5, le=60)] = 5
    threshold: Annotated[int, Field(ge=2, le=20)] = 2
    """Failures in a row after which a node gets no traffic; interval times threshold is less than 120 s."""


class ExposurePort(RequestModel):
    """A port at the address, and the pods' port behind it."""

    name: PortName | None = None
    """Required where there are several ports."""
    port: PortNumber
    target_port: TargetPort | None = None
    """The pods' port, by number or name; default: `port`."""
    protocol: Choice[Protocol] = Protocol.TCP
    probe: HealthProbe | None = None
    """Default: TCP to the port's own node port, every 5 s, written out so that no version of AKS chooses otherwise."""


class PublicIpChoice(RequestModel):
    """Which static public address: one that the project has, or a new one."""

    id: Reference | None = None
    """An address of `/v1/public-ips`, by id or name. It is never deleted with the exposure."""
    make: Annotated[bool, Field()] = False
    """Reserve a new one for this exposure."""
    keep: Annotated[bool, Field()] = False
    """With `make`: it stays reserved for the project when the exposure is deleted."""


class ExposureCreate(RequestModel):
    """A new exposure: a Service of type LoadBalancer that Slipway makes and looks after."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "web",
                    "namespace": "default",
                    "selector": {"app": "web"},
                    "ports": [
                        {
                            "name": "http",
                            "port": 80,
                            "target_port": 8080,
                            "protocol": "TCP",
                            "probe": {"protocol": "http", "path": "/healthz"},
                        }
                    ],
                    "allowed_source_ranges": ["203.0.113.0/24"],
                }
            ]
        }
    )

    name: ServiceName
    """The Service's name."""
    namespace: NamespaceName = "default"
    selector: Annotated[dict[LabelKey, LabelValue], Field(max_length=32)] | None = None
    """Labels of the pods that serve."""
    service: ServiceName | None = None
    """In place of `selector`: an existing Service of the namespace whose pods are meant. It is not changed."""
    ports: Annotated[list[ExposurePort], Field(min_length=1, max_length=100)]
    internal: Annotated[bool, Field()] = False
    """An address of the cluster's virtual network, not of the internet."""
    public_ip: PublicIpChoice | None = None
    """A static public address; default: Azure makes one with the exposure, and it goes with it."""
    dns_label: DnsLabel | None = None
    """`<label>.<location>.cloudapp.azure.com` leads to the address."""
    allowed_source_ranges: Annotated[list[AddressRange], Field(max_length=500)] | None = None
    """Networks from which clients may come, as CIDR. Null: from everywhere."""
    allowed_service_tags: Annotated[list[ServiceTag], Field(max_length=50)] | None = None
    """Azure's names for networks of its services, such as `AzureFrontDoor.Backend`; they may come as well."""
    subnet: SubnetName | None = None
    """With `internal`: the subnet of the cluster's virtual network that the address is of; default: the nodes' own."""
    private_address: Address | None = None
    """With `internal`: the address; default: Azure chooses one."""
    external_traffic_policy: Choice[TrafficPolicy] = TrafficPolicy.CLUSTER
    """With `Local` the probe is Kubernetes' own (http, `/healthz`, the Service's health check node port)."""
    session_affinity: Choice[SessionAffinity] = SessionAffinity.NONE
    idle_timeout_minutes: Minutes | None = None
    """After so long without traffic a connection is forgotten; default: Azure's 4 minutes."""
    tcp_reset: Annotated[bool, Field()] = True
    """Both ends of a connection that is forgotten are told."""
    share_address_with: ExposureReference | None = None
    """An exposure of the same cluster, by id or as `namespace/name`, whose address serves these ports too."""
    ip_families: Annotated[list[Choice[IpFamily]], Field(min_length=1, max_length=2, default_factory=_ipv4)]
    """Default: IPv4. Both: an address of each family; the cluster's network must have both."""
    options: RunOptions = RunOptions()


class ExposureUpdate(RequestModel):
    """A JSON merge patch (RFC 7396): what is not named stays, null is the default again; lists are replaced whole."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"allowed_source_ranges": ["203.0.113.0/24", "198.51.100.0/24"]}]}
    )

    selector: Annotated[dict[LabelKey, LabelValue | None], Field(max_length=32)] | None = None
    service: ServiceName | None = None
    ports: Annotated[list[ExposurePort], Field(min_length=1, max_length=100)] | None = None
    internal: bool | None = None
    public_ip: PublicIpChoice | None = None
    dns_label: DnsLabel | None = None
    allowed_source_ranges: Annotated[list[AddressRange], Field(max_length=500)] | None = None
    allowed_service_tags: Annotated[list[ServiceTag], Field(max_length=50)] | None = None
    subnet: SubnetName | None = None
    private_address: Address | None = None
    external_traffic_policy: Choice[TrafficPolicy] | None = None
    session_affinity: Choice[SessionAffinity] | None = None
    idle_timeout_minutes: Minutes | None = None
    tcp_reset: bool | None = None
    ip_families: Annotated[list[Choice[IpFamily]], Field(min_length=1, max_length=2)] | None = None
    options: RunOptions = RunOptions()
