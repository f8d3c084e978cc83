"""Many rows for the lists: copies of a real job, cluster and event, in a project of their own."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from app.auth.api_keys import make_api_key
from app.core.clock import SystemClock
from app.core.ids import Prefix, new_id
from app.core.settings import DatabaseSettings
from app.db.engine import Database
from app.models import Project, Role

_NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)"
_ID = "printf('%s_%026d', :prefix, n)"
_TIME = "strftime('%Y-%m-%d %H:%M:%f000', '2026-01-01', n || ' seconds')"
# Of each table: the prefix of its ids, and what differs from the row that is copied.
_COPIES: dict[str, tuple[str, dict[str, str]]] = {
    "jobs": ("job", {"id": _ID, "project_id": ":project", "created_at": _TIME}),
    "clusters": ("cls", {"id": _ID, "project_id": ":project", "created_at": _TIME, "name": "'c' || n"}),
    "node_pools": ("npl", {"id": _ID, "cluster_id": "printf('cls_%026d', n)"}),
    "events": ("evt", {"id": _ID, "project_id": ":project", "sequence": "NULL", "step": "NULL"}),
}


@dataclass(frozen=True, slots=True)
class Seeded:
    """A database with so many jobs, clusters and events of one project, and a reader's key."""

    url: str
    rows: int
    key: str

    def id_of(self, kind: str, number: int) -> str:
        """The id of a row, by its number from 1."""
        return f"{kind}_{number:026}"


async def seed(source: Path, target: Path, rows: int) -> Seeded:
    """Copy a database in which creates have succeeded, and fill it."""
    shutil.copyfile(source, target)
    settings = DatabaseSettings(url=SecretStr(f"sqlite:///{target}"))
    now = SystemClock().now()
    project = new_id(Prefix.PROJECT)
    key = make_api_key(name="bench", role=Role.READER, project_id=project, created_by="bench", now=now)
    database = Database.open(settings)
    async with database.write() as session:
        session.add(Project(id=project, name="lists", created_by="bench", created_at=now, updated_at=now))
        await session.flush()
        session.add(key.row)
    await database.close()
    await asyncio.to_thread(_fill, target, project, rows)
    return Seeded(settings.url.get_secret_value(), rows, key.text)


def _fill(file: Path, project: str, rows: int) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, (prefix, changed) in _COPIES.items():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            values = [changed.get(name, f'real."{name}"') for name in columns]
            names = ", ".join(f'"{name}"' for name in columns)
            connection.execute(
                f"INSERT INTO {table} ({names}) {_NUMBERS} SELECT {', '.join(values)} FROM numbers, "  # noqa: S608 - our own names
                f"(SELECT * FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table} WHERE {_real(table)})) AS real",
                {"count": rows, "prefix": prefix, "project": project},
            )


def _real(table: str) -> str:
    """Which row is copied: what has come to its end has the most to tell."""
    return {
        "jobs": "kind = 'cluster.create' AND state = 'succeeded'",
        "clusters": "state = 'ready'",
        "events": "type = 'cluster.ready'",
    }.get(table, "observed IS NOT NULL")
