"""`app/clusters/specs/ground_rules.py`: what a request must not say of virtual networks that are known."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from app.azure.types.network import Subnet, VirtualNetwork
from app.clusters.schemas.clusters import ClusterCreate
from app.clusters.specs.ground_rules import check_ground
from app.clusters.specs.rejections import Rejections
from app.models import AzureResource
from tests.support.whole import CLUSTER, Slipway

HUB = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/net/providers/Microsoft.Network"
    "/virtualNetworks/hub"
)
NODES = f"{HUB}/subnets/nodes"
OVERLAY = {"plugin": "azure", "plugin_mode": "overlay", "subnet_id": NODES}
POOL = {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1}


def _hub(*prefixes: str, location: str = "westeurope") -> VirtualNetwork:
    named = zip(("nodes", "other"), prefixes, strict=False)
    subnets = tuple(Subnet(f"{HUB}/subnets/{name}", name, (prefix,)) for name, prefix in named)
    return VirtualNetwork(
        id=HUB, name="hub", resource_group="net", location=location, prefixes=("10.0.0.0/8",), subnets=subnets, tags={}
    )


def _found(change: dict[str, Any], network: VirtualNetwork | None) -> list[tuple[str, str]]:
    rejections = Rejections()
    networks = {} if network is None else {HUB.lower(): network}
    check_ground(ClusterCreate.model_validate({**CLUSTER, **change}), networks=networks, rejections=rejections)
    return [(error.code, error.pointer) for error in rejections.errors]


@pytest.mark.parametrize(
    ("change", "network", "found"),
    [
        ({"network": OVERLAY}, None, []),
        ({"network": OVERLAY}, _hub("10.9.0.0/24"), []),
        ({}, _hub("10.0.0.0/24"), []),
        (
            {"network": OVERLAY},
            _hub("10.9.0.0/24", location="northeurope"),
            [("subnet_elsewhere", "/network/subnet_id")],
        ),
        ({"network": OVERLAY}, _hub("10.0.4.0/24"), [("cidrs_overlap", "/network/service_cidrs")]),
        ({"network": OVERLAY}, _hub("10.9.0.0/24", "10.0.4.0/24"), [("cidrs_overlap", "/network/service_cidrs")]),
        (
            {"network": {**OVERLAY, "service_cidrs": ["10.30.0.0/16"], "pod_cidrs": ["10.9.0.0/16"]}},
            _hub("10.9.0.0/24"),
            [("cidrs_overlap", "/network/pod_cidrs")],
        ),
        (
            {"node_count": None, "node_size": None, "node_pools": [{**POOL, "subnet_id": NODES}]},
            _hub("10.9.0.0/24", location="northeurope"),
            [("subnet_elsewhere", "/node_pools/0/subnet_id")],
        ),
    ],
)
def test_what_is_certain_is_told(
    change: dict[str, Any], network: VirtualNetwork | None, found: list[tuple[str, str]]
) -> None:
    assert _found(change, network) == found


async def test_networks_that_were_seen_and_zones_that_are_lacking_refuse_a_create(idle_slipway: Slipway) -> None:
    network = _hub("10.0.4.0/24", location="northeurope")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = AzureResource(
        key=HUB.lower(),
        azure_id=HUB,
        subscription_id=idle_slipway.azure.subscription_id,
        resource_group="net",
        type="Microsoft.Network/virtualNetworks",
        name="hub",
        location="northeurope",
        body=TypeAdapter(VirtualNetwork).dump_python(network, mode="json"),
        first_seen_at=at,
        observed_at=at,
    )

    async def write(session: Any) -> None:
        session.add(row)

    await idle_slipway.parts.database.transaction(write)
    zoned = {**POOL, "subnet_id": NODES, "zones": ["9"]}

    answer = await idle_slipway.ask(
        "POST", "/v1/clusters", {**CLUSTER, "node_count": None, "node_size": None, "node_pools": [zoned]}
    )

    assert answer.status_code == 422
    assert {(each["code"], each["pointer"]) for each in answer.json()["errors"]} == {
        ("subnet_elsewhere", "/node_pools/0/subnet_id"),
        ("cidrs_overlap", "/network/service_cidrs"),
        ("zone_not_offered", "/node_pools/0/zones"),
    }
