"""PATCHes of `azure_properties`: what is given up, what Azure cannot change, and what is wanted after its refusal."""

from typing import Any

import pytest

from app.clusters.specs.properties_patch import check_changes, switched_off
from app.clusters.specs.rejections import Rejections
from tests.clusters.patching import PUT, add_row, bodies, in_azure, patch, sent_otherwise
from tests.support.whole import Slipway

COSTS = {"metricsProfile": {"costAnalysis": {"enabled": True}}}
METRICS = {"azureMonitorProfile": {"metrics": {"enabled": True, "kubeStateMetrics": {"metricLabelsAllowlist": "a"}}}}
GROUP = {"node_resource_group": "MC_one"}
NO_NETWORK = {"publicNetworkAccess": "Disabled"}


def _refused(before: dict[str, Any], after: dict[str, Any], seen: dict[str, Any] | None = None) -> set[str]:
    rejections = Rejections()
    check_changes({"azure_properties": before}, {"azure_properties": after}, seen or {}, rejections)
    assert {error.code for error in rejections.errors} <= {"immutable"}
    return {error.pointer.removeprefix("/azure_properties/") for error in rejections.errors}


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (COSTS, {}, set()),
        (COSTS, {"metricsProfile": {}}, set()),
        (METRICS, {}, set()),
        (METRICS, {"azureMonitorProfile": {"metrics": {"enabled": True}}}, {
            "azureMonitorProfile/metrics/kubeStateMetrics/metricLabelsAllowlist"
        }),
        (NO_NETWORK, {}, {"publicNetworkAccess"}),
        ({"httpProxyConfig": {"noProxy": ["a"]}}, {}, {"httpProxyConfig/noProxy"}),
        ({"serviceMeshProfile": {"istio": {"components": {"ingressGateways": [{"enabled": True}]}}}}, {}, {
            "serviceMeshProfile/istio/components/ingressGateways"
        }),
        ({"aadProfile": {"serverAppSecret": "kept by a version before"}}, {}, set()),
        ({"apiServerAccessProfile": {"enableVnetIntegration": True}}, {}, {
            "apiServerAccessProfile/enableVnetIntegration"
        }),
        ({}, {"apiServerAccessProfile": {"enableVnetIntegration": True, "subnetId": "/a"}}, set()),
        ({"apiServerAccessProfile": {"subnetId": "/a"}}, {"apiServerAccessProfile": {"subnetId": "/b"}}, {
            "apiServerAccessProfile/subnetId"
        }),
        ({}, {"diskEncryptionSetID": "/a"}, {"diskEncryptionSetID"}),
        ({"networkProfile": {"networkMode": "bridge"}}, {}, {"networkProfile/networkMode"}),
    ],
)  # fmt: skip
def test_what_may_be_taken_away_or_changed(before: dict[str, Any], after: dict[str, Any], refused: set[str]) -> None:
    assert _refused(before, after) == refused


@pytest.mark.parametrize(
    ("was", "becomes", "refused"),
    [
        (None, "other", True),
        (None, "mc_ONE", False),
        ("MC_one", None, True),
        ("never-taken", None, False),
        ("never-taken", "MC_one", False),
    ],
)
def test_what_azure_has_of_a_fixed_property_may_be_said_and_what_it_never_took_be_taken_back(
    was: str | None, becomes: str | None, refused: bool
) -> None:
    before, after = ({} if each is None else {"nodeResourceGroup": each} for each in (was, becomes))
    assert _refused(before, after, GROUP) == ({"nodeResourceGroup"} if refused else set())


def test_only_switches_that_were_on_are_switched_off() -> None:
    off = {"aiToolchainOperatorProfile": {"enabled": False}}
    before = {"azure_properties": {**METRICS, **off, **NO_NETWORK}}
    assert switched_off(before, {}) == ["azure_properties.azureMonitorProfile.metrics.enabled"]


async def test_null_switches_off_what_azure_has(slipway: Slipway) -> None:
    await slipway.create(azure_properties=COSTS)
    with bodies() as seen:
        made = await patch(slipway, azure_properties=None)
    assert made["end"]["state"] == "succeeded", made["end"]
    assert made["changes"] == [{"op": "remove", "path": "/azure_properties"}]
    assert [sent_otherwise(*each) for each in seen] == [{"/properties/metricsProfile/costAnalysis/enabled": False}]
    assert (await in_azure(slipway))["properties"]["metricsProfile"]["costAnalysis"]["enabled"] is False
    with bodies() as seen:
        made = await patch(slipway, azure_properties=COSTS)
    assert made["end"]["state"] == "succeeded", made["end"]
    assert (await in_azure(slipway))["properties"]["metricsProfile"]["costAnalysis"]["enabled"] is True


async def test_names_and_backend_pools_are_chosen_at_the_creation(slipway: Slipway) -> None:
    backend = {"networkProfile": {"loadBalancerProfile": {"backendPoolType": "nodeIP"}}}
    end = await slipway.create(api_server={"dns_prefix": "shop-front"}, azure_properties=backend)
    assert end["state"] == "succeeded", end
    properties = (await in_azure(slipway))["properties"]
    assert properties["dnsPrefix"] == "shop-front"
    assert properties["fqdn"].startswith("shop-front-")
    assert properties["networkProfile"]["loadBalancerProfile"]["backendPoolType"] == "nodeIP"
    answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"api_server": {"dns_prefix": "other"}})
    assert [(each["code"], each["pointer"]) for each in answer.json()["errors"]] == [
        ("immutable", "/api_server/dns_prefix")
    ]
    backend["networkProfile"]["loadBalancerProfile"]["backendPoolType"] = "nodeIPConfiguration"
    made = await patch(slipway, azure_properties=backend)
    assert made["end"]["state"] == "succeeded", made["end"]


async def test_a_fixed_property_is_refused_at_once_with_the_way_round(idle_slipway: Slipway) -> None:
    await add_row(idle_slipway)
    body = {"azure_properties": {"nodeResourceGroup": "other", "diskEncryptionSetID": "/subscriptions/one"}}
    answer = await idle_slipway.ask("PATCH", "/v1/clusters/blue", body)
    assert answer.status_code == 422, answer.text
    assert {(error["code"], error["pointer"]) for error in answer.json()["errors"]} == {
        ("immutable", "/azure_properties/nodeResourceGroup"),
        ("immutable", "/azure_properties/diskEncryptionSetID"),
    }
    assert all("make a new cluster" in error["detail"] for error in answer.json()["errors"])


async def test_what_azure_alone_knows_that_it_cannot_change_is_wanted_no_longer(slipway: Slipway) -> None:
    await slipway.create(azure_properties=COSTS)
    words = {"code": "PropertyChangeNotAllowed", "message": "Changing property 'publicNetworkAccess' is not allowed."}
    slipway.azure.add_fault("error", operation=PUT, status=400, **words)
    made = await patch(slipway, azure_properties=NO_NETWORK)
    assert (made["end"]["state"], made["end"]["problem"]["code"]) == ("failed", "azure_immutable_property")
    assert made["end"]["outcome"]["taken_back"] == ["azure_properties.publicNetworkAccess"]
    assert (await slipway.cluster())["azure_properties"] == COSTS
    made = await patch(slipway, tags={"team": "shop"})
    assert made["end"]["state"] == "succeeded", made["end"]
    assert "publicNetworkAccess" not in (await in_azure(slipway))["properties"]
