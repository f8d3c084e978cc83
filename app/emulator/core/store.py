"""Every resource of one local Azure, by id."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from app.emulator.core.documents import Document
from app.emulator.core.paths import key_of, split_path


@dataclass
class Resource:
    """One ARM resource: what a GET shows (`body`), and what only its provider knows (`internal`)."""

    id: str
    type: str
    """`Microsoft.ContainerService/managedClusters`; compared without case."""
    body: Document
    created: datetime
    internal: Document = field(default_factory=dict)
    revision: int = 0
    """Unique in a store: two writes never have the same."""

    @property
    def key(self) -> str:
        """The id without regard to case."""
        return key_of(self.id)

    @property
    def etag(self) -> str:
        """Changes with every write."""
        return sha256(f"{self.key}#{self.created.isoformat()}#{self.revision}".encode()).hexdigest()[:32]

    @property
    def name(self) -> str:
        """The last segment of the id."""
        return split_path(self.id)[-1]


def group_key_of(resource_id: str) -> str | None:
    """The key of the resource group that holds this id; none for what lies above groups, or is one."""
    segments = split_path(key_of(resource_id))
    inside = len(segments) > 4 and segments[2] == "resourcegroups"  # noqa: PLR2004 - /subscriptions/s/resourcegroups/g/...
    return "/" + "/".join(segments[:4]) if inside else None


class Store:
    """Resources by id, by type and by resource group. `version` rises with every change."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_key: dict[str, Resource] = {}
        self._by_type: dict[str, dict[str, Resource]] = {}
        self._by_group: dict[str, dict[str, Resource]] = {}
        self.version = 0
        self._revisions = itertools.count(1)

    def get(self, resource_id: str) -> Resource | None:
        """The resource, whatever the case of the id."""
        return self._by_key.get(key_of(resource_id))

    def put(self, resource: Resource) -> Resource:
        """Add or replace."""
        resource.revision = next(self._revisions)
        return self._keep(resource)

    def bring_back(self, resource: Resource) -> None:
        """Add a resource of a state file, with the revision that it had."""
        self._revisions = itertools.count(max(resource.revision + 1, next(self._revisions)))
        self._keep(resource)

    def _keep(self, resource: Resource) -> Resource:
        self._by_key[resource.key] = resource
        self._by_type.setdefault(resource.type.lower(), {})[resource.key] = resource
        group = group_key_of(resource.id)
        if group is not None:
            self._by_group.setdefault(group, {})[resource.key] = resource
        self.version += 1
        return resource

    def touch(self, resource: Resource) -> None:
        """Say that `resource` was changed in place: its etag changes."""
        resource.revision = next(self._revisions)
        self.version += 1

    def remove(self, resource_id: str) -> Resource | None:
        """Take the resource out, if it is there."""
        key = key_of(resource_id)
        resource = self._by_key.pop(key, None)
        if resource is None:
            return None
        self._by_type.get(resource.type.lower(), {}).pop(key, None)
        group = group_key_of(resource.id)
        if group is not None:
            self._by_group.get(group, {}).pop(key, None)
        self.version += 1
        return resource

    def of_type(self, resource_type: str, *, under: str = "/") -> list[Resource]:
        """All of one type whose id lies under `under`, in the order of creation."""
        prefix = key_of(under).rstrip("/") + "/"
        return [
            resource for key, resource in self._by_type.get(resource_type.lower(), {}).items() if key.startswith(prefix)
        ]

    def in_group(self, group: str) -> list[Resource]:
        """All that a resource group holds, child resources too, in the order of creation."""
        return list(self._by_group.get(key_of(group), {}).values())

    def __iter__(self) -> Iterator[Resource]:
        """Every resource, in the order of creation."""
        return iter(list(self._by_key.values()))

    def clear(self) -> None:
        """Forget everything."""
        self._by_key.clear()
        self._by_type.clear()
        self._by_group.clear()
        self.version += 1


def dump(resource: Resource) -> Document:
    """`resource` for the state file."""
    return {
        "id": resource.id,
        "type": resource.type,
        "created": resource.created.isoformat(),
        "revision": resource.revision,
        "body": resource.body,
        "internal": resource.internal,
    }


def restore(saved: Document) -> Resource:
    """A resource from the state file."""
    return Resource(
        id=saved["id"],
        type=saved["type"],
        created=datetime.fromisoformat(saved["created"]),
        revision=saved["revision"],
        body=saved["body"],
        internal=saved["internal"],
    )
