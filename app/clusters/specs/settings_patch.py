"""What a PATCH makes of a cluster's settings, and what it must not."""

from collections.abc import Iterator

from pydantic import ValidationError

from app.api.in_part import as_patched
from app.azure.types.cluster_defaults import CAN_BE_RESET, ONE_WAY
from app.azure.types.cluster_fields import CLUSTER_FIELDS, Form
from app.azure.types.maintenance import WINDOWS
from app.clusters.schemas.settings import ClusterSettings
from app.clusters.specs.properties_patch import KEPT, NEW_CLUSTER, NO_DEFAULT, check_changes, same
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.setting_rules import check_settings
from app.clusters.specs.wanted import Wanted
from app.core.json import JsonObject, merged, value_at
from app.core.recurrence import MEMBERS, recurrence_of

_NEW_POOL = "The pools that are there keep their subnet: add a pool that names another, and delete the old one."
_PRINCIPAL = "It goes by POST /v1/clusters/{id}:reset-service-principal."


def patched(
    wanted: Wanted, body: ClusterSettings, patch: JsonObject, seen: JsonObject, rejections: Rejections
) -> JsonObject:
    """The settings after a merge patch: what `body` says of them.

    `seen`: what Azure last said of the cluster. Notes every rule that they break then, and what cannot be changed, with
    the way round. Raises InvalidRequestError where what comes out has not the form of settings.
    """
    before = wanted.settings
    settings = _read(merged(_without_other_recurrences(before, patch), patch), rejections)
    check_settings(as_patched(settings, body), windows=wanted.windows, rejections=rejections)
    after = settings_json(settings)
    for ours, was, becomes in _fixed(before, after):
        if not same(was, becomes) and not (was is None and same(_seen(seen, ours), becomes)):
            rejections.add("immutable", _pointer(ours), _way_round(ours))
    for ours in taken_away(before, after):
        if ours not in CAN_BE_RESET and ours not in WINDOWS and ours != "identity" and not _is_fixed(ours):
            rejections.add("immutable", _pointer(ours), KEPT if ours in ONE_WAY else NO_DEFAULT)
    if value_at(before, "security.oidc_issuer") is True and value_at(after, "security.oidc_issuer") is False:
        rejections.add("immutable", "/security/oidc_issuer", KEPT)
    for ours in ("network.plugin_mode", "network.dataplane"):
        if value_at(before, ours) not in {None, "azure", value_at(after, ours)} and value_at(after, ours) is not None:
            rejections.add("immutable", _pointer(ours), KEPT)
    check_changes(before, after, seen, rejections)
    return after


def _without_other_recurrences(settings: JsonObject, patch: JsonObject) -> JsonObject:
    """Without what the windows say of how they come again, where the patch has them come in another way."""
    upgrades = dict(settings.get("upgrades") or {})
    for name, window in (patch.get("upgrades") or {}).items():
        known = upgrades.get(name)
        if not isinstance(window, dict) or not isinstance(known, dict):
            continue
        if recurrence_of(window) is not recurrence_of(known):
            upgrades[name] = {member: value for member, value in known.items() if member not in MEMBERS}
    return {**settings, "upgrades": upgrades} if upgrades else settings


def taken_away(before: JsonObject, after: JsonObject) -> list[str]:
    """Dotted paths of the settings that were given before and are not any more; an object that goes stands for all."""
    objects = tuple(field.ours for field in CLUSTER_FIELDS if field.form is Form.PRESENT)
    paths = [*(field.ours for field in CLUSTER_FIELDS), *WINDOWS, "identity", "identity.kubelet_id"]
    gone = [ours for ours in paths if value_at(before, ours) is not None and value_at(after, ours) is None]
    heads = tuple(f"{ours}." for ours in gone if ours in objects or ours == "identity")
    return [ours for ours in gone if not ours.startswith(heads)] if heads else gone


def resets_after(resets: tuple[str, ...], gone: list[str], after: JsonObject, tags: JsonObject) -> list[str]:
    """What Azure may still have though it was given up: what was so before, and what is given up now."""
    given = {f"tags.{key}" for key in tags}
    return [each for each in dict.fromkeys([*resets, *gone]) if each not in given and value_at(after, each) is None]


def _fixed(before: JsonObject, after: JsonObject) -> Iterator[tuple[str, object, object]]:
    paths = [field.ours for field in CLUSTER_FIELDS if field.fixed and field.form is not Form.PRESENT]
    private = "api_server.private"
    was, becomes = (value_at(each, private) is not None for each in (before, after))
    yield private, was, becomes
    for ours in (*paths, "network.subnet_id", "identity.service_principal"):
        if was == becomes or not ours.startswith(private):
            yield ours, value_at(before, ours), value_at(after, ours)
    principals = [value_at(each, "identity.type") == "ServicePrincipal" for each in (before, after)]
    yield "identity.type", False, principals[1] and not principals[0]


def _is_fixed(ours: str) -> bool:
    return any(field.ours == ours and field.fixed for field in CLUSTER_FIELDS)


def _way_round(ours: str) -> str:
    if ours == "network.subnet_id":
        return _NEW_POOL
    return _PRINCIPAL if ours.startswith("identity.service_principal") else NEW_CLUSTER


def _seen(seen: JsonObject, ours: str) -> object:
    """What Azure chose where nobody had asked, as far as it is kept."""
    group, _, name = ours.partition(".")
    known = seen.get(group) or {}
    if name.endswith("_cidrs"):
        one = known.get(name.removesuffix("s"))
        return None if one is None else [one]
    return known.get(name)


def settings_json(settings: ClusterSettings) -> JsonObject:
    """The settings in the form in which they are kept: no nulls, no empty group."""
    kept = settings.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in kept.items() if value != {}}


def _read(settings: JsonObject, rejections: Rejections) -> ClusterSettings:
    try:
        return ClusterSettings.model_validate(settings)
    except ValidationError as error:
        for found in error.errors():
            rejections.add("wrong_value", "".join(f"/{part}" for part in found["loc"]), str(found["msg"]))
        raise rejections.as_error() from None


def _pointer(ours: str) -> str:
    return "/" + ours.replace(".", "/")
