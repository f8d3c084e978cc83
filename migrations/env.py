"""Alembic's environment: one history for SQLite and PostgreSQL.

`app/db/migrations.py` gives the connection. Run by Alembic's own command line (`alembic revision --autogenerate`),
it is made from `SLIPWAY_DATABASE__URL`.
"""

from typing import Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from app.core.settings import Settings
from app.db.engine import sync_engine
from app.db.types import UtcDateTime
from app.models import Base

# DBOS keeps its tables in the same SQLite file and migrates them itself; on PostgreSQL they have a schema of their own.
DBOS_TABLES = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "event_dispatch_kv",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave DBOS's tables alone."""
    return kind != "table" or name not in DBOS_TABLES


def render_item(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write our portable types by their names."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogenerate.imports.add("from app.db.types import UtcDateTime")
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, sa.JSON):
        autogenerate.imports.add("from app.db.types import PortableJson")
        return "PortableJson"
    return False


def run(connection: sa.Connection) -> None:
    """Run what Alembic was asked to, in the caller's transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        render_item=render_item,
        render_as_batch=True,
        # The caller's transaction covers all revisions: a half-migrated database is never seen.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = sync_engine(Settings().database, migrating=True)
    with engine.begin() as own:
        run(own)
    engine.dispose()
