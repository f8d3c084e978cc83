"""A cluster's outbound addresses on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import RequestModel, ResponseModel
from app.core.text import PLAIN
from app.jobs.schemas import JobRead, RunOptions

MOST_ADDRESSES = 100
"""https://learn.microsoft.com/azure/aks/load-balancer-standard: the most that AKS manages for a cluster."""

PrefixId = Annotated[
    str,
    StringConstraints(
        max_length=400,
        pattern=(
            r"^/subscriptions/[0-9a-fA-F-]{36}/resource[gG]roups/[A-Za-z0-9_().-]{1,90}"
            r"/providers/Microsoft\.Network/publicIPPrefixes/[A-Za-z0-9_.-]{1,80}$"
        ),
    ),
    PLAIN,
]
PublicIpName = Annotated[
    str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$"), PLAIN
]


class OutboundUpdate(RequestModel):
    """A JSON merge patch. One of `managed_ip_count`, `public_ips` and `prefix_ids`: naming one ends the other two."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"managed_ip_count": 2, "ports_per_node": 4000}]})

    managed_ip_count: Annotated[int, Field(ge=1, le=MOST_ADDRESSES)] | None = None
    """So many addresses that AKS makes and removes."""
    public_ips: Annotated[list[PublicIpName], Field(min_length=1, max_length=MOST_ADDRESSES)] | None = None
    """Addresses of the project, by id or name: GET /v1/public-ips."""
    prefix_ids: Annotated[list[PrefixId], Field(min_length=1, max_length=MOST_ADDRESSES)] | None = None
    """Public IP prefixes, by their ids in Azure; all their addresses serve."""
    ports_per_node: Annotated[int, Field(ge=0, le=64_000)] | None = None
    """In steps of 8. 0 or null leaves the allocation to Azure: 1,024 up to 50 nodes, fewer for more."""
    idle_timeout_minutes: Annotated[int, Field(ge=4, le=120)] | None = None
    """After so long without traffic a connection is dropped; null is AKS's default of 30."""
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
