"""What the API offers: groups, versions, resources, and where their fields are described."""

import hashlib
from collections.abc import Iterator

from app.emulator.kubernetes import openapi
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds import KINDS, REFUSED_KINDS
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.status import no_such_path

_SERVED = (*KINDS, *REFUSED_KINDS)


def discover(path: str, address: str) -> Object | None:
    """Return the answer of a discovery path, or None for a path that is none.

    `address` is the server's `host:port`. Raises 404 for groups and versions that are not there.
    """
    match path.strip("/").split("/"):
        case ["api", *rest]:
            return _core(rest, address)
        case ["apis", *rest]:
            return _named(rest)
        case ["openapi", "v3", *rest]:
            return openapi.document("/".join(rest)) if rest else openapi.index()
        case _:
            return None


def _core(rest: list[str], address: str) -> Object | None:
    match rest:
        case []:
            networks = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": networks}
        case [version]:
            return _resources("", version)
        case _:
            return None


def _named(rest: list[str]) -> Object | None:
    match rest:
        case []:
            groups = [_group(group) for group in _groups()]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case [group]:
            if group not in _groups():
                raise no_such_path()
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}
        case [group, version]:
            return _resources(group, version)
        case _:
            return None


def version_info(version: str) -> Object:
    """Return `/version` of a full version such as 1.33.5."""
    major, minor, _patch = version.split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": f"v{version}",
        "gitCommit": hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest(),
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.24.9",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _groups() -> list[str]:
    return list(dict.fromkeys(kind.group for kind in _SERVED if kind.group))


def _versions(group: str) -> list[str]:
    return sorted({kind.version for kind in _SERVED if kind.group == group}, reverse=True)


def _group(group: str) -> Object:
    versions = [{"groupVersion": f"{group}/{version}", "version": version} for version in _versions(group)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resources(group: str, version: str) -> Object:
    kinds = [kind for kind in _SERVED if (kind.group, kind.version) == (group, version)]
    if not kinds:
        raise no_such_path()
    found = [resource for kind in sorted(kinds, key=lambda kind: kind.plural) for resource in _resource(kind)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": kinds[0].api_version,
        "resources": found,
    }


def _resource(kind: Kind) -> Iterator[Object]:
    said: Object = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        said["shortNames"] = list(kind.short_names)
    if kind.categories:
        said["categories"] = list(kind.categories)
    yield said
    if kind.has_status:
        yield {
            "name": f"{kind.plural}/status",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": ["get", "patch", "update"],
        }
    for subresource in kind.subresources:
        part: Object = {
            "name": f"{kind.plural}/{subresource.name}",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": subresource.kind,
            "verbs": list(subresource.verbs),
        }
        if subresource.group:
            part |= {"group": subresource.group, "version": subresource.version}
        yield part
