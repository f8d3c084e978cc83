"""The rules of one node pool that its schema cannot say, and the names that Azure gets."""

import json
from typing import Any

import pytest
from azure.mgmt.containerservice import models

from app.clusters.schemas.pools import (
    DiskType,
    EvictionPolicy,
    NodePoolCreate,
    OsSku,
    OsType,
    PoolMode,
    ScaleDownMode,
    UndrainableNodes,
)
from app.clusters.specs.pool_rules import check_gateways, check_networks, check_pool
from app.clusters.specs.pool_spec import azure_pool_name, settings_of, spec_of, wanted_of
from app.clusters.specs.property_rules import check_azure_properties
from app.clusters.specs.rejections import Rejections

SYSTEM = {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1}
WINDOWS = {"name": "win", "os_type": "Windows", "size": "Standard_D4s_v5", "count": 1}
GATEWAY = {"name": "egress", "mode": "Gateway", "size": "Standard_D4s_v5", "count": 2}

GROUP = "/subscriptions/0d5a1f3e-7c2b-4e8a-9f60-000000000000/resourceGroups/net/providers"
NETWORK = f"{GROUP}/Microsoft.Network"


def subnet(network: str, name: str) -> str:
    return f"{NETWORK}/virtualNetworks/{network}/subnets/{name}"


def pool_of(body: dict[str, Any]) -> NodePoolCreate:
    return NodePoolCreate.model_validate_json(json.dumps(body))


def broken(body: dict[str, Any]) -> list[tuple[str, str]]:
    rejections = Rejections()
    check_pool(pool_of(body), "", rejections)
    return [(error.code, error.pointer) for error in rejections.errors]


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({**SYSTEM, "spot": {}}, "spot_system_pool", "/spot"),
        ({**SYSTEM, "count": None}, "required", "/count"),
        ({**SYSTEM, "autoscaling": {"min_count": 4, "max_count": 3}}, "min_above_max", "/autoscaling/min_count"),
        ({**SYSTEM, "count": 9, "autoscaling": {"min_count": 1, "max_count": 3}}, "count_out_of_bounds", "/count"),
        ({**SYSTEM, "os_sku": "Windows2022"}, "os_sku_mismatch", "/os_sku"),
        ({**WINDOWS, "os_sku": "Ubuntu"}, "os_sku_mismatch", "/os_sku"),
        ({**WINDOWS, "azure_properties": {"linuxOSConfig": {}}}, "linux_only", "/azure_properties/linuxOSConfig"),
        ({**WINDOWS, "azure_properties": {"localDNSProfile": {}}}, "linux_only", "/azure_properties/localDNSProfile"),
        ({**WINDOWS, "spot": {}, "upgrades": {"max_surge": "1"}}, "spot_without_surge", "/upgrades/max_surge"),
        ({**WINDOWS, "upgrades": {"max_surge": "0"}}, "needs_max_unavailable", "/upgrades/max_surge"),
        (
            {**WINDOWS, "upgrades": {"max_surge": "0", "max_unavailable": "0"}},
            "needs_max_unavailable",
            "/upgrades/max_surge",
        ),
        ({**WINDOWS, "upgrades": {"max_unavailable": "1"}}, "needs_max_surge", "/upgrades/max_unavailable"),
        ({**SYSTEM, "upgrades": {"max_surge": "0"}}, "system_pool_in_place", "/upgrades/max_surge"),
        (
            {**SYSTEM, "upgrades": {"max_surge": "1", "max_unavailable": "50%"}},
            "system_pool_in_place",
            "/upgrades/max_unavailable",
        ),
        (
            {**WINDOWS, "os_disk": {"type": "Ephemeral"}, "scale_down_mode": "Deallocate"},
            "ephemeral_deallocated",
            "/scale_down_mode",
        ),
        (
            {**SYSTEM, "node_public_ip_prefix_id": f"{NETWORK}/publicIPPrefixes/nodes"},
            "needs_node_public_ips",
            "/node_public_ip_prefix_id",
        ),
        ({**SYSTEM, "pod_subnet_id": subnet("hub", "pods")}, "needs_subnet", "/pod_subnet_id"),
        ({**SYSTEM, "azure_properties": {"windowsProfile": {}}}, "windows_only", "/azure_properties/windowsProfile"),
        ({**SYSTEM, "azure_properties": {"vmSize": "x"}}, "given_as_field", "/azure_properties/vmSize"),
        ({**SYSTEM, "azure_properties": {"status": {}}}, "not_settable", "/azure_properties/status"),
        ({**SYSTEM, "azure_properties": {"warpDrive": 1}}, "unknown_azure_property", "/azure_properties/warpDrive"),
        ({**SYSTEM, "azure_properties": {"name": "x"}}, "unknown_azure_property", "/azure_properties/name"),
        (
            {**SYSTEM, "azure_properties": {"kubeletConfig": {"nope": 1}}},
            "unknown_azure_property",
            "/azure_properties/kubeletConfig/nope",
        ),
        (
            {**SYSTEM, "azure_properties": {"kubeletConfig": {"cpuManagerPolicy": 5}}},
            "wrong_type",
            "/azure_properties/kubeletConfig/cpuManagerPolicy",
        ),
        ({**SYSTEM, "azure_properties": {"workloadRuntime": 7}}, "wrong_type", "/azure_properties/workloadRuntime"),
        ({**SYSTEM, "azure_properties": {"kubeletConfig": "x"}}, "wrong_type", "/azure_properties/kubeletConfig"),
        (
            {**SYSTEM, "azure_properties": {"localDNSProfile": {"state": "Enabled"}}},
            "not_settable",
            "/azure_properties/localDNSProfile/state",
        ),
        ({**GATEWAY, "count": 3}, "gateway_pool_too_large", "/count"),
        ({**GATEWAY, "os_type": "Windows"}, "windows_gateway_pool", "/os_type"),
        ({**GATEWAY, "autoscaling": {"min_count": 1, "max_count": 2}}, "gateway_pool_autoscaled", "/autoscaling"),
        (
            {**GATEWAY, "subnet_id": subnet("hub", "nodes"), "pod_subnet_id": subnet("hub", "pods")},
            "gateway_pod_subnet",
            "/pod_subnet_id",
        ),
        (
            {**GATEWAY, "azure_properties": {"gatewayProfile": {"publicIPPrefixSize": 27}}},
            "wrong_value",
            "/azure_properties/gatewayProfile/publicIPPrefixSize",
        ),
        ({**SYSTEM, "azure_properties": {"gatewayProfile": {}}}, "gateway_only", "/azure_properties/gatewayProfile"),
        ({**WINDOWS, "os_sku": "AzureContainerLinux"}, "os_sku_mismatch", "/os_sku"),
        ({**SYSTEM, "os_sku": "Windows2019"}, "os_sku_mismatch", "/os_sku"),
        (
            {**SYSTEM, "labels": {"kubernetes.azure.com/mode": "x"}},
            "reserved_label",
            "/labels/kubernetes.azure.com~1mode",
        ),
        ({**WINDOWS, "taints": ["kubernetes.azure.com/a=b:NoSchedule"]}, "reserved_taint", "/taints/0"),
        ({**SYSTEM, "taints": ["CriticalAddonsOnly=true:NoSchedule", "a:NoExecute"]}, "system_pool_taint", "/taints/1"),
        ({**SYSTEM, "zones": ["1", "1"]}, "duplicate", "/zones"),
        ({**SYSTEM, "tags": {"slipway-cluster": "x"}}, "reserved_tag", "/tags/slipway-cluster"),
    ],
)
def test_a_pool_that_breaks_a_rule_is_told_so(body: dict[str, Any], code: str, pointer: str) -> None:
    assert broken(body) == [(code, pointer)]


def test_the_pools_of_a_cluster_have_subnets_of_one_virtual_network() -> None:
    rejections = Rejections()
    first = pool_of({**SYSTEM, "subnet_id": subnet("hub", "a")})
    same = pool_of({**WINDOWS, "subnet_id": subnet("HUB", "b")})
    other = pool_of({**WINDOWS, "subnet_id": subnet("spoke", "a"), "pod_subnet_id": subnet("hub", "pods")})
    check_networks({"/node_pools/0": first, "/node_pools/1": same, "/node_pools/2": other}, rejections)
    assert [(error.code, error.pointer) for error in rejections.errors] == [
        ("other_virtual_network", "/node_pools/2/subnet_id")
    ]


def test_a_system_pool_is_never_empty_and_a_user_pool_may_be() -> None:
    """Trouble 47."""
    none = {"autoscaling": {"min_count": 0, "max_count": 3}, "count": None}
    assert broken({**SYSTEM, **none}) == [("system_pool_empty", "/autoscaling/min_count")]
    assert broken({**SYSTEM, **none, "mode": "User"}) == []
    assert broken({**SYSTEM, "count": 0, "mode": "User"}) == []


@pytest.mark.parametrize(
    "upgrades",
    [
        {"max_surge": "0", "max_unavailable": "2"},
        {"max_surge": "0", "max_unavailable": "33%"},
        {"max_surge": "33%", "max_unavailable": "0"},
        {"max_surge": "33%", "max_unavailable": "1"},
    ],
)
def test_an_upgrade_has_surge_nodes_or_nodes_in_place_or_both(upgrades: dict[str, str]) -> None:
    """Trouble 41."""
    assert broken({**WINDOWS, "upgrades": upgrades}) == []


def test_the_words_of_pools_are_those_of_the_sdk() -> None:
    for ours, azures in (
        (PoolMode, models.AgentPoolMode),
        (OsType, models.OSType),
        (OsSku, models.OSSKU),
        (DiskType, models.OSDiskType),
        (EvictionPolicy, models.ScaleSetEvictionPolicy),
        (ScaleDownMode, models.ScaleDownMode),
        (UndrainableNodes, models.UndrainableNodeBehavior),
    ):
        assert {word.value for word in ours} == {word.value for word in azures}


def test_a_gateway_pool_has_as_many_nodes_as_its_prefix_has_addresses_and_a_cluster_with_a_gateway() -> None:
    profile = {"gatewayProfile": {"publicIPPrefixSize": 28}}
    pool = pool_of({**GATEWAY, "count": 16, "azure_properties": profile})
    assert broken({**GATEWAY, "count": 16, "azure_properties": profile}) == []
    for enabled, codes in ((True, []), (False, ["needs_static_egress_gateway"])):
        rejections = Rejections()
        gateway = {"networkProfile": {"staticEgressGatewayProfile": {"enabled": enabled}}}
        check_azure_properties(gateway, rejections)
        check_gateways({"": pool}, gateway, rejections)
        assert [error.code for error in rejections.errors] == codes


def test_a_whole_pool_is_read_as_it_was_written() -> None:
    body = {
        **WINDOWS,
        "mode": "User",
        "os_sku": "Windows2022",
        "autoscaling": {"min_count": 1, "max_count": 4},
        "zones": ["1", "3"],
        "spot": {"eviction_policy": "Deallocate", "max_price": 0.5, "on_eviction": "replace", "fallback_pool": None},
        "labels": {"team": "shop"},
        "taints": ["only=windows:NoSchedule"],
        "max_pods": 30,
        "os_disk": {"size_gib": 128, "type": "Managed"},
        "subnet_id": subnet("hub", "nodes"),
        "pod_subnet_id": subnet("hub", "pods"),
        "node_public_ips": True,
        "node_public_ip_prefix_id": f"{NETWORK}/publicIPPrefixes/nodes",
        "upgrades": {
            "max_surge": None,
            "max_unavailable": "25%",
            "drain_timeout_minutes": 45,
            "node_soak_minutes": 5,
            "undrainable_nodes": "Cordon",
        },
        "fips": True,
        "snapshot_id": f"{GROUP}/Microsoft.ContainerService/snapshots/good",
        "scale_down_mode": "Deallocate",
        "tags": {"owner": "shop"},
        "azure_properties": {"workloadRuntime": "OCIContainer"},
    }
    assert broken(body) == []
    assert {"name": "win", **settings_of(wanted_of("win", pool_of(body), spec_of(pool_of(body), "win")))} == body


def test_azures_name_is_ours_where_it_fits_and_else_a_made_one() -> None:
    """Trouble 51: a Windows pool has six characters in Azure, and a name that people can read in Slipway."""
    assert azure_pool_name("workers", "Linux") == "workers"
    assert azure_pool_name("win", "Windows") == "win"
    made = azure_pool_name("windows-frontend", "Windows")
    assert made.isalnum()
    assert len(made) == 6
    assert made == azure_pool_name("windows-frontend", "Windows")
    other = azure_pool_name("windows-frontend", "Windows", taken=[made])
    assert other != made
    assert len(other) == 6
    assert len(azure_pool_name("a-very-long-name-for-a-pool", "Linux")) <= 12
