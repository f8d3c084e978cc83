"""What pools need of subnets and quotas, as a table (troubles 74, 75, 77)."""

from typing import Any

import pytest

from app.azure.types.agent_pool import AgentPool, AgentPoolSpec
from app.clusters.specs.room import Growth, addresses_of_node, subnet_room, tight

SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes"


def present(count: int, **more: Any) -> AgentPool:
    return AgentPool("workers", "User", "Linux", "Standard_D4s_v5", count, "Succeeded", subnet_id=SUBNET, **more)


def new(count: int, **more: Any) -> Growth:
    return Growth.of_new(AgentPoolSpec("workers", "User", "Linux", "Standard_D4s_v5", count, subnet_id=SUBNET, **more))


@pytest.mark.parametrize(("flat", "max_pods", "addresses"), [(False, 250, 1), (True, 50, 51), (True, None, 31)])
def test_a_node_takes_an_address_and_in_a_flat_network_one_for_each_pod(
    flat: bool, max_pods: int | None, addresses: int
) -> None:
    assert addresses_of_node(max_pods, pods_in_subnet=flat) == addresses


@pytest.mark.parametrize(
    ("growth", "now", "most", "upgrade"),
    [
        (new(3), 3, 3, 4),
        (new(1, min_count=1, max_count=20), 1, 20, 22),
        (new(2, spot_eviction_policy="Delete"), 2, 2, 2),
        (Growth.of_present(present(3), 5), 2, 2, 3),
        (Growth.of_present(present(3, max_surge="50%"), 4, most=10), 1, 7, 12),
        (Growth.of_present(present(5), 2), 0, 0, 0),
    ],
)
def test_only_what_is_still_to_come_is_needed(growth: Growth, now: int, most: int, upgrade: int) -> None:
    room = subnet_room("nodes", 6, [growth], flat=False)
    assert (room["needed_now"], room["needed_at_most"], room["needed_at_upgrade"]) == (now, most, upgrade)
    assert bool(tight([room])) is (max(most, upgrade) > 6)


def test_pods_of_a_subnet_of_their_own_take_nothing_of_the_nodes() -> None:
    of_pods = Growth.of_present(present(1, max_pods=30, pod_subnet_id="other"), 3)
    assert subnet_room("nodes", 99, [of_pods], flat=True)["needed_now"] == 2
    flat = Growth.of_present(present(1, max_pods=30), 3)
    assert subnet_room("nodes", 99, [flat], flat=True)["needed_now"] == 62


def test_a_pool_that_does_not_grow_asks_for_nothing_and_a_started_one_for_all_its_cores() -> None:
    assert not Growth.of_present(present(3), 3).grows
    assert not Growth.of_present(present(3), 1, most=2).grows
    started = Growth.of_present(present(3), 3, started=True)
    assert (started.grows, started.nodes_to(3).count, started.subnet_id) == (True, 3, None)


def test_what_says_nothing_of_its_prefix_is_not_tight() -> None:
    """Trouble 75."""
    assert tight([subnet_room("nodes", None, [new(300)], flat=True)]) == []
