"""Exposures as they are answered."""

from datetime import datetime
from typing import Any

from app.api.schemas import ResponseModel
from app.jobs.schemas import JobRead


class ExposedPortRead(ResponseModel):
    """A port as the Service has it."""

    name: str | None
    port: int
    target_port: int | str | None
    protocol: str
    node_port: int | None


class ExposedAddressRead(ResponseModel):
    """An address at which the exposure answers."""

    address: str
    family: str
    """IPv4 or IPv6."""
    internal: bool
    fqdn: str | None
    azure_id: str | None
    """The public IP in Azure, once it is known there; null for an internal address."""
    frontend: str | None
    """The load balancer's frontend, by name."""
    origin: str | None
    """Whose the address is: `exposure` (made by Azure for it, and gone with it), `reserved` (of `/v1/public-ips`),
    `shared` (another exposure's), `caller` (neither Slipway nor the cluster made it); new ones may come."""


class ExposureHealthRead(ResponseModel):
    """Who stands behind the address."""

    ready: int
    """Pods that take traffic."""
    not_ready: int


class PendingRead(ResponseModel):
    """Why there is no address yet, from the Service's events and from Azure."""

    code: str
    detail: str
    remedy: str | None
    retryable: bool
    """Azure tries again by itself; else somebody has to do something first."""
    since: datetime | None


class ExposureRead(ResponseModel):
    """A Service of type LoadBalancer."""

    id: str
    cluster_id: str
    namespace: str
    name: str
    managed: bool
    """Slipway made it. One made by others (kubectl, Helm) is shown, and never changed."""
    state: str
    """pending, ready, updating, deleting, deleted, failed or lost; new states may come."""
    internal: bool
    addresses: list[ExposedAddressRead]
    ports: list[ExposedPortRead]
    health: ExposureHealthRead | None
    pending: PendingRead | None
    warnings: list[str]
    """What works, and is probably not what was meant: a selector that matches no pod, for example."""
    wanted: dict[str, Any] | None
    """What was asked for; null where others made the Service."""
    observed: dict[str, Any] | None
    """What was last seen of the Service and of Azure, at `observed_at`."""
    observed_at: datetime | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class ExposureAccepted(ResponseModel):
    """The job that does it, and the exposure as it is now."""

    job: JobRead
    resource: ExposureRead


class ExposureUnchanged(ResponseModel):
    """Nothing was to do: the exposure is as it was asked for. There is no job."""

    job: None = None
    resource: ExposureRead
