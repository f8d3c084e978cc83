"""What a cluster is set to, from the request to the row and back to the reader."""

from tests.support.whole import Slipway

SETTINGS = {
    "tier": "Standard",
    "network": {"plugin": "azure", "plugin_mode": "overlay", "pod_cidrs": ["10.244.0.0/16"]},
    "api_server": {"authorized_ip_ranges": ["127.0.0.0/8"]},
    "security": {"oidc_issuer": True, "workload_identity": True, "image_cleaner": {"interval_hours": 48}},
    "autoscaler": {"scan_interval_seconds": 20},
    "upgrades": {"channel": "patch", "node_image_channel": "NodeImage"},
    "storage_drivers": {"blob": True},
    "addons": {"keda": True},
    "azure_properties": {"metricsProfile": {"costAnalysis": {"enabled": True}}},
}


async def test_what_was_asked_is_shown(slipway: Slipway) -> None:
    await slipway.create(**SETTINGS)

    cluster = await slipway.cluster()

    assert {name: _given(cluster[name]) for name in SETTINGS} == SETTINGS
    assert cluster["identity"] is None


async def test_latest_is_the_newest_version_that_is_no_preview(slipway: Slipway) -> None:
    await slipway.create(kubernetes_version="latest")

    offers = (await slipway.ask("GET", "/v1/versions?location=westeurope&limit=100")).json()["items"]
    newest = [offer["version"] for offer in offers if not offer["is_preview"]][-1]
    assert (await slipway.cluster())["kubernetes_version"] == newest


def _given(value: object) -> object:
    """An answer without what is left to AKS."""
    if not isinstance(value, dict):
        return value
    return {name: _given(inner) for name, inner in value.items() if inner is not None}
