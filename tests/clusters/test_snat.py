"""Trouble 59: the arithmetic of outbound ports, with surge and the autoscaler's maximum, against Azure's own words."""

import pytest

from app.clusters.specs.snat import PoolSize, Snat, azures_ports, rounded, snat_of, surge_of


def one(nodes: int, *, addresses: int = 1, ports: int = 0, max_surge: str | None = None) -> Snat:
    return snat_of([PoolSize(nodes, max_surge)], addresses=addresses, ports_per_node=ports)


@pytest.mark.parametrize(
    ("nodes", "max_surge", "surge"),
    [(3, None, 1), (10, None, 1), (11, None, 2), (0, None, 0), (5, "2", 2), (5, "33%", 2), (100, "10%", 10)],
)
def test_a_surge_is_a_number_or_a_share_that_is_rounded_up(nodes: int, max_surge: str | None, surge: int) -> None:
    assert surge_of(nodes, max_surge) == surge


@pytest.mark.parametrize(
    ("pools", "ports", "nodes", "needed"),
    [
        # Azure/azure-cli#22374: "Total node count 4 requires 84000 ports but only 64000 ports are available".
        ([3], 21_000, 4, 84_000),
        # jenkins-infra/azure#580: two pools of at most 10 and one of 2, "Total node count 25 requires 80000 ports".
        ([10, 10, 2], 3_200, 25, 80_000),
        # The article on InvalidLoadBalancerProfileAllocatedOutboundPorts: 9 nodes, 72000 ports.
        ([8], 8_000, 9, 72_000),
    ],
)
def test_the_sum_is_the_one_with_which_azure_refuses(pools: list[int], ports: int, nodes: int, needed: int) -> None:
    sum_ = snat_of([PoolSize(count) for count in pools], addresses=1, ports_per_node=ports)
    assert (sum_.total_nodes, sum_.needed, sum_.available, sum_.fits) == (nodes, needed, 64_000, False)


@pytest.mark.parametrize(
    ("addresses", "ports", "carries"),
    # The examples of Microsoft's page: 1,000 ports with 2 and with 7 addresses.
    [(2, 1_000, 128), (7, 1_000, 448), (1, 64_000, 1), (1, 1_024, 62), (100, 8, 5_000)],
)
def test_so_many_nodes_are_carried_and_the_next_one_breaks(addresses: int, ports: int, carries: int) -> None:
    sum_ = one(1, addresses=addresses, ports=ports, max_surge="0")
    assert (sum_.carries, sum_.breaks_at) == (carries, carries + 1)


def test_the_last_node_that_fits_fits_and_one_more_does_not() -> None:
    assert one(61, ports=1_024, max_surge="1").fits
    assert not one(62, ports=1_024, max_surge="1").fits


@pytest.mark.parametrize(
    ("nodes", "ports"),
    [(1, 1024), (50, 1024), (51, 512), (100, 512), (101, 256), (400, 128), (401, 64), (801, 32), (1000, 32), (1001, 0)],
)
def test_azures_own_allocation_gives_less_the_more_nodes_there_are(nodes: int, ports: int) -> None:
    assert azures_ports(nodes) == ports


def test_more_addresses_give_no_node_more_ports_by_azures_own_allocation() -> None:
    """ "Adding more IPs doesn't add more ports to any node": the page's example goes from 48 to 52 nodes."""
    few, many = one(48, max_surge="1"), one(48, addresses=5, max_surge="1")
    assert few.ports_per_node == many.ports_per_node == 1024
    assert few.fewer_ports_at == 51
    assert one(52, max_surge="1").ports_per_node == 512


def test_beyond_a_thousand_nodes_azure_allocates_nothing() -> None:
    assert one(1000, max_surge="0").fits
    assert not one(1000, max_surge="1").fits


def test_the_cure_is_a_configuration_that_fits() -> None:
    broken = one(20, ports=8_000, max_surge="1")
    assert not broken.fits
    assert one(20, ports=8_000, addresses=broken.addresses_needed, max_surge="1").fits
    assert one(20, ports=broken.most_ports, max_surge="1").fits
    assert broken.most_ports % 8 == 0
    assert not one(20, ports=broken.most_ports + 8, max_surge="1").fits
    assert str(broken.addresses_needed) in broken.cure()
    assert f"{broken.needed:,}" in broken.sentence()


@pytest.mark.parametrize(("ports", "lower"), [(1_001, 1_000), (7, 0), (64_000, 64_000), (64_007, 64_000)])
def test_ports_are_rounded_down_to_a_step_of_eight(ports: int, lower: int) -> None:
    assert rounded(ports) == lower
