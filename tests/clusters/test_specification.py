"""A create with all that a cluster can be set to arrives in Azure as asked, read there by the SDK."""

from typing import Any

import httpx2

from app.azure.cluster_settings import settings_changes
from app.azure.types.cluster_changes import WantedSettings
from app.azure.types.cluster_fields import CLUSTER_FIELDS
from app.emulator.core.paths import key_of
from tests.support.local_azure import LocalAzureForTests
from tests.support.whole import CLUSTER, Slipway

GUID = "00000000-0000-0000-0000-00000000000a"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups"
WORKSPACE = f"{SUBSCRIPTION}/logs/providers/Microsoft.OperationalInsights/workspaces/logs"
VAULT = f"{SUBSCRIPTION}/keys/providers/Microsoft.KeyVault/vaults/keys"
KEY = "https://keys.vault.azure.net/keys/etcd/" + "a" * 32

OPEN: dict[str, Any] = {
    "tier": "Premium",
    "support_plan": "AKSLongTermSupport",
    "network": {
        "plugin": "azure",
        "plugin_mode": "overlay",
        "policy": "cilium",
        "dataplane": "cilium",
        "ip_families": ["IPv4"],
        "pod_cidrs": ["10.20.0.0/16"],
        "service_cidrs": ["10.30.0.0/16"],
        "dns_service_ip": "10.30.0.10",
        "outbound_type": "managedNATGateway",
        "nat_gateway": {"managed_outbound_ip_count": 2, "idle_timeout_minutes": 10},
    },
    "api_server": {"authorized_ip_ranges": ["127.0.0.0/8"], "dns_prefix": "blue-shop", "run_command": False},
    "access": {
        "entra": {"admin_group_ids": [GUID], "tenant_id": GUID, "azure_rbac": True},
        "local_accounts": True,
    },
    "security": {
        "key_vault_secrets": {"rotation": True, "rotation_interval_minutes": 5},
        "oidc_issuer": True,
        "workload_identity": True,
        "image_cleaner": {"interval_hours": 48},
        "defender": {"workspace_id": WORKSPACE},
    },
    "autoscaler": {
        "expander": "least-waste",
        "scan_interval_seconds": 20,
        "scale_down_after_add_minutes": 11,
        "scale_down_after_delete_seconds": 12,
        "scale_down_after_failure_minutes": 4,
        "scale_down_unneeded_minutes": 13,
        "scale_down_unready_minutes": 21,
        "scale_down_utilization_threshold": 0.6,
        "max_graceful_termination_seconds": 601,
        "max_node_provision_minutes": 16,
        "max_empty_bulk_delete": 11,
        "max_unready_percent": 46,
        "new_pod_scale_up_delay_seconds": 5,
        "ok_unready_count": 4,
        "balance_similar_node_groups": True,
        "skip_nodes_with_local_storage": True,
        "skip_nodes_with_system_pods": False,
    },
    "upgrades": {"channel": "patch", "node_image_channel": "SecurityPatch"},
    "storage_drivers": {"blob": True, "disk": True, "file": False, "snapshot_controller": False},
    "addons": {
        "azure_policy": True,
        "web_app_routing": {"dns_zone_ids": []},
        "keda": True,
        "vertical_pod_autoscaler": True,
    },
    "windows": {"username": "winops", "licence": "Windows_Server"},
    "azure_properties": {"nodeResourceGroup": "nodes-of-blue", "metricsProfile": {"costAnalysis": {"enabled": True}}},
}
"""All that goes together in a cluster whose API server is open."""

ELSEWHERE = {
    "api_server.private",
    "api_server.private.dns_zone",
    "api_server.private.fqdn_subdomain",
    "api_server.private.public_fqdn",
    "security.key_vault_kms",
    "security.key_vault_kms.key_id",
    "security.key_vault_kms.network_access",
    "security.key_vault_kms.vault_id",
}
"""What does not go together with `OPEN`."""


def _in_azure(azure: LocalAzureForTests, group: str) -> dict[str, Any]:
    """The cluster as ARM answers, over HTTP."""
    path = f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}/providers/Microsoft.ContainerService"
    answer = httpx2.get(
        f"{azure.url}{path}/managedClusters/blue?api-version=2025-08-01",
        headers={"Authorization": f"Bearer {azure.token()}"},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _said(settings: dict[str, Any], ours: str) -> bool:
    here: Any = settings
    for name in ours.split("."):
        here = here.get(name) if isinstance(here, dict) else None
    return here is not None


def test_each_setting_is_part_of_the_full_create() -> None:
    assert {each.ours for each in CLUSTER_FIELDS if not _said(OPEN, each.ours)} == ELSEWHERE


async def test_all_that_is_set_arrives_in_azure_as_asked(slipway: Slipway) -> None:
    job = await slipway.create(**OPEN, ssh_username="ops")

    assert job["state"] == "succeeded", job
    shown = await slipway.cluster()
    present = _in_azure(slipway.azure, shown["resource_group"])
    assert settings_changes(present, WantedSettings(OPEN)) == ()
    assert present["properties"]["linuxProfile"]["adminUsername"] == shown["ssh_username"] == "ops"
    assert shown["node_resource_group"] == "nodes-of-blue"
    assert shown["oidc_issuer_url"] == present["properties"]["oidcIssuerProfile"]["issuerURL"]
    assert shown["oidc_issuer_url"].startswith("https://westeurope.oic.prod-aks.azure.com/")


async def test_a_private_cluster_with_identities_of_its_own_arrives_and_is_proved_by_a_command(
    slipway: Slipway,
) -> None:
    made = {name: _identity(slipway.azure, name) for name in ("cluster", "kubelet")}
    identity = {"type": "UserAssigned", "user_assigned_id": made["cluster"], "kubelet_id": made["kubelet"]}
    kms = {
        "key_id": "https://keys.vault.azure.net/keys/etcd/" + "a" * 32,
        "network_access": "Private",
        "vault_id": VAULT,
    }

    job = await slipway.create(
        identity=identity, security={"key_vault_kms": kms}, api_server={"private": {"public_fqdn": True}}
    )

    assert job["state"] == "succeeded", job
    present = _in_azure(slipway.azure, (await slipway.cluster())["resource_group"])
    assert {key_of(each) for each in present["identity"]["userAssignedIdentities"]} == {key_of(made["cluster"])}
    assert present["identity"]["userAssignedIdentities"][made["cluster"]]["principalId"]
    kubelet = present["properties"]["identityProfile"]["kubeletidentity"]
    assert key_of(kubelet["resourceId"]) == key_of(made["kubelet"])
    assert present["properties"]["securityProfile"]["azureKeyVaultKms"]["keyVaultResourceId"] == VAULT
    assert present["properties"]["apiServerAccessProfile"]["enablePrivateCluster"] is True


async def test_the_kubelets_of_a_cluster_get_another_identity_by_a_patch(slipway: Slipway) -> None:
    made = {name: _identity(slipway.azure, name) for name in ("cluster", "kubelet", "other")}
    identity = {"type": "UserAssigned", "user_assigned_id": made["cluster"], "kubelet_id": made["kubelet"]}
    await slipway.create(identity=identity)
    job = await slipway.done("PATCH", "/v1/clusters/blue", {"identity": {"kubelet_id": made["other"]}})
    assert "applied_partially" not in job["outcome"]
    present = _in_azure(slipway.azure, (await slipway.cluster())["resource_group"])
    assert key_of(present["properties"]["identityProfile"]["kubeletidentity"]["resourceId"]) == key_of(made["other"])
    assert (await slipway.cluster())["oidc_issuer_url"] is None


def _identity(azure: LocalAzureForTests, name: str) -> str:
    """A user-assigned identity in a group of its own."""
    headers = {"Authorization": f"Bearer {azure.token()}"}
    azure.register("Microsoft.ManagedIdentity")
    group = f"/subscriptions/{azure.subscription_id}/resourceGroups/identities"
    where = {"location": CLUSTER["location"]}
    httpx2.put(f"{azure.url}{group}?api-version=2022-09-01", json=where, headers=headers).raise_for_status()
    path = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    made = httpx2.put(f"{azure.url}{path}?api-version=2023-01-31", json=where, headers=headers)
    assert made.status_code in {200, 201}, made.text
    return str(made.json()["id"])
