from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.db.engine import Database
from app.db.pages import Position, keyset, read_page
from app.models import Cluster, Event, Job, Project

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def project(number: int, created_at: datetime) -> Project:
    return Project(
        id=f"prj_{number:03}", name=f"p{number:03}", created_by="test", created_at=created_at, updated_at=created_at
    )


async def walk(database: Database, *, limit: int, descending: bool) -> list[list[str]]:
    pages: list[list[str]] = []
    after: Position | None = None
    while True:
        async with database.read() as session:
            page = await read_page(
                session,
                sa.select(Project),
                (Project.created_at, Project.id),
                after=after,
                limit=limit,
                descending=descending,
            )
        pages.append([each.id for each in page.items])
        after = page.next_position
        if after is None:
            return pages


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_hold_every_row_once_in_order_though_times_are_equal(database: Database, descending: bool) -> None:
    async with database.write() as session:
        # Three rows of each moment, moments closer than a millisecond.
        session.add_all(project(n, NOW + timedelta(microseconds=n // 3)) for n in range(10))
    pages = await walk(database, limit=4, descending=descending)
    expected = sorted((f"prj_{n:03}" for n in range(10)), reverse=descending)
    assert [len(page) for page in pages] == [4, 4, 2]
    assert [each for page in pages for each in page] == expected


async def test_a_full_last_page_has_no_next(database: Database) -> None:
    async with database.write() as session:
        session.add_all(project(n, NOW) for n in range(4))
    assert [len(page) for page in await walk(database, limit=2, descending=True)] == [2, 2]


async def test_a_row_that_comes_between_two_pages_moves_no_other(database: Database) -> None:
    async with database.write() as session:
        session.add_all(project(n, NOW + timedelta(seconds=n)) for n in range(4))
    columns = (Project.created_at, Project.id)
    async with database.read() as session:
        first = await read_page(session, sa.select(Project), columns, after=None, limit=2, descending=True)
    async with database.write() as session:
        session.add(project(9, NOW + timedelta(seconds=9)))
    async with database.read() as session:
        second = await read_page(
            session, sa.select(Project), columns, after=first.next_position, limit=2, descending=True
        )
    assert [each.id for each in second.items] == ["prj_001", "prj_000"]


def test_a_position_of_another_list_is_refused() -> None:
    with pytest.raises(ValueError, match="one value for each"):
        keyset(sa.select(Project), (Project.created_at, Project.id), after=("one",), limit=2)


LISTS = {
    "clusters": (
        sa.select(Cluster).where(Cluster.project_id == "prj"),
        (Cluster.created_at, Cluster.id),
        (NOW, "cls"),
        True,
        "ix_clusters_project_id_created_at_id",
    ),
    "jobs": (
        sa.select(Job).where(Job.project_id == "prj"),
        (Job.created_at, Job.id),
        (NOW, "job"),
        True,
        "ix_jobs_project_id_created_at_id",
    ),
    "projects": (
        sa.select(Project),
        (Project.created_at, Project.id),
        (NOW, "prj"),
        False,
        "ix_projects_created_at_id",
    ),
    "events": (
        sa.select(Event).where(Event.project_id == "prj"),
        (Event.transaction_id, Event.sequence),
        (7, 9),
        False,
        "ix_events_project_id_transaction_id_sequence",
    ),
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_page_is_read_from_its_index_without_sorting(database: Database, name: str) -> None:
    statement, columns, after, descending, index = LISTS[name]
    page = keyset(statement, columns, after=after, limit=50, descending=descending)  # type: ignore[arg-type]  # a table of several entities
    dialect = (await bound(database)).dialect
    text = str(page.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    async with database.read() as session:
        if database.dialect == "sqlite":
            rows = (await session.execute(sa.text("EXPLAIN QUERY PLAN " + text.replace(":", r"\:")))).all()
            plan = "\n".join(row[3] for row in rows)
            assert "SEARCH" in plan
            assert "TEMP B-TREE" not in plan
        else:
            # An empty table is read whole whatever its indexes: ask for the plan of a large one.
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            await session.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
            rows = (await session.execute(sa.text("EXPLAIN " + text.replace(":", r"\:")))).all()
            plan = "\n".join(row[0] for row in rows)
            assert "Sort" not in plan
    assert index in plan


async def bound(database: Database) -> sa.Connection:
    async with database.read() as session:
        return (await session.connection()).sync_connection  # type: ignore[return-value]  # it is open
