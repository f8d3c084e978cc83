"""Fixtures that tests of every area may ask for."""

from tests.support.database import (
    database,
    database_kind,
    database_settings,
    open_database,
    postgresql_server,
    postgresql_template,
    sqlite_template,
)
from tests.support.local_azure import local_azure, stopped_azure

__all__ = [
    "database",
    "database_kind",
    "database_settings",
    "local_azure",
    "open_database",
    "postgresql_server",
    "postgresql_template",
    "sqlite_template",
    "stopped_azure",
]
