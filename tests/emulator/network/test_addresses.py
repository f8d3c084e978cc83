"""Public addresses and prefixes: given once, kept while used, refused as Azure does."""

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import arm_for
from tests.emulator.network.conftest import Net, refusal
from tests.support.local_azure import LocalAzureForTests, start_local_azure


async def test_an_address_is_there_when_its_operation_ends_and_stays(net: Net) -> None:
    made = await net.put("publicIPAddresses/a", {"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"})
    assert (made.status, made.body["properties"]["provisioningState"]) == (201, "Updating")
    assert "ipAddress" not in made.body["properties"]
    net.azure.advance(5)
    properties = (await net.get("publicIPAddresses/a")).body["properties"]
    assert ipaddress.ip_address(properties["ipAddress"]) in ipaddress.ip_network("203.0.113.0/24")
    changed = await net.make_address(properties={"idleTimeoutInMinutes": 7})
    assert changed["properties"]["ipAddress"] == properties["ipAddress"]
    assert changed["properties"]["idleTimeoutInMinutes"] == 7


async def test_three_hundred_addresses_are_all_different_even_while_they_are_being_made(net: Net) -> None:
    body = {"publicIPAllocationMethod": "Static"}
    for number in range(300):
        if number == 150:
            # Resource Manager takes 200 writes at once, and 10 more each second.
            net.azure.advance(15)
        reply = await net.put(f"publicIPAddresses/a{number}", body, sku={"name": "Standard"})
        assert reply.status == 201
    net.azure.advance(5)
    listed = await net.arm.send("GET", net.id("publicIPAddresses"))
    more = await net.arm.send("GET", listed.body["nextLink"])
    given = [one["properties"]["ipAddress"] for page in (listed, more) for one in page.body["value"]]
    assert len(given) == len(set(given)) == 300


async def test_an_address_in_use_is_not_deleted_and_says_who_has_it(net: Net) -> None:
    await net.make_address()
    assert (await net.put_balancer(net.frontend("f", "a"))).status == 201
    shown = (await net.get("publicIPAddresses/a")).body["properties"]["ipConfiguration"]["id"]
    assert shown == net.id("loadBalancers/b/frontendIPConfigurations/f")
    refused = await net.delete("publicIPAddresses/a")
    assert refusal(refused) == (400, "PublicIPAddressCannotBeDeleted")
    assert shown in refused.body["error"]["message"]
    assert (await net.delete("loadBalancers/b")).status == 202
    net.azure.advance(11)
    assert "ipConfiguration" not in (await net.get("publicIPAddresses/a")).body["properties"]
    assert (await net.delete("publicIPAddresses/a")).status == 202
    net.azure.advance(11)
    assert (await net.get("publicIPAddresses/a")).status == 404
    assert (await net.delete("publicIPAddresses/a")).status == 204


async def test_a_dns_label_is_unique_in_its_location(net: Net) -> None:
    label = {"dnsSettings": {"domainNameLabel": "shop"}}
    first = await net.make_address(properties=label)
    assert first["properties"]["dnsSettings"]["fqdn"] == "shop.westus2.cloudapp.azure.com"
    again = {"publicIPAllocationMethod": "Static", **label}
    taken = await net.put("publicIPAddresses/b", again, sku={"name": "Standard"})
    assert refusal(taken) == (400, "DnsRecordInUse")
    assert "shop.westus2.cloudapp.azure.com" in taken.body["error"]["message"]
    check = "providers/Microsoft.Network/locations/{}/CheckDnsNameAvailability"
    asked = [await net.arm.send("GET", check.format(place), domainNameLabel="shop") for place in ("westus2", "eastus")]
    assert [reply.body["available"] for reply in asked] == [False, True]
    elsewhere = await net.put("publicIPAddresses/b", again, sku={"name": "Standard"}, location="eastus")
    assert elsewhere.status == 201
    assert (await net.put("publicIPAddresses/a", again, sku={"name": "Standard"})).status == 200


async def test_a_prefix_gives_its_addresses_until_it_is_exhausted(net: Net) -> None:
    prefix = await net.make("publicIPPrefixes/p", {"prefixLength": 31}, sku={"name": "Standard"})
    range_ = ipaddress.ip_network(prefix["properties"]["ipPrefix"])
    named = {"publicIPPrefix": {"id": prefix["id"]}}
    given = [(await net.make_address(name, properties=named))["properties"]["ipAddress"] for name in ("a", "b")]
    assert sorted(given) == [str(address) for address in range_]
    third = await net.put(
        "publicIPAddresses/c", {"publicIPAllocationMethod": "Static", **named}, sku={"name": "Standard"}
    )
    assert refusal(third) == (400, "PublicIpPrefixOutOfIpAddresses")
    shown = (await net.get("publicIPPrefixes/p")).body["properties"]["publicIPAddresses"]
    assert shown == [{"id": net.id("publicIPAddresses/a")}, {"id": net.id("publicIPAddresses/b")}]
    assert refusal(await net.delete("publicIPPrefixes/p")) == (400, "InUsePublicIpPrefixCannotBeDeleted")


async def test_two_prefixes_never_overlap(net: Net) -> None:
    ranges = []
    for number, length in enumerate((28, 31, 29)):
        made = await net.make(f"publicIPPrefixes/p{number}", {"prefixLength": length}, sku={"name": "Standard"})
        ranges.append(ipaddress.ip_network(made["properties"]["ipPrefix"]))
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one is not other)


@pytest.mark.parametrize(
    ("properties", "fields", "code"),
    [
        ({"publicIPAllocationMethod": "Dynamic"}, {}, "StandardSkuPublicIPAddressMustBeStatic"),
        ({"idleTimeoutInMinutes": 31}, {}, "InvalidRequestFormat"),
        ({"publicIPAddressVersion": "IPv5"}, {}, "InvalidRequestFormat"),
        ({"dnsSettings": {"domainNameLabel": "-bad"}}, {}, "InvalidDomainNameLabel"),
        ({"publicIPPrefix": {"id": "/subscriptions/x"}}, {}, "InvalidResourceReference"),
        ({}, {"zones": ["9"]}, "AvailabilityZoneNotSupported"),
        ({}, {"sku": {"name": "Gold"}}, "InvalidRequestFormat"),
        ({}, {"location": "atlantis"}, "LocationNotAvailableForResourceType"),
    ],
)
async def test_a_bad_address_is_refused(
    net: Net, properties: dict[str, Any], fields: dict[str, Any], code: str
) -> None:
    sent = {"sku": {"name": "Standard"}, **fields}
    reply = await net.put("publicIPAddresses/a", {"publicIPAllocationMethod": "Static", **properties}, **sent)
    assert refusal(reply) == (400, code)
    assert (await net.get("publicIPAddresses/a")).status == 404


@pytest.mark.parametrize("name", ["-a", "a-", "a" * 81, "a b"])
async def test_a_bad_name_is_refused(net: Net, name: str) -> None:
    reply = await net.put(f"publicIPAddresses/{name}", {}, sku={"name": "Standard"})
    assert refusal(reply) == (400, "InvalidResourceName")


@pytest.mark.parametrize(
    ("properties", "fields", "refused"),
    [
        ({}, {"sku": {"name": "Basic"}}, (400, "PropertyChangeNotAllowed")),
        ({"publicIPAddressVersion": "IPv6"}, {}, (400, "PropertyChangeNotAllowed")),
        ({}, {"zones": ["1"]}, (400, "ResourceAvailabilityZonesCannotBeModified")),
        ({}, {"location": "eastus"}, (409, "InvalidResourceLocation")),
    ],
)
async def test_what_is_immutable_stays(
    net: Net, properties: dict[str, Any], fields: dict[str, Any], refused: tuple[int, str]
) -> None:
    await net.make_address()
    sent = {"sku": {"name": "Standard"}, **fields}
    reply = await net.put("publicIPAddresses/a", {"publicIPAllocationMethod": "Static", **properties}, **sent)
    assert refusal(reply) == refused


async def test_the_allocation_of_an_address_stays_while_it_is_attached(net: Net) -> None:
    await net.make("publicIPAddresses/a", {"publicIPAllocationMethod": "Static"}, sku={"name": "Basic"})
    await net.put_balancer(net.frontend("f", "a"), sku="Basic")
    reply = await net.put("publicIPAddresses/a", {"publicIPAllocationMethod": "Dynamic"}, sku={"name": "Basic"})
    assert refusal(reply) == (400, "PropertyChangeNotAllowed")


async def test_a_dynamic_address_is_given_when_it_is_attached(net: Net) -> None:
    loose = await net.make("publicIPAddresses/a", {}, sku={"name": "Basic"})
    assert loose["properties"]["publicIPAllocationMethod"] == "Dynamic"
    assert "ipAddress" not in loose["properties"]
    await net.put_balancer(net.frontend("f", "a"), sku="Basic")
    assert (await net.get("publicIPAddresses/a")).body["properties"]["ipAddress"]


async def test_an_operation_that_fails_leaves_the_address_failed_and_a_second_put_heals_it(net: Net) -> None:
    net.azure.add_fault("fail_operation", operation="PublicIPAddresses_CreateOrUpdate", code="InternalServerError")
    reply = await net.put("publicIPAddresses/a", {"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"})
    net.azure.advance(5)
    status = await net.arm.status_of(reply)
    assert (status["status"], status["error"]["code"]) == ("Failed", "InternalServerError")
    assert (await net.get("publicIPAddresses/a")).body["properties"]["provisioningState"] == "Failed"
    assert (await net.make_address())["properties"]["ipAddress"]


async def test_a_stale_etag_and_a_second_change_at_once_are_refused(net: Net) -> None:
    made = await net.make_address()
    body = {
        "location": "westus2",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"},
    }
    first = await net.arm.send("PUT", made["id"], body, headers={"If-Match": made["etag"]})
    assert first.status == 200
    busy = await net.arm.send("PUT", made["id"], body)
    assert refusal(busy) == (429, "AnotherOperationInProgress")
    net.azure.advance(5)
    stale = await net.arm.send("PUT", made["id"], body, headers={"If-Match": made["etag"]})
    assert refusal(stale) == (412, "PreconditionFailed")
    taken = await net.arm.send("PUT", made["id"], body, headers={"If-None-Match": "*"})
    assert refusal(taken) == (412, "PreconditionFailed")


@pytest.fixture
def small_azure() -> Iterator[LocalAzureForTests]:
    with start_local_azure(LocalAzureOptions(speed=1.0, public_ip_limit=2), clock=ManualClock()) as azure:
        yield azure


async def test_the_quota_of_addresses_holds_and_usages_tell_of_it(small_azure: LocalAzureForTests) -> None:
    async with arm_for(small_azure) as arm:
        net = Net(arm, small_azure)
        await arm.make_group()
        for name in ("a", "b"):
            await net.make_address(name)
        body = {"publicIPAllocationMethod": "Static"}
        third = await net.put("publicIPAddresses/c", body, sku={"name": "Standard"})
        assert refusal(third) == (400, "PublicIPCountLimitReached")
        elsewhere = await net.put("publicIPAddresses/c", body, sku={"name": "Standard"}, location="eastus")
        assert elsewhere.status == 201
        usages = await arm.send("GET", "providers/Microsoft.Network/locations/westus2/usages")
        shown = {usage["name"]["value"]: (usage["currentValue"], usage["limit"]) for usage in usages.body["value"]}
        assert shown["PublicIPAddresses"] == shown["IPv4StandardSkuPublicIpAddresses"] == (2, 2)


async def test_a_cluster_fails_where_no_address_is_left_and_a_second_put_heals_it(
    small_azure: LocalAzureForTests,
) -> None:
    small_azure.register()
    async with arm_for(small_azure) as arm:
        net = Net(arm, small_azure)
        await arm.make_group()
        for name in ("a", "b"):
            await net.make_address(name)
        made = await arm.make_cluster()
        small_azure.advance(301)
        status = await arm.status_of(made)
        assert (status["status"], status["error"]["code"]) == ("Failed", "PublicIPCountLimitReached")
        assert (await arm.send("GET", arm.cluster())).body["properties"]["provisioningState"] == "Failed"
        await net.delete("publicIPAddresses/a")
        small_azure.advance(11)
        assert (await arm.make_cluster()).status == 200
        small_azure.advance(301)
        healed = (await arm.send("GET", arm.cluster())).body["properties"]
        assert healed["provisioningState"] == "Succeeded"
        assert len(healed["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"]) == 1
