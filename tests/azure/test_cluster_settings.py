"""A cluster's settings as Azure's JSON: all of the table, by the SDK's own model, and no more than what differs."""

from dataclasses import replace
from typing import Any, ForwardRef, get_args, get_origin

import pytest
from azure.mgmt.containerservice import models
from azure.mgmt.containerservice.models import ManagedCluster, _models

from app.azure.cluster_mapping import cluster_body
from app.azure.cluster_settings import changed, settings_body, settings_changes
from app.azure.types.cluster_changes import Change, WantedSettings
from app.azure.types.cluster_defaults import CAN_BE_RESET, DEFAULTS
from app.azure.types.cluster_fields import CLUSTER_FIELDS, ClusterField, Form, Part
from app.azure.types.secret import Secret
from tests.azure.story import Story, ready_cluster, spec, until_done

VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
IDENTITY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
SETTINGS: dict[str, Any] = {
    "tier": "Standard",
    "network": {"plugin": "azure", "pod_cidrs": ["10.1.0.0/16"], "subnet_id": "subnet"},
    "api_server": {"private": {"dns_zone": "none", "public_fqdn": True}, "run_command": False},
    "access": {"entra": {"admin_group_ids": ["g1", "g2"]}, "local_accounts": False},
    "security": {"key_vault_secrets": {"rotation": True, "rotation_interval_minutes": 5}, "image_cleaner": {}},
    "autoscaler": {"scan_interval_seconds": 20, "scale_down_unneeded_minutes": 4, "max_empty_bulk_delete": 3},
    "addons": {"azure_policy": True, "web_app_routing": {}},
    "azure_properties": {"networkProfile": {"advancedNetworking": {"enabled": True}}, "nodeResourceGroup": "rg"},
}


def test_a_create_says_each_setting_where_azure_has_it() -> None:
    body = cluster_body(spec(settings=SETTINGS))
    properties = body["properties"]
    assert body["sku"] == {"tier": "Standard"}
    assert body["identity"] == {"type": "SystemAssigned"}
    assert properties["agentPoolProfiles"][0]["vnetSubnetID"] == "subnet"
    assert properties["networkProfile"] == {
        "networkPlugin": "azure",
        "podCidrs": ["10.1.0.0/16"],
        "advancedNetworking": {"enabled": True},
    }
    assert properties["apiServerAccessProfile"] == {
        "enablePrivateCluster": True,
        "privateDNSZone": "none",
        "enablePrivateClusterPublicFQDN": True,
        "disableRunCommand": True,
    }
    assert properties["aadProfile"] == {"managed": True, "adminGroupObjectIDs": ["g1", "g2"]}
    assert properties["disableLocalAccounts"] is True
    assert properties["addonProfiles"] == {
        "azureKeyvaultSecretsProvider": {
            "enabled": True,
            "config": {"enableSecretRotation": "true", "rotationPollInterval": "5m"},
        },
        "azurepolicy": {"enabled": True},
    }
    assert properties["securityProfile"] == {"imageCleaner": {"enabled": True}}
    assert properties["autoScalerProfile"] == {
        "scan-interval": "20s",
        "scale-down-unneeded-time": "4m",
        "max-empty-bulk-delete": "3",
    }
    assert properties["ingressProfile"] == {"webAppRouting": {"enabled": True}}
    assert properties["nodeResourceGroup"] == "rg"


@pytest.mark.parametrize(
    ("identity", "shown", "properties"),
    [
        (
            {"type": "UserAssigned", "user_assigned_id": IDENTITY, "kubelet_id": IDENTITY},
            {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
            {"identityProfile": {"kubeletidentity": {"resourceId": IDENTITY}}},
        ),
        (
            {"type": "ServicePrincipal", "service_principal": {"client_id": "c", "secret": {"setting": "sp"}}},
            None,
            {"servicePrincipalProfile": {"clientId": "c", "secret": "hunter2"}},
        ),
    ],
)
def test_a_cluster_acts_as_whom_it_was_asked(
    identity: dict[str, Any], shown: dict[str, Any] | None, properties: dict[str, Any]
) -> None:
    body = cluster_body(spec(settings={"identity": identity}, service_principal_secret=Secret("hunter2")))
    assert body.get("identity") == shown
    assert {name: body["properties"][name] for name in properties} == properties


def _inside(model: Any, name: str) -> Any:
    """What the SDK's model has under a name of the JSON; None where it has nothing."""
    if get_origin(model) is dict:
        # Add-ons and identities are objects by name.
        return _resolved(get_args(model)[1])
    if not hasattr(model, "as_dict"):
        return None
    for attribute, field in model({})._attr_to_rest_field.items():
        if field._rest_name == name:
            own = next(each.__annotations__ for each in model.__mro__ if attribute in each.__annotations__)
            return _resolved(own[attribute])
    return None


def _resolved(hint: Any) -> Any:
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        hint = eval(hint, {**vars(_models), "_models": models})  # noqa: S307 - the SDK's own annotation
    return _resolved(get_args(hint)[0]) if type(None) in get_args(hint) else hint


@pytest.mark.parametrize("field", CLUSTER_FIELDS, ids=lambda field: field.ours)
def test_every_row_of_the_table_stands_in_the_sdks_model(field: ClusterField) -> None:
    model: Any = ManagedCluster
    for name in field.azure.split("/"):
        model = _inside(model, name)
        assert model is not None, f"{name} of {field.azure}"


def test_what_azure_has_is_no_difference_in_whatever_case_or_order() -> None:
    present = settings_body(SETTINGS)
    present["sku"]["tier"] = "standard"
    addons = present["properties"]["addonProfiles"]
    addons["azurePolicy"] = {**addons.pop("azurepolicy"), "identity": {}}
    present["properties"]["aadProfile"]["adminGroupObjectIDs"] = ["G2", "G1"]
    present["properties"]["aadProfile"]["tenantID"] = "t"
    assert settings_changes(present, WantedSettings(SETTINGS)) == ()
    assert settings_changes(present, WantedSettings({})) == ()


def test_what_was_set_and_is_null_now_is_given_back_to_azures_default() -> None:
    present = settings_body(SETTINGS)
    resets = ("addons.web_app_routing", "security.image_cleaner", "autoscaler.scan_interval_seconds", "addons.keda")
    found = settings_changes(present, WantedSettings({}, resets=resets))
    assert {(each.path[-2:], each.wanted) for each in found} == {
        (("webAppRouting", "enabled"), False),
        (("imageCleaner", "enabled"), False),
        (("autoScalerProfile", "scan-interval"), "10s"),
    }
    assert settings_changes(changed(present, found), WantedSettings({}, resets=resets)) == ()


def test_changes_come_in_the_order_of_their_parts_and_touch_nothing_else() -> None:
    present = {"tags": {"a": "b"}, "properties": {"networkProfile": {"networkPolicy": "none"}, "x": [1]}}
    wanted = WantedSettings(
        {"addons": {"keda": True}, "network": {"policy": "calico"}}, tags={"team": "shop", "gone": None, "A": "b"}
    )
    found = settings_changes(present, wanted)
    assert [each.part for each in found] == [Part.NETWORK, Part.ADDONS, Part.TAGS]
    assert changed(present, [found[-1]]) == {**present, "tags": {"a": "b", "team": "shop"}}
    assert changed(
        {"tags": {"gone": "x", "a": "b"}}, [Change("tags.gone", Part.TAGS, ("tags", "gone"), None, "x")]
    ) == {"tags": {"a": "b"}}
    assert present["tags"] == {"a": "b"}


def test_every_default_is_of_a_setting_that_there_is_and_of_its_form() -> None:
    by_name = {each.ours: each for each in CLUSTER_FIELDS}
    assert set(DEFAULTS) <= set(by_name)
    assert set(by_name) >= CAN_BE_RESET
    for name in DEFAULTS:
        assert not by_name[name].fixed, name
        assert by_name[name].form is not Form.PRESENT, name


async def test_one_part_is_put_and_nothing_else_of_the_cluster_differs(story: Story) -> None:
    await ready_cluster(story)
    clusters, call = story.azure.managed_clusters, story.call()
    wanted = WantedSettings({"addons": {"keda": True}, "upgrades": {"channel": "patch"}}, tags={"team": "shop"})
    before, found = await clusters.compare("g", "c", wanted, call=call)
    assert [each.part for each in found] == [Part.UPGRADES, Part.ADDONS, Part.TAGS]
    for part in dict.fromkeys(each.part for each in found):
        answer = await clusters.put_part("g", "c", part, wanted, call=call)
        assert answer is not None
        await until_done(story, answer.operation)
        assert await clusters.put_part("g", "c", part, wanted, call=call) is None
    after, left = await clusters.compare("g", "c", wanted, call=call)
    assert left == ()
    assert dict(after.tags) == {**before.tags, "team": "shop"}
    assert after.pools[0].count == before.pools[0].count


def test_a_subdomain_of_a_zone_takes_the_place_of_the_prefix() -> None:
    """AKS takes either of the two."""
    private = {"dns_zone": "/subscriptions/s/privateDnsZones/a.example", "fqdn_subdomain": "blue"}
    given = cluster_body(replace(spec(), settings={"api_server": {"private": private}}))["properties"]
    assert (given.get("fqdnSubdomain"), given.get("dnsPrefix")) == ("blue", None)
    given = cluster_body(replace(spec(), settings={"api_server": {"dns_prefix": "red"}}))["properties"]
    assert (given.get("fqdnSubdomain"), given.get("dnsPrefix")) == (None, "red")
