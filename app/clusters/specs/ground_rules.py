"""The rules between a new cluster and the virtual networks that are known: only a certain no is told.

What a subnet still holds is looked at by the job, right before Azure is asked.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_network
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from app.api.in_part import unless_refused
from app.azure.types.network import VirtualNetwork
from app.clusters.schemas.clusters import ClusterCreate
from app.clusters.specs.network_rules import Ranges
from app.clusters.specs.rejections import Rejections
from app.core.json import JsonObject

_AKS_SERVICES = "10.0.0.0/16"
"""What AKS takes for Services when nothing is said."""


KnownNetworks: TypeAlias = Mapping[str, VirtualNetwork]
"""Virtual networks by their ids in lower case."""
_NETWORK = TypeAdapter(VirtualNetwork)


def known_networks(bodies: Mapping[str, JsonObject]) -> KnownNetworks:
    """The networks that rows keep, by key."""
    found = {}
    for key, body in bodies.items():
        # What a worker of another version wrote may be unreadable; the job looks itself.
        with suppress(ValidationError):
            found[key] = _NETWORK.validate_python(body)
    return found


def subnets_of(body: ClusterCreate) -> dict[str, str]:
    """The subnets that a request names, by where."""
    found = {"/network/subnet_id": body.network.subnet_id if body.network is not None else None}
    for index, pool in enumerate(body.node_pools or ()):
        found[f"/node_pools/{index}/subnet_id"] = pool.subnet_id
        found[f"/node_pools/{index}/pod_subnet_id"] = pool.pod_subnet_id
    return {pointer: subnet for pointer, subnet in found.items() if subnet is not None}


def network_key(subnet_id: str) -> str:
    """The id of a subnet's virtual network, in lower case."""
    return subnet_id.lower().rpartition("/subnets/")[0]


@unless_refused()
def check_ground(body: ClusterCreate, *, networks: KnownNetworks, rejections: Rejections) -> None:
    """Note subnets in another location, and ranges that overlap with a network's. `networks`: by their keys."""
    named = subnets_of(body)
    for pointer, subnet in named.items():
        network = networks.get(network_key(subnet))
        if network is not None and network.location.lower() != body.location.lower():
            rejections.add(
                "subnet_elsewhere",
                pointer,
                f"Its network is in {network.location}, and the cluster in {body.location}. Name a subnet there.",
            )
    for key in sorted({network_key(subnet) for subnet in named.values()} & networks.keys()):
        _check_ranges(body, networks[key], rejections)


@unless_refused()
def _check_ranges(body: ClusterCreate, network: VirtualNetwork, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/configure-azure-cni#prerequisites
    given = body.network
    told = {
        "/network/service_cidrs": (given.service_cidrs if given is not None else None) or [_AKS_SERVICES],
        "/network/pod_cidrs": (given.pod_cidrs if given is not None else None) or [],
    }
    taken: Ranges = [ip_network(prefix, strict=False) for each in network.subnets for prefix in each.prefixes]
    for pointer, cidrs in told.items():
        for cidr in _as_ranges(cidrs):
            overlapped = next((each for each in taken if each.version == cidr.version and each.overlaps(cidr)), None)
            if overlapped is not None:
                rejections.add(
                    "cidrs_overlap",
                    pointer,
                    f"{cidr} overlaps {overlapped}, a subnet of {network.name}. Give a range that the network lacks.",
                )


def _as_ranges(cidrs: Sequence[str]) -> Ranges:
    found: Ranges = []
    for cidr in cidrs:
        # What is no range is told by the rules of the network.
        with suppress(ValueError):
            found.append(ip_network(cidr))
    return found
