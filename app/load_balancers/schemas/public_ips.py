"""Public addresses on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.clusters.schemas.azure_names import PrefixId
from app.clusters.schemas.outbound import PublicIpName
from app.core.text import PLAIN
from app.jobs.schemas import JobRead, RunOptions
from app.subscriptions.schemas import GroupName, LocationName, Tags

# https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#domain-name-label
DnsLabel = Annotated[
    str, StringConstraints(min_length=3, max_length=63, pattern=r"^[a-z][a-z0-9-]{1,61}[a-z0-9]$"), PLAIN
]
PublicIpId = Annotated[
    str,
    StringConstraints(
        max_length=400,
        pattern=(
            r"^/subscriptions/[0-9a-fA-F-]{36}/resource[gG]roups/[A-Za-z0-9_().-]{1,90}"
            r"/providers/Microsoft\.Network/publicIPAddresses/[A-Za-z0-9_.-]{1,80}$"
        ),
    ),
    PLAIN,
]


class IpVersion(StrEnum):
    """The family of an address."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"


class PublicIpSku(StrEnum):
    """Azure gives no new Basic ones, and its Standard load balancer takes none."""

    STANDARD = "Standard"


class Zone(StrEnum):
    """An availability zone of the location."""

    FIRST = "1"
    SECOND = "2"
    THIRD = "3"


class Origin(StrEnum):
    """Who made an address: only Slipway's own are ever removed by it."""

    SLIPWAY = "slipway"
    CALLER = "caller"
    CLUSTER = "cluster"


class PublicIpCreate(RequestModel):
    """An address to be reserved. It is static, and stays until it is released."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "shop", "location": "westeurope", "tags": {"team": "payments"}}]}
    )

    name: PublicIpName
    """Unique in the project; the address's name in Azure too."""
    location: LocationName
    """The location of the clusters that shall use it."""
    resource_group: GroupName | None = None
    """Made when it does not exist. Default: `slipway-<project>-addresses`."""
    sku: Choice[PublicIpSku] = PublicIpSku.STANDARD
    version: Choice[IpVersion] = IpVersion.IPV4
    zones: Annotated[list[Choice[Zone]], Field(max_length=3)] | None = None
    """Availability zones of the location; null lets Azure keep the address in all of them."""
    dns_label: DnsLabel | None = None
    """The address answers at `<label>.<location>.cloudapp.azure.com`; a label is unique in its location."""
    idle_timeout_minutes: Annotated[int, Field(ge=4, le=30)] = 4
    prefix_id: PrefixId | None = None
    """The public IP prefix out of which the address is taken, by its id in Azure."""
    tags: Annotated[Tags, Field(default_factory=dict)]
    options: RunOptions = RunOptions()


class PublicIpAdopt(RequestModel):
    """An address that is in Azure already. Slipway uses it, and never changes or removes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "azure_id": "/subscriptions/0d5a1f3e-7c2b-4e8a-9f60-51c9a2b7d401/resourceGroups/edge"
                    "/providers/Microsoft.Network/publicIPAddresses/www",
                }
            ]
        }
    )

    azure_id: PublicIpId
    """Its id in Azure, in the project's subscription."""
    name: PublicIpName | None = None
    """Unique in the project; default: its name in Azure."""
    options: RunOptions = RunOptions()


class PublicIpSweep(RequestModel):
    """Which addresses shall be released that nothing uses."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"unused_days": 30}]})

    unused_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """Those that nothing has used for so long; only what Slipway made is released."""
    options: RunOptions = RunOptions()


class AddressUse(ResponseModel):
    """Who has an address."""

    kind: str
    """service, outbound, other or none; new kinds may come."""
    cluster_id: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    name: str | None = None
    """The Service's name."""
    exposure_id: str | None = None
    azure_id: str | None = None
    """The frontend, or whatever else in Azure has it; null where Azure does not show it yet."""


class Orphan(ResponseModel):
    """An address that nothing uses, which costs money all the same."""

    since: datetime
    action: str
    """`release`: Slipway made it; `forget`: it is yours and stays in Azure; `remove_by_hand`: a cluster left it."""
    remedy: str


class PublicIpRead(ResponseModel):
    """A public address of the project: reserved, adopted, or made for a cluster by Azure."""

    id: str | None
    """Null for one that only a cluster has: it is not in the project's hands."""
    name: str
    state: str
    """creating, ready, deleting, deleted, failed or lost; new states may come."""
    origin: str
    """slipway: reserved here; caller: adopted; cluster: AKS or a Service made it."""
    address: str | None
    version: str
    sku: str
    dns_label: str | None
    fqdn: str | None
    zones: list[str]
    location: str
    resource_group: str
    subscription_id: str
    azure_id: str
    prefix_id: str | None
    idle_timeout_minutes: int | None
    used_by: AddressUse
    orphan: Orphan | None
    tags: dict[str, str]
    observed_at: datetime | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class PublicIpAccepted(ResponseModel):
    """The job that does it, and the address as it is now."""

    job: JobRead
    resource: PublicIpRead


class PublicIpKept(ResponseModel):
    """An address that a sweep leaves, and why."""

    id: str | None
    name: str
    address: str | None
    reason: str


class PublicIpSwept(ResponseModel):
    """The jobs that release addresses, and what stays."""

    jobs: list[JobRead]
    kept: list[PublicIpKept]
