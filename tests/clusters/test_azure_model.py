"""`app/clusters/specs/azure_model.py`: no secret comes by `azure_properties`, which are kept and shown as they are."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.clusters.schemas.pools import NodePoolSettings
from app.clusters.schemas.settings import ClusterSettings
from app.clusters.specs.azure_model import CLUSTER
from app.clusters.specs.pool_rules import check_pool
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.setting_rules import check_settings
from tests.clusters.patching import add_row
from tests.support.whole import Slipway

_SOUND = re.compile("secret|password|passphrase|token|credential|key|proxy|sas$|connectionstring", re.IGNORECASE)
HARMLESS = {
    "keyData": "a public key, and a field of ours",
    "keyId": "the id of a key in a Key Vault",
    "keyVaultNetworkAccess": "Public or Private",
    "keyVaultResourceId": "an id",
    "keyVaultId": "an id",
    "keyObjectName": "under which name a Key Vault has it",
    "allowSecretAccess": "true or false",
    "enableCSIProxy": "true or false",
    "noProxy": "names of hosts",
    "proxyRedirectionMechanism": "a word of AKS",
}
"""Names that sound like secrets, and are none."""


def _texts(model: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each member of AKS's model that is no object, with its path; a list by what it has."""
    if isinstance(model, dict):
        for name, inner in model.items():
            yield from _texts(inner, (*above, name))
    elif isinstance(model, list):
        yield from _texts(model[0], above)
    else:
        yield above, model


def _nested(path: tuple[str, ...], value: object) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def _codes(properties: dict[str, Any]) -> dict[str, str]:
    rejections = Rejections()
    check_settings(ClusterSettings(azure_properties=properties), windows=False, rejections=rejections)
    return {error.pointer: error.code for error in rejections.errors}


def test_nothing_of_the_sdks_model_that_sounds_like_a_secret_is_taken() -> None:
    """The model is that of the installed SDK (`test_setting_rules.py`), so a new SDK cannot bring one in unseen."""
    found = [(path, kind) for path, kind in _texts(CLUSTER) if _SOUND.search(path[-1]) and path[-1] not in HARMLESS]
    assert {path[-1] for path, _ in found} == {"serverAppSecret", "secret", "adminPassword", "httpProxy", "httpsProxy"}
    for path, kind in found:
        properties = _nested(path, "http://person:word@proxy.example:3128" if kind == "text" else "word")
        assert set(_codes(properties).values()) <= {"secret_in_clear", "given_as_field"}, path
        assert _codes(properties), path


def test_what_azure_never_shows_again_is_a_secret_by_its_model() -> None:
    secrets = {".".join(path) for path, kind in _texts(CLUSTER) if kind == "secret"}
    assert secrets == {"aadProfile.serverAppSecret", "servicePrincipalProfile.secret", "windowsProfile.adminPassword"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("aadProfile", "serverAppSecret"), "word"),
        (("httpProxyConfig", "httpProxy"), "http://person:word@proxy.example:3128/"),
        (("httpProxyConfig", "httpsProxy"), "http://token@proxy.example:3128/"),
        (("httpProxyConfig", "noProxy"), ["https://store.example/list?sv=1&sig=word"]),
        (("addonProfiles", "somethingNew", "config", "workspaceKey"), "word"),
        (("addonProfiles", "somethingNew", "config", "clientSecret"), "word"),
    ],
)
def test_a_secret_is_refused_by_its_path_with_what_to_do(path: tuple[str, ...], value: object) -> None:
    rejections = Rejections()
    settings = ClusterSettings(azure_properties=_nested(path, value))
    check_settings(settings, windows=False, rejections=rejections)
    (error,) = rejections.errors
    assert (error.code, error.pointer) == ("secret_in_clear", "/azure_properties/" + "/".join(path))
    assert "word" not in error.detail
    assert re.search("give|Key Vault", error.detail)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("httpProxyConfig", "httpProxy"), "http://proxy.example:3128/"),
        (("httpProxyConfig", "noProxy"), ["example.com", "10.0.0.0/8"]),
        (("addonProfiles", "somethingNew", "config", "keyVaultName"), "shop"),
    ],
)
def test_what_only_sounds_like_one_is_taken(path: tuple[str, ...], value: object) -> None:
    assert _codes(_nested(path, value)) == {}


def test_a_pools_properties_are_held_against_the_model_to_their_leaves() -> None:
    given = {
        "kubeletConfig": {"password": "word", "podMaxPids": "many"},
        "localDNSProfile": {"mode": "Required", "state": "Enabled"},
        "linuxOSConfig": {"sysctls": {"vmMaxMapCount": 262144}},
    }
    pool = NodePoolSettings.model_validate(
        {"mode": "User", "size": "Standard_D4s_v5", "count": 1, "azure_properties": given}
    )
    rejections = Rejections()
    check_pool(pool, "", rejections)
    assert {(error.code, error.pointer) for error in rejections.errors} == {
        ("unknown_azure_property", "/azure_properties/kubeletConfig/password"),
        ("wrong_type", "/azure_properties/kubeletConfig/podMaxPids"),
        ("not_settable", "/azure_properties/localDNSProfile/state"),
    }


async def test_a_refused_secret_is_neither_kept_nor_told(idle_slipway: Slipway) -> None:
    await add_row(idle_slipway)
    properties = {"aadProfile": {"serverAppSecret": "correct horse battery"}}
    answer = await idle_slipway.ask("PATCH", "/v1/clusters/blue", {"azure_properties": properties})
    assert answer.status_code == 422, answer.text
    assert [error["code"] for error in answer.json()["errors"]] == ["secret_in_clear"]
    assert "battery" not in answer.text
    cluster = await idle_slipway.ask("GET", "/v1/clusters/blue")
    assert "battery" not in cluster.text
