"""`app/clusters/specs/setting_rules.py`: what a cluster's settings must not say together."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.azure.types.cluster_fields import CLUSTER_FIELDS
from app.clusters.schemas.settings import ClusterSettings
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.setting_rules import check_settings

_SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/net/providers"
SUBNET = f"{_SUBSCRIPTION}/Microsoft.Network/virtualNetworks/hub/subnets/nodes"
IDENTITY = f"{_SUBSCRIPTION}/Microsoft.ManagedIdentity/userAssignedIdentities/blue"
ZONE = f"{_SUBSCRIPTION}/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io"
KEY = "https://vault1.vault.azure.net/keys/etcd/0123456789abcdef0123456789abcdef"
WINDOW = {"weekday": "Sunday", "start_time": "02:00", "duration_hours": 4}
AZURE = {"plugin": "azure"}
OVERLAY = {**AZURE, "plugin_mode": "overlay"}
SERVICES = {"service_cidrs": ["10.1.0.0/16"], "dns_service_ip": "10.1.0.10"}
USER = {"type": "UserAssigned", "user_assigned_id": IDENTITY}

BROKEN: list[tuple[dict[str, Any], str, str]] = [
    ({"support_plan": "AKSLongTermSupport", "tier": "Standard"}, "tier_too_low", "/tier"),
    ({"network": {"plugin": "kubenet", "plugin_mode": "overlay"}}, "contradiction", "/network/plugin_mode"),
    ({"network": {"plugin": "kubenet", "dataplane": "cilium"}}, "contradiction", "/network/dataplane"),
    ({"network": {**AZURE, "policy": "cilium"}}, "contradiction", "/network/policy"),
    ({"network": {**OVERLAY, "dataplane": "cilium", "policy": "calico"}}, "contradiction", "/network/policy"),
    ({"network": {"plugin": "kubenet", "policy": "azure"}}, "contradiction", "/network/policy"),
    ({"network": {"plugin": "none", "policy": "calico"}}, "contradiction", "/network/policy"),
    ({"network": {**AZURE, "pod_cidrs": ["10.244.0.0/16"]}}, "contradiction", "/network/pod_cidrs"),
    ({"network": {"outbound_type": "userDefinedRouting"}}, "required", "/network/subnet_id"),
    (
        {"network": {"outbound_type": "managedNATGateway", "subnet_id": SUBNET}},
        "contradiction",
        "/network/outbound_type",
    ),
    ({"network": {"nat_gateway": {"managed_outbound_ip_count": 2}}}, "contradiction", "/network/nat_gateway"),
    (
        {
            "network": {
                **OVERLAY,
                "pod_cidrs": ["10.0.0.0/8"],
                "service_cidrs": ["10.1.0.0/16"],
                "dns_service_ip": "10.1.0.10",
            }
        },
        "cidrs_overlap",
        "/network/pod_cidrs/0",
    ),
    ({"network": {"service_cidrs": ["10.1.0.1/16"]}}, "invalid_cidr", "/network/service_cidrs/0"),
    ({"network": {"service_cidrs": ["10.0.0.0/8"]}}, "cidr_too_large", "/network/service_cidrs/0"),
    ({"network": {"service_cidrs": ["10.1.0.0/16"]}}, "required", "/network/dns_service_ip"),
    ({"network": {"dns_service_ip": "10.9.0.10"}}, "dns_ip_outside", "/network/dns_service_ip"),
    ({"network": {"dns_service_ip": "10.0.0.1"}}, "dns_ip_taken", "/network/dns_service_ip"),
    ({"network": {"ip_families": ["IPv6"]}}, "ipv4_needed", "/network/ip_families"),
    ({"network": {"ip_families": ["IPv4", "IPv4"]}}, "duplicate", "/network/ip_families"),
    ({"network": {**AZURE, "ip_families": ["IPv4", "IPv6"]}}, "contradiction", "/network/ip_families"),
    (
        {"network": {**OVERLAY, "ip_families": ["IPv4", "IPv6"], "pod_cidrs": ["10.244.0.0/16"]}},
        "wrong_families",
        "/network/pod_cidrs",
    ),
    (
        {"api_server": {"private": {}, "authorized_ip_ranges": ["192.0.2.0/24"]}},
        "private_and_authorized",
        "/api_server/authorized_ip_ranges",
    ),
    ({"api_server": {"private": {"dns_zone": ZONE}}}, "identity_needed", "/api_server/private/dns_zone"),
    ({"api_server": {"private": {"dns_zone": "none"}}}, "no_name", "/api_server/private/public_fqdn"),
    ({"api_server": {"authorized_ip_ranges": ["192.0.2.1/24"]}}, "invalid_cidr", "/api_server/authorized_ip_ranges/0"),
    ({"identity": {"type": "UserAssigned"}}, "required", "/identity/user_assigned_id"),
    ({"identity": {"user_assigned_id": IDENTITY}}, "contradiction", "/identity/user_assigned_id"),
    ({"identity": {"kubelet_id": IDENTITY}}, "contradiction", "/identity/kubelet_id"),
    ({"identity": {"type": "ServicePrincipal"}}, "required", "/identity/service_principal"),
    ({"access": {"local_accounts": False}}, "nobody_could_log_in", "/access/local_accounts"),
    ({"security": {"workload_identity": True}}, "oidc_issuer_needed", "/security/workload_identity"),
    ({"security": {"key_vault_kms": {"key_id": KEY}}}, "identity_needed", "/security/key_vault_kms"),
    (
        {"identity": USER, "security": {"key_vault_kms": {"key_id": KEY, "network_access": "Private"}}},
        "required",
        "/security/key_vault_kms/vault_id",
    ),
    (
        {"security": {"key_vault_secrets": {"rotation_interval_minutes": 5}}},
        "contradiction",
        "/security/key_vault_secrets/rotation_interval_minutes",
    ),
    ({"upgrades": {"cluster_window": WINDOW}}, "contradiction", "/upgrades/cluster_window"),
    (
        {"upgrades": {"channel": "node-image", "node_image_channel": "SecurityPatch"}},
        "contradiction",
        "/upgrades/node_image_channel",
    ),
    (
        {"upgrades": {"channel": "patch", "cluster_window": {**WINDOW, "weekday": None, "interval_days": 1}}},
        "daily_for_node_images",
        "/upgrades/cluster_window/interval_days",
    ),
    (
        {
            "upgrades": {
                "channel": "patch",
                "cluster_window": {**WINDOW, "not_allowed": [{"start": "2027-01-02", "end": "2027-01-01"}]},
            }
        },
        "start_after_end",
        "/upgrades/cluster_window/not_allowed/0",
    ),
    ({"windows": {"username": "Administrator"}}, "reserved_name", "/windows/username"),
    ({"azure_properties": {"noSuchThing": 1}}, "unknown_azure_property", "/azure_properties/noSuchThing"),
    (
        {"azure_properties": {"metricsProfile": {"costs": {}}}},
        "unknown_azure_property",
        "/azure_properties/metricsProfile/costs",
    ),
    (
        {"azure_properties": {"metricsProfile": {"costAnalysis": {"enabled": "yes"}}}},
        "wrong_type",
        "/azure_properties/metricsProfile/costAnalysis/enabled",
    ),
    (
        {"azure_properties": {"metricsProfile": {"costAnalysis": [{"enabled": True}]}}},
        "unknown_azure_property",
        "/azure_properties/metricsProfile/costAnalysis/0/enabled",
    ),
    (
        {"azure_properties": {"podIdentityProfile": {"userAssignedIdentities": [{"provisioningState": "Assigned"}]}}},
        "not_settable",
        "/azure_properties/podIdentityProfile/userAssignedIdentities/0/provisioningState",
    ),
    ({"azure_properties": {"fqdn": "blue.example"}}, "not_settable", "/azure_properties/fqdn"),
    ({"azure_properties": {"enableRBAC": False}}, "not_settable", "/azure_properties/enableRBAC"),
    (
        {"azure_properties": {"networkProfile": {"loadBalancerProfile": {"managedOutboundIPs": {"count": 2}}}}},
        "given_as_field",
        "/azure_properties/networkProfile/loadBalancerProfile/managedOutboundIPs/count",
    ),
    (
        {"api_server": {"private": {"fqdn_subdomain": "blue"}}},
        "contradiction",
        "/api_server/private/fqdn_subdomain",
    ),
    (
        {"api_server": {"dns_prefix": "a", "private": {"fqdn_subdomain": "blue", "dns_zone": ZONE}}},
        "contradiction",
        "/api_server/dns_prefix",
    ),
    (
        {"azure_properties": {"addonProfiles": {"omsAgent": {"enabled": True}}}},
        "given_as_field",
        "/azure_properties/addonProfiles/omsAgent/enabled",
    ),
]


def _found(given: dict[str, Any], *, windows: bool = False) -> set[tuple[str, str]]:
    rejections = Rejections()
    check_settings(ClusterSettings.model_validate(given), windows=windows, rejections=rejections)
    return {(error.code, error.pointer) for error in rejections.errors}


@pytest.mark.parametrize(
    ("given", "code", "pointer"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_contradiction_is_named_with_its_place(given: dict[str, Any], code: str, pointer: str) -> None:
    assert (code, pointer) in _found(given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"tier": "Premium", "support_plan": "AKSLongTermSupport"},
        {"network": {**OVERLAY, "dataplane": "cilium", "policy": "cilium", "pod_cidrs": ["10.244.0.0/16"]}},
        {"network": {**OVERLAY, **SERVICES}},
        {"network": {"outbound_type": "userDefinedRouting", "subnet_id": SUBNET}},
        {"identity": {**USER, "kubelet_id": IDENTITY}, "security": {"key_vault_kms": {"key_id": KEY}}},
        {"security": {"oidc_issuer": True, "workload_identity": True}},
        {"access": {"entra": {"azure_rbac": True}, "local_accounts": False}},
        {"upgrades": {"channel": "patch", "cluster_window": WINDOW}},
        {"azure_properties": {"metricsProfile": {"costAnalysis": {"enabled": True}}, "nodeResourceGroup": "mine"}},
        {"azure_properties": {"networkProfile": {"loadBalancerProfile": {"backendPoolType": "nodeIP"}}}},
        {"identity": USER, "api_server": {"private": {"fqdn_subdomain": "blue", "dns_zone": ZONE}}},
        {"azure_properties": {"httpProxyConfig": {"noProxy": ["example.com"]}}},
    ],
)
def test_what_fits_together_is_taken(given: dict[str, Any]) -> None:
    assert _found(given) == set()


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ({"weekday": None}, "recurrence_missing"),
        ({"weekday": None, "week_index": "First"}, "recurrence_missing"),
        ({"day_of_month": 1}, "recurrence_ambiguous"),
        ({"interval_months": 2}, "recurrence_ambiguous"),
        ({"interval_days": 1}, "recurrence_ambiguous"),
    ],
)
def test_a_window_comes_again_in_one_way(window: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ClusterSettings.model_validate({"upgrades": {"cluster_window": {**WINDOW, **window}}})
    assert [error["type"] for error in refused.value.errors()] == [code]


def test_what_windows_nodes_cannot_have_is_said_at_the_create() -> None:
    """trouble 52."""
    assert _found({"network": {"plugin": "kubenet"}}, windows=True) == {
        ("windows_needs_azure_plugin", "/network/plugin")
    }
    assert ("linux_only", "/network/dataplane") in _found({"network": {**OVERLAY, "dataplane": "cilium"}}, windows=True)


def test_all_that_is_broken_is_told_at_once() -> None:
    given = {"identity": {"type": "UserAssigned"}, "access": {"local_accounts": False}, "network": {"policy": "cilium"}}
    assert len(_found(given)) == 3


@pytest.mark.parametrize("field", [each for each in CLUSTER_FIELDS if each.azure.startswith("properties/")], ids=str)
def test_no_azure_property_may_contradict_a_field(field: Any) -> None:
    inner: Any = "x"
    for name in reversed(field.azure.split("/")[1:]):
        inner = {name: inner}
    assert {code for code, _ in _found({"azure_properties": inner})} == {"given_as_field"}


def test_the_model_is_that_of_the_installed_sdk() -> None:
    script = Path(__file__).parents[2] / "scripts" / "cluster_model.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True)  # noqa: S603


def test_a_whole_branch_of_azures_names_all_fields_that_say_its_parts() -> None:
    rejections = Rejections()
    given = ClusterSettings.model_validate({"azure_properties": {"apiServerAccessProfile": {}, "addonProfiles": {}}})
    check_settings(given, windows=False, rejections=rejections)
    details = {error.pointer: error.detail for error in rejections.errors}
    assert (
        "`api_server.authorized_ip_ranges`, `api_server.private`" in details["/azure_properties/apiServerAccessProfile"]
    )
    assert "`addons.azure_policy`" in details["/azure_properties/addonProfiles"]
