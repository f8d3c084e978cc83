"""Single kubectl commands, carried out on a cluster's objects, as AKS's `runCommand` does for private clusters.

No kubectl runs: `get`, `apply`, `create`, `delete` and `version` with the flags that a program uses, output as JSON,
YAML or names. Everything else is refused with a word and a code that is not 0.
"""

import argparse
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

import yaml

from app.emulator.kubernetes.credentials import User
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds import KINDS
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.patching import APPLY
from app.emulator.kubernetes.requests import Request, Target
from app.emulator.kubernetes.status import StatusError
from app.emulator.kubernetes.store import Store
from app.emulator.kubernetes.verbs import Verbs

USER = User("masterclient", ("system:masters", "system:authenticated"))
_MANAGER = "kubectl-client-side-apply"
_SHELL = frozenset({"|", "||", "&&", ";", "&", ">", ">>", "<"})
_ONLY = "the local Azure runs single kubectl commands only: get, apply, create, delete, version"


@dataclass(frozen=True)
class Output:
    """What a command ended with; `text` is what it wrote, errors too."""

    code: int
    text: str


class CommandError(Exception):
    """A command that cannot be carried out; the text is what kubectl, or the local Azure, says of it."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(f"error: {message}\n{_ONLY}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise CommandError(f"error: {message or status}\n{_ONLY}")


def run(store: Store, version: str, command: str, files: Mapping[str, bytes]) -> Output:
    """Carry out `command`; `files` are those that it may name, by path."""
    try:
        return Output(0, "".join(f"{line}\n" for line in _Run(store, version, files).lines(command)))
    except CommandError as error:
        return Output(1, f"{error}\n")
    except StatusError as error:
        return Output(1, f"Error from server ({error.reason}): {error.message}\n")


def _parser() -> _Parser:
    parser = _Parser(prog="kubectl", add_help=False, allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=_Parser)
    for verb in ("get", "apply", "create", "delete", "version"):
        sub = verbs.add_parser(verb, add_help=False, allow_abbrev=False)
        sub.add_argument("-n", "--namespace", default="default")
        sub.add_argument("-o", "--output", default="")
        sub.add_argument("--request-timeout")
        if verb != "version":
            sub.add_argument("-f", "--filename", action="append", default=[])
        if verb in {"get", "delete"}:
            sub.add_argument("names", nargs="*")
            sub.add_argument("-A", "--all-namespaces", action="store_true")
            sub.add_argument("-l", "--selector", default="")
            sub.add_argument("--field-selector", default="")
            sub.add_argument("--ignore-not-found", nargs="?", const="true", default="false")
        if verb in {"apply", "create"}:
            sub.add_argument("--server-side", nargs="?", const="true", default="false")
            sub.add_argument("--force-conflicts", nargs="?", const="true", default="false")
            sub.add_argument("--field-manager", default=_MANAGER)
            sub.add_argument("--dry-run", nargs="?", const="server", default="none")
            sub.add_argument("--validate")
        if verb == "delete":
            sub.add_argument("--wait", nargs="?", const="true")
            sub.add_argument("--cascade")
            sub.add_argument("--now", action="store_true")
            sub.add_argument("--grace-period")
    return parser


class _Run:
    """One command on one cluster."""

    def __init__(self, store: Store, version: str, files: Mapping[str, bytes]) -> None:
        self._verbs = Verbs(store)
        self._version = version
        self._files = {path.removeprefix("./"): data for path, data in files.items()}

    def lines(self, command: str) -> Iterator[str]:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise CommandError(f"error: {error}") from error
        if words[:1] != ["kubectl"] or _SHELL & set(words):
            raise CommandError(f"error: cannot run {words[0] if words else 'nothing'!r}: {_ONLY}")
        asked = _parser().parse_args(words[1:])
        if asked.output not in {"", "json", "yaml", "name"}:
            raise CommandError(f"error: no output as {asked.output!r}: the local Azure has json, yaml and name")
        verbs = {"get": self._get, "apply": self._apply, "create": self._create, "delete": self._delete}
        if asked.verb == "version":
            shown = {"gitVersion": f"v{self._version}"}
            yield json.dumps({"clientVersion": shown, "serverVersion": shown}, indent=2)
            return
        yield from verbs[asked.verb](asked)

    def _get(self, asked: argparse.Namespace) -> Iterator[str]:
        if not asked.output:
            raise CommandError("error: say -o json, -o yaml or -o name: the local Azure prints no tables here")
        names = _named(asked.names)
        if not names:
            raise CommandError("error: You must specify the type of resource to get.")
        found: list[Object] = []
        for kind, name in names:
            if name and asked.all_namespaces:
                raise CommandError("error: a resource cannot be retrieved by name across all namespaces")
            found += self._read(kind, name, asked)
        if asked.output == "name":
            yield from (_label(document) for document in found)
        elif len(names) == 1 and names[0][1]:
            yield from (_dump(document, asked.output) for document in found)
        else:
            listed = {"apiVersion": "v1", "items": found, "kind": "List", "metadata": {"resourceVersion": ""}}
            yield _dump(listed, asked.output)

    def _read(self, kind: Kind, name: str, asked: argparse.Namespace) -> list[Object]:
        namespace = "" if asked.all_namespaces else asked.namespace
        query = {"labelSelector": asked.selector, "fieldSelector": asked.field_selector}
        try:
            answer = self._ask("GET", kind, namespace, name, query={} if name else query)
        except StatusError as error:
            if error.reason == "NotFound" and asked.ignore_not_found == "true":
                return []
            raise
        if name:
            return [answer]
        return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in answer["items"]]

    def _apply(self, asked: argparse.Namespace) -> Iterator[str]:
        for kind, document in self._documents(asked):
            name, namespace = document["metadata"]["name"], _namespace_of(kind, document, asked)
            before = self._verbs.store.get(kind.resource, namespace if kind.namespaced else "", name)
            # kubectl's own apply asks nobody; only one on the server's side meets conflicts.
            forced = asked.server_side != "true" or asked.force_conflicts == "true"
            query = {"fieldManager": asked.field_manager, "force": str(forced).lower(), **_dry_run(asked)}
            body = yaml.safe_dump(document).encode()
            after = self._ask("PATCH", kind, namespace, name, query=query, body=body, media=APPLY)
            done = "created" if before is None else "configured"
            if before is not None and _version(before) == _version(after):
                done = "unchanged"
            said = "serverside-applied" if asked.server_side == "true" else done
            yield _dump(after, asked.output) if asked.output in {"json", "yaml"} else f"{_label(after)} {said}"

    def _create(self, asked: argparse.Namespace) -> Iterator[str]:
        for kind, document in self._documents(asked):
            namespace = _namespace_of(kind, document, asked)
            body = json.dumps(document).encode()
            made = self._ask("POST", kind, namespace, "", query=_dry_run(asked), body=body)
            yield _dump(made, asked.output) if asked.output in {"json", "yaml"} else f"{_label(made)} created"

    def _delete(self, asked: argparse.Namespace) -> Iterator[str]:
        wanted = [(kind, name, asked.namespace) for kind, name in _named(asked.names)]
        for kind, document in self._documents(asked) if asked.filename else ():
            wanted.append((kind, document["metadata"]["name"], _namespace_of(kind, document, asked)))
        if not wanted or any(not name for _, name, _ in wanted):
            raise CommandError("error: resource(s) were provided, but no name was specified")
        for kind, name, namespace in wanted:
            try:
                self._ask("DELETE", kind, namespace, name)
            except StatusError as error:
                if error.reason == "NotFound" and asked.ignore_not_found == "true":
                    continue
                raise
            yield f'{kind.singular}{"." + kind.group if kind.group else ""} "{name}" deleted'

    def _documents(self, asked: argparse.Namespace) -> Iterator[tuple[Kind, Object]]:
        if not asked.filename:
            raise CommandError("error: must specify --filename (-f)")
        for path in asked.filename:
            data = self._files.get(path.removeprefix("./"))
            if data is None:
                raise CommandError(f'error: the path "{path}" does not exist')
            try:
                documents = [document for document in yaml.safe_load_all(data) if document]
            except yaml.YAMLError as error:
                raise CommandError(f"error: error parsing {path}: {error}") from error
            for document in documents:
                items = document.get("items", [document]) if isinstance(document, dict) else [document]
                for item in items:
                    yield _kind_of(item, path), item

    def _ask(
        self,
        method: str,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        media: str = "application/json",
    ) -> Object:
        said = {key: value for key, value in (query or {}).items() if value}
        request = Request(method, "", said, {"content-type": media}, body, USER)
        where = Target(kind, namespace if kind.namespaced else "", name, "", watch=False)
        answer = self._verbs.answer(request, where).body
        if not isinstance(answer, dict):
            raise CommandError(f"error: {kind.plural} cannot be shown")
        return answer


def _named(words: list[str]) -> list[tuple[Kind, str]]:
    """Kinds with names, or with an empty one for all: `svc web`, `svc,events`, `svc/web`, `svc`."""
    if any("/" in word for word in words):
        return [(_find(word.partition("/")[0]), word.partition("/")[2]) for word in words]
    kinds = [_find(word) for word in words[0].split(",")] if words else []
    return [(kind, name) for kind in kinds for name in (words[1:] or [""])]


def _find(word: str) -> Kind:
    plain = word.lower().partition(".")[0]
    for kind in KINDS:
        if plain in {kind.plural, kind.singular, *kind.short_names} and not kind.review:
            return kind
    raise CommandError(f'error: the server doesn\'t have a resource type "{word}"')


def _kind_of(document: object, path: str) -> Kind:
    if isinstance(document, dict) and at(document, "metadata.name"):
        for kind in KINDS:
            if (kind.api_version, kind.kind) == (document.get("apiVersion"), document.get("kind")):
                return kind
    raise CommandError(f'error: unable to recognize "{path}": no matches for what it holds')


def _namespace_of(kind: Kind, document: Object, asked: argparse.Namespace) -> str:
    return str(document["metadata"].get("namespace") or asked.namespace) if kind.namespaced else ""


def _dry_run(asked: argparse.Namespace) -> dict[str, str]:
    return {} if asked.dry_run == "none" else {"dryRun": "All"}


def _version(document: Object) -> str:
    return str(document["metadata"].get("resourceVersion"))


def _label(document: Object) -> str:
    group = document["apiVersion"].rpartition("/")[0]
    return f"{document['kind'].lower()}{'.' + group if group else ''}/{document['metadata']['name']}"


def _dump(document: Object, form: str) -> str:
    if form == "yaml":
        return yaml.safe_dump(document, sort_keys=True, allow_unicode=True).rstrip("\n")
    return json.dumps(document, indent=4, ensure_ascii=False)
