"""Shares of a cluster: in its location and group; they stay when the cluster goes."""

from app.load_balancers.observe.network import observe_network
from tests.storage.sharing import SHARES, accounts_in, listed, shown
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE
OF_CLUSTER = "/v1/clusters/blue/shares"


async def test_a_share_of_a_cluster_outlives_it_and_so_does_its_group(slipway: Slipway) -> None:
    slipway.azure.register()
    assert (await slipway.create())["state"] == "succeeded"
    early = await slipway.ask("POST", OF_CLUSTER, {"name": "a-b", "quota_gib": 5, "network": {"cluster_subnets": True}})
    assert early.json()["errors"][0]["code"] == "subnets_unknown"
    await slipway.done("POST", OF_CLUSTER, {"name": "uploads", "quota_gib": 5})
    cluster, share = await slipway.cluster(), await shown(slipway)
    assert share["cluster_id"] == cluster["id"]
    assert (share["location"], share["resource_group"]) == (cluster["location"], cluster["resource_group"])
    assert [each["id"] for each in await listed(slipway, path=OF_CLUSTER)] == [share["id"]]

    job = await slipway.done("DELETE", "/v1/clusters/blue")

    assert job["state"] == "succeeded"
    assert (await shown(slipway))["state"] == "ready"
    assert len(accounts_in(slipway.azure)) == 1
    group = await slipway.ask("DELETE", f"/v1/resource-groups/{cluster['resource_group']}")
    assert (group.status_code, group.json()["code"]) == (409, "resource_group_in_use")
    assert share["account"] in group.json()["detail"]
    await slipway.done("DELETE", f"{SHARES}/uploads")
    await slipway.done("DELETE", f"/v1/storage-accounts/{share['account']}?deleted_shares=discard")
    await slipway.done("DELETE", f"/v1/resource-groups/{cluster['resource_group']}")
    assert slipway.leftovers() == []


async def test_rules_for_the_nodes_subnet_are_made_on_request(slipway: Slipway) -> None:
    slipway.azure.register()
    assert (await slipway.create())["state"] == "succeeded"
    parts = slipway.parts
    await observe_network(parts.database, parts.gateways.azure, parts.clock)
    body = {"name": "uploads", "quota_gib": 100, "protocol": "NFS", "network": {"cluster_subnets": True}}

    job = await slipway.ended(await slipway.accepted("POST", OF_CLUSTER, body))

    # AKS's own subnet has no service endpoint, and Slipway changes no network unasked.
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_storage_subnet_has_no_endpoint")
    assert "Microsoft.Storage" in job["problem"]["remedy"]

    async def open_network() -> None:
        cloud = slipway.azure.azure.cloud
        for network in cloud.store.of_type("Microsoft.Network/virtualNetworks"):
            for subnet in network.body["properties"]["subnets"]:
                subnet["properties"]["serviceEndpoints"] = [{"service": "Microsoft.Storage"}]
            cloud.store.touch(network)

    slipway.azure.call(open_network())
    retried = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert retried["state"] == "succeeded", retried
    (account,) = accounts_in(slipway.azure)
    assert account.body["properties"]["networkAcls"]["defaultAction"] == "Deny"
    assert (await shown(slipway))["warnings"] == []
