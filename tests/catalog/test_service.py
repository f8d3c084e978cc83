from datetime import UTC, datetime, timedelta

import pytest

from app.catalog import service
from app.catalog.service import CERTAIN_FOR, CatalogKind, Listing
from app.db.engine import Database

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SUBSCRIPTION = "0d5a1f3e-7c2b-4e8a-9f60-51c9a2b7d401"
LOCATIONS = [{"name": "westeurope", "display_name": "West Europe"}, {"name": "northeurope", "display_name": "x"}]
VERSIONS = [
    {"version": version, "minor": minor, "is_default": minor == "1.33", "is_preview": False, "upgrades": []}
    for version, minor in (("1.33.10", "1.33"), ("1.33.9", "1.33"), ("1.9.1", "1.9"), ("1.34.0", "1.34"))
]
SIZES = [{"name": "Standard_D2s_v5", "cores": 2, "memory_gib": 8.0, "max_data_disks": 4}]


async def fill(database: Database, now: datetime = NOW) -> None:
    async with database.write() as session:
        await service.record(session, service.locations_key(SUBSCRIPTION), LOCATIONS, now=now)
        for kind, items in ((CatalogKind.KUBERNETES_VERSIONS, VERSIONS), (CatalogKind.NODE_SIZES, SIZES)):
            await service.record(session, service.location_key(SUBSCRIPTION, kind, "westeurope"), items, now=now)


async def judged(database: Database, kind: CatalogKind, name: str, *, now: datetime = NOW) -> str | None:
    async with database.read() as session:
        if kind is CatalogKind.LOCATIONS:
            wrong = await service.known_location(session, subscription_id=SUBSCRIPTION, name=name, now=now)
        elif kind is CatalogKind.KUBERNETES_VERSIONS:
            wrong = await service.known_version(
                session, subscription_id=SUBSCRIPTION, location="westeurope", name=name, now=now
            )
        else:
            wrong = await service.known_size(
                session, subscription_id=SUBSCRIPTION, location="westeurope", name=name, now=now
            )
    if wrong is not None:
        assert wrong.pointer in {"/location", "/kubernetes_version", "/node_size"}
    return None if wrong is None else f"{wrong.code}: {wrong.detail}"


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (CatalogKind.LOCATIONS, "westeurope", None),
        (CatalogKind.LOCATIONS, "WestEurope", None),
        (CatalogKind.LOCATIONS, "West Europe", "Did you mean `westeurope`?"),
        (CatalogKind.LOCATIONS, "westeurop", "Did you mean `westeurope`?"),
        (CatalogKind.LOCATIONS, "mars", "no such location."),
        (CatalogKind.KUBERNETES_VERSIONS, "1.33", None),
        (CatalogKind.KUBERNETES_VERSIONS, "1.33.10", None),
        (CatalogKind.KUBERNETES_VERSIONS, "1.33.99", "Did you mean `1.33.9`?"),
        (CatalogKind.KUBERNETES_VERSIONS, "nonsense", "Did you mean `1.33`?"),
        (CatalogKind.NODE_SIZES, "standard_d2s_v5", None),
        (CatalogKind.NODE_SIZES, "Standard_D2_v5", "Did you mean `Standard_D2s_v5`?"),
        (CatalogKind.NODE_SIZES, "huge", "no such size of machine."),
    ],
)
async def test_a_wrong_name_is_told_with_the_nearest(
    database: Database, kind: CatalogKind, name: str, expected: str | None
) -> None:
    await fill(database)
    found = await judged(database, kind, name)
    assert (found is None) is (expected is None)
    assert expected is None or (found or "").endswith(expected)


@pytest.mark.parametrize("kind", list(CatalogKind))
async def test_what_was_never_read_blocks_nobody(database: Database, kind: CatalogKind) -> None:
    """trouble 75"""
    assert await judged(database, kind, "anything") is None


@pytest.mark.parametrize("kind", list(CatalogKind))
async def test_only_a_young_list_can_say_no(database: Database, kind: CatalogKind) -> None:
    """trouble 75"""
    await fill(database)
    assert await judged(database, kind, "anything", now=NOW + CERTAIN_FOR) is not None
    assert await judged(database, kind, "anything", now=NOW + CERTAIN_FOR + timedelta(seconds=1)) is None


async def test_a_list_replaces_the_one_before(database: Database) -> None:
    await fill(database)
    later = NOW + timedelta(hours=1)
    async with database.write() as session:
        await service.record(session, service.locations_key(SUBSCRIPTION.upper()), LOCATIONS[:1], now=later)
    async with database.read() as session:
        listing = await service.get(session, service.locations_key(SUBSCRIPTION))
    assert listing == Listing(LOCATIONS[:1], later)


async def test_versions_are_ordered_by_number(database: Database) -> None:
    await fill(database)
    key = service.location_key(SUBSCRIPTION, CatalogKind.KUBERNETES_VERSIONS, "WestEurope")
    async with database.read() as session:
        listing = await service.get(session, key)
    assert listing is not None
    assert [item["version"] for item in listing.items] == ["1.9.1", "1.33.9", "1.33.10", "1.34.0"]
    kind = CatalogKind.KUBERNETES_VERSIONS
    rest = service.page(kind, listing, limit=2, after=("1.33.9",))
    assert ([item["version"] for item in rest.items], rest.next_position) == (["1.33.10", "1.34.0"], None)
    # The page's last item may be gone from the list that the next page is of.
    assert service.page(kind, listing, limit=2, after=("1.33.9.5",)) == rest
    assert service.page(kind, listing, limit=1, after=("1.9.1",)).next_position == ("1.33.9",)
