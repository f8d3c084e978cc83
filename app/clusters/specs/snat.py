"""How many outbound connections a cluster's addresses carry: ports for source address translation (SNAT), a node.

https://learn.microsoft.com/azure/aks/load-balancer-standard#configure-the-allocated-outbound-ports and
https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections: each address has 64,000 ports; what
a node gets is fixed in steps of 8, or left to Azure, which gives less the more nodes there are, however many addresses.
Nodes are counted at their most: the autoscaler's maximum, and the surge of an upgrade of all pools at once.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PORTS_PER_ADDRESS = 64_000
PORT_STEP = 8
MOST_NODES = 5_000
"""AKS has no cluster of more: https://learn.microsoft.com/azure/aks/quotas-skus-regions."""

# Of nodes up to so many, each has so many ports by Azure's own allocation; beyond the last it gives none.
AZURES_ALLOCATION = ((50, 1024), (100, 512), (200, 256), (400, 128), (800, 64), (1000, 32))
# What AKS takes where a pool does not say it.
_USUAL_SURGE = "10%"


@dataclass(frozen=True, slots=True)
class PoolSize:
    """A pool at its largest: its count, or the most that its autoscaler gives. `max_surge`: "10%", "2", None: usual."""

    nodes: int
    max_surge: str | None = None

    @property
    def surge(self) -> int:
        """The nodes that an upgrade adds for a while."""
        return surge_of(self.nodes, self.max_surge)


def surge_of(nodes: int, max_surge: str | None) -> int:
    """How many nodes an upgrade adds to a pool; a share is rounded up. An empty pool gets none."""
    text = max_surge or _USUAL_SURGE
    if nodes == 0:
        return 0
    if text.endswith("%"):
        return math.ceil(nodes * int(text[:-1]) / 100)
    return int(text)


def azures_ports(nodes: int) -> int:
    """What a node gets by Azure's own allocation."""
    return next((ports for most, ports in AZURES_ALLOCATION if nodes <= most), 0)


@dataclass(frozen=True, slots=True)
class Snat:
    """The sum of a cluster: `nodes` without and `surge` the nodes of an upgrade. `asked` 0: Azure allocates."""

    addresses: int
    asked: int
    nodes: int
    surge: int

    @property
    def total_nodes(self) -> int:
        """Nodes at their most."""
        return self.nodes + self.surge

    @property
    def ports_per_node(self) -> int:
        """What each node has when all are there."""
        return self.asked or azures_ports(self.total_nodes)

    @property
    def available(self) -> int:
        """Ports of all addresses."""
        return self.addresses * PORTS_PER_ADDRESS

    @property
    def needed(self) -> int:
        """Ports of all nodes."""
        return self.ports_per_node * self.total_nodes

    @property
    def carries(self) -> int:
        """How many nodes, those of a surge among them, all have their ports."""
        if not self.asked:
            return min(AZURES_ALLOCATION[-1][0], self.available // AZURES_ALLOCATION[-1][1])
        return min(self.available // self.asked, MOST_NODES)

    @property
    def breaks_at(self) -> int:
        """From so many nodes on, a surge among them, Azure refuses or a node has no ports."""
        return self.carries + 1

    @property
    def fewer_ports_at(self) -> int | None:
        """From so many nodes on each has fewer ports than now; None where what each has is fixed."""
        if self.asked:
            return None
        return next((most + 1 for most, _ in AZURES_ALLOCATION if self.total_nodes <= most), None)

    @property
    def fits(self) -> bool:
        """Whether all nodes have their ports."""
        return self.total_nodes <= self.carries

    @property
    def addresses_needed(self) -> int:
        """The fewest addresses at which the nodes have the ports that were asked for."""
        return max(1, math.ceil(self.needed / PORTS_PER_ADDRESS))

    @property
    def most_ports(self) -> int:
        """The most ports a node that the addresses have for all nodes; a multiple of 8."""
        return rounded(self.available // max(self.total_nodes, 1))

    def sentence(self) -> str:
        """The sum in words."""
        addresses = "1 address has" if self.addresses == 1 else f"{self.addresses} addresses have"
        return (
            f"{self.total_nodes} nodes at most ({self.surge} of them for a surge) with {self.ports_per_node:,} ports "
            f"each need {self.needed:,} ports; {addresses} {self.available:,}, for {self.carries} nodes."
        )

    def cure(self) -> str:
        """What to change where it does not fit."""
        if not self.asked:
            return f"Take at most {self.carries} nodes, those of a surge among them, or fix the ports of a node."
        return (
            f"Take {self.addresses_needed} outbound addresses, or at most {self.most_ports:,} ports a node, or at most "
            f"{self.carries} nodes, those of a surge and the autoscaler's maximum among them."
        )


def rounded(ports: int) -> int:
    """The next lower number of ports that Azure takes."""
    return min(ports, PORTS_PER_ADDRESS) // PORT_STEP * PORT_STEP


def snat_of(pools: Iterable[PoolSize], *, addresses: int, ports_per_node: int) -> Snat:
    """The sum for these pools. `ports_per_node` 0 leaves the allocation to Azure."""
    sizes: Sequence[PoolSize] = tuple(pools)
    return Snat(
        addresses=addresses,
        asked=ports_per_node,
        nodes=sum(size.nodes for size in sizes),
        surge=sum(size.surge for size in sizes),
    )
