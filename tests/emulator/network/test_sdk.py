"""Azure's own SDK creates, changes, lists and deletes each type."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import Sdk, sdk_for
from tests.support.local_azure import start_local_azure

PLAIN = {"location": "westus2"}
STANDARD = {**PLAIN, "sku": {"name": "Standard"}}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "virtual_networks": (PLAIN, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}),
    "network_security_groups": (PLAIN, {}),
    "route_tables": (PLAIN, {}),
    "load_balancers": (STANDARD, {}),
    "public_ip_addresses": (STANDARD, {"publicIPAllocationMethod": "Static"}),
    "public_ip_prefixes": (STANDARD, {"prefixLength": 30}),
}


@pytest.fixture
async def instant(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sdk]:
    """Operations end before the SDK asks for the first time."""
    with start_local_azure(LocalAzureOptions(speed=1_000_000)) as azure:
        async with sdk_for(azure, monkeypatch) as clients:
            await clients.resources.resource_groups.create_or_update("g1", PLAIN)
            yield clients


@pytest.mark.parametrize("kind", CASES)
async def test_the_sdk_makes_changes_lists_and_deletes(instant: Sdk, kind: str) -> None:
    client = getattr(instant.network, kind)
    fields, properties = CASES[kind]
    made = await (await client.begin_create_or_update("g1", "x", {**fields, "properties": properties})).result()
    assert (made.name, made.properties.provisioning_state) == ("x", "Succeeded")
    body = {**fields, "properties": properties, "tags": {"a": "1"}}
    changed = await (await client.begin_create_or_update("g1", "x", body)).result()
    assert changed.tags == {"a": "1"}
    assert (await client.update_tags("g1", "x", {"tags": {"b": "2"}})).tags == {"b": "2"}
    assert [one.id async for one in client.list("g1")] == [one.id async for one in client.list_all()] == [made.id]
    await (await client.begin_delete("g1", "x")).result()
    assert [one async for one in client.list("g1")] == []


async def test_the_sdk_makes_subnets_rules_routes_and_nics(instant: Sdk) -> None:
    network = instant.network
    await (
        await network.virtual_networks.begin_create_or_update(
            "g1", "v", {**PLAIN, "properties": CASES["virtual_networks"][1]}
        )
    ).result()
    subnet = await (
        await network.subnets.begin_create_or_update("g1", "v", "s", {"properties": {"addressPrefix": "10.0.0.0/24"}})
    ).result()
    assert subnet.properties.address_prefix == "10.0.0.0/24"
    configuration = {"name": "ipconfig", "properties": {"subnet": {"id": subnet.id}}}
    nic = await (
        await network.network_interfaces.begin_create_or_update(
            "g1", "n", {**PLAIN, "properties": {"ipConfigurations": [configuration]}}
        )
    ).result()
    assert nic.properties.ip_configurations[0].properties.private_ip_address == "10.0.0.4"
    for client, parent, name, properties in (
        (
            network.security_rules,
            network.network_security_groups,
            "rule",
            {
                "protocol": "*",
                "access": "Deny",
                "direction": "Inbound",
                "priority": 200,
                "sourceAddressPrefix": "*",
                "destinationAddressPrefix": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
            },
        ),
        (network.routes, network.route_tables, "route", {"addressPrefix": "10.1.0.0/16", "nextHopType": "VnetLocal"}),
    ):
        await (await parent.begin_create_or_update("g1", "parent", PLAIN)).result()
        made = await (await client.begin_create_or_update("g1", "parent", name, {"properties": properties})).result()
        assert [one.id async for one in client.list("g1", "parent")] == [made.id]
        await (await client.begin_delete("g1", "parent", name)).result()
        assert [one async for one in client.list("g1", "parent")] == []
    usages = {usage.name.value: usage.current_value async for usage in network.usages.list("westus2")}
    assert (usages["VirtualNetworks"], usages["NetworkInterfaces"], usages["RouteTables"]) == (1, 1, 1)
