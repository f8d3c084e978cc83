"""DBOS's own tables: in the service's file on SQLite, in the schema `dbos` on PostgreSQL."""

import logging

from dbos import DBOS

from app.core.settings import DatabaseSettings
from app.db.engine import parse_url


def upgrade(settings: DatabaseSettings) -> None:
    """Bring DBOS's tables to what this version of DBOS wants. Only `slipway migrate` does it; blocks."""
    # DBOS logs the database's address, and each of its migrations.
    logging.getLogger("dbos").setLevel(logging.ERROR)
    backend = parse_url(settings)
    url = backend.set(drivername=backend.get_backend_name())
    DBOS.migrate(url.render_as_string(hide_password=False))
