"""What is known of Azure's offer: rows only."""

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope
from app.core.errors import ConflictError, FieldError
from app.core.json import JsonList, JsonObject
from app.core.settings import AzureSettings
from app.db.insert import insert_into
from app.db.pages import Page, Position
from app.models import CatalogEntry

# Azure's offer grows: only a list that was read this short a time ago can say that a name does not exist.
CERTAIN_FOR = timedelta(minutes=10)
_SIMILAR = 0.6


class CatalogKind(StrEnum):
    """The lists. Locations are a subscription's; the others belong to a location too."""

    LOCATIONS = "locations"
    KUBERNETES_VERSIONS = "versions"
    NODE_SIZES = "node_sizes"


@dataclass(frozen=True, slots=True)
class CatalogKey:
    """Which list: `location` is '' for the list of locations."""

    subscription_id: str
    kind: CatalogKind
    location: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it was at `observed_at`, ordered by `name_of`."""

    items: JsonList
    observed_at: datetime


class NoSubscriptionError(ConflictError):
    """The project has no Azure subscription, and the settings name none."""

    code = "no_subscription"
    title = "The project has no Azure subscription"
    remedy = "Set SLIPWAY_AZURE__SUBSCRIPTION_ID, or give the project a subscription."


def subscription_of(scope: Scope, settings: AzureSettings) -> str:
    """The project's subscription, or that of the settings."""
    found = scope.project.subscription_id or settings.subscription_id
    if found is None:
        raise NoSubscriptionError("Neither the project nor the settings name an Azure subscription.")
    return found


def locations_key(subscription_id: str) -> CatalogKey:
    """The list of locations."""
    return CatalogKey(subscription_id.lower(), CatalogKind.LOCATIONS)


def location_key(subscription_id: str, kind: CatalogKind, location: str) -> CatalogKey:
    """A list of a location."""
    return CatalogKey(subscription_id.lower(), kind, location.lower())


async def get(session: AsyncSession, key: CatalogKey) -> Listing | None:
    """The list as it was last read from Azure; None when it never was."""
    row = await session.get(CatalogEntry, (key.subscription_id, key.kind, key.location))
    return None if row is None else Listing(row.items, row.observed_at)


async def record(session: AsyncSession, key: CatalogKey, items: JsonList, *, now: datetime) -> Listing:
    """Keep a list that Azure gave; an older one is replaced as a whole."""
    ordered = sorted(items, key=lambda item: sort_key(key.kind, name_of(key.kind, item)))
    fresh = {"items": ordered, "observed_at": now}
    statement = insert_into(session, CatalogEntry)
    statement = statement.values(subscription_id=key.subscription_id, kind=key.kind, location=key.location, **fresh)
    # Two processes may read the same list at once.
    await session.execute(
        statement.on_conflict_do_update(index_elements=["subscription_id", "kind", "location"], set_=fresh)
    )
    return Listing(ordered, now)


def name_of(kind: CatalogKind, item: JsonObject) -> str:
    """The name by which an item is ordered and asked for."""
    return str(item["version" if kind is CatalogKind.KUBERNETES_VERSIONS else "name"])


def sort_key(kind: CatalogKind, name: str) -> tuple[tuple[int, str], ...]:
    """The order of a list: names by letter, versions by number (1.9 before 1.10)."""
    if kind is not CatalogKind.KUBERNETES_VERSIONS:
        return ((0, name.lower()),)
    return tuple((int(part) if part.isdecimal() else 0, part) for part in name.split("."))


def page(kind: CatalogKind, listing: Listing, *, limit: int, after: Position | None) -> Page[JsonObject]:
    """A page of a list; it begins after the name that the page before ended with, be that still in the list or not."""
    rest = listing.items
    if after is not None:
        end = sort_key(kind, str(after[0]))
        rest = [item for item in rest if sort_key(kind, name_of(kind, item)) > end]
    if len(rest) <= limit:
        return Page(rest, None)
    return Page(rest[:limit], (name_of(kind, rest[limit - 1]),))


async def known_location(
    session: AsyncSession, *, subscription_id: str, name: str, now: datetime, pointer: str = "/location"
) -> FieldError | None:
    """What is wrong with a location: None when Azure has it, or when nobody can tell at the moment."""
    listing = await get(session, locations_key(subscription_id))
    return judge(CatalogKind.LOCATIONS, listing, name, now=now, pointer=pointer)


async def known_version(
    session: AsyncSession,
    *,
    subscription_id: str,
    location: str,
    name: str,
    now: datetime,
    pointer: str = "/kubernetes_version",
) -> FieldError | None:
    """What is wrong with a version, "1.33" or "1.33.5": None when AKS offers it there, or when nobody can tell."""
    listing = await get(session, location_key(subscription_id, CatalogKind.KUBERNETES_VERSIONS, location))
    return judge(CatalogKind.KUBERNETES_VERSIONS, listing, name, now=now, pointer=pointer)


async def newest_version(session: AsyncSession, *, subscription_id: str, location: str) -> str | None:
    """The newest patch version that AKS offers there and that is no preview; None when nobody can tell."""
    listing = await get(session, location_key(subscription_id, CatalogKind.KUBERNETES_VERSIONS, location))
    offered = [] if listing is None else [item["version"] for item in listing.items if not item["is_preview"]]
    return max(offered, key=lambda version: sort_key(CatalogKind.KUBERNETES_VERSIONS, version), default=None)


async def known_size(
    session: AsyncSession, *, subscription_id: str, location: str, name: str, now: datetime, pointer: str = "/node_size"
) -> FieldError | None:
    """What is wrong with a size of machine: None when the location has it, or when nobody can tell."""
    listing = await get(session, location_key(subscription_id, CatalogKind.NODE_SIZES, location))
    return judge(CatalogKind.NODE_SIZES, listing, name, now=now, pointer=pointer)


async def known_zones(
    session: AsyncSession,
    *,
    subscription_id: str,
    location: str,
    size: str,
    zones: Collection[str],
    now: datetime,
    pointer: str,
) -> FieldError | None:
    """What is wrong with zones for machines of a size: None when it has them there, or when nobody can tell."""
    listing = await get(session, location_key(subscription_id, CatalogKind.NODE_SIZES, location))
    if listing is None or now - listing.observed_at > CERTAIN_FOR:
        return None
    item = next((each for each in listing.items if str(each["name"]).lower() == size.lower()), None)
    lacking = sorted(set(zones) - set(item["zones"])) if item is not None else []
    if item is None or not lacking:
        return None
    has = f"zones {', '.join(sorted(item['zones']))}" if item["zones"] else "no zones"
    return FieldError("zone_not_offered", pointer, f"{item['name']} is not in zone {', '.join(lacking)}; it has {has}.")


def judge(kind: CatalogKind, listing: Listing | None, name: str, *, now: datetime, pointer: str) -> FieldError | None:
    """Only a certain no blocks: Azure itself refuses what a doubtful list lets pass."""
    if listing is None or has(kind, listing, name) or now - listing.observed_at > CERTAIN_FOR:
        return None
    words = {
        CatalogKind.LOCATIONS: ("unknown_location", "The subscription has no such location."),
        CatalogKind.KUBERNETES_VERSIONS: ("unknown_kubernetes_version", "AKS does not offer this version here."),
        CatalogKind.NODE_SIZES: ("unknown_node_size", "The location has no such size of machine."),
    }
    code, detail = words[kind]
    close = nearest(kind, listing, name)
    return FieldError(code, pointer, detail if close is None else f"{detail} Did you mean `{close}`?")


def has(kind: CatalogKind, listing: Listing, name: str) -> bool:
    """Whether a list has this name, without regard to case, as Azure compares; a minor version is a name too."""
    return name.lower() in {known.lower() for known in _names(kind, listing)}


def nearest(kind: CatalogKind, listing: Listing, name: str) -> str | None:
    """The known name that a wrong one probably meant; for a version that is near to none, AKS's default."""
    known = {known.lower(): known for known in _names(kind, listing)}
    wanted = name.lower().replace(" ", "")
    if wanted in known:
        return known[wanted]
    found = difflib.get_close_matches(wanted, list(known), n=1, cutoff=_SIMILAR)
    if found:
        return known[found[0]]
    return _default_version(listing.items) if kind is CatalogKind.KUBERNETES_VERSIONS else None


def missing(kind: CatalogKind, listing: Listing, names: Collection[str]) -> bool:
    """Whether one of the names is not in the list."""
    return any(not has(kind, listing, name) for name in names)


def _names(kind: CatalogKind, listing: Listing) -> Iterable[str]:
    for item in listing.items:
        yield name_of(kind, item)
        if kind is CatalogKind.KUBERNETES_VERSIONS:
            yield str(item["minor"])


def _default_version(items: JsonList) -> str | None:
    return next((str(item["minor"]) for item in items if item["is_default"]), None)
