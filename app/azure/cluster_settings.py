"""A cluster's settings as Azure's JSON, and in what Azure differs from them. All of it goes by `CLUSTER_FIELDS`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.azure.types.cluster_changes import Change, WantedSettings
from app.azure.types.cluster_defaults import DEFAULTS
from app.azure.types.cluster_fields import CLUSTER_FIELDS, ClusterField, Form, Part
from app.azure.types.cluster_properties import FIXED, LATER
from app.core.json import JsonObject
from app.core.ssh import same_key

SERVICE_PRINCIPAL = "ServicePrincipal"
_PRINCIPAL = ("properties", "servicePrincipalProfile")
_SSH_KEYS = ("properties", "linuxProfile", "ssh", "publicKeys")
_KUBELET = ("properties", "identityProfile", "kubeletidentity")
_ORDER = {part: number for number, part in enumerate(Part)}


@dataclass(frozen=True, slots=True)
class _Said:
    ours: str
    part: Part
    path: tuple[str, ...]
    value: object
    fixed: bool = False


def settings_body(settings: JsonObject) -> JsonObject:
    """What a new cluster's PUT says of the settings: a part of the resource. No secret is in it."""
    body: JsonObject = {}
    for each in _said(WantedSettings(settings)):
        _put(body, each.path, each.value)
    return body


def settings_changes(present: JsonObject, wanted: WantedSettings) -> tuple[Change, ...]:
    """In what a cluster differs from its settings and tags, in the order in which it is sent.

    `present`: the resource as Azure has it. Azure compares words without regard to case; what the settings leave open
    is no difference.
    """
    found = []
    for each in _said(wanted):
        path = _spelled(present, each.path)
        has = _at(present, path)
        if not _has(has, each.value):
            found.append(Change(each.ours, each.part, path, each.value, has, each.fixed))
    keys = _at(present, _SSH_KEYS)
    if wanted.ssh_public_key is not None and not _is_only_key(keys, wanted.ssh_public_key):
        found.append(Change("ssh_public_key", Part.SSH, _SSH_KEYS, [{"keyData": wanted.ssh_public_key}], keys))
    for key, value in wanted.tags.items():
        path = _spelled(present, ("tags", key))
        if _at(present, path) != value:
            found.append(Change(f"tags.{key}", Part.TAGS, path, value, _at(present, path)))
    return tuple(sorted(found, key=lambda change: _ORDER[change.part]))


def changed(body: JsonObject, changes: Iterable[Change]) -> JsonObject:
    """The resource with these changes, and in nothing else different."""
    after = _copy(body)
    for each in changes:
        if each.wanted is None:
            *parents, last = each.path
            _at_or_made(after, parents).pop(last, None)
        else:
            _put(after, each.path, each.wanted)
    return after


def _said(wanted: WantedSettings) -> Iterator[_Said]:
    """Each member of the resource that the settings say, `azure_properties` last."""
    for each in CLUSTER_FIELDS:
        value = _written(each, wanted)
        if value is not None:
            yield _Said(each.ours, each.part, tuple(each.azure.split("/")), value, each.fixed)
    yield from _identity(wanted)
    for path, value in _leaves(wanted.settings.get("azure_properties") or {}):
        ours = "azure_properties." + ".".join(path)
        fixed = path in FIXED and path not in LATER
        yield _Said(ours, Part.AZURE_PROPERTIES, ("properties", *path), value, fixed)
    for ours in wanted.resets:
        group, *names = ours.split(".")
        if group == Part.AZURE_PROPERTIES:
            # Only switches are given up, see `properties_patch.py`.
            yield _Said(ours, Part.AZURE_PROPERTIES, ("properties", *names), value=False)


def _written(field: ClusterField, wanted: WantedSettings) -> object:
    ours = tuple(field.ours.split("."))
    value = _at(wanted.settings, ours)
    if field.form is Form.PRESENT:
        return True if value is not None else False if field.ours in wanted.resets else None
    if value is None and field.ours in wanted.resets:
        value = DEFAULTS.get(field.ours)
    return None if value is None else _in_form(field.form, value)


def _in_form(form: Form, value: object) -> object:
    match form:
        case Form.NEGATED:
            return not value
        case Form.SECONDS:
            return f"{value}s"
        case Form.MINUTES:
            return f"{value}m"
        case Form.TEXT:
            return str(value).lower()
        case _:
            return value


def _identity(wanted: WantedSettings) -> Iterator[_Said]:
    identity = wanted.settings.get("identity")
    if identity is None:
        if "identity" in wanted.resets:
            yield _Said("identity.type", Part.IDENTITY, ("identity",), {"type": "SystemAssigned"})
        return
    kind = identity.get("type", "SystemAssigned")
    if kind == SERVICE_PRINCIPAL:
        principal = {"clientId": identity["service_principal"]["client_id"]}
        # It has a verb of its own, since its secret goes with it.
        yield _Said(
            "identity.service_principal",
            Part.IDENTITY,
            ("properties", "servicePrincipalProfile"),
            principal,
            fixed=True,
        )
        return
    body: JsonObject = {"type": kind}
    if identity.get("user_assigned_id") is not None:
        body["userAssignedIdentities"] = {identity["user_assigned_id"]: {}}
    yield _Said("identity.type", Part.IDENTITY, ("identity",), body)
    if identity.get("kubelet_id") is not None:
        yield _Said("identity.kubelet_id", Part.IDENTITY, _KUBELET, {"resourceId": identity["kubelet_id"]})


def _leaves(value: JsonObject, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, inner in value.items():
        path = (*above, name)
        if isinstance(inner, dict) and inner:
            yield from _leaves(inner, path)
        elif inner is not None:
            yield path, inner


def _spelled(present: JsonObject, path: tuple[str, ...]) -> tuple[str, ...]:
    """The path with its names as Azure spells them: it answers with the names of add-ons and tags in any case."""
    here: object = present
    spelled = []
    for name in path:
        known = here if isinstance(here, Mapping) else {}
        found = name if name in known else next((key for key in known if key.lower() == name.lower()), name)
        spelled.append(found)
        here = known.get(found)
    return tuple(spelled)


def _at(document: object, path: Iterable[str]) -> object:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _put(body: JsonObject, path: tuple[str, ...], value: object) -> None:
    *parents, last = path
    _at_or_made(body, parents)[last] = value


def _at_or_made(body: JsonObject, path: Iterable[str]) -> JsonObject:
    for name in path:
        if not isinstance(body.get(name), dict):
            body[name] = {}
        body = body[name]
    return body


def _copy(body: JsonObject) -> JsonObject:
    return {name: _copy(value) if isinstance(value, dict) else value for name, value in body.items()}


def _is_only_key(present: object, key: str) -> bool:
    if not isinstance(present, list) or len(present) != 1:
        return False
    return same_key(str(_at(present[0], ["keyData"])), key)


def _has(present: object, wanted: object) -> bool:
    """Whether Azure has it; where it is an object Azure may have more, and what it lacks it has at nothing or off."""
    if isinstance(wanted, Mapping) and isinstance(present, Mapping):
        known = {str(key).lower(): value for key, value in present.items()}
        return all(str(key).lower() in known and _has(known[str(key).lower()], value) for key, value in wanted.items())
    return _comparable(present) == _comparable(wanted)


def _comparable(value: object) -> object:
    if isinstance(value, str):
        return None if value.lower() in {"", "none"} else value.lower()
    if isinstance(value, list):
        # Azure sorts some lists (ranges of addresses) as it likes.
        return sorted(map(str, map(_comparable, value))) or None
    return value or None
