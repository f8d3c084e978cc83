"""`/_local/`, headers that every answer has, lists and pages."""

import pytest

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import Arm, arm_for
from tests.support.local_azure import LocalAzureForTests, start_local_azure


async def test_the_index_names_every_control(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    index = " ".join(stopped_azure.get("/_local/")["local_azure"])
    for name in ("health", "state", "reset", "speed", "faults", "requests", "clock"):
        assert f"/_local/{name}" in index
    assert stopped_azure.get("/_local/health")["status"] == "ok"


async def test_the_request_log_tells_who_changed_what(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.send("PUT", "resourceGroups/g1", {"location": "eastus"}, headers={"x-ms-client-request-id": "job_1:3"})
    await arm.send("GET", "resourceGroups/g1")
    found = stopped_azure.get("/_local/requests?mutated=true&client_request_id=job_1")["requests"]
    assert [(e["operation"], e["status"], e["effect"]) for e in found] == [
        ("ResourceGroups_CreateOrUpdate", 201, "created")
    ]
    assert stopped_azure.get("/_local/requests?path=G1$&method=get")["total"] == 1
    async with arm.session.get(arm.azure.url + "/_local/requests?colour=red") as refused:
        assert refused.status == 400


async def test_reset_forgets_everything(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(300)
    stopped_azure.add_fault("error", operation="ResourceGroups_List")
    async with arm.session.post(arm.azure.url + "/_local/reset") as reply:
        assert reply.status == 204
    assert (await arm.send("GET", "resourceGroups")).body["value"] == []
    assert len(stopped_azure.requests()) == 1
    assert stopped_azure.get("/_local/state")["operations"] == []


async def test_the_clock_is_moved_over_http_only_where_it_is_manual(arm: Arm, local_azure: LocalAzureForTests) -> None:
    before = arm.azure.get("/_local/clock")["now"]
    async with arm.session.post(arm.azure.url + "/_local/clock", json={"advance_seconds": 60}) as moved:
        assert (await moved.json())["now"] > before
    async with arm.session.post(local_azure.url + "/_local/clock", json={"advance_seconds": 60}) as refused:
        assert refused.status == 400


async def test_ids_of_a_request_are_told_and_echoed(arm: Arm) -> None:
    sent = {
        "x-ms-client-request-id": "mine",
        "x-ms-return-client-request-id": "true",
        "x-ms-correlation-request-id": "0b5c",
    }
    reply = await arm.send("GET", "resourceGroups", headers=sent)
    assert reply.headers["x-ms-client-request-id"] == "mine"
    assert reply.headers["x-ms-correlation-request-id"] == "0b5c"
    assert reply.headers["x-ms-request-id"]
    del sent["x-ms-return-client-request-id"]
    assert "x-ms-client-request-id" not in (await arm.send("GET", "resourceGroups", headers=sent)).headers


async def test_long_lists_come_in_pages() -> None:
    options = LocalAzureOptions(page_size=2)
    with start_local_azure(options, clock=ManualClock()) as azure:
        async with arm_for(azure) as arm:
            for number in range(5):
                await arm.make_group(f"g{number}")
            names: list[str] = []
            reply = await arm.send("GET", "resourceGroups")
            while True:
                names += [group["name"] for group in reply.body["value"]]
                if "nextLink" not in reply.body:
                    break
                reply = await arm.send("GET", reply.body["nextLink"])
            assert names == [f"g{number}" for number in range(5)]


@pytest.mark.parametrize("path", ["locations", "providers"])
async def test_locations_and_providers_are_listed(arm: Arm, path: str) -> None:
    listed = (await arm.send("GET", path)).body["value"]
    assert len(listed) >= 5


async def test_sizes_and_usages_are_listed_by_region(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(300)
    sizes = (await arm.send("GET", "providers/Microsoft.Compute/locations/westus2/vmSizes")).body["value"]
    assert "Standard_DS2_v2" in [size["name"] for size in sizes]
    usages = (await arm.send("GET", "providers/Microsoft.Compute/locations/westus2/usages")).body["value"]
    used = {usage["name"]["value"]: usage["currentValue"] for usage in usages}
    assert (used["cores"], used["standardDSv2Family"]) == (2, 2)
    skus = (await arm.send("GET", "providers/Microsoft.Compute/skus", filter="location eq 'westus2'")).body
    assert {sku["locations"][0] for sku in skus["value"]} == {"westus2"}


async def test_a_tag_filter_selects_resource_groups_and_resources(arm: Arm) -> None:
    for name, tags in (("g1", {"a": "b"}), ("g2", {"a": "c"})):
        await arm.send("PUT", f"resourceGroups/{name}", {"location": "eastus", "tags": tags})
    found = await arm.send("GET", "resourceGroups", filter="tagName eq 'a' and tagValue eq 'b'")
    assert [group["name"] for group in found.body["value"]] == ["g1"]
    bad = await arm.send("GET", "resources", filter="substringof('x', name)")
    assert bad.body["error"]["code"] == "InvalidFilterInQueryString"
