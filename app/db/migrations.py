"""The schema's history: `upgrade` brings a database to the head, `at_head` tells whether it is there."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.settings import DatabaseSettings
from app.db.engine import Database, sync_engine
from app.db.errors import SCHEMA, classify

# Two migrations started side by side on PostgreSQL take turns by this number; on SQLite by the writers' lock.
_ADVISORY_LOCK = 7_346_120_501


class BrokenReferencesError(Exception):
    """A migration left rows that refer to rows that are gone; it was rolled back."""


def upgrade(settings: DatabaseSettings) -> None:
    """Bring the database to the head in one transaction; make SQLite's file when there is none.

    DBOS's own tables are migrated by the engine (`app/engine`), after this.
    """
    _run(settings, "upgrade", "head")


def downgrade(settings: DatabaseSettings, revision: str) -> None:
    """Take the database back to an older revision, in one transaction; `base` is empty."""
    _run(settings, "downgrade", revision)


def current(settings: DatabaseSettings) -> str | None:
    """Return the revision that the database is at, None for an empty one."""
    engine = sync_engine(settings, migrating=True)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


@cache
def head() -> str:
    """Return the revision that this version of Slipway wants."""
    revision = ScriptDirectory(str(scripts())).get_current_head()
    if revision is None:
        raise FileNotFoundError(f"There are no migrations in {scripts()}")
    return revision


async def at_head(database: Database) -> bool:
    """Tell whether the database is at the revision that this version of Slipway wants."""
    async with database.read() as session:
        return await is_at_head(await session.connection())


async def is_at_head(connection: AsyncConnection) -> bool:
    """Tell the same of an open connection. A database without any migration is not at the head."""
    try:
        revisions = (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalars().all()
    except DBAPIError as error:
        failure = classify(error)
        if failure is not None and failure.code == SCHEMA.code:
            return False
        raise
    return list(revisions) == [head()]


def scripts() -> Path:
    """Return the folder of the migrations: in the installed package, or in the repository."""
    installed = Path(__file__).with_name("_migrations")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "migrations"


def alembic_config(connection: sa.Connection) -> Config:
    """Return Alembic's configuration on an open connection; no URL is in it, so none can be logged."""
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _run(settings: DatabaseSettings, direction: str, revision: str) -> None:
    engine = sync_engine(settings, migrating=True)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            getattr(command, direction)(alembic_config(connection), revision)
            if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise BrokenReferencesError("A migration left references to rows that are gone")
    finally:
        engine.dispose()
