"""`/v1/load-balancers`: what Azure's lists showed, each frontend with the Services that it serves."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from app.azure.types.compute import Machine
from app.azure.types.network import (
    SecurityGroup,
    SecurityRule,
)
from app.clusters.specs.inventory import service_name_of
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import (
    AzureResource,
    Cluster,
    ClusterReader,
    PublicIp,
    PublicIpState,
    ReaderState,
)
from tests.load_balancers.balancers import LIST, MACHINE_ID, SHARING_UID, add_exposure, keep_cluster, listed, whole
from tests.load_balancers.inventory_rows import ADDRESSES, OTHER_UID, START, UID, address, at, common, keep
from tests.support.api import add_tenant
from tests.support.whole import Slipway


async def test_each_frontend_names_the_services_that_it_serves(idle_slipway: Slipway) -> None:
    database = idle_slipway.parts.database
    cluster = await keep_cluster(idle_slipway)
    web = await add_exposure(database, cluster, "web", UID, observed={"health": {"ready": 2, "not_ready": 1}})
    await add_exposure(database, cluster, "api", SHARING_UID, managed=False)
    machine = {**common("x", "0"), "id": MACHINE_ID}
    await keep(
        database,
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
        at(1),
        Machine(**machine, scale_set_id="/s", computer_name="aks-system-000000", power_state="running"),
    )

    (found,) = await listed(idle_slipway, "/v1/clusters/blue/load-balancers")
    assert (found["cluster_id"], found["cluster"]) == (cluster.id, "blue")
    assert (found["sku"], found["observed_at"]) == ("Standard", "2026-01-01T00:01:00Z")
    outbound, served = found["frontends"]
    assert (outbound["purpose"], outbound["address"], outbound["services"]) == ("outbound", "20.0.0.1", [])
    assert (served["purpose"], served["address"], served["fqdn"]) == ("service", "20.0.0.2", "shop.example")
    assert [(one["name"], one["managed"]) for one in served["services"]] == [("web", True), ("api", False)]
    assert served["services"][0]["exposure_id"] == web
    assert (served["services"][0]["ready"], served["services"][0]["not_ready"]) == (2, 1)
    assert served["left_over"] is None
    assert [(rule["frontend_port"], rule["service"]["name"]) for rule in found["rules"]] == [(80, "web"), (443, "api")]
    assert found["rules"][0]["backend_pools"] == ["kubernetes"]
    assert found["rules"][0]["probe"] == found["probes"][0]["name"]
    (member,) = found["backend_pools"][0]["members"]
    assert member["machine"] == "aks-system-vmss/0"
    assert (member["node"], member["power_state"]) == ("aks-system-000000", "running")
    assert found["outbound_rules"][0]["frontends"] == ["outbound"]
    assert found["outbound_rules"][0]["allocated_ports"] == 1024
    assert found["left_over"] == []


async def test_a_service_that_no_row_knows_is_named_by_the_tag_of_its_address(idle_slipway: Slipway) -> None:
    await keep_cluster(idle_slipway)
    (found,) = await listed(idle_slipway)
    services = found["frontends"][1]["services"]
    assert [(one["namespace"], one["name"], one["exposure_id"]) for one in services] == [
        ("shop", "web", None),
        ("shop", "api", None),
    ]
    assert [rule["service"] for rule in found["rules"]] == [None, None]


async def test_projects_that_share_a_subscription_see_their_own_clusters_alone(idle_slipway: Slipway) -> None:
    """Trouble: one subscription, one LIST, two tenants."""
    other = await add_tenant(idle_slipway.parts.database, "bank")
    mine = await keep_cluster(idle_slipway)
    theirs = await keep_cluster(idle_slipway, "theirs", "MC_theirs", project_id=other.id)
    await add_exposure(idle_slipway.parts.database, theirs, "secret", UID)

    (found,) = await listed(idle_slipway)
    assert found["cluster_id"] == mine.id
    assert "secret" not in str(found)
    (found,) = await listed(idle_slipway, key=other.reader)
    assert found["cluster_id"] == theirs.id
    for path in (f"/v1/clusters/{theirs.id}/load-balancers", "/v1/clusters/theirs/load-balancers"):
        assert (await idle_slipway.ask("GET", path)).status_code == 404
    assert await listed(idle_slipway, f"/v1/load-balancers?cluster={theirs.id}") == []


async def test_filters_and_pages(idle_slipway: Slipway) -> None:
    database = idle_slipway.parts.database
    names = ["blue", "green", "red"]
    for name in names:
        await keep_cluster(idle_slipway, name, f"MC_{name}")
    await keep(database, LIST, at(1), whole("MC_blue"), whole("MC_blue", "kubernetes-internal"), group="MC_blue")
    await keep(database, ADDRESSES, at(2), address("left", "MC_red", address="20.0.0.9"), group="MC_red")

    async def of(query: str) -> list[tuple[str, str]]:
        found = await listed(idle_slipway, f"/v1/load-balancers?{query}")
        return [(one["cluster"], one["name"]) for one in found]

    assert await of("cluster=green") == [("green", "kubernetes")]
    assert await of("name=kubernetes-internal") == [("blue", "kubernetes-internal")]
    assert await of("orphaned=true") == [("red", "kubernetes")]
    assert [cluster for cluster, _ in await of("orphaned=false")] == ["blue", "blue", "green"]
    seen, path = [], "/v1/load-balancers?limit=1"
    while path:
        answer = await idle_slipway.ask("GET", path)
        (one,) = answer.json()["items"]
        seen.append((one["cluster"], one["name"]))
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    assert seen == await of("limit=200")
    assert len(seen) == 4


async def test_a_list_asks_neither_azure_nor_a_cluster(idle_slipway: Slipway) -> None:
    await keep_cluster(idle_slipway)
    before = len(idle_slipway.azure.requests())
    assert await listed(idle_slipway)
    assert await listed(idle_slipway, "/v1/clusters/blue/load-balancers")
    assert len(idle_slipway.azure.requests()) == before


async def test_what_is_left_over_says_since_when_and_how_it_is_safely_removed(idle_slipway: Slipway) -> None:
    """Trouble 54: what nobody needs is proposed for removal, and nothing is removed by itself."""
    database = idle_slipway.parts.database
    cluster = await keep_cluster(idle_slipway)
    async with database.write() as session:
        session.add(ClusterReader(cluster_id=cluster.id, state=ReaderState.WATCHING, seen_at=START))
    await add_exposure(database, cluster, "other", OTHER_UID)
    internal = whole(name="kubernetes-internal")
    bare = replace(internal.frontends[1], public_ip_id=None, private_address="10.224.0.9")
    group = common("networkSecurityGroups", "nsg")
    name = f"{service_name_of(UID)}-TCP-80-Internet"
    rule = SecurityRule(f"{group['id']}/securityRules/{name}", name, 500, "Inbound", "Allow", "Tcp")
    await keep(database, LIST, at(5), whole(), replace(internal, frontends=(bare,), rules=(), outbound_rules=()))
    await keep(database, "Microsoft.Network/networkSecurityGroups", at(5), SecurityGroup(**group, rules=(rule,)))
    await keep(database, ADDRESSES, at(5), *(address(f"left-{n}", address=f"20.0.0.{n}") for n in range(3)))
    for number, managed in ((1, True), (2, False)):
        await _reserve(database, cluster, f"left-{number}", managed=managed)

    public, private = await listed(idle_slipway)
    left = {one["name"]: one for one in public["left_over"]}
    frontend = left.pop(service_name_of(UID))
    assert (frontend["kind"], frontend["since"]) == ("frontend", "2026-01-01T00:05:00Z")
    assert [command.split(" --")[0] for command in frontend["commands"]] == [
        "az network lb rule delete",
        "az network lb rule delete",
        "az network lb probe delete",
        "az network lb frontend-ip delete",
    ]
    assert [one["purpose"] for one in public["frontends"]] == ["outbound", "left_over"]
    assert public["frontends"][1]["left_over"] == frontend
    assert left.pop(name)["commands"] == [
        f"az network nsg rule delete --resource-group MC_g --nsg-name nsg --name {name}"
    ]
    assert left["left-0"]["commands"] == [f"az network public-ip delete --ids {address('left-0').id}"]
    assert "DELETE /v1/public-ips" in left["left-1"]["remedy"]
    assert "never removes it" in left["left-2"]["remedy"]
    assert left["left-1"]["commands"] == left["left-2"]["commands"] == []
    (inner,) = private["left_over"]
    lead = "az network lb frontend-ip delete --resource-group MC_g --lb-name kubernetes-internal"
    assert inner["commands"] == [f"{lead} --name {service_name_of(UID)}"]
    assert private["frontends"][0]["address"] == "10.224.0.9"
    assert private["frontends"][0]["internal"]


async def test_what_has_just_been_seen_unused_may_be_on_its_way_to_its_use(idle_slipway: Slipway) -> None:
    await keep_cluster(idle_slipway)
    now = idle_slipway.parts.clock.now()
    for minutes, shown in ((9, []), (11, ["left"])):
        seen_at = now - timedelta(minutes=minutes)
        async with idle_slipway.parts.database.write() as session:
            await session.execute(delete(AzureResource).where(AzureResource.name == "left"))
        await keep(idle_slipway.parts.database, ADDRESSES, seen_at, address("left"), group="MC_g")
        (found,) = await listed(idle_slipway)
        assert [one["name"] for one in found["left_over"]] == shown
        assert (await listed(idle_slipway, "/v1/load-balancers?orphaned=true") != []) == bool(shown)


async def _reserve(database: Database, cluster: Cluster, name: str, *, managed: bool) -> None:
    async with database.write() as session:
        session.add(
            PublicIp(
                id=new_id(Prefix.PUBLIC_IP),
                project_id=cluster.project_id,
                name=name,
                azure_name=name,
                subscription_id=cluster.subscription_id,
                resource_group="MC_g",
                location="westeurope",
                managed=managed,
                state=PublicIpState.READY,
                wanted={},
                created_by="test",
                created_at=START,
                updated_at=START,
            )
        )


@pytest.mark.parametrize("query", ["name=a%20b", "cluster=", "orphaned=maybe", "cursor=x", "limit=0", "unknown=1"])
async def test_a_bad_filter_is_refused(idle_slipway: Slipway, query: str) -> None:
    answer = await idle_slipway.ask("GET", f"/v1/load-balancers?{query}")
    assert answer.status_code in {400, 422}, answer.text
