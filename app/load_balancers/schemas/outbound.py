"""A cluster's outbound addresses on the wire."""

from datetime import datetime

from pydantic import ConfigDict

from app.api.schemas import ResponseModel
from app.clusters.schemas.outbound import OutboundAddresses
from app.jobs.schemas import JobRead, RunOptions


class OutboundUpdate(OutboundAddresses):
    """A JSON merge patch. One of `managed_ip_count`, `public_ips` and `prefix_ids`: naming one ends the other two."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"managed_ip_count": 2, "ports_per_node": 4000}]})

    options: RunOptions = RunOptions()


class SnatRead(ResponseModel):
    """The ports for outbound connections, for all nodes at their most: autoscalers at their maximum, a surge added."""

    addresses: int
    ports_available: int
    """64,000 for each address."""
    nodes: int
    surge_nodes: int
    """What an upgrade of all pools adds for a while."""
    ports_per_node: int
    """What each node has when all are there."""
    ports_needed: int
    carries_nodes: int
    """So many nodes, a surge among them, have their ports."""
    breaks_at_nodes: int
    """From so many on Azure refuses, or a node has no ports."""
    fewer_ports_at_nodes: int | None
    """By Azure's own allocation each node has fewer ports from so many nodes on; null where the ports are fixed."""
    fits: bool
    explanation: str


class OutboundRead(ResponseModel):
    """By which addresses a cluster's nodes reach the internet."""

    cluster_id: str
    managed_ip_count: int | None
    public_ip_ids: list[str]
    """The ids in Azure of own addresses."""
    prefix_ids: list[str]
    ports_per_node: int
    """As asked; 0: Azure's own allocation."""
    idle_timeout_minutes: int
    applied: bool
    """Whether Azure has it so, as last seen."""
    addresses: list[str]
    """The effective addresses, as last seen."""
    snat: SnatRead | None
    """Null where the size of a prefix is not known yet."""
    observed_at: datetime | None


class OutboundAccepted(ResponseModel):
    """The job that does it, and what is wanted now."""

    job: JobRead
    resource: OutboundRead
