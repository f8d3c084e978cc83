"""A node pool's properties: that Slipway knows them all, and that no more than what differs is sent."""

from dataclasses import replace

import pytest
from azure.mgmt.containerservice.models import AgentPoolManagedClusterAgentPoolProfileProperties as Properties

from app.azure.pool_mapping import pool_body, pool_differences
from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.pool_properties import AZURES, FREE, TYPED
from app.core.json import JsonObject

SPEC = AgentPoolSpec("user", "User", "Linux", "Standard_D4s_v5", 3)
AUTOSCALED = replace(SPEC, min_count=1, max_count=5)


def test_every_property_of_the_sdks_model_is_ours_azures_or_free() -> None:
    names = {field._rest_name for field in Properties({})._attr_to_rest_field.values()}
    assert names == FREE | AZURES | set(TYPED)
    assert len(names) == len(FREE) + len(AZURES) + len(TYPED)


def test_rows_give_a_spec_back_as_it_was() -> None:
    whole = replace(
        AUTOSCALED, zones=("1", "2"), taints=("a=b:NoSchedule",), labels={"a": "b"}, more={"gpuProfile": {}}
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
