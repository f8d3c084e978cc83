"""Data collection rules, endpoints and associations as Azure keeps and refuses them."""

from typing import Any

import pytest

from tests.emulator.insights.conftest import ASSOCIATION, ENDPOINTS, LINUX, RULES, Site

_VERSION: dict[str, Any] = {"api-version": "2023-03-11"}


async def test_a_rule_is_made_changed_listed_and_deleted(site: Site) -> None:
    workspace = await site.make_workspace()
    made = await site.send("PUT", f"{RULES}/one", site.rule())
    assert made.status == 200
    destination = made.body["properties"]["destinations"]["logAnalytics"][0]
    assert destination["workspaceId"] == workspace["properties"]["customerId"]
    assert made.body["properties"]["immutableId"].startswith("dcr-")
    again = await site.send("PUT", f"{RULES}/one", {**site.rule(interval="5m"), "tags": {"a": "b"}})
    assert again.body["properties"]["immutableId"] == made.body["properties"]["immutableId"]
    assert again.body["etag"] != made.body["etag"]
    assert [rule["name"] for rule in (await site.send("GET", RULES)).body["value"]] == ["one"]
    everywhere = await site.arm.send("GET", f"providers/{RULES}", **_VERSION)
    assert [rule["name"] for rule in everywhere.body["value"]] == ["one"]
    assert (await site.send("DELETE", f"{RULES}/one")).status == 200
    assert (await site.send("DELETE", f"{RULES}/one")).status == 204
    assert (await site.send("GET", f"{RULES}/one")).body["error"]["code"] == "ResourceNotFound"


def _changed(rule: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**rule, "properties": {**rule["properties"], **properties}}


async def test_a_rule_says_all_that_is_wrong_with_it(site: Site) -> None:
    await site.make_workspace()
    flows = [{"streams": ["Syslog"], "destinations": ["elsewhere"]}]
    far = {**_changed(site.rule(), dataFlows=flows, dataCollectionEndpointId="/none"), "location": "westeurope"}
    reply = await site.send("PUT", f"{RULES}/one", far)
    assert (reply.status, reply.body["error"]["code"]) == (400, "InvalidPayload")
    assert [problem["code"] for problem in reply.body["error"]["details"]] == [
        "InvalidDestinationLocation",
        "InvalidDataCollectionEndpoint",
        "InvalidStream",
        "InvalidDataFlow",
    ]


async def test_a_rule_needs_its_workspace(site: Site) -> None:
    reply = await site.send("PUT", f"{RULES}/one", site.rule())
    assert [problem["code"] for problem in reply.body["error"]["details"]] == ["InvalidWorkspace"]


async def test_an_association_ties_a_cluster_to_a_rule_and_goes_with_it(site: Site) -> None:
    await site.make_workspace()
    await site.make_cluster(LINUX)
    await site.associate()
    at = f"{site.cluster_id}/{ASSOCIATION}"
    tied = (await site.arm.send("GET", at, **_VERSION)).body
    assert tied["properties"]["dataCollectionRuleId"] == site.rule_id
    of_cluster = await site.arm.send("GET", at.rpartition("/")[0], **_VERSION)
    of_rule = await site.send("GET", f"{RULES}/MSCI-westus2-c1/associations")
    assert of_cluster.body["value"] == of_rule.body["value"] == [tied]
    kept = await site.send("DELETE", f"{RULES}/MSCI-westus2-c1")
    assert kept.status == 400
    await site.arm.send("DELETE", site.arm.cluster())
    site.azure.advance(260)
    assert (await site.send("GET", f"{RULES}/MSCI-westus2-c1/associations")).body["value"] == []
    assert (await site.send("DELETE", f"{RULES}/MSCI-westus2-c1")).status == 200


async def test_a_rule_goes_with_its_associations_when_asked(site: Site) -> None:
    await site.make_workspace()
    await site.make_cluster(LINUX)
    await site.associate()
    assert (await site.send("DELETE", f"{RULES}/MSCI-westus2-c1", deleteAssociations="true")).status == 200
    gone = await site.arm.send("GET", f"{site.cluster_id}/{ASSOCIATION}", **_VERSION)
    assert (gone.status, gone.body["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("name", "properties", "status", "code"),
    [
        ("one", {}, 400, "InvalidPayload"),
        ("one", {"dataCollectionRuleId": "/none"}, 404, "NotFound"),
        ("one", {"dataCollectionEndpointId": "/none"}, 400, "InvalidAssociationName"),
    ],
)
async def test_an_association_is_refused(
    site: Site, name: str, properties: dict[str, Any], status: int, code: str
) -> None:
    await site.make_cluster(LINUX)
    at = f"{site.cluster_id}/{ASSOCIATION.rpartition('/')[0]}/{name}"
    reply = await site.arm.send("PUT", at, {"properties": properties}, **_VERSION)
    assert (reply.status, reply.body["error"]["code"]) == (status, code)


async def test_nothing_is_tied_to_a_cluster_that_is_not_there(site: Site) -> None:
    reply = await site.arm.send("PUT", f"{site.cluster_id}/{ASSOCIATION}", {"properties": {}}, **_VERSION)
    assert (reply.status, reply.body["error"]["code"]) == (404, "ResourceNotFound")


async def test_an_endpoint_is_made_changed_and_deleted(site: Site) -> None:
    body = {"location": "westus2", "properties": {"networkAcls": {"publicNetworkAccess": "Disabled"}}}
    made = (await site.send("PUT", f"{ENDPOINTS}/MSCI-ingest", body)).body
    assert made["properties"]["logsIngestion"]["endpoint"].startswith("https://msci-ingest-")
    again = (await site.send("PUT", f"{ENDPOINTS}/MSCI-ingest", {"location": "westus2"})).body
    assert again["properties"]["immutableId"] == made["properties"]["immutableId"]
    assert again["properties"]["networkAcls"] == {"publicNetworkAccess": "Enabled"}
    assert (await site.send("DELETE", f"{ENDPOINTS}/MSCI-ingest")).status == 200
    assert (await site.send("DELETE", f"{ENDPOINTS}/MSCI-ingest")).status == 204
