"""Reads Azure's offer while a request waits, when what the database has is too old or lacks a name."""

import asyncio
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, cast

import structlog

from app.api.calls import Asking
from app.api.services import Services
from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.catalog import KubernetesVersion, NodeSize
from app.catalog import service
from app.catalog.service import CatalogKey, CatalogKind, Listing
from app.core.breaker import Breaker
from app.core.clock import Clock
from app.core.errors import InvalidRequestError, SlipwayError
from app.core.json import JsonList, JsonObject
from app.core.settings import AzureSettings
from app.db.engine import Database

_log = structlog.get_logger(__name__)


_Wanted = tuple[CatalogKey, datetime | None]
"""A list, and when the one was read that is too old."""


@dataclass(slots=True)
class CatalogSource:
    """Asks Azure for a list and keeps it. Of several requests that need a newer one than the same list, one asks."""

    azure: AzureGateway
    database: Database
    clock: Clock
    settings: AzureSettings
    breaker: Breaker = field(init=False)
    _reading: dict[_Wanted, "asyncio.Task[Listing]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.clock, name="Azure")

    async def refresh(self, key: CatalogKey, seen: Listing | None) -> Listing:
        """A list that is newer than the one that was `seen`: kept meanwhile, or read from Azure now.

        Raises what the gateway raises, or NotAnsweringError.
        """
        wanted = key, None if seen is None else seen.observed_at
        reading = self._reading.get(wanted)
        if reading is None:
            reading = asyncio.create_task(self._refresh(*wanted))
            self._reading[wanted] = reading
            reading.add_done_callback(lambda done: self._ended(wanted, done))
        # One caller's end must not end the reading for the others.
        return await asyncio.shield(reading)

    def is_old(self, listing: Listing) -> bool:
        """Whether a list is older than the settings allow."""
        return self.clock.now() - listing.observed_at > timedelta(seconds=self.settings.catalog_max_age_seconds)

    def may_have_grown(self, listing: Listing) -> bool:
        """Whether a list is too old to say that a name does not exist."""
        return self.clock.now() - listing.observed_at > service.CERTAIN_FOR

    def _ended(self, wanted: _Wanted, reading: "asyncio.Task[Listing]") -> None:
        self._reading.pop(wanted, None)
        if not reading.cancelled():
            # Looked at, so that an error which no caller waited for is not reported as lost.
            reading.exception()

    async def _refresh(self, key: CatalogKey, seen_at: datetime | None) -> Listing:
        # Somebody else's reading may have ended between the caller's look and this.
        async with self.database.read() as session:
            kept = await service.get(session, key)
        if kept is not None and (seen_at is None or kept.observed_at > seen_at):
            return kept
        call = Call(deadline=self.clock.now() + timedelta(seconds=self.settings.request_timeout_seconds))
        async with self.breaker.guard(key.subscription_id):
            items = await self._read(key, call)
        now = self.clock.now()
        return await self.database.transaction(lambda session: service.record(session, key, items, now=now))

    async def _read(self, key: CatalogKey, call: Call) -> JsonList:
        catalog = self.azure.subscription(key.subscription_id).catalog
        match key.kind:
            case CatalogKind.LOCATIONS:
                return [asdict(location) for location in await catalog.locations(call=call)]
            case CatalogKind.KUBERNETES_VERSIONS:
                versions = await catalog.kubernetes_versions(key.location, call=call)
                return [_as_json(version) for version in versions]
            case CatalogKind.NODE_SIZES:
                return [_as_json(size) for size in await catalog.node_sizes(key.location, call=call)]


def _as_json(item: KubernetesVersion | NodeSize) -> JsonObject:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(item).items()}


class _Composed(Services, Protocol):
    @property
    def catalog_source(self) -> CatalogSource: ...


def source_of(services: Services) -> CatalogSource:
    """The source that this process was composed with (`services.catalog_source`)."""
    return cast("_Composed", services).catalog_source


async def list_locations(call: Asking) -> Listing:
    """The locations of the project's subscription, young enough."""
    return await _young(call, service.locations_key(_subscription_of(call)))


async def list_of_location(call: Asking, kind: CatalogKind, location: str) -> Listing:
    """A list of one location, young enough. Raises InvalidRequestError for a location that surely does not exist."""
    subscription_id = _subscription_of(call)
    await ensure_catalogue(call.services, subscription_id=subscription_id, location=location)
    async with call.database.read() as session:
        wrong = await service.known_location(
            session, subscription_id=subscription_id, name=location, now=call.now, pointer="query:location"
        )
    if wrong is not None:
        remedy = "List the locations: GET /v1/locations."
        raise InvalidRequestError("There is no such location.", errors=[wrong], remedy=remedy)
    return await _young(call, service.location_key(subscription_id, kind, location))


async def ensure_catalogue(
    services: Services,
    *,
    subscription_id: str,
    location: str,
    kubernetes_version: str | None = None,
    node_sizes: Collection[str] = (),
) -> None:
    """Have the lists ready that judge these names (`service.known_*`), before a transaction is open.

    A list is read from Azure when it is missing, too old, or lacks the name and may have grown since. It never fails:
    where Azure does not answer, nothing is certain and the names pass.
    """
    source = source_of(services)
    await _ensure(source, service.locations_key(subscription_id), [location])
    async with source.database.read() as session:
        locations = await service.get(session, service.locations_key(subscription_id))
    if locations is None or not service.has(CatalogKind.LOCATIONS, locations, location):
        # Azure refuses to list what a location that it does not have offers.
        return
    wanted: list[tuple[CatalogKind, list[str]]] = []
    if kubernetes_version is not None:
        wanted.append((CatalogKind.KUBERNETES_VERSIONS, [kubernetes_version]))
    if node_sizes:
        wanted.append((CatalogKind.NODE_SIZES, list(node_sizes)))
    await asyncio.gather(
        *(_ensure(source, service.location_key(subscription_id, kind, location), names) for kind, names in wanted)
    )


async def _ensure(source: CatalogSource, key: CatalogKey, names: Collection[str]) -> None:
    async with source.database.read() as session:
        listing = await service.get(session, key)
    if listing is not None and not source.is_old(listing):
        lacks = service.missing(key.kind, listing, names)
        if not lacks or not source.may_have_grown(listing):
            return
    try:
        await source.refresh(key, listing)
    except SlipwayError as error:
        _log.warning("catalogue not refreshed", kind=key.kind, location=key.location, code=error.problem.code)


async def _young(call: Asking, key: CatalogKey) -> Listing:
    source = source_of(call.services)
    async with call.database.read() as session:
        listing = await service.get(session, key)
    if listing is not None and not source.is_old(listing):
        return listing
    try:
        return await source.refresh(key, listing)
    except SlipwayError as error:
        if listing is None:
            raise
        # An old list says how old it is.
        _log.warning("catalogue not refreshed", kind=key.kind, location=key.location, code=error.problem.code)
        return listing


def _subscription_of(call: Asking) -> str:
    return service.subscription_of(call.scope, call.services.settings.azure)
