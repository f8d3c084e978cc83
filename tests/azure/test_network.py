"""Networks and machines as Azure lists them: a cluster's in the local Azure, as recorded, and in wrong shapes."""

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import TypeAdapter

from app.azure import errors
from app.azure.errors import AzureError
from app.azure.gateway import SubscriptionGateway
from app.azure.network.load_balancers import load_balancer_of
from app.azure.network.public_ips import public_ip_of
from app.azure.network.route_tables import route_table_of
from app.azure.network.security_groups import security_group_of
from app.azure.network.virtual_networks import virtual_network_of
from app.azure.types.call import Call
from app.azure.types.network import LoadBalancer, PublicIpAddress
from app.azure.types.usage import Usage
from tests.azure.arm_double import arm_double, error
from tests.azure.compute_documents import AVAILABILITY_SET, DISK, IDENTITY, MACHINE, SCALE_SET
from tests.azure.network_documents import (
    ADDRESS,
    BALANCER,
    INTERFACE,
    PREFIX,
    ROUTE_TABLE,
    SECURITY_GROUP,
    VIRTUAL_NETWORK,
)
from tests.azure.story import Story, ready_cluster
from tests.azure.test_hostile_answers import each_wrong

FOLDER = os.environ.get("SLIPWAY_RECORDINGS")
List = Callable[[SubscriptionGateway, Call, str | None], Awaitable[tuple[Any, ...]]]
LISTS: dict[str, tuple[dict[str, Any], List]] = {
    "load_balancers": (BALANCER, lambda a, c, g: a.network.load_balancers.list_(group=g, call=c)),
    "public_ips": (ADDRESS, lambda a, c, g: a.network.public_ips.list_(group=g, call=c)),
    "prefixes": (PREFIX, lambda a, c, g: a.network.public_ip_prefixes.list_(group=g, call=c)),
    "security_groups": (SECURITY_GROUP, lambda a, c, g: a.network.security_groups.list_(group=g, call=c)),
    "virtual_networks": (VIRTUAL_NETWORK, lambda a, c, g: a.network.virtual_networks.list_(group=g, call=c)),
    "route_tables": (ROUTE_TABLE, lambda a, c, g: a.network.route_tables.list_(group=g, call=c)),
    "interfaces": (INTERFACE, lambda a, c, g: a.network.interfaces.list_(group=g, call=c)),
    "scale_sets": (SCALE_SET, lambda a, c, g: a.compute.scale_sets.list_(group=g, call=c)),
    "machines": (MACHINE, lambda a, c, g: a.compute.machines.list_(group=g, call=c)),
    "availability_sets": (AVAILABILITY_SET, lambda a, c, g: a.compute.availability_sets.list_(group=g, call=c)),
    "disks": (DISK, lambda a, c, g: a.compute.disks.list_(group=g, call=c)),
    "identities": (IDENTITY, lambda a, c, g: a.identities.list_(group=g, call=c)),
}


@pytest.mark.parametrize("name", LISTS)
async def test_each_field_of_a_resource_comes_from_azure_and_goes_through_json(name: str) -> None:
    """Full documents: a field that is still empty was read from a place where Azure does not have it."""
    document, list_ = LISTS[name]
    full = {"tags": {"a": "b"}, "etag": "1", **document}
    full["properties"] = {"provisioningState": "Succeeded", **document.get("properties", {})}

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"value": [full]})

    async with arm_double(handler) as arm:
        (found,) = await list_(arm.azure, arm.call(), None)
        assert await list_(arm.azure, arm.call(), "MC_g") == (found,)
        assert ["/resourcegroups/mc_g/" in request.path.lower() for request in arm.requests] == [False, True]
    assert _empty(found) - NEVER_IN_ONE == set()
    adapter: TypeAdapter[Any] = TypeAdapter(type(found))
    kept = json.loads(json.dumps(adapter.dump_python(found, mode="json")))
    assert adapter.validate_python(kept) == found


# What no document can have at once, or what only a machine of a scale set has.
NEVER_IN_ONE = {
    "Frontend.public_ip_id",
    "Frontend.private_address",
    "Frontend.subnet_id",
    "Frontend.zones",
    "Frontend.public_prefix_id",
    "Machine.instance_id",
    "Machine.scale_set_id",
    "Route.next_hop_address",
}


def _empty(value: Any) -> set[str]:
    """The fields that hold nothing, in the value and in all its parts."""
    found = set()
    for field in fields(value):
        held = getattr(value, field.name)
        if held in (None, (), {}, "", "Unknown"):
            found.add(f"{type(value).__name__}.{field.name}")
        for item in held if isinstance(held, tuple) else ():
            if is_dataclass(item):
                found |= _empty(item)
    return found


@pytest.mark.parametrize("name", LISTS)
async def test_a_wrong_shape_is_azures_fault_and_never_a_traceback(name: str) -> None:
    document, list_ = LISTS[name]
    left = each_wrong(document)
    refused = 0

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"value": [left.pop()]})

    async with arm_double(handler) as arm:
        while left:
            try:
                await list_(arm.azure, arm.call(), None)
            except AzureError as failure:
                if failure.row is not errors.MALFORMED:
                    raise
                refused += 1
    assert refused > 10


@pytest.mark.parametrize("name", LISTS)
async def test_a_group_that_is_gone_holds_nothing_and_another_refusal_is_one(name: str) -> None:
    _, list_ = LISTS[name]

    async def gone(_: web.Request) -> web.StreamResponse:
        return error(404, "ResourceGroupNotFound")

    async def forbidden(_: web.Request) -> web.StreamResponse:
        return error(403, "AuthorizationFailed")

    async with arm_double(gone) as arm:
        assert await list_(arm.azure, arm.call(), "MC_g") == ()
    async with arm_double(forbidden) as arm:
        for group in (None, "MC_g"):
            with pytest.raises(AzureError):
                await list_(arm.azure, arm.call(), group)


async def test_a_rule_names_each_pool_once_and_a_probe_its_newer_threshold() -> None:
    balancer = load_balancer_of(BALANCER)
    (rule,) = balancer.rules
    assert [pool.rpartition("/")[2] for pool in rule.backend_pool_ids] == ["kubernetes", "kubernetes-v6"]
    assert balancer.probes[0].threshold == 3
    assert balancer.outbound_rules[0].allocated_ports == 1024
    assert balancer.backend_pools[0].addresses == ("10.0.0.4",)
    assert balancer.resource_group == "MC_g"


async def test_an_empty_prefix_beside_several_is_none() -> None:
    (rule,) = security_group_of(SECURITY_GROUP).rules
    assert rule.destinations == ("20.1.2.3",)
    assert rule.destination_ports == ("80", "443")


async def test_usages_and_the_nics_and_machines_of_a_scale_set() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        usage = {"name": {"value": "PublicIPAddresses"}, "currentValue": 7, "limit": 10}
        found = {"usages": usage, "networkInterfaces": INTERFACE, "virtualMachines": {**MACHINE, "instanceId": "0"}}
        return web.json_response({"value": [found[request.path.rpartition("/")[2]]]})

    async with arm_double(handler) as arm:
        (usage,) = await arm.azure.network.usages.list_("westeurope", call=arm.call())
        assert usage == Usage("PublicIPAddresses", 7, 10)
        assert usage.free == 3
        (interface,) = await arm.azure.network.interfaces.of_scale_set("MC_g", "vmss", call=arm.call())
        assert interface.addresses[0].private_address == "10.224.0.4"


async def test_what_the_local_azure_built_for_a_cluster_is_read(story: Story) -> None:
    made = await ready_cluster(story)
    cluster = await story.azure.managed_clusters.get("g", made.cluster.name, call=story.call())
    assert cluster is not None
    group = cluster.node_resource_group
    assert group is not None
    network = story.azure.network
    (balancer,) = await network.load_balancers.list_(group=group, call=story.call())
    assert balancer == await network.load_balancers.get(group, "kubernetes", call=story.call())
    assert await network.load_balancers.get(group, "other", call=story.call()) is None
    (address,) = await network.public_ips.list_(call=story.call())
    assert [frontend.public_ip_id for frontend in balancer.frontends] == [address.id]
    assert [frontend.id for frontend in balancer.frontends] == [address.used_by]
    (virtual_network,) = await network.virtual_networks.list_(call=story.call())
    (security_group,) = await network.security_groups.list_(call=story.call())
    assert [subnet.security_group_id for subnet in virtual_network.subnets] == [security_group.id]
    scale_sets = await story.azure.compute.scale_sets.list_(group=group, call=story.call())
    for scale_set in scale_sets:
        machines = await story.azure.compute.scale_sets.machines(scale_set, call=story.call())
        assert len(machines) == scale_set.capacity
        assert {machine.scale_set_id for machine in machines} == {scale_set.id}
    assert scale_sets
    (identity,) = await story.azure.identities.list_(call=story.call())
    assert identity.resource_group == group


@pytest.mark.skipif(FOLDER is None, reason="SLIPWAY_RECORDINGS names no folder")
def test_every_recorded_network_resource_can_be_read() -> None:
    readers: dict[str, Callable[[object], Any]] = {
        "/loadbalancers/": load_balancer_of,
        "/publicipaddresses/": public_ip_of,
        "/virtualnetworks/": virtual_network_of,
        "/networksecuritygroups/": security_group_of,
        "/routetables/": route_table_of,
    }
    found: list[Any] = []
    for file in sorted(Path(FOLDER or ".").glob("*.json")):
        for step in json.loads(file.read_text())["steps"]:
            kind = step["path"].lower().rpartition("/")[0].rpartition("/providers/microsoft.network")[2] + "/"
            if kind in readers and step["status"] < 300 and isinstance(step.get("body"), dict):
                found.append(readers[kind](step["body"]))
    assert any(isinstance(one, LoadBalancer) and one.frontends for one in found)
    assert any(isinstance(one, PublicIpAddress) and one.address and one.sku == "Standard" for one in found)
