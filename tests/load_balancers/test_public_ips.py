"""Public addresses: reserved, adopted, released; never while something has them (troubles 1, 13, 54, 55, 62)."""

import pytest

from tests.load_balancers.addresses import (
    ALL,
    DELETE,
    PUT,
    in_azure,
    listed,
    make_foreign,
    reserve,
    reserved,
    shown,
)
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE


async def test_an_address_is_reserved_with_our_tags_and_proven(slipway: Slipway) -> None:
    job = await reserve(
        slipway, dns_label="shop-of-ours", idle_timeout_minutes=10, zones=["1", "2"], tags={"team": "payments"}
    )

    assert job["state"] == "succeeded", job
    found = await shown(slipway, "shop")
    assert (found["state"], found["origin"], found["used_by"]["kind"]) == ("ready", "slipway", "none")
    assert found["address"] == job["outcome"]["address"]
    assert found["fqdn"] == "shop-of-ours.westeurope.cloudapp.azure.com"
    assert (found["zones"], found["idle_timeout_minutes"], found["tags"]) == (["1", "2"], 10, {"team": "payments"})
    stored = in_azure(slipway.azure, "shop")
    assert stored is not None
    assert stored.body["properties"]["ipAddress"] == found["address"]
    assert stored.body["tags"] | {"slipway-project": ""} == {
        "team": "payments",
        "managed-by": "slipway",
        "slipway-project": "",
        "slipway-public-ip": found["id"],
        "slipway-job": job["id"],
    }
    assert found["orphan"]["action"] == "release"
    assert [e["type"] for e in await slipway.events() if e["subject_id"] == found["id"]] == [
        "public_ip.create_requested",
        "public_ip.ready",
    ]


async def test_no_name_leads_to_an_address_that_has_none_yet(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", ALL, {"name": "shop", "location": "westeurope"})

    assert (await idle_slipway.ask("DELETE", f"{ALL}/nobody")).status_code == 404
    assert (await idle_slipway.ask("GET", f"{ALL}/nobody")).status_code == 404


async def test_an_address_is_found_by_id_name_and_address_in_one_call(slipway: Slipway) -> None:
    """Whose is 20.1.2.3?"""
    found = await reserved(slipway)

    for reference in (found["id"], "SHOP", found["address"]):
        assert (await shown(slipway, reference))["id"] == found["id"]
    for reference in ("203.0.113.250", "2001:db8::1", "nobody"):
        assert (await slipway.ask("GET", f"{ALL}/{reference}")).status_code == 404


async def test_an_address_of_ipv6_is_found_in_any_spelling(slipway: Slipway) -> None:
    found = await reserved(slipway, version="IPv6")

    assert ":" in found["address"]
    assert (await shown(slipway, found["address"].upper()))["id"] == found["id"]
    await slipway.done("DELETE", f"{ALL}/{found['address']}")


async def test_an_address_is_released_and_its_name_is_free_again(slipway: Slipway) -> None:
    found = await reserved(slipway)

    job = await slipway.done("DELETE", f"{ALL}/shop")

    assert job["outcome"] == {"released": True, "address": found["address"], "azure": "removed"}
    assert in_azure(slipway.azure, "shop") is None
    assert (await slipway.ask("GET", f"{ALL}/shop")).status_code == 404
    assert (await shown(slipway, found["id"]))["state"] == "deleted"
    assert await listed(slipway) == []
    assert await listed(slipway, "?state=deleted") == ["shop"]
    assert (await reserved(slipway))["id"] != found["id"]


async def test_a_lost_answer_is_found_by_the_name(slipway: Slipway) -> None:
    """Troubles 1 and 13."""
    slipway.azure.add_fault("reset_after", operation=PUT)

    found = await reserved(slipway)

    assert len(slipway.azure.requests(operation=PUT, effect="created")) == 1
    assert found["address"]


@pytest.mark.parametrize("kind", ["html_502", "reset_before", "throttle"])
async def test_an_answer_that_says_nothing_is_looked_into(slipway: Slipway, kind: str) -> None:
    slipway.azure.add_fault(kind, operation=PUT)

    await reserved(slipway)

    assert len(slipway.azure.requests(operation=PUT, effect="created")) == 1


async def test_a_busy_network_is_a_turn_to_wait_for(slipway: Slipway) -> None:
    slipway.azure.add_fault(
        "error",
        operation=PUT,
        status=429,
        code="AnotherOperationInProgress",
        message="Another operation on this or dependent resource is in progress.",
    )

    await reserved(slipway)


async def test_an_address_of_the_name_that_is_not_ours_is_never_touched(slipway: Slipway) -> None:
    """Trouble 3."""
    azure_id = make_foreign(slipway.azure, "shop")

    job = await reserve(slipway, resource_group="edge", options={"on_failure": "delete"})

    assert (job["state"], job["problem"]["code"]) == ("failed", "public_ip_not_ours")
    assert slipway.azure.requests(operation=PUT) == []
    assert (await slipway.done("DELETE", f"{ALL}/shop"))["outcome"]["azure"] == "kept"
    assert in_azure(slipway.azure, "shop") is not None, azure_id


async def test_what_a_failed_reservation_left_is_removed_when_asked(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT, code="InternalServerError", message="An error occurred.")

    job = await reserve(slipway, options={"on_failure": "delete"})

    assert job["state"] == "failed"
    assert (await shown(slipway, "shop"))["state"] == "failed"
    assert len(slipway.azure.requests(operation=DELETE)) == 1


async def test_a_failed_reservation_is_taken_up_by_a_retry(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT, code="InternalServerError", message="An error occurred.")
    failed = await reserve(slipway)
    assert failed["state"] == "failed", failed

    retried = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))

    assert retried["state"] == "succeeded", retried
    assert (await shown(slipway, "shop"))["state"] == "ready"


@pytest.mark.parametrize(
    ("code", "message", "ours", "error_class"),
    [
        (
            "PublicIPCountLimitReached",
            "Cannot create more than 20 public IP addresses for this subscription in this region.",
            "azure_public_ip_limit",
            "quota",
        ),
        ("PublicIpPrefixOutOfIpAddresses", "Public IP prefix p is full.", "azure_prefix_exhausted", "quota"),
    ],
)
async def test_quota_and_an_exhausted_prefix_end_the_job_with_what_to_do(
    slipway: Slipway, code: str, message: str, ours: str, error_class: str
) -> None:
    slipway.azure.add_fault("error", operation=PUT, status=400, code=code, message=message)

    job = await reserve(slipway)

    assert job["state"] == "failed"
    assert (job["problem"]["class"], job["problem"]["code"]) == (error_class, ours)
    assert job["problem"]["remedy"]


async def test_a_taken_dns_label_names_its_holder(slipway: Slipway) -> None:
    """Trouble 62: before the job where it is the project's own, and in the job where only Azure knows it."""
    await reserved(slipway, dns_label="shop-label")
    answer = await slipway.ask("POST", ALL, {"name": "b", "location": "westeurope", "dns_label": "shop-label"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["code"], error["pointer"]) == ("dns_label_taken", "/dns_label")
    assert "The address shop has this label" in error["detail"]

    make_foreign(slipway.azure, "old", dns_label="their-label")
    job = await reserve(slipway, "c", dns_label="their-label")
    assert (job["state"], job["problem"]["code"]) == ("failed", "dns_label_taken")
    assert "the address old in the resource group edge" in job["problem"]["detail"]
    assert "nothing uses it" in job["problem"]["detail"]


async def test_a_zone_that_the_location_lacks_is_azures_to_refuse_and_is_said(slipway: Slipway) -> None:
    job = await reserve(slipway, location="westcentralus", zones=["1"])

    assert job["state"] == "failed"
    assert job["problem"]["class"] == "configuration"


async def test_all_that_is_wrong_is_said_at_once(slipway: Slipway) -> None:
    other = "/subscriptions/00000000-0000-0000-0000-00000000abcd/resourceGroups/g"
    answer = await slipway.ask(
        "POST",
        ALL,
        {
            "name": "pip_x",
            "location": "atlantis",
            "version": "IPv6",
            "idle_timeout_minutes": 9,
            "zones": ["1", "1"],
            "prefix_id": f"{other}/providers/Microsoft.Network/publicIPPrefixes/p",
            "tags": {"slipway-x": "y"},
        },
    )

    assert answer.status_code == 422
    assert {(error["pointer"], error["code"]) for error in answer.json()["errors"]} == {
        ("/name", "name_looks_like_id"),
        ("/location", "unknown_location"),
        ("/idle_timeout_minutes", "idle_timeout_of_ipv6"),
        ("/zones", "duplicate_value"),
        ("/zones", "zones_of_prefix"),
        ("/prefix_id", "other_subscription"),
        ("/tags/slipway-x", "reserved_tag"),
    }


async def test_a_name_is_taken_once_without_regard_to_case(slipway: Slipway) -> None:
    await reserved(slipway)

    answer = await slipway.ask("POST", ALL, {"name": "SHOP", "location": "westeurope"})

    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
