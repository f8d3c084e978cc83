"""Section 3 to its end: Services over the API, what Azure builds for them, graph and picture, and what goes wrong."""

import re
from typing import Any

import pytest

from app.bootstrap import OBSERVERS
from tests.support.whole import Slipway

PATH = "/v1/clusters/blue/infrastructure"
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]


async def observe(slipway: Slipway) -> None:
    for observer in OBSERVERS:
        await observer(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)


async def expose(slipway: Slipway, name: str, port: int, **fields: Any) -> str:
    """Expose a Service; its address."""
    body = {"name": name, "namespace": "default", "selector": {"app": name}, "ports": [{"port": port}], **fields}
    job = await slipway.done("POST", "/v1/clusters/blue/exposures", body)
    return str(job["outcome"]["addresses"][0]["address"])


async def graph(slipway: Slipway) -> dict[str, Any]:
    body: dict[str, Any] = (await slipway.ask("GET", PATH)).json()
    return body


async def put_rule(slipway: Slipway, name: str, priority: int, source: str) -> None:
    """Have somebody put a rule into AKS's own security group that denies what comes from there."""
    cloud = slipway.azure.azure.cloud

    async def put() -> None:
        (guard,) = cloud.store.of_type("Microsoft.Network/networkSecurityGroups", under="/subscriptions")
        properties = {
            "priority": priority,
            "direction": "Inbound",
            "access": "Deny",
            "protocol": "*",
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "*",
        }
        rule = {"id": f"{guard.id}/securityRules/{name}", "name": name, "properties": properties}
        guard.body["properties"]["securityRules"].append(rule)

    slipway.azure.call(put())


async def test_every_address_leads_to_its_service_and_is_in_the_picture(slipway: Slipway) -> None:
    await slipway.create()
    addresses = {
        "web": await expose(slipway, "web", 80),
        "api": await expose(slipway, "api", 443),
        "metrics": await expose(slipway, "metrics", 9090, internal=True),
    }
    await observe(slipway)
    body = await graph(slipway)
    assert (body["missing"], body["strange"]) == ([], [])
    by_id = {node["id"]: node for node in body["nodes"]}
    serves = [edge for edge in body["edges"] if edge["relation"] == "serves"]
    assert {by_id[edge["target"]]["name"]: by_id[edge["source"]]["details"]["address"] for edge in serves} == addresses
    purposes = sorted(node["details"]["purpose"] for node in body["nodes"] if node["kind"] == "public_ip")
    assert purposes == ["inbound", "inbound", "outbound"]
    picture = (await slipway.ask("GET", PATH, Accept="image/svg+xml")).text
    flowchart = (await slipway.ask("GET", PATH, Accept="text/vnd.mermaid")).text
    for name, address in addresses.items():
        assert f">{address}<" in picture
        assert f">{name}<" in picture
        assert address in flowchart
        assert f'"default/{name}<br/>' in flowchart

    await put_rule(slipway, "deny-probes", 100, "AzureLoadBalancer")
    await observe(slipway)
    body = await graph(slipway)
    assert [finding["code"] for finding in body["missing"]] == ["probes_blocked"]
    assert [finding["code"] for finding in body["strange"]] == ["security_rule_by_hand"]
    assert "deny-probes" in body["missing"][0]["remedy"]
    # All three Services' probes, and both load balancers.
    assert len(re.findall(r"\d{5}", body["missing"][0]["detail"])) == 3
    assert len(body["missing"][0]["nodes"]) == 3
    await put_rule(slipway, "deny-all", 101, "*")
    await observe(slipway)
    found = [finding["code"] for finding in (await graph(slipway))["missing"]]
    assert found == ["probes_blocked", *["service_ports_blocked"] * 3]
    assert "Worth a look" in (await slipway.ask("GET", PATH, Accept="image/svg+xml")).text
