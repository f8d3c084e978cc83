"""A cluster's outbound addresses: what is wanted, what Azure has, and the sum of ports (trouble 59)."""

from typing import Any

import pytest

from tests.load_balancers.addresses import grant, make_prefix, observe
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

AT = "/v1/clusters/blue/outbound"
PUT = "ManagedClusters_CreateOrUpdate"


async def outbound(slipway: Slipway) -> dict[str, Any]:
    answer = await slipway.ask("GET", AT)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refused(slipway: Slipway, body: dict[str, Any], *, status: int = 422) -> dict[str, str]:
    """The pointers and codes of a change that is refused."""
    answer = await slipway.ask("PATCH", AT, body)
    assert answer.status_code == status, answer.text
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


async def test_the_present_state_is_shown_with_the_sum_of_ports(slipway: Slipway) -> None:
    await slipway.create(node_count=3)

    shown = await outbound(slipway)

    assert shown["managed_ip_count"] == 1
    assert shown["addresses"] == (await slipway.cluster())["outbound_ips"]
    assert shown["applied"] is True
    assert shown["snat"]["ports_per_node"] == 1024
    assert (shown["snat"]["nodes"], shown["snat"]["surge_nodes"]) == (3, 1)
    assert shown["snat"]["breaks_at_nodes"] == 1001
    assert shown["snat"]["fewer_ports_at_nodes"] == 51


async def test_addresses_and_ports_change_and_the_effective_ones_are_proven(slipway: Slipway) -> None:
    await slipway.create(node_count=3)
    first = (await outbound(slipway))["addresses"]

    job = await slipway.done("PATCH", AT, {"managed_ip_count": 2, "ports_per_node": 16_000, "idle_timeout_minutes": 10})

    shown = await outbound(slipway)
    assert shown["applied"] is True
    assert len(set(shown["addresses"])) == 2
    assert first[0] in shown["addresses"]
    assert sorted(job["outcome"]["outbound_ips"]) == sorted(shown["addresses"])
    assert (await slipway.cluster())["outbound_ips"] == shown["addresses"]
    assert shown["snat"] | {"explanation": ""} == {
        "addresses": 2,
        "ports_available": 128_000,
        "nodes": 3,
        "surge_nodes": 1,
        "ports_per_node": 16_000,
        "ports_needed": 64_000,
        "carries_nodes": 8,
        "breaks_at_nodes": 9,
        "fewer_ports_at_nodes": None,
        "fits": True,
        "explanation": "",
    }
    assert "cluster.outbound_changed" in [event["type"] for event in await slipway.events()]

    # What is not named stays, and the smallest change is sent: another timeout, the same addresses.
    await slipway.done("PATCH", AT, {"idle_timeout_minutes": None})
    again = await outbound(slipway)
    assert (again["idle_timeout_minutes"], again["ports_per_node"]) == (30, 16_000)
    assert again["addresses"] == shown["addresses"]


async def test_a_pool_does_not_grow_past_the_ports(slipway: Slipway) -> None:
    """Trouble 59: the scale is refused before a job begins, with the sum and what to change."""
    await slipway.create(node_count=3)
    await slipway.done("PATCH", AT, {"ports_per_node": 8_000})

    answer = await slipway.ask("POST", "/v1/clusters/blue:scale", {"count": 8})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "snat_ports_exhausted")
    assert [error["pointer"] for error in problem["errors"]] == ["/count"]
    assert "9 nodes at most (1 of them for a surge)" in problem["detail"]
    assert "72,000" in problem["detail"]
    assert "2 outbound addresses" in problem["remedy"]
    assert (await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 7}))["state"] == "succeeded"
    assert (await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 1}))["state"] == "succeeded"


async def test_a_change_that_would_break_is_refused_with_its_sum(slipway: Slipway) -> None:
    await slipway.create(node_count=3)

    assert await refused(slipway, {"ports_per_node": 16_008}) == {"/ports_per_node": "snat_ports_exhausted"}
    assert slipway.puts() == 1
    assert (await outbound(slipway))["ports_per_node"] == 0


async def test_all_that_is_wrong_is_said_at_once(slipway: Slipway) -> None:
    await slipway.create()
    group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g"
    prefix = f"{group}/providers/Microsoft.Network/publicIPPrefixes/p"

    found = await refused(
        slipway,
        {"managed_ip_count": 2, "public_ips": ["nothing"], "prefix_ids": [prefix, prefix], "ports_per_node": 1_001},
    )

    assert found == {
        "/public_ips": "outbound_source_twice",
        "/prefix_ids": "duplicate_value",
        "/ports_per_node": "ports_not_a_multiple_of_8",
        "/public_ips/0": "unknown_public_ip",
    }


@pytest.mark.parametrize("kind", ["reset_after", "html_502", "throttle"])
async def test_a_lost_answer_changes_nothing_twice(slipway: Slipway, kind: str) -> None:
    """Trouble 13."""
    await slipway.create()
    slipway.azure.add_fault(kind, operation=PUT)

    await slipway.done("PATCH", AT, {"managed_ip_count": 2})

    assert len(slipway.azure.requests(operation=PUT, effect="updated")) == 1
    assert len((await outbound(slipway))["addresses"]) == 2


async def test_what_azure_refuses_ends_the_job_and_the_cluster_still_serves(slipway: Slipway) -> None:
    await slipway.create()
    slipway.azure.add_fault(
        "error",
        operation=PUT,
        status=400,
        code="InvalidLoadBalancerProfileManagedOutboundIPCount",
        message="Managed outbound IP count exceeds the quota.",
        flat=True,
    )

    job = await slipway.ended(await slipway.accepted("PATCH", AT, {"managed_ip_count": 2}))

    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_outbound_profile_invalid")
    assert (await slipway.cluster())["state"] == "ready"
    assert (await outbound(slipway))["applied"] is False
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded"
    assert (await outbound(slipway))["applied"] is True


async def test_an_outbound_profile_stays_with_the_cluster_when_it_is_put_again(slipway: Slipway) -> None:
    """`clusters.wanted` is the only source of a cluster's PUT."""
    await slipway.create()
    await slipway.done("PATCH", AT, {"managed_ip_count": 2})

    await slipway.done("PATCH", "/v1/clusters/blue", {"tags": {"team": "x"}})
    await slipway.done("POST", "/v1/clusters/blue:sync")

    assert (await outbound(slipway))["managed_ip_count"] == 2
    assert len((await outbound(slipway))["addresses"]) == 2


async def test_a_prefix_serves_with_all_its_addresses(slipway: Slipway) -> None:
    """Its size counts as soon as the inventory has seen it, and in the job in any case."""
    await slipway.create(node_count=3)
    prefix = make_prefix(slipway.azure, "egress", length=31)
    grant(slipway.azure, prefix)

    job = await slipway.ended(await slipway.accepted("PATCH", AT, {"prefix_ids": [prefix], "ports_per_node": 40_000}))
    assert (job["state"], job["problem"]["code"]) == ("failed", "snat_ports_exhausted")
    assert slipway.puts() == 1

    await slipway.done("PATCH", AT, {"ports_per_node": 32_000})
    shown = await outbound(slipway)
    assert (shown["applied"], shown["prefix_ids"], shown["managed_ip_count"]) == (True, [prefix], None)

    await observe(slipway)
    shown = await outbound(slipway)
    assert (shown["snat"]["addresses"], shown["snat"]["breaks_at_nodes"]) == (2, 5)
    assert await refused(slipway, {"ports_per_node": 40_000}) == {"/ports_per_node": "snat_ports_exhausted"}


async def test_a_prefix_that_azure_does_not_have_is_said_before_anything_is_sent(slipway: Slipway) -> None:
    await slipway.create()
    group = f"/subscriptions/{slipway.azure.subscription_id}/resourceGroups/edge"

    job = await slipway.ended(
        await slipway.accepted(
            "PATCH", AT, {"prefix_ids": [f"{group}/providers/Microsoft.Network/publicIPPrefixes/none"]}
        )
    )

    assert (job["state"], job["problem"]["code"]) == ("failed", "outbound_address_missing")
    assert slipway.puts() == 1
