"""Virtual networks, security groups, route tables, NICs: ranges, references, refusals, and groups that go."""

from typing import Any

import pytest

from tests.emulator.network.conftest import Net, refusal

RULE = {
    "protocol": "Tcp",
    "access": "Allow",
    "direction": "Inbound",
    "priority": 100,
    "sourceAddressPrefix": "Internet",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "80-81",
}


async def test_subnets_are_the_same_in_their_network_and_by_themselves(net: Net) -> None:
    await net.make_network({"addressPrefix": "10.0.0.0/24"})
    added = await net.put("virtualNetworks/v/subnets/extra", {"addressPrefix": "10.0.1.0/24"})
    assert (added.status, added.body["properties"]["provisioningState"]) == (201, "Updating")
    net.azure.advance(5)
    inside = (await net.get("virtualNetworks/v")).body["properties"]["subnets"]
    assert inside == (await net.get("virtualNetworks/v/subnets")).body["value"]
    assert [subnet["name"] for subnet in inside] == ["s0", "extra"]
    await net.make_network({"addressPrefix": "10.0.0.0/24"})
    assert refusal(await net.get("virtualNetworks/v/subnets/extra")) == (404, "NotFound")
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/15"]}}
    kept = await net.make("virtualNetworks/v", space)
    assert [subnet["name"] for subnet in kept["properties"]["subnets"]] == ["s0"]


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        ("10.0.0.128/25", "NetcfgSubnetRangesOverlap"),
        ("10.9.0.0/24", "NetcfgInvalidSubnet"),
        ("10.0.1.0/30", "NetcfgInvalidSubnet"),
        ("10.0.1.1/24", "InvalidCIDRNotation"),
        ("ten", "InvalidAddressPrefixFormat"),
        (None, "InvalidRequestFormat"),
    ],
)
async def test_a_subnet_lies_inside_its_network_and_beside_the_others(net: Net, prefix: str | None, code: str) -> None:
    await net.make_network({"addressPrefix": "10.0.0.0/24"})
    refused = await net.put("virtualNetworks/v/subnets/extra", {"addressPrefix": prefix})
    assert refusal(refused) == (400, code)
    assert len((await net.get("virtualNetworks/v/subnets")).body["value"]) == 1


async def test_a_subnet_in_use_stays_with_its_range_and_its_network(net: Net) -> None:
    await net.make_network({"addressPrefix": "10.0.0.0/24"}, {"addressPrefix": "10.0.1.0/24"})
    nic = await net.make("networkInterfaces/n", {"ipConfigurations": [net.internal("ipconfig")]})
    used = (await net.get("virtualNetworks/v/subnets/s0")).body["properties"]["ipConfigurations"]
    assert used == [{"id": f"{nic['id']}/ipConfigurations/ipconfig"}]
    for path in ("virtualNetworks/v/subnets/s0", "virtualNetworks/v"):
        refused = await net.delete(path)
        assert refusal(refused) == (400, "InUseSubnetCannotBeDeleted")
        assert used[0]["id"] in refused.body["error"]["message"]
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    assert refusal(await net.put("virtualNetworks/v", {**space, "subnets": []})) == (400, "InUseSubnetCannotBeDeleted")
    moved = await net.put("virtualNetworks/v/subnets/s0", {"addressPrefix": "10.0.2.0/24"})
    assert refusal(moved) == (400, "InUsePrefixCannotBeDeleted")
    assert (await net.delete("virtualNetworks/v/subnets/s1")).status == 202
    net.azure.advance(11)
    assert (await net.delete("networkInterfaces/n")).status == 202
    net.azure.advance(11)
    assert (await net.delete("virtualNetworks/v")).status == 202
    net.azure.advance(11)
    assert (await net.get("virtualNetworks/v")).status == 404


async def test_a_security_group_has_azures_own_rules_and_its_own_beside_them(net: Net) -> None:
    await net.make("networkSecurityGroups/g", {})
    made = await net.put("networkSecurityGroups/g/securityRules/web", RULE)
    assert made.status == 201
    net.azure.advance(5)
    shown = (await net.get("networkSecurityGroups/g")).body["properties"]
    assert [rule["name"] for rule in shown["securityRules"]] == ["web"]
    assert shown["securityRules"][0]["properties"]["sourceAddressPrefixes"] == []
    defaults = (await net.get("networkSecurityGroups/g/defaultSecurityRules")).body["value"]
    assert [(rule["properties"]["direction"], rule["properties"]["priority"]) for rule in defaults] == [
        ("Inbound", 65000),
        ("Inbound", 65001),
        ("Inbound", 65500),
        ("Outbound", 65000),
        ("Outbound", 65001),
        ("Outbound", 65500),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"priority": 99}, "SecurityRuleInvalidPriority"),
        ({"priority": 4097}, "SecurityRuleInvalidPriority"),
        ({"protocol": "Sctp"}, "SecurityRuleParameterContainsUnsupportedValue"),
        ({"access": "Perhaps"}, "SecurityRuleParameterContainsUnsupportedValue"),
        ({"destinationPortRange": "81-80"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "70000"}, "SecurityRuleInvalidPortRange"),
        ({"sourceAddressPrefix": "10.0.0.0/33"}, "SecurityRuleInvalidAddressPrefix"),
        ({"sourceAddressPrefix": None}, "SecurityRuleMissingParameter"),
    ],
)
async def test_a_bad_security_rule_is_refused(net: Net, change: dict[str, Any], code: str) -> None:
    await net.make("networkSecurityGroups/g", {})
    assert refusal(await net.put("networkSecurityGroups/g/securityRules/r", {**RULE, **change})) == (400, code)


async def test_priorities_are_unique_for_their_direction_and_rules_are_at_most_a_thousand(net: Net) -> None:
    rules = [{"name": f"r{number}", "properties": {**RULE, "priority": 100 + number}} for number in range(1000)]
    await net.make("networkSecurityGroups/g", {"securityRules": rules})
    clash = await net.put("networkSecurityGroups/h", {"securityRules": [rules[0], {**rules[0], "name": "again"}]})
    assert refusal(clash) == (400, "SecurityRuleConflict")
    outbound = {"name": "out", "properties": {**RULE, "direction": "Outbound"}}
    assert (await net.put("networkSecurityGroups/h", {"securityRules": [rules[0], outbound]})).status == 201
    more = await net.put("networkSecurityGroups/g/securityRules/more", {**RULE, "priority": 4000})
    assert refusal(more) == (400, "SecurityGroupRulesCountLimitReached")


async def test_security_groups_and_route_tables_in_use_stay_and_show_by_whom(net: Net) -> None:
    group = await net.make("networkSecurityGroups/g", {})
    table = await net.make("routeTables/t", {})
    await net.make_network(
        {
            "addressPrefix": "10.0.0.0/24",
            "networkSecurityGroup": {"id": group["id"]},
            "routeTable": {"id": table["id"]},
        }
    )
    subnet = [{"id": net.id("virtualNetworks/v/subnets/s0")}]
    for path, code in (
        ("networkSecurityGroups/g", "InUseNetworkSecurityGroupCannotBeDeleted"),
        ("routeTables/t", "InUseRouteTableCannotBeDeleted"),
    ):
        assert (await net.get(path)).body["properties"]["subnets"] == subnet
        assert refusal(await net.delete(path)) == (400, code)
    absent = {"addressPrefix": "10.0.1.0/24", "routeTable": {"id": net.id("routeTables/none")}}
    refused = await net.put("virtualNetworks/v/subnets/s1", absent)
    assert refusal(refused) == (400, "InvalidResourceReference")


@pytest.mark.parametrize(
    ("route", "code"),
    [
        ({"addressPrefix": "10.0.0.1/8", "nextHopType": "None"}, "InvalidAddressPrefixFormat"),
        ({"addressPrefix": "10.0.0.0/8", "nextHopType": "Somewhere"}, "InvalidRequestFormat"),
        ({"addressPrefix": "10.0.0.0/8", "nextHopType": "VirtualAppliance"}, "RouteNextHopIpAddressInvalid"),
        ({"addressPrefix": "10.1.0.0/16", "nextHopType": "None"}, "RouteConflict"),
    ],
)
async def test_a_bad_route_is_refused(net: Net, route: dict[str, Any], code: str) -> None:
    first = {"addressPrefix": "10.1.0.0/16", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}
    await net.make("routeTables/t", {"routes": [{"name": "first", "properties": first}]})
    assert refusal(await net.put("routeTables/t/routes/r", route)) == (400, code)


async def test_tags_are_changed_by_themselves_and_lists_are_by_group_and_by_subscription(net: Net) -> None:
    await net.make("routeTables/t", {}, tags={"a": "1"})
    patched = await net.arm.send("PATCH", net.id("routeTables/t"), {"tags": {"b": "2"}})
    assert (patched.status, patched.body["tags"]) == (200, {"b": "2"})
    await net.arm.make_group("g2")
    await net.put("routeTables/t", {}, group="g2")
    by_group = await net.get("routeTables")
    everywhere = await net.arm.send("GET", "providers/Microsoft.Network/routeTables")
    assert [len(reply.body["value"]) for reply in (by_group, everywhere)] == [1, 2]
    assert refusal(await net.arm.send("GET", net.id("routeTables", "none"))) == (404, "ResourceGroupNotFound")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("resourceGroup eq 'G1' and name eq 't' and resourceType eq 'microsoft.network/routetables'", ["t"]),
        ("name eq 't' and resourceType eq 'Microsoft.Network/networkSecurityGroups'", []),
        ("tagName eq 'a' and tagValue eq '1'", ["t"]),
        ("tagName eq 'a' and tagValue eq '2'", []),
        ("tagName eq 'A'", ["t", "u"]),
    ],
)
async def test_resources_are_found_by_what_is_said_of_them(net: Net, text: str, names: list[str]) -> None:
    await net.make("routeTables/t", {}, tags={"a": "1"})
    await net.make("networkSecurityGroups/u", {}, tags={"a": "3"})
    found = await net.arm.send("GET", "resources", filter=text)
    assert sorted(one["name"] for one in found.body["value"]) == names


@pytest.mark.parametrize("text", ["name eq t", "tagValue eq '1'", "name eq 't' or name eq 'u'"])
async def test_a_filter_that_is_none_is_refused(net: Net, text: str) -> None:
    assert refusal(await net.arm.send("GET", "resources", filter=text)) == (400, "InvalidFilterInQueryString")


async def test_a_group_goes_with_all_that_is_in_it_but_not_while_another_group_uses_it(net: Net) -> None:
    group = await net.make("networkSecurityGroups/g", {})
    await net.make_network({"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": group["id"]}})
    await net.make_address()
    await net.put_balancer(net.frontend("f", "a"))
    await net.arm.make_group("g2")
    nic = {"ipConfigurations": [net.internal("ipconfig")]}
    assert (await net.put("networkInterfaces/n", nic, group="g2")).status == 201
    net.azure.advance(1)
    removal = await net.arm.send("DELETE", "resourceGroups/g1")
    net.azure.advance(61)
    failed = await net.arm.send("GET", removal.headers["location"])
    assert refusal(failed) == (409, "ResourceGroupDeletionBlocked")
    left = await net.arm.send("GET", "resourceGroups/g1/resources")
    assert sorted(one["name"] for one in left.body["value"]) == ["g", "v"]
    assert (await net.get("virtualNetworks/v")).body["properties"]["provisioningState"] == "Succeeded"
    await net.delete("networkInterfaces/n", group="g2")
    net.azure.advance(11)
    await net.arm.send("DELETE", "resourceGroups/g1")
    net.azure.advance(61)
    assert (await net.arm.send("GET", "resourceGroups/g1")).status == 404
