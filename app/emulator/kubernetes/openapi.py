"""OpenAPI: version 3 with all fields, for `kubectl explain`; version 2 with what kubectl before 1.29 needs to apply."""

import hashlib
from collections.abc import Iterator
from functools import lru_cache

from app.emulator.kubernetes.documents import JSON, Object
from app.emulator.kubernetes.fields import SCHEMA
from app.emulator.kubernetes.kinds import KINDS, REFUSED_KINDS
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.protobuf_writer import message, text
from app.emulator.kubernetes.schema import Field, Message
from app.emulator.kubernetes.status import no_such_path

V2 = "/openapi/v2"
V2_MEDIA = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
V2_ASKED = {V2_MEDIA, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"}  # older clients say @
_V3 = "/openapi/v3"
_SERVED = (*KINDS, *REFUSED_KINDS)
_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")
_TYPES: dict[str, Object] = {
    "string": {"type": "string"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "intstr": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "number": {"type": "number"},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}


def index() -> Object:
    """Return the documents of version 3, one a group and version."""
    prefixes = sorted({_prefix(kind) for kind in _SERVED})
    return {"paths": {prefix: {"serverRelativeURL": f"{_V3}/{prefix}?hash={_digest(prefix)}"} for prefix in prefixes}}


@lru_cache(maxsize=64)
def document(prefix: str) -> Object:
    """Return the document of `api/v1` or `apis/apps/v1`; it must not be changed. Raises 404."""
    kinds = [kind for kind in _SERVED if _prefix(kind) == prefix]
    if not kinds:
        raise no_such_path()
    schemas: Object = {}
    for kind in kinds:
        _describe(kind.message, schemas)
        described = schemas.setdefault(kind.message, {"type": "object"})
        described["x-kubernetes-group-version-kind"] = [_kind_of(kind)]
    paths = {f"{_path(kind)}": {"patch": _patch_operation(kind)} for kind in kinds if "patch" in kind.verbs}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


@lru_cache(maxsize=1)
def version_2() -> bytes:
    """Return the description in version 2, in protobuf (gnostic's OpenAPIv2.proto): which kinds can be patched how."""
    paths = [
        message(2, text(1, _path(kind)), message(2, message(8, *_operation_2(kind))))
        for kind in _SERVED
        if "patch" in kind.verbs
    ]
    info = message(2, text(1, "Kubernetes"), text(2, "unversioned"))
    return b"".join((text(1, "2.0"), info, message(8, *paths)))


def _operation_2(kind: Kind) -> Iterator[bytes]:
    for name in _PARAMETERS:
        query = message(3, text(2, "query"), text(4, name), text(6, "string"))
        yield message(8, message(1, message(2, query)))
    said = "".join(f"{key}: {value or repr('')}\n" for key, value in _kind_of(kind).items())
    yield message(13, text(1, "x-kubernetes-group-version-kind"), message(2, text(2, said)))


def _prefix(kind: Kind) -> str:
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"


def _path(kind: Kind) -> str:
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    return f"/{_prefix(kind)}{scope}/{kind.plural}/{{name}}"


def _kind_of(kind: Kind) -> dict[str, str]:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


@lru_cache(maxsize=64)
def _digest(prefix: str) -> str:
    # Clients keep a document by its digest, beyond this program's life.
    return hashlib.sha256(repr(document(prefix)).encode()).hexdigest()[:32].upper()


def _describe(name: str, schemas: Object) -> None:
    """Add a message's description to others, and those of all that it holds."""
    found = SCHEMA.message(name)
    if found is None or name in schemas:
        return
    schemas[name] = {"type": "object", **_owned(found)}
    schemas[name]["properties"] = {key: _property(known, schemas) for key, known in found.fields.items()}


def _owned(found: Message) -> Object:
    return {"x-kubernetes-map-type": "atomic"} if found.atomic else {}


def _property(known: Field, schemas: Object) -> Object:
    if known.type in _TYPES:
        inner: Object = _TYPES[known.type]
    else:
        _describe(known.type, schemas)
        inner = {"allOf": [{"$ref": f"#/components/schemas/{known.type}"}]}
    if known.shape == "map":
        return {"type": "object", "additionalProperties": inner}
    if known.shape == "list":
        return {"type": "array", "items": inner, **dict(_list_rules(known))}
    return inner


def _list_rules(known: Field) -> Iterator[tuple[str, JSON]]:
    yield "x-kubernetes-list-type", "map" if known.keys else known.owned or "atomic"
    if known.keys:
        yield "x-kubernetes-list-map-keys", list(known.keys)
    if known.merge_key:
        yield "x-kubernetes-patch-strategy", "merge"
    if known.merge_key not in {None, "-"}:
        yield "x-kubernetes-patch-merge-key", known.merge_key


def _patch_operation(kind: Kind) -> Object:
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in _PARAMETERS
    ]
    return {
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": _kind_of(kind),
    }
