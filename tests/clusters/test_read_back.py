"""A `Succeeded` of Azure's is no proof: what was asked is read back."""

from tests.clusters.patching import PUT, WINDOW, in_azure, patch
from tests.support.whole import Slipway


async def test_a_create_sends_all_its_settings_reads_them_back_and_keeps_its_windows(slipway: Slipway) -> None:
    settings = {
        "tier": "Standard",
        "addons": {"keda": True, "web_app_routing": {}},
        "security": {"oidc_issuer": True, "workload_identity": True, "image_cleaner": {"interval_hours": 48}},
        "autoscaler": {"expander": "least-waste", "scale_down_unneeded_minutes": 5},
        "upgrades": {"channel": "patch", "cluster_window": WINDOW},
        "azure_properties": {"metricsProfile": {"costAnalysis": {"enabled": True}}},
    }
    job = await slipway.create(**settings)
    assert job["state"] == "succeeded", job
    assert "applied_partially" not in job["outcome"]
    assert slipway.puts() == 1
    found = await in_azure(slipway)
    assert found["sku"]["tier"] == "Standard"
    assert found["properties"]["autoScalerProfile"] == {"expander": "least-waste", "scale-down-unneeded-time": "5m"}
    assert found["properties"]["metricsProfile"]["costAnalysis"]["enabled"] is True
    (window,) = (await in_azure(slipway, "/maintenanceConfigurations"))["value"]
    assert (window["name"], window["properties"]["maintenanceWindow"]["durationHours"]) == (
        "aksManagedAutoUpgradeSchedule",
        6,
    )


async def test_what_azure_says_it_applied_is_sent_once_more(slipway: Slipway) -> None:
    """Trouble 9, scene 3."""
    await slipway.create()
    slipway.azure.add_fault("unapplied", operation=PUT)
    made = await patch(slipway, addons={"keda": True})
    assert "applied_partially" not in made["end"]["outcome"]
    assert (await in_azure(slipway))["properties"]["workloadAutoScalerProfile"]["keda"]["enabled"] is True
    steps = (await slipway.ask("GET", f"/v1/jobs/{made['end']['id']}/steps")).json()["items"]
    assert [step["name"] for step in steps] == [
        "begin_update",
        "compare_settings",
        "put_part",
        "await_part",
        "read_settings",
        "pause",
        "put_part",
        "await_part",
        "read_settings",
        "read_updated",
        "record_updated",
    ]


async def test_what_azure_never_applies_is_told_with_the_difference(slipway: Slipway) -> None:
    """Trouble 9, scene 3."""
    await slipway.create()
    slipway.azure.add_fault("unapplied", operation=PUT, count=None)
    made = await patch(slipway, addons={"keda": True}, tags={"team": "shop"})
    assert made["end"]["state"] == "succeeded"
    assert made["end"]["outcome"]["applied_partially"] == [
        {
            "setting": "addons.keda",
            "path": "/properties/workloadAutoScalerProfile/keda/enabled",
            "wanted": True,
            "azure_has": None,
        },
        {"setting": "tags.team", "path": "/tags/team"},
    ]
    assert "not applied all" in made["end"]["summary"]
    told = [event for event in await slipway.events() if event["type"] == "cluster.applied_partially"]
    assert [event["data"]["settings"] for event in told] == [["addons.keda", "tags.team"]]
