"""Outbound addresses that a create brings: sent with the cluster, shown as its outbound, and changed like any other."""

from typing import Any

from tests.load_balancers.addresses import make_prefix, reserved
from tests.load_balancers.test_outbound import AT, PUT, outbound
from tests.support.database import ONE_DATABASE
from tests.support.whole import CLUSTER, Slipway

pytestmark = ONE_DATABASE


async def refused(slipway: Slipway, network: dict[str, Any], *, status: int = 422, **more: Any) -> dict[str, str]:
    """The pointers and codes of a create that is refused."""
    answer = await slipway.ask("POST", "/v1/clusters", {**CLUSTER, "network": network, **more})
    assert answer.status_code == status, answer.text
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


async def test_a_cluster_is_made_with_its_addresses_and_changed_afterwards(slipway: Slipway) -> None:
    asked = {"managed_ip_count": 2, "ports_per_node": 8_000, "idle_timeout_minutes": 10}

    job = await slipway.create(network={"plugin": "azure", "outbound": asked})

    assert job["state"] == "succeeded", job
    shown = await outbound(slipway)
    assert {name: shown[name] for name in asked} == asked
    assert shown["applied"] is True
    assert len(set(shown["addresses"])) == 2
    assert shown["addresses"] == (await slipway.cluster())["outbound_ips"]
    # With the create itself: nothing is sent afterwards.
    assert len(slipway.azure.requests(operation=PUT)) == 1

    await slipway.done("PATCH", AT, {"managed_ip_count": 1})
    again = await outbound(slipway)
    assert (again["managed_ip_count"], again["ports_per_node"], again["applied"]) == (1, 8_000, True)
    assert len(again["addresses"]) == 1


async def test_own_addresses_are_taken_by_name_and_held_from_the_request_on(slipway: Slipway) -> None:
    shop = await reserved(slipway, "shop")

    job = await slipway.create(network={"outbound": {"public_ips": ["shop"]}})

    assert job["state"] == "succeeded", job
    shown = await outbound(slipway)
    assert (shown["managed_ip_count"], shown["addresses"], shown["applied"]) == (None, [shop["address"]], True)
    assert [each.lower() for each in shown["public_ip_ids"]] == [shop["azure_id"].lower()]
    second = {"name": "green", "outbound": {"public_ips": [shop["id"]]}}
    taken = await refused(slipway, {"outbound": second["outbound"]}, status=409, name="green")
    assert taken == {"/network/outbound/public_ips/0": "public_ip_in_use"}


async def test_a_prefix_serves_with_all_its_addresses(slipway: Slipway) -> None:
    prefix = make_prefix(slipway.azure, "range", length=30)

    job = await slipway.create(network={"outbound": {"prefix_ids": [prefix]}})

    assert job["state"] == "succeeded", job
    shown = await outbound(slipway)
    assert (shown["prefix_ids"], shown["applied"]) == ([prefix], True)


async def test_what_is_wrong_with_them_is_told_where_it_stands(idle_slipway: Slipway) -> None:
    at = "/network/outbound"
    prefix = make_prefix(idle_slipway.azure, "range", length=30)
    both = {"managed_ip_count": 2, "prefix_ids": [prefix, prefix], "ports_per_node": 1001}
    assert await refused(idle_slipway, {"outbound": both}) == {
        f"{at}/prefix_ids": "duplicate_value",
        f"{at}/ports_per_node": "ports_not_a_multiple_of_8",
    }
    unknown = {"public_ips": ["nobody"]}
    assert await refused(idle_slipway, {"outbound": unknown}) == {f"{at}/public_ips/0": "unknown_public_ip"}
    other_way = {"outbound_type": "managedNATGateway", "outbound": {"managed_ip_count": 2}}
    assert await refused(idle_slipway, other_way) == {at: "contradiction"}
    elsewhere = [{"location": "northeurope"}, {"size": "Standard_D8s_v5"}]
    assert await refused(idle_slipway, {"outbound": {"prefix_ids": [prefix]}}, fallbacks=elsewhere) == {
        "/fallbacks/0/location": "contradiction"
    }
    too_many = {"outbound": {"ports_per_node": 64_000}}
    assert await refused(idle_slipway, too_many, node_count=3) == {f"{at}/ports_per_node": "snat_ports_exhausted"}
    assert (await idle_slipway.ask("GET", "/v1/clusters")).json()["items"] == []


async def test_a_patch_of_the_network_names_the_way_to_change_them(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    answer = await idle_slipway.ask("PATCH", "/v1/clusters/blue", {"network": {"outbound": {"managed_ip_count": 2}}})
    assert answer.status_code == 422
    assert "/network/outbound" in {error["pointer"] for error in answer.json()["errors"]}
