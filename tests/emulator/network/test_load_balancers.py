"""Load balancers: what refers to what, in both directions, and what Azure refuses."""

from typing import Any

import pytest

from tests.emulator.network.conftest import Net, refusal


def _http(name: str = "h", **properties: Any) -> dict[str, Any]:
    return {"name": name, "properties": {"protocol": "Http", "port": 80, "requestPath": "/", **properties}}


async def test_references_are_shown_in_both_directions(net: Net) -> None:
    await net.make_address()
    balancer = net.id("loadBalancers/b")
    rule = net.rule("r", "f", 80, probe={"id": f"{balancer}/probes/h"})
    outbound = {
        "name": "o",
        "properties": {
            "protocol": "All",
            "frontendIPConfigurations": [{"id": f"{balancer}/frontendIPConfigurations/f"}],
            "backendAddressPool": {"id": f"{balancer}/backendAddressPools/p"},
        },
    }
    made = await net.put_balancer(
        net.frontend("f", "a"), loadBalancingRules=[rule], probes=[_http()], outboundRules=[outbound]
    )
    assert (made.status, made.body["properties"]["provisioningState"]) == (201, "Succeeded")
    shown = (await net.get("loadBalancers/b")).body["properties"]
    rules, outbounds = [{"id": f"{balancer}/loadBalancingRules/r"}], [{"id": f"{balancer}/outboundRules/o"}]
    frontend, pool = shown["frontendIPConfigurations"][0]["properties"], shown["backendAddressPools"][0]["properties"]
    assert (frontend["loadBalancingRules"], frontend["outboundRules"]) == (rules, outbounds)
    assert (pool["loadBalancingRules"], pool["outboundRules"]) == (rules, outbounds)
    assert shown["probes"][0]["properties"]["loadBalancingRules"] == rules
    assert shown["loadBalancingRules"][0]["properties"]["loadDistribution"] == "Default"
    for path in ("frontendIPConfigurations/f", "backendAddressPools/p", "probes/h", "outboundRules/o"):
        part = await net.get(f"loadBalancers/b/{path}")
        assert part.body["id"] == f"{balancer}/{path}"
        assert len((await net.get(f"loadBalancers/b/{path.split('/')[0]}")).body["value"]) == 1
    assert refusal(await net.get("loadBalancers/b/probes/none")) == (404, "NotFound")
    assert refusal(await net.get("loadBalancers/none/probes/h")) == (404, "ParentResourceNotFound")


@pytest.mark.parametrize(("balancer", "address"), [("Standard", "Basic"), ("Basic", "Standard")])
async def test_basic_and_standard_do_not_mix(net: Net, balancer: str, address: str) -> None:
    await net.make("publicIPAddresses/a", {"publicIPAllocationMethod": "Static"}, sku={"name": address})
    refused = await net.put_balancer(net.frontend("f", "a"), sku=balancer)
    assert refusal(refused) == (400, "PublicIPAndLBSkuDoNotMatch")
    assert f"{balancer} sku load balancer" in refused.body["error"]["message"]


async def test_an_address_serves_one_frontend_of_one_load_balancer(net: Net) -> None:
    await net.make_address()
    twice = await net.put_balancer(net.frontend("f", "a"), net.frontend("g", "a"))
    assert refusal(twice) == (400, "PublicIPReferencedByMultipleIPConfigs")
    assert (await net.put_balancer(net.frontend("f", "a"))).status == 201
    body = {"frontendIPConfigurations": [net.frontend("f", "a")]}
    other = await net.put("loadBalancers/c", body, sku={"name": "Standard"})
    assert refusal(other) == (400, "PublicIPAddressInUse")
    assert net.id("loadBalancers/b/frontendIPConfigurations/f") in other.body["error"]["message"]


async def test_what_is_absent_or_elsewhere_cannot_be_referred_to(net: Net) -> None:
    absent = await net.put_balancer(net.frontend("f", "none"))
    assert refusal(absent) == (400, "InvalidResourceReference")
    await net.make_address(location="eastus")
    elsewhere = await net.put_balancer(net.frontend("f", "a"))
    assert refusal(elsewhere) == (400, "InvalidResourceReference")
    await net.make_address("here")
    for rule in (
        net.rule("r", "none", 80),
        net.rule("r", "f", 80, probe={"id": net.id("loadBalancers/b/probes/none")}),
    ):
        refused = await net.put_balancer(net.frontend("f", "here"), loadBalancingRules=[rule])
        assert refusal(refused) == (400, "InvalidResourceReference")


@pytest.mark.parametrize(
    ("lists", "code"),
    [
        (lambda net: {"loadBalancingRules": [net.rule("r", "f", 70_000)]}, "InvalidRequestFormat"),
        (lambda net: {"loadBalancingRules": [net.rule("r", "f", 0)]}, "InvalidRequestFormat"),
        (lambda net: {"loadBalancingRules": [net.rule("r", "f", 80, protocol="Sctp")]}, "InvalidRequestFormat"),
        (lambda net: {"loadBalancingRules": [net.rule("r", "f", 80)] * 2}, "DuplicateResourceName"),
        (
            lambda net: {"loadBalancingRules": [net.rule("r", "f", 80), net.rule("q", "f", 80, backendPort=81)]},
            "RulesUseSameFrontendPortProtocolAndFrontendIP",
        ),
        (
            lambda net: {"loadBalancingRules": [net.rule("r", "f", 80), net.rule("q", "f", 81, backendPort=80)]},
            "RulesUseSameBackendPortProtocolAndPool",
        ),
        (lambda _: {"probes": [_http(protocol="Tcp")]}, "ProbeRequestPathInvalid"),
        (lambda _: {"probes": [_http(port=0)]}, "InvalidRequestFormat"),
        (lambda _: {"probes": {}}, "InvalidRequestFormat"),
    ],
)
async def test_bad_rules_and_probes_are_refused(net: Net, lists: Any, code: str) -> None:
    await net.make_address()
    assert refusal(await net.put_balancer(net.frontend("f", "a"), **lists(net))) == (400, code)


async def test_tcp_and_udp_share_a_port_and_frontends_with_floating_ip_share_a_backend_port(net: Net) -> None:
    for name in ("a", "b"):
        await net.make_address(name)
    rules = [
        net.rule("t", "f", 53, enableFloatingIP=True),
        net.rule("u", "f", 53, protocol="Udp", enableFloatingIP=True),
        net.rule("g", "g", 53, enableFloatingIP=True),
    ]
    made = await net.put_balancer(net.frontend("f", "a"), net.frontend("g", "b"), loadBalancingRules=rules)
    assert made.status == 201


async def test_a_load_balancer_has_at_most_600_frontends_and_1500_rules(net: Net) -> None:
    await net.make_network({"addressPrefix": "10.0.0.0/20"})
    frontends = [net.internal(f"f{number}") for number in range(600)]
    assert (await net.put_balancer(*frontends)).status == 201
    more = await net.put_balancer(*frontends, net.internal("one-more"))
    assert refusal(more) == (400, "LoadBalancerFrontendIPConfigurationCountLimitReached")
    rules = [net.rule(f"r{number}", "f0", number) for number in range(1, 1501)]
    assert (await net.put_balancer(*frontends, loadBalancingRules=rules)).status == 200
    rules.append(net.rule("one-more", "f0", 2000))
    refused = await net.put_balancer(*frontends, loadBalancingRules=rules)
    assert refusal(refused) == (400, "LoadBalancerRuleCountLimitReached")


async def test_a_machine_is_behind_at_most_299_rules(net: Net) -> None:
    await net.make_network({"addressPrefix": "10.0.0.0/24"})
    rules = [net.rule(f"r{number}", "f", number) for number in range(1, 301)]
    assert (await net.put_balancer(net.internal("f"), loadBalancingRules=rules[:299])).status == 201
    pool = {"id": net.id("loadBalancers/b/backendAddressPools/p")}
    member = net.internal("ipconfig", loadBalancerBackendAddressPools=[pool])
    await net.make("networkInterfaces/n", {"ipConfigurations": [member]})
    assert (await net.put_balancer(net.internal("f"), loadBalancingRules=rules[:299])).status == 200
    refused = await net.put_balancer(net.internal("f"), loadBalancingRules=rules)
    assert refusal(refused) == (400, "LoadBalancerRuleCountLimitReachedForNic")


async def test_internal_addresses_are_of_the_subnet_and_taken_once(net: Net) -> None:
    await net.make_network({"addressPrefix": "10.0.0.0/29"})
    first = await net.put_balancer(net.internal("f"), net.internal("g"))
    given = [one["properties"]["privateIPAddress"] for one in first.body["properties"]["frontendIPConfigurations"]]
    assert given == ["10.0.0.4", "10.0.0.5"]
    again = await net.put_balancer(net.internal("f"), net.internal("g"))
    assert again.body["properties"]["frontendIPConfigurations"] != []
    for address, code in (
        ("10.0.1.4", "PrivateIPAddressNotInSubnet"),
        ("10.0.0.3", "PrivateIPAddressInReservedRange"),
        ("10.0.0.7", "PrivateIPAddressInReservedRange"),
        ("10.0.0.4", "PrivateIPAddressIsAllocated"),
        ("nonsense", "InvalidRequestFormat"),
    ):
        static = net.internal("s", privateIPAllocationMethod="Static", privateIPAddress=address)
        refused = await net.put("loadBalancers/c", {"frontendIPConfigurations": [static]}, sku={"name": "Standard"})
        assert refusal(refused) == (400, code), address
    full = await net.put_balancer(*[net.internal(name) for name in "fghi"])
    assert refusal(full) == (400, "SubnetIsFull")


async def test_an_internal_frontend_keeps_its_zones(net: Net) -> None:
    await net.make_network({"addressPrefix": "10.0.0.0/24"})
    await net.put_balancer({**net.internal("f"), "zones": ["1", "2"]})
    assert (await net.get("loadBalancers/b/frontendIPConfigurations/f")).body["zones"] == ["1", "2"]
    refused = await net.put_balancer({**net.internal("f"), "zones": ["4"]})
    assert refusal(refused) == (400, "AvailabilityZoneNotSupported")


async def test_nat_rules_and_pools_are_changed_by_themselves(net: Net) -> None:
    await net.make_address()
    await net.put_balancer(net.frontend("f", "a"))
    added = await net.put("loadBalancers/b/backendAddressPools/q", {})
    assert (added.status, added.body["name"]) == (201, "q")
    frontend = {"id": net.id("loadBalancers/b/frontendIPConfigurations/f")}
    nat = {"frontendIPConfiguration": frontend, "frontendPort": 22, "backendPort": 22}
    assert (await net.put("loadBalancers/b/inboundNatRules/n", nat)).status == 201
    clash = await net.put("loadBalancers/b/inboundNatRules/m", nat)
    assert refusal(clash) == (400, "RulesUseSameFrontendPortProtocolAndFrontendIP")
    shown = (await net.get("loadBalancers/b")).body["properties"]
    assert [pool["name"] for pool in shown["backendAddressPools"]] == ["p", "q"]
    assert (await net.delete("loadBalancers/b/backendAddressPools/q")).status == 202
    assert refusal(await net.put("loadBalancers/b/backendAddressPools/r", {})) == (429, "AnotherOperationInProgress")
    net.azure.advance(11)
    assert refusal(await net.get("loadBalancers/b/backendAddressPools/q")) == (404, "NotFound")
    assert (await net.delete("loadBalancers/b/backendAddressPools/q")).status == 204


async def test_a_users_own_nics_leave_the_pools_of_a_load_balancer_that_goes(net: Net) -> None:
    await net.make_network({"addressPrefix": "10.0.0.0/24"})
    await net.put_balancer(net.internal("f"))
    pool = {"id": net.id("loadBalancers/b/backendAddressPools/p")}
    member = net.internal("ipconfig", loadBalancerBackendAddressPools=[pool])
    made = await net.make("networkInterfaces/n", {"ipConfigurations": [member]})
    shown = (await net.get("loadBalancers/b/backendAddressPools/p")).body["properties"]
    assert shown["backendIPConfigurations"] == [{"id": f"{made['id']}/ipConfigurations/ipconfig"}]
    await net.delete("loadBalancers/b")
    net.azure.advance(11)
    left = (await net.get("networkInterfaces/n")).body["properties"]["ipConfigurations"][0]["properties"]
    assert left["loadBalancerBackendAddressPools"] == []
