"""A cluster's `loadBalancerProfile`: what AKS makes of it on the load balancer `kubernetes`, and what it refuses."""

from typing import Any

import pytest

from app.emulator.core.network_documents import LOAD_BALANCER, PUBLIC_IP, PUBLIC_IP_PREFIX, public_ip, resource
from app.emulator.core.store import Resource
from tests.emulator.conftest import Arm, Reply
from tests.support.local_azure import LocalAzureForTests


async def put(arm: Arm, **profile: Any) -> Reply:
    return await arm.make_cluster(networkProfile={"loadBalancerProfile": profile})


async def made(arm: Arm, azure: LocalAzureForTests, **profile: Any) -> dict[str, Any]:
    """A cluster whose profile is this, in the end."""
    await arm.make_group()
    reply = await put(arm, **profile)
    assert reply.status in {200, 201}, reply.text
    azure.advance(300)
    return await shown(arm)


async def shown(arm: Arm) -> dict[str, Any]:
    body = (await arm.send("GET", arm.cluster())).body
    found: dict[str, Any] = body["properties"]["networkProfile"]["loadBalancerProfile"]
    return found


def stored(azure: LocalAzureForTests, kind: str) -> list[Resource]:
    async def read() -> list[Resource]:
        return azure.azure.cloud.store.of_type(kind)

    return azure.call(read())


def add(azure: LocalAzureForTests, name: str, body: dict[str, Any]) -> str:
    """Something that the caller has in a group of his own."""

    async def keep() -> str:
        cloud = azure.azure.cloud
        return cloud.store.put(Resource(body["id"], body["type"], body, cloud.now())).id

    return azure.call(keep())


def own_address(azure: LocalAzureForTests, name: str, *, location: str = "westus2", **more: Any) -> str:
    at = f"/subscriptions/{azure.subscription_id}/resourceGroups/mine/providers/{PUBLIC_IP}/{name}"
    return add(azure, name, public_ip(at, location, guid=name, address=f"192.0.2.{len(name)}", **more))


def rule(azure: LocalAzureForTests) -> dict[str, Any]:
    (balancer,) = stored(azure, LOAD_BALANCER)
    (found,) = balancer.body["properties"]["outboundRules"]
    properties: dict[str, Any] = found["properties"]
    return properties


async def test_a_cluster_has_one_managed_address_unless_asked(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    profile = await made(arm, stopped_azure)
    assert profile["managedOutboundIPs"] == {"count": 1}
    assert len(profile["effectiveOutboundIPs"]) == 1


async def test_more_and_fewer_managed_addresses_keep_those_that_stay(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    first = (await made(arm, stopped_azure))["effectiveOutboundIPs"]
    three = await made(arm, stopped_azure, managedOutboundIPs={"count": 3}, allocatedOutboundPorts=2000)
    assert len(three["effectiveOutboundIPs"]) == 3
    assert first[0] in three["effectiveOutboundIPs"]
    assert len(stored(stopped_azure, PUBLIC_IP)) == 3
    assert len({each.body["properties"]["ipAddress"] for each in stored(stopped_azure, PUBLIC_IP)}) == 3
    assert len(rule(stopped_azure)["frontendIPConfigurations"]) == 3
    assert rule(stopped_azure)["allocatedOutboundPorts"] == 2000

    one = await made(arm, stopped_azure, managedOutboundIPs={"count": 1}, idleTimeoutInMinutes=4)
    assert one["effectiveOutboundIPs"] == first
    assert len(stored(stopped_azure, PUBLIC_IP)) == 1
    assert one["allocatedOutboundPorts"] == 2000, "what is not named stays"
    assert rule(stopped_azure)["idleTimeoutInMinutes"] == 4


async def test_own_addresses_take_the_place_of_managed_ones_and_stay_when_they_are_let_go(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    await made(arm, stopped_azure)
    own = own_address(stopped_azure, "egress")
    profile = await made(arm, stopped_azure, outboundIPs={"publicIPs": [{"id": own}]})
    assert "managedOutboundIPs" not in profile
    assert profile["effectiveOutboundIPs"] == [{"id": own}]
    assert [each.id for each in stored(stopped_azure, PUBLIC_IP)] == [own]

    profile = await made(arm, stopped_azure, managedOutboundIPs={"count": 2})
    assert "outboundIPs" not in profile
    assert own in [each.id for each in stored(stopped_azure, PUBLIC_IP)]
    assert {"id": own} not in profile["effectiveOutboundIPs"]


async def test_a_prefix_serves_with_all_its_addresses(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await made(arm, stopped_azure)
    at = f"/subscriptions/{stopped_azure.subscription_id}/resourceGroups/mine/providers/{PUBLIC_IP_PREFIX}/p"
    properties = {"ipPrefix": "198.19.0.0/31", "prefixLength": 31}
    prefix = add(stopped_azure, "p", resource(at, PUBLIC_IP_PREFIX, "westus2", properties))
    asked = {"outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]}, "allocatedOutboundPorts": 64_000}
    assert (await made(arm, stopped_azure, **asked))["effectiveOutboundIPs"] == [{"id": prefix}]


@pytest.mark.parametrize(
    ("profile", "code", "part"),
    [
        (
            {"managedOutboundIPs": {"count": 1}, "outboundIPs": {"publicIPs": []}},
            "InvalidLoadBalancerProfile",
            "",
        ),
        (
            {"managedOutboundIPs": {"count": 0}},
            "InvalidLoadBalancerProfileManagedOutboundIPCount",
            ".managedOutboundIPs.count",
        ),
        (
            {"managedOutboundIPs": {"count": 101}},
            "InvalidLoadBalancerProfileManagedOutboundIPCount",
            ".managedOutboundIPs.count",
        ),
        ({"idleTimeoutInMinutes": 3}, "InvalidLoadBalancerProfileIdleTimeoutInMinutes", ".idleTimeoutInMinutes"),
        ({"allocatedOutboundPorts": 9}, "InvalidLoadBalancerProfileAllocatedOutboundPorts", ".allocatedOutboundPorts"),
        (
            {"allocatedOutboundPorts": 40_000},
            "InvalidLoadBalancerProfileAllocatedOutboundPorts",
            ".allocatedOutboundPorts",
        ),
        ({"outboundIPs": {"publicIPs": [{"id": "/x"}]}}, "InvalidLoadBalancerProfileOutboundIPs", ".outboundIPs"),
        (
            {"outboundIPPrefixes": {"publicIPPrefixes": [{"id": "/x"}]}},
            "InvalidLoadBalancerProfileOutboundIPPrefixes",
            ".outboundIPPrefixes",
        ),
    ],
)
async def test_aks_refuses_what_does_not_fit(
    arm: Arm, stopped_azure: LocalAzureForTests, profile: dict[str, Any], code: str, part: str
) -> None:
    await arm.make_group()
    refused = await put(arm, **profile)
    assert (refused.status, refused.body["code"]) == (400, code)
    assert refused.body["target"] == f"networkProfile.loadBalancerProfile{part}"


async def test_the_sum_is_told_as_aks_tells_it(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    """Trouble 59; the words are those of Azure/azure-cli#22374."""
    await made(arm, stopped_azure)
    refused = await put(arm, allocatedOutboundPorts=40_000)
    assert refused.body["message"] == (
        "Load balancer profile allocated ports 40000 is not in an allowable range given the number of nodes and IPs "
        "provisioned. Total node count 2 requires 80000 ports but only 64000 ports are available given 1 outbound "
        "public IPs. Refer to https://aka.ms/aks/slb-ports for more details."
    )


async def test_a_pool_that_grows_past_the_ports_is_refused(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    """Trouble 59."""
    await made(arm, stopped_azure, allocatedOutboundPorts=16_000)
    pool = f"{arm.cluster()}/agentPools/pool1"
    assert (await arm.send("PUT", pool, {"properties": {"count": 3}})).status == 200
    stopped_azure.advance(300)
    refused = await arm.send("PUT", pool, {"properties": {"count": 4}})
    assert (refused.status, refused.body["code"]) == (400, "InvalidLoadBalancerProfileAllocatedOutboundPorts")


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ({"location": "northeurope"}, "LoadBalancerProfileOutboundIPNotInTheSameRegion"),
        ({"sku": "Basic"}, "LoadBalancerProfileOutboundIPNotStandardSKU"),
        ({"tags": {"aks-managed-type": "x"}}, "LoadBalancerProfileOutboundIPHasManagedOutboundIPTag"),
    ],
)
async def test_an_address_that_does_not_fit_is_refused(
    arm: Arm, stopped_azure: LocalAzureForTests, more: dict[str, Any], detail: str
) -> None:
    await made(arm, stopped_azure)
    refused = await put(arm, outboundIPs={"publicIPs": [{"id": own_address(stopped_azure, "egress", **more)}]})
    assert (refused.status, refused.body["code"]) == (400, "InvalidLoadBalancerProfileOutboundIPs")
    assert refused.body["message"].endswith(detail)


async def test_an_address_of_another_cluster_is_refused(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    own = own_address(stopped_azure, "egress")
    await made(arm, stopped_azure, outboundIPs={"publicIPs": [{"id": own}]})
    refused = await arm.make_cluster(
        "c2", networkProfile={"loadBalancerProfile": {"outboundIPs": {"publicIPs": [{"id": own}]}}}
    )
    assert refused.body["message"].endswith("LoadBalancerProfileOutboundIPAttachedToAnotherIPConfiguration")
