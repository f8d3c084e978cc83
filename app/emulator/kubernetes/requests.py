"""What a request asks: its target, its query, its body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from app.emulator.kubernetes import protobuf
from app.emulator.kubernetes.credentials import User
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.fields import SCHEMA
from app.emulator.kubernetes.kinds import REFUSED_GROUPS, find_kind
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.status import (
    bad_request,
    method_not_allowed,
    no_such_path,
    not_implemented,
    unsupported_media_type,
)

_JSON, _YAML, _PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
_MANAGER_LENGTH = 128
_VALIDATIONS = {"Ignore", "Strict", "Warn"}


@dataclass(frozen=True)
class Request:
    """One request whose body has been read."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    user: User

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter as Go reads it; raise 400 for another word."""
        match self.query.get(name, "").lower():
            case "" | "0" | "f" | "false":
                return False
            case "1" | "t" | "true":
                return True
            case other:
                raise bad_request(f'strconv.ParseBool: parsing "{other}": invalid syntax')

    def number(self, name: str) -> int | None:
        """Return a whole number of the query, None without one; raise 400 for another word."""
        text = self.query.get(name, "")
        if not text:
            return None
        if not text.isascii() or not text.isdecimal():
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        return int(text)

    @property
    def dry_run(self) -> bool:
        """Whether nothing shall be stored; raise 400 for a word that is not `All`."""
        said = self.query.get("dryRun", "")
        if said not in {"", "All"}:
            raise bad_request(f'dryRun: Unsupported value: "{said}": supported values: "All"')
        return bool(said)

    @property
    def manager(self) -> str:
        """Who is to own the fields that are written: as the query says, else the program that asks."""
        agent = self.headers.get("user-agent", "").partition("/")[0]
        return (self.query.get("fieldManager") or agent or "unknown")[:_MANAGER_LENGTH]

    @property
    def content_type(self) -> str:
        """The body's media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Target:
    """The resource, and if named the object and subresource, of a path."""

    kind: Kind
    namespace: str
    name: str
    subresource: str
    watch: bool


def target(path: str) -> Target | None:
    """Return the target of a resource path, None for a path outside /api and /apis; raise 404 for an unknown one."""
    match [step for step in path.split("/") if step]:
        case ["api", version, *rest]:
            group = ""
        case ["apis", group, version, *rest]:
            pass
        case _:
            return None
    if group in REFUSED_GROUPS:
        raise not_implemented(REFUSED_GROUPS[group])
    watch = rest[:1] == ["watch"]
    match rest[watch:]:
        case ["namespaces", namespace, plural, *names] if plural not in {"status", "finalize"}:
            pass
        case [plural, *names]:
            namespace = ""
        case _:
            raise no_such_path()
    kind = find_kind(group, version, plural)
    if kind is None or (namespace and not kind.namespaced) or len(names) > 2:  # noqa: PLR2004 (name, subresource)
        raise no_such_path()
    name, subresource = [*names, "", ""][:2]
    if name and kind.namespaced and not namespace:
        raise no_such_path()
    subresources = {one.name for one in kind.subresources} | ({"status"} if kind.has_status else set())
    if subresource and subresource not in subresources:
        raise no_such_path()
    return Target(kind, namespace, name, subresource, watch)


def require_verb(kind: Kind, verb: str) -> None:
    """Raise 405 for a verb that the kind does not have."""
    if verb not in kind.verbs:
        raise method_not_allowed()


def parse_json(body: bytes) -> Any:
    """Read JSON strictly; raise 400 for what is none."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"error decoding request body: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"invalid character in {name}")


class _PlainLoader(yaml.SafeLoader):
    """YAML as JSON has it: a date is a string."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(body: bytes) -> Any:
    """Read one YAML document; raise 400 for what is none."""
    try:
        return yaml.load(body, Loader=_PlainLoader)  # noqa: S506 (a SafeLoader with less)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise bad_request("error parsing YAML") from error


def read_object(request: Request, kind: Kind) -> tuple[Object, list[str]]:
    """Return the object of a body, checked field by field, and the warnings for the client.

    Raises 415 for a form that is not read, 400 for an object of another kind, a wrong type, or, with
    `fieldValidation=Strict`, an unknown field. Else unknown fields are dropped with a warning.
    """
    match request.content_type:
        case "" | "application/json":
            document = parse_json(request.body)
        case "application/yaml":
            document = parse_yaml(request.body)
        case "application/vnd.kubernetes.protobuf":
            document = _read_protobuf(request.body)
        case _:
            raise unsupported_media_type([_JSON, _YAML, _PROTOBUF])
    return checked(request, kind, document)


def _read_protobuf(body: bytes) -> Object:
    try:
        return protobuf.decode(body)
    except KeyError as error:
        raise unsupported_media_type([_JSON, _YAML]) from error
    except protobuf.ProtobufError as error:
        raise bad_request(str(error)) from error


def checked(request: Request, kind: Kind, document: Any) -> tuple[Object, list[str]]:
    """Return a document after field validation, with the warnings for the client."""
    if not isinstance(document, dict):
        raise bad_request(f"couldn't get version/kind; json parse error: the body is no {kind.kind}")
    found = document.get("apiVersion") or kind.api_version, document.get("kind") or kind.kind
    if found != (kind.api_version, kind.kind):
        wanted = f"{kind.api_version}, Kind={kind.kind}"
        raise bad_request(f"the object provided is of {found[0]}, Kind={found[1]}, but must be of type {wanted}")
    validation = request.query.get("fieldValidation") or "Warn"
    if validation not in _VALIDATIONS:
        raise bad_request(f'fieldValidation: Unsupported value: "{validation}"')
    problems = list(SCHEMA.problems(kind.message, document))
    refused = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: '
    wrong = [problem.message for problem in problems if not problem.unknown]
    if wrong:
        raise bad_request(refused + wrong[0])
    unknown = [problem.message for problem in problems]
    if unknown and validation == "Strict":
        raise bad_request(f"{refused}strict decoding error: {', '.join(unknown)}")
    kept = {key: value for key, value in SCHEMA.pruned(kind.message, document).items() if value is not None}
    if kept.get("metadata") is None:
        kept["metadata"] = {}
    return kept, unknown if validation == "Warn" else []
