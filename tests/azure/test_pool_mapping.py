"""A node pool's properties: that Slipway knows them all, and that no more than what differs is sent."""

from dataclasses import replace

import pytest
from azure.mgmt.containerservice.models import AgentPoolManagedClusterAgentPoolProfileProperties as Properties

from app.azure.pool_mapping import pool_body, pool_differences
from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.pool_defaults import POOL_DEFAULTS
from app.azure.types.pool_properties import AZURES, FREE, FREE_AND_FIXED, TYPED
from app.clusters.schemas.pools import PoolUpgrades
from app.core.json import JsonObject

SPEC = AgentPoolSpec("user", "User", "Linux", "Standard_D4s_v5", 3)
AUTOSCALED = replace(SPEC, min_count=1, max_count=5)


def test_every_property_of_the_sdks_model_is_ours_azures_or_free() -> None:
    names = {field._rest_name for field in Properties({})._attr_to_rest_field.values()}
    assert names == FREE | AZURES | set(TYPED)
    assert len(names) == len(FREE) + len(AZURES) + len(TYPED)


def test_rows_give_a_spec_back_as_it_was() -> None:
    whole = replace(
        AUTOSCALED,
        zones=("1", "2"),
        taints=("a=b:NoSchedule",),
        labels={"a": "b"},
        more={"gpuProfile": {}},
        resets=("scale_down_mode",),
    )
    assert AgentPoolSpec.from_json(whole.as_json()) == whole
    old = {"name": "user", "mode": "User", "os_type": "Linux", "vm_size": "Standard_D4s_v5", "count": 3}
    assert AgentPoolSpec.from_json(old) == SPEC


@pytest.mark.parametrize(
    ("spec", "changed"),
    [
        (SPEC, {}),
        (replace(SPEC, count=4), {"count": 4}),
        (replace(SPEC, labels={"a": "b"}), {"nodeLabels": {"kubernetes.azure.com/x": "y", "a": "b"}}),
        (replace(SPEC, max_surge="33%"), {"upgradeSettings": {"maxSurge": "33%"}}),
        (replace(SPEC, max_surge="10%"), {}),
        (replace(SPEC, max_surge="10%", max_unavailable="0"), {}),
        (
            replace(SPEC, max_surge="0", max_unavailable="1"),
            {"upgradeSettings": {"maxSurge": "0", "maxUnavailable": "1"}},
        ),
        (replace(SPEC, mode="System"), {"mode": "System"}),
        (AUTOSCALED, {"enableAutoScaling": True, "minCount": 1, "maxCount": 5}),
        (replace(SPEC, more={"workloadRuntime": "WasmWasi"}), {"workloadRuntime": "WasmWasi"}),
    ],
)
def test_what_azure_has_is_not_sent_again(spec: AgentPoolSpec, changed: JsonObject) -> None:
    present = {
        **pool_body(SPEC),
        "vmSize": "standard_d4s_v5",
        "maxPods": 250,
        "nodeLabels": {"kubernetes.azure.com/x": "y"},
        "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
    }
    assert pool_differences(present, spec) == changed


@pytest.mark.parametrize(
    ("has", "resets", "changed"),
    [
        ({"scaleDownMode": "Deallocate"}, ("scale_down_mode",), {"scaleDownMode": "Delete"}),
        ({"scaleDownMode": "Deallocate"}, (), {}),
        # Azure shows nothing: then it has its default.
        ({}, ("scale_down_mode", "upgrades.drain_timeout_minutes", "azure_properties.gpuProfile.driver"), {}),
        (
            {"upgradeSettings": {"drainTimeoutInMinutes": 44, "maxSurge": "50%"}},
            ("upgrades.drain_timeout_minutes", "upgrades.max_surge"),
            {"upgradeSettings": {"drainTimeoutInMinutes": 30, "maxSurge": "10%"}},
        ),
        (
            {"upgradeSettings": {"maxUnavailable": "20%"}},
            ("upgrades.max_unavailable",),
            {"upgradeSettings": {"maxUnavailable": "0"}},
        ),
        (
            {"kubeletConfig": {"cpuManagerPolicy": "static"}},
            ("azure_properties.kubeletConfig.cpuManagerPolicy",),
            {"kubeletConfig": {"cpuManagerPolicy": "none"}},
        ),
    ],
)
def test_what_was_given_up_goes_back_to_azures_default(
    has: JsonObject, resets: tuple[str, ...], changed: JsonObject
) -> None:
    assert pool_differences({**pool_body(SPEC), **has}, replace(SPEC, resets=resets)) == changed


def test_a_spot_pool_has_another_default_of_what_may_be_unavailable() -> None:
    """It has no surge: with 0 no upgrade could do anything."""
    spot = replace(SPEC, spot_eviction_policy="Delete", resets=("upgrades.max_unavailable",))
    present = {**pool_body(spot), "upgradeSettings": {"maxUnavailable": "20%"}}
    assert pool_differences(present, spot) == {"upgradeSettings": {"maxUnavailable": "1"}}


def test_every_setting_that_can_be_left_open_again_has_a_default() -> None:
    ours = {"scale_down_mode", *(f"upgrades.{name}" for name in PoolUpgrades.model_fields)}
    free = {f"azure_properties.{'.'.join(each.path)}": each for each in POOL_DEFAULTS.values() if each.path[0] in FREE}
    assert ours <= set(POOL_DEFAULTS)
    assert all(POOL_DEFAULTS[name] is each for name, each in free.items())
    assert not {each.path[0] for each in free.values()} & FREE_AND_FIXED


def test_labels_taints_and_tags_that_are_not_wanted_any_more_go() -> None:
    own = {"managed-by": "slipway"}
    present = {
        **pool_body(SPEC),
        "nodeLabels": {"a": "b"},
        "nodeTaints": ["a=b:NoSchedule"],
        "tags": {**own, "team": "shop"},
    }
    assert pool_differences(present, SPEC) == {"nodeLabels": {}, "nodeTaints": [], "tags": own}


def test_the_end_of_autoscaling_and_a_count_are_two_requests() -> None:
    """Trouble 46: Azure refuses both in one."""
    present = {**pool_body(AUTOSCALED), "count": 2}
    first = pool_differences(present, SPEC)
    assert first == {"enableAutoScaling": False, "minCount": None, "maxCount": None}
    assert pool_differences({**present, **first}, SPEC) == {"count": 3}


def test_the_autoscalers_own_count_is_no_difference() -> None:
    assert pool_differences({**pool_body(AUTOSCALED), "count": 5}, AUTOSCALED) == {}
