"""PATCH of a cluster over HTTP, through the job, to the local Azure and back."""

from typing import Any

import pytest

from tests.clusters.patching import LEFT_OUT, PUT, WINDOW, add_row, bodies, in_azure, patch, sent_otherwise
from tests.support.whole import CLUSTER, Slipway

POOLS = [
    {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1, "zones": ["1"]},
    {
        "name": "workers",
        "size": "Standard_D4s_v5",
        "autoscaling": {"min_count": 1, "max_count": 3},
        "labels": {"for": "jobs"},
        "taints": ["for=jobs:NoSchedule"],
        "upgrades": {"max_surge": "33%", "drain_timeout_minutes": 20},
    },
]


async def test_a_patch_of_one_tag_is_one_put_that_differs_in_that_tag_alone(slipway: Slipway) -> None:
    """Issue 7, what must hold at the end: 2."""
    body = {"name": "blue", "location": "westeurope", "generate_ssh_key": True, "node_pools": POOLS}
    await slipway.done("POST", "/v1/clusters", {**body, "tags": {"team": "shop", "purpose": "demo"}})
    before = slipway.azure.requests()[-1].sequence
    with bodies() as seen:
        made = await patch(slipway, tags={"cost": "42"})
    assert made["end"]["state"] == "succeeded", made["end"]
    (changed,) = slipway.azure.requests(mutated="true", since=str(before))
    assert (changed.operation, changed.effect) == (PUT, "updated")
    assert made["changes"] == [{"op": "add", "path": "/tags/cost", "value": "42"}]
    assert [sent_otherwise(*each) for each in seen] == [{"/tags/cost": "42"}]
    with bodies() as seen:
        made = await patch(slipway, tags={"purpose": None})
    assert made["changes"] == [{"op": "remove", "path": "/tags/purpose"}]
    assert [sent_otherwise(*each) for each in seen] == [{"/tags/purpose": LEFT_OUT}]
    tags = (await in_azure(slipway))["tags"]
    assert {key: value for key, value in tags.items() if "slipway" not in f"{key}{value}"} == {
        "team": "shop",
        "cost": "42",
    }


async def test_a_tag_that_somebody_else_has_set_stays(slipway: Slipway) -> None:
    """Trouble 27: what policies and others add is not taken away."""
    await slipway.create(tags={"team": "shop"})

    async def add() -> None:
        cloud = slipway.azure.azure.cloud
        (cluster,) = cloud.store.of_type("Microsoft.ContainerService/managedClusters")
        cluster.body["tags"]["policy"] = "theirs"
        cloud.store.touch(cluster)

    slipway.azure.call(add())
    await patch(slipway, tags=None)
    tags = (await in_azure(slipway))["tags"]
    assert tags["policy"] == "theirs"
    assert "team" not in tags


async def test_a_patch_that_changes_nothing_starts_no_job_and_asks_azure_nothing(slipway: Slipway) -> None:
    await slipway.create(tags={"team": "shop"})
    await patch(slipway, tier="Standard", addons={"keda": True})
    # Which patch is a minor's newest is known from then on.
    await slipway.ask("GET", "/v1/versions?location=westeurope")
    before = len(slipway.azure.requests())
    cluster = await slipway.cluster()
    for body in (
        {},
        {"tags": {"team": "shop", "none": None}},
        {"tier": "Standard", "addons": {"keda": True, "azure_policy": None}},
        {"kubernetes_version": cluster["kubernetes_version"]},
        {"kubernetes_version": cluster["kubernetes_version"].rpartition(".")[0]},
        {"autoscaler": None},
    ):
        answer = await slipway.ask("PATCH", "/v1/clusters/blue", body)
        assert (answer.status_code, answer.json()["job"], answer.json()["changes"]) == (200, None, []), answer.text
    assert len(slipway.azure.requests()) == before


async def test_one_kind_of_change_a_request_in_a_fixed_order_and_the_pools_untouched(slipway: Slipway) -> None:
    """Trouble 11."""
    await slipway.create()
    with bodies() as seen:
        made = await patch(
            slipway,
            tags={"team": "shop"},
            addons={"keda": True, "web_app_routing": {}},
            tier="Standard",
            autoscaler={"scan_interval_seconds": 20},
            upgrades={"channel": "patch", "cluster_window": WINDOW},
            security={"image_cleaner": {"interval_hours": 48}},
            azure_properties={"metricsProfile": {"costAnalysis": {"enabled": True}}},
        )
    assert made["end"]["state"] == "succeeded", made["end"]
    assert "applied_partially" not in made["end"]["outcome"]
    assert [sent_otherwise(*each) for each in seen] == [
        {"/sku/tier": "Standard"},
        {
            "/properties/securityProfile/imageCleaner/enabled": True,
            "/properties/securityProfile/imageCleaner/intervalHours": 48,
        },
        {"/properties/autoScalerProfile/scan-interval": "20s"},
        {"/properties/autoUpgradeProfile/upgradeChannel": "patch"},
        {
            "/properties/workloadAutoScalerProfile/keda/enabled": True,
            "/properties/ingressProfile/webAppRouting/enabled": True,
        },
        {"/properties/metricsProfile/costAnalysis/enabled": True},
        {"/tags/team": "shop"},
    ]
    assert slipway.azure.requests(operation="AgentPools_CreateOrUpdate") == []
    steps = (await slipway.ask("GET", f"/v1/jobs/{made['end']['id']}/steps")).json()["items"]
    assert [step["detail"] for step in steps if step["name"] in {"put_windows", "put_part"}] == [
        "Sends upgrades.cluster_window.",
        "Sends tier and support plan.",
        "Sends security.",
        "Sends autoscaler.",
        "Sends upgrades.",
        "Sends addons.",
        "Sends azure_properties.",
        "Sends tags.",
    ]
    (window,) = (await in_azure(slipway, "/maintenanceConfigurations"))["value"]
    assert window["properties"]["maintenanceWindow"]["schedule"]["weekly"]["dayOfWeek"] == "Saturday"


async def test_null_gives_a_setting_back_to_azures_default_and_removes_a_window(slipway: Slipway) -> None:
    await slipway.create()
    await patch(
        slipway,
        addons={"keda": True, "web_app_routing": {}},
        autoscaler={"scan_interval_seconds": 20, "expander": "most-pods"},
        upgrades={
            "channel": "patch",
            "cluster_window": WINDOW,
            "node_image_channel": "NodeImage",
            "node_image_window": {**WINDOW, "weekday": "Sunday"},
        },
    )
    with bodies() as seen:
        made = await patch(
            slipway,
            addons=None,
            autoscaler={"scan_interval_seconds": None},
            upgrades={"cluster_window": None},
        )
    assert {path for change in made["changes"] for path in [change["path"]]} == {
        "/addons",
        "/autoscaler/scan_interval_seconds",
        "/upgrades/cluster_window",
    }
    assert [sent_otherwise(*each) for each in seen] == [
        {"/properties/autoScalerProfile/scan-interval": "10s"},
        {
            "/properties/workloadAutoScalerProfile/keda/enabled": False,
            "/properties/ingressProfile/webAppRouting/enabled": False,
        },
    ]
    windows = (await in_azure(slipway, "/maintenanceConfigurations"))["value"]
    assert [window["name"] for window in windows] == ["aksManagedNodeOSUpgradeSchedule"]


async def test_a_window_comes_again_by_days_weeks_or_months(slipway: Slipway) -> None:
    await slipway.create()
    hours = {"start_time": "02:00", "duration_hours": 6}
    recurrences: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"weekday": "Sunday", "interval_weeks": 2}, {"weekly": {"intervalWeeks": 2, "dayOfWeek": "Sunday"}}),
        ({"interval_days": 1}, {"daily": {"intervalDays": 1}}),
        ({"day_of_month": 3}, {"absoluteMonthly": {"intervalMonths": 1, "dayOfMonth": 3}}),
        (
            {"week_index": "Last", "weekday": "Friday", "interval_months": 2},
            {"relativeMonthly": {"intervalMonths": 2, "weekIndex": "Last", "dayOfWeek": "Friday"}},
        ),
    ]
    for recurrence, schedule in recurrences:
        window = {**hours, **recurrence}
        made = await patch(slipway, upgrades={"node_image_channel": "NodeImage", "node_image_window": window})
        assert made["end"]["state"] == "succeeded", made["end"]
        assert "applied_partially" not in made["end"]["outcome"]
        (azures,) = (await in_azure(slipway, "/maintenanceConfigurations"))["value"]
        assert azures["properties"]["maintenanceWindow"]["schedule"] == schedule
        shown = (await slipway.cluster())["upgrades"]["node_image_window"]
        assert {name: value for name, value in shown.items() if value is not None} == {**window, "utc_offset": "+00:00"}


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"network": {"plugin": "kubenet"}}, "/network/plugin", "new cluster"),
        ({"network": {"service_cidrs": ["10.9.0.0/16"]}}, "/network/service_cidrs", "new cluster"),
        ({"api_server": {"private": {}}}, "/api_server/private", "new cluster"),
        ({"security": {"oidc_issuer": False}}, "/security/oidc_issuer", "new cluster"),
        ({"security": {"oidc_issuer": None}}, "/security/oidc_issuer", "new cluster"),
        ({"windows": {"username": "other"}}, "/windows/username", "new cluster"),
        ({"location": "northeurope"}, "/location", "make a new one"),
        ({"name": "green"}, "/name", "make a new one"),
        ({"resource_group": "other"}, "/resource_group", "make a new one"),
        ({"node_pools": []}, "/node_pools", "/node-pools"),
        ({"node_count": 3}, "/node_count", "/node-pools"),
        ({"ssh_username": "ops"}, "/ssh_username", "make a new one"),
        ({"generate_ssh_key": True}, "/generate_ssh_key", "`ssh_public_key`"),
    ],
)
async def test_what_azure_cannot_change_is_refused_with_the_way_round(
    idle_slipway: Slipway, body: dict[str, Any], pointer: str, words: str
) -> None:
    settings = {"security": {"oidc_issuer": True}, "network": {"plugin": "azure"}, "windows": {"username": "person"}}
    await add_row(idle_slipway, **settings)
    answer = await idle_slipway.ask("PATCH", "/v1/clusters/blue", body)
    assert answer.status_code == 422, answer.text
    (error,) = (error for error in answer.json()["errors"] if error["code"] == "immutable")
    assert error["pointer"] == pointer
    assert words in error["detail"]


async def test_a_version_goes_after_the_settings_and_the_pools_after_the_control_plane(slipway: Slipway) -> None:
    await slipway.create()
    now = (await slipway.cluster())["kubernetes_version"]
    offers = (await slipway.ask("GET", "/v1/versions?location=westeurope")).json()["items"]
    newest = next(offer["upgrades"][-1] for offer in offers if offer["version"] == now)
    with bodies() as seen:
        made = await patch(slipway, kubernetes_version=newest.rpartition(".")[0], tags={"team": "shop"})
    assert made["end"]["state"] == "succeeded", made["end"]
    assert [sent_otherwise(*each) for each in seen] == [
        {"/tags/team": "shop"},
        {"/properties/kubernetesVersion": newest},
    ]
    assert len(slipway.azure.requests(operation="AgentPools_CreateOrUpdate")) == 1
    assert (await slipway.cluster())["kubernetes_version"] == newest
    answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"kubernetes_version": now})
    assert [error["code"] for error in answer.json()["errors"]] == ["kubernetes_downgrade"]


async def test_acceptance_of_the_last_of_several_requests_is_enough_where_it_was_asked(slipway: Slipway) -> None:
    await slipway.create()
    made = await patch(slipway, tags={"team": "shop"}, addons={"keda": True}, options={"wait_for": "accepted"})
    assert made["end"]["outcome"] == {"accepted": True}
    steps = (await slipway.ask("GET", f"/v1/jobs/{made['end']['id']}/steps")).json()["items"]
    assert [step["name"] for step in steps if step["name"].endswith("_part")] == ["put_part", "await_part", "put_part"]


async def test_two_changes_of_one_cluster_are_made_in_their_order(slipway: Slipway) -> None:
    await slipway.create()
    jobs = [
        await slipway.accepted("PATCH", "/v1/clusters/blue", {"tags": {"turn": turn}}) for turn in ("first", "second")
    ]
    for job in jobs:
        assert (await slipway.ended(job))["state"] == "succeeded"
    assert (await in_azure(slipway))["tags"]["turn"] == "second"


async def test_protection_and_end_are_rows_and_no_job(idle_slipway: Slipway) -> None:
    """Trouble 79."""
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    before = len(idle_slipway.azure.requests())
    answer = await idle_slipway.ask("PATCH", "/v1/clusters/blue", {"protection": True})
    changes = [{"op": "replace", "path": "/protection", "value": True}]
    assert (answer.status_code, answer.json()["job"], answer.json()["changes"]) == (200, None, changes)
    assert answer.json()["resource"]["protection"] is True
    answer = await idle_slipway.ask("PATCH", "/v1/clusters/blue", {"expires_at": "2020-01-01T00:00:00Z"})
    assert [error["code"] for error in answer.json()["errors"]] == ["expiry_in_the_past"]
    assert len(idle_slipway.azure.requests()) == before


async def test_what_a_patch_leads_to_keeps_the_rules_of_settings(slipway: Slipway) -> None:
    """All that is broken is told at once, though the patch alone would say nothing wrong."""
    await slipway.create(
        tier="Premium", support_plan="AKSLongTermSupport", access={"entra": {}, "local_accounts": False}
    )
    answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"tier": "Free", "access": {"entra": None}})
    assert answer.status_code == 422
    assert {(error["code"], error["pointer"]) for error in answer.json()["errors"]} == {
        ("tier_too_low", "/tier"),
        ("nobody_could_log_in", "/access/local_accounts"),
        ("immutable", "/access/entra"),
    }
