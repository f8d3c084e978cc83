"""By which addresses a cluster's nodes reach the internet through its load balancer, on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.schemas import RequestModel
from app.clusters.schemas.azure_names import PrefixId
from app.core.text import PLAIN

MOST_ADDRESSES = 100
"""https://learn.microsoft.com/azure/aks/load-balancer-standard: the most that AKS manages for a cluster."""

PublicIpName = Annotated[
    str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$"), PLAIN
]


class OutboundAddresses(RequestModel):
    """One of `managed_ip_count`, `public_ips` and `prefix_ids`, and the ports of each node."""

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
