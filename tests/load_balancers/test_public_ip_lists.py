"""The ledger of addresses: what the project has, what its clusters have, and by whom each is used (trouble 54)."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.load_balancers.specs.address_use import frontend_name
from app.models import Exposure, ExposureState, PublicIp
from tests.load_balancers.addresses import (
    ALL,
    DELETE,
    adopted,
    grant,
    in_azure,
    listed,
    make_foreign,
    observe,
    remove,
    reserved,
    shown,
)
from tests.support.whole import Slipway


async def test_the_ledger_has_reserved_adopted_and_clusters_addresses(slipway: Slipway) -> None:
    await slipway.create()
    await reserved(slipway, "spare")
    await reserved(slipway, "egress")
    await adopted(slipway, make_foreign(slipway.azure, "www"))
    grant(slipway.azure, f"/subscriptions/{slipway.azure.subscription_id}")
    await slipway.done("PATCH", "/v1/clusters/blue/outbound", {"public_ips": ["egress"]})
    await observe(slipway)

    assert sorted(await listed(slipway)) == ["egress", "spare", "www"]
    assert await listed(slipway, "?used=true") == ["egress"]
    assert sorted(await listed(slipway, "?used=false")) == ["spare", "www"]
    assert await listed(slipway, "?origin=caller") == ["www"]
    assert await listed(slipway, "?cluster=blue") == ["egress"]
    assert await listed(slipway, "?cluster=green") == []
    address = (await shown(slipway, "spare"))["address"]
    assert await listed(slipway, f"?address={address}") == ["spare"]

    await slipway.done("PATCH", "/v1/clusters/blue/outbound", {"managed_ip_count": 2})
    await observe(slipway)
    of_cluster = (await slipway.ask("GET", f"{ALL}?origin=cluster")).json()["items"]
    assert {(item["id"], item["origin"], item["used_by"]["kind"]) for item in of_cluster} == {
        (None, "cluster", "outbound")
    }
    assert {item["used_by"]["cluster"] for item in of_cluster} == {"blue"}
    assert {item["address"] for item in of_cluster} == set((await slipway.cluster())["outbound_ips"])
    one = await shown(slipway, of_cluster[0]["address"])
    assert one == of_cluster[0]


async def test_a_list_is_read_page_by_page_without_a_call_to_azure(slipway: Slipway) -> None:
    await slipway.create()
    for name in ("a", "b", "c"):
        await reserved(slipway, name)
    await observe(slipway)
    before = len(slipway.azure.requests())

    seen: list[str] = []
    query = "?limit=2"
    while True:
        page = (await slipway.ask("GET", f"{ALL}{query}")).json()
        seen += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"?limit=2&cursor={page['next_cursor']}"

    assert len(seen) == len(set(seen)) == 4
    assert [name for name in seen if len(name) == 1] == ["c", "b", "a"]
    assert len(slipway.azure.requests()) == before


async def test_a_services_address_names_its_service(slipway: Slipway) -> None:
    """By the frontend that the cloud provider names after the Service's uid."""
    await slipway.create()
    await observe(slipway)
    uid = "0e4a7f62-9c11-4d2b-8f10-6f2f6c1f9d10"
    (own,) = (await slipway.ask("GET", f"{ALL}?origin=cluster")).json()["items"]
    cluster = await slipway.cluster()
    now = datetime.now(UTC)
    async with slipway.parts.database.write() as session:
        exposure = Exposure(
            id="exp_of_test",
            project_id=slipway.tenant.id,
            cluster_id=cluster["id"],
            namespace="default",
            name="web",
            managed=False,
            state=ExposureState.READY,
            service_uid=uid,
            created_at=now,
            updated_at=now,
        )
        session.add(exposure)

    async def rename() -> None:
        cloud = slipway.azure.azure.cloud
        (balancer,) = cloud.store.of_type("Microsoft.Network/loadBalancers")
        properties = balancer.body["properties"]
        front = properties["frontendIPConfigurations"][0]
        front["name"] = frontend_name(uid)
        front["id"] = f"{balancer.id}/frontendIPConfigurations/{front['name']}"
        properties["outboundRules"] = []
        cloud.store.touch(balancer)

    slipway.azure.call(rename())
    await observe(slipway)

    used = (await shown(slipway, own["address"]))["used_by"]
    assert (used["kind"], used["namespace"], used["name"], used["exposure_id"], used["cluster"]) == (
        "service",
        "default",
        "web",
        "exp_of_test",
        "blue",
    )


async def test_an_address_that_was_removed_outside_is_lost_and_never_made_again(slipway: Slipway) -> None:
    """Trouble 30."""
    found = await reserved(slipway)
    await observe(slipway)
    assert remove(slipway.azure, found["azure_id"])

    await observe(slipway)

    assert (await shown(slipway, "shop"))["state"] == "lost"
    assert "public_ip.lost" in [event["type"] for event in await slipway.events()]
    assert in_azure(slipway.azure, "shop") is None
    assert (await slipway.done("DELETE", f"{ALL}/shop"))["outcome"]["azure"] == "absent"


async def test_a_sweep_releases_what_has_been_unused_for_long(slipway: Slipway) -> None:
    """Trouble 54: ours, unused, past the grace; on request."""
    await reserved(slipway, "old")
    await reserved(slipway, "young")
    async with slipway.parts.database.write() as session:
        row = (await session.scalars(select(PublicIp).where(PublicIp.name == "old"))).one()
        long_ago = (datetime.now(UTC) - timedelta(days=40)).isoformat()
        row.observed = {**(row.observed or {}), "unused_since": long_ago}
    await observe(slipway)
    assert (await shown(slipway, "old"))["orphan"]["since"][:10] == long_ago[:10]

    answer = (await slipway.ask("POST", f"{ALL}:sweep", {"unused_days": 30})).json()

    assert [job["target_name"] for job in answer["jobs"]] == ["old"]
    assert (await slipway.ended(answer["jobs"][0]["id"]))["state"] == "succeeded"
    assert await listed(slipway) == ["young"]
    assert len(slipway.azure.requests(operation=DELETE)) == 1


async def test_another_projects_addresses_are_as_if_they_did_not_exist(slipway: Slipway) -> None:
    found = await reserved(slipway)

    own = await slipway.ask("GET", f"{ALL}/{found['address']}", key=slipway.platform_key)

    assert own.status_code == 404, "the default project's, not this one's"
    theirs = await slipway.ask("GET", f"{ALL}/{found['address']}?project={slipway.tenant.id}", key=slipway.platform_key)
    assert theirs.json()["id"] == found["id"]
