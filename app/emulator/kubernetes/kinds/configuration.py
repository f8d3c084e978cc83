"""What pods read: config maps, secrets, service accounts."""

import base64
import re
from collections.abc import Iterator

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, Subresource, count_cell, field_cell
from app.emulator.kubernetes.status import Cause

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def _key_causes(document: Object, *fields: str) -> Iterator[Cause]:
    for field in fields:
        for key in document.get(field) or ():
            if not _KEY.fullmatch(key):
                yield Cause("FieldValueInvalid", f'Invalid value: "{key}": {_KEY_RULE}', f"{field}[{key}]")


def _immutable(document: Object, previous: Object | None, *fields: str) -> Iterator[Cause]:
    if previous is None or not previous.get("immutable"):
        return
    if not document.get("immutable"):
        yield Cause("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", "immutable")
    for field in fields:
        if document.get(field) != previous.get(field):
            yield Cause("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", field)


def _validate_config_map(document: Object, previous: Object | None) -> list[Cause]:
    both = ("data", "binaryData")
    return [*_key_causes(document, *both), *_immutable(document, previous, *both)]


def _prepare_secret(document: Object, _previous: Object | None) -> None:
    plain = document.pop("stringData", None) or {}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
    if encoded:
        document["data"] = {**(document.get("data") or {}), **encoded}
    document.setdefault("type", "Opaque")


def _validate_secret(document: Object, previous: Object | None) -> list[Cause]:
    causes = [*_key_causes(document, "data"), *_immutable(document, previous, "data")]
    if previous and document["type"] != previous["type"]:
        said = f'Invalid value: "{document["type"]}": field is immutable'
        causes.append(Cause("FieldValueInvalid", said, "type"))
    return causes


CONFIG_MAPS = Kind(
    kind="ConfigMap",
    plural="configmaps",
    singular="configmap",
    namespaced=True,
    short_names=("cm",),
    columns=(
        NAME,
        Column("Data", count_cell("data", "binaryData"), description="How many entries it has."),
        AGE,
    ),
    validate=_validate_config_map,
)

SECRETS = Kind(
    kind="Secret",
    plural="secrets",
    singular="secret",
    namespaced=True,
    selectable=("type",),
    columns=(
        NAME,
        Column("Type", field_cell("type"), description="Used to facilitate programmatic handling."),
        Column("Data", count_cell("data"), description="How many entries it has."),
        AGE,
    ),
    prepare=_prepare_secret,
    validate=_validate_secret,
)

SERVICE_ACCOUNTS = Kind(
    kind="ServiceAccount",
    plural="serviceaccounts",
    singular="serviceaccount",
    namespaced=True,
    short_names=("sa",),
    returns_deleted=True,
    subresources=(Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1"),),
    columns=(
        NAME,
        Column("Secrets", count_cell("secrets"), description="How many secrets it names."),
        AGE,
    ),
)
