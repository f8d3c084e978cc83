"""What a PUT asks for, on its way to a document: names, locations, tags, references, parts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, said
from app.emulator.core.gateway import check_location, check_tags
from app.emulator.core.locations import find_location
from app.emulator.core.network_documents import part, resource
from app.emulator.core.paths import key_of
from app.emulator.core.store import Resource
from app.emulator.providers.network.errors import (
    change_not_allowed,
    invalid_format,
    invalid_name,
    invalid_reference,
    refusal,
)
from app.emulator.providers.network.names import TypeName
from app.emulator.providers.network.references import References
from app.emulator.providers.network.views import derived_names

_NAME = re.compile(r"^\w(?:[\w.-]{0,78}\w)?$", re.ASCII)


@dataclass(frozen=True)
class Draft:
    """One PUT, of a resource or, by way of its parent, of a part."""

    cloud: Cloud
    name: TypeName
    id: str
    """As it was spelled when it was made."""
    document: Document
    known: Resource | None
    references: References

    @property
    def asked(self) -> Document:
        """The properties that the request has, without what it says nothing about."""
        return said(check_object(self.document.get("properties"), "properties"), but=("provisioningState",))

    @property
    def before(self) -> Document:
        """The properties as they are; none of a new resource."""
        return self.known.body["properties"] if self.known is not None else {}

    @property
    def subscription(self) -> str:
        """Where it lies."""
        return self.id.split("/")[2]

    def location(self) -> str:
        """The region; that of an existing resource stays."""
        return check_location(self.document, self.name.type, known=self.known.body if self.known else None)

    def body(self, properties: Document, *, sku: Document | None = None) -> Document:
        """The whole document, with a GUID that stays."""
        guid = self.before.get("resourceGuid") or self.cloud.guid()
        zones = self.zones()
        return resource(
            self.id,
            self.name.type,
            self.location(),
            {"resourceGuid": guid, **properties},
            sku=sku,
            tags=check_tags(self.document),
            zones=zones,
        )

    def zones(self) -> list[str]:
        """The zones; they stay as they were made."""
        zones = self.zones_of(self.document)
        known = self.known.body.get("zones", []) if self.known is not None else zones
        if known != zones:
            raise refusal(
                400,
                "ResourceAvailabilityZonesCannotBeModified",
                f"Resource {self.id} has an existing availability zone constraint {', '.join(known)} and the request "
                f"has availability zone constraint {', '.join(zones)}, which do not match. Zones cannot be "
                "added/updated/removed once the resource is created.",
            )
        return zones

    def zones_of(self, document: Document) -> list[str]:
        """The zones of a document, or of a part of it, which its region must have."""
        zones = document.get("zones") or []
        if not isinstance(zones, list) or not all(isinstance(zone, str) for zone in zones):
            raise invalid_format("zones must be a list of strings")
        location = find_location(self.location())
        if location is not None and any(not zone.isdecimal() or not 0 < int(zone) <= location.zones for zone in zones):
            raise refusal(
                400,
                "AvailabilityZoneNotSupported",
                f"The zone(s) '{','.join(zones)}' for resource '{self.id}' is not supported in location "
                f"'{location.name}'.",
            )
        return zones

    def sku(self, default: str) -> Document:
        """Name and tier; they stay as they were made."""
        asked = check_object(self.document.get("sku"), "sku")
        name, tier = asked.get("name") or default, asked.get("tier") or "Regional"
        if name not in {"Basic", "Standard", "StandardV2", "Gateway"} or tier not in {"Regional", "Global"}:
            raise invalid_format(f"the sku {name} of the tier {tier} is not known")
        sku = {"name": name, "tier": tier}
        if self.known is not None and self.known.body.get("sku") != sku:
            raise change_not_allowed("sku", self.id)
        return sku

    def parts(self, kind: str) -> list[Document]:
        """The parts in the list `kind`, with Azure's defaults; names are unique without regard to case."""
        items = self.asked.get(kind)
        items = [] if items is None else items
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise invalid_format(f"{kind} must be a list of objects")
        made: dict[str, Document] = {}
        for item in items:
            name = item.get("name")
            if not isinstance(name, str) or not _NAME.match(name):
                raise invalid_name(str(name))
            if name.lower() in made:
                raise refusal(
                    400, "DuplicateResourceName", f"Resource {self.id} has two child resources with the name {name}."
                )
            asked = said(check_object(item.get("properties"), kind), but=derived_names(self.name.type, kind))
            made[name.lower()] = part(self.id, self.name.type, kind, name, asked)
            if item.get("zones"):
                made[name.lower()]["zones"] = self.zones_of(item)
        return list(made.values())

    def require(self, target: str, by: str, resource_type: str) -> Resource:
        """The resource of that id in the same region, or 400 `InvalidResourceReference`."""
        found = self.cloud.store.get(target)
        if found is None or found.type.lower() != resource_type.lower():
            raise invalid_reference(target, by)
        if found.body["location"] != self.location():
            raise invalid_reference(target, by)
        return found

    def require_part(self, target: str, by: str, resource_type: str, kind: str) -> tuple[Resource, Document]:
        """A part of another resource in the same region, with that resource."""
        parent = self.require("/".join(target.split("/")[:-2]), by, resource_type)
        wanted = key_of(target)
        for item in parent.body["properties"].get(kind, ()):
            if key_of(item["id"]) == wanted:
                return parent, item
        raise invalid_reference(target, by)


def check_object(value: Any, name: str) -> Document:
    """A JSON object, or nothing said."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_format(f"{name} must be an object")
    return value


def check_name(name: str) -> None:
    """400 for a name that breaks Network's rule."""
    if not _NAME.match(name):
        raise invalid_name(name)


def target_of(properties: Document, name: str) -> str | None:
    """The id that a reference names; none where there is no reference."""
    value = properties.get(name)
    if value is None:
        return None
    identity = value.get("id") if isinstance(value, dict) else None
    if not isinstance(identity, str):
        raise invalid_format(f"{name} must name an id")
    return identity


def number(properties: Document, name: str, lowest: int, highest: int) -> int | None:
    """A whole number in its range; none where nothing is said."""
    value = properties.get(name)
    if value is None:
        return None
    if type(value) is not int or not lowest <= value <= highest:
        raise invalid_format(f"{name} must be a whole number from {lowest} to {highest}")
    return value


def one_of(properties: Document, name: str, allowed: tuple[str, ...]) -> str | None:
    """One of the words, in Azure's spelling; clients vary the case."""
    value = properties.get(name)
    if value is None:
        return None
    spelled = {word.lower(): word for word in allowed}
    if not isinstance(value, str) or value.lower() not in spelled:
        raise invalid_format(f"{name} must be one of {', '.join(allowed)}")
    return spelled[value.lower()]


def _nothing(*_: Any) -> None:
    pass


@dataclass(frozen=True)
class Kind:
    """How resources of one type are made, finished and removed."""

    name: TypeName
    build: Callable[[Draft], Document]
    check_removal: Callable[[Resource, References], None] = _nothing
    """Raises the refusal for a resource that others use."""
    check_part_removal: Callable[[Resource, str, str, References], None] = _nothing
    """The same for a part: parent, kind, id."""
    reserve: Callable[[Cloud, Resource, Draft], None] = _nothing
    """Called when a PUT is accepted and its document kept."""
    finish: Callable[[Cloud, Resource], None] = _nothing
    """Called when the operation of a PUT succeeds."""
    release: Callable[[Cloud, Resource, References], None] = _nothing
    """Called before a removal: what others hold of it."""
    seconds: float = 3
    retry_after: int | None = 3
    """What the answer to a PUT says; none: it says Succeeded at once (load balancers, as recorded)."""
