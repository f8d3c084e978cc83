"""PostgreSQL: what its drivers are told."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from app.core.settings import DatabaseSettings

APPLICATION_NAME = "slipway"
_CONNECT_SECONDS = 5
# So much later than the server should have done the client ends a statement by itself.
_GRACE_SECONDS = 5
_LOCK_SECONDS = 3
_IDLE_IN_TRANSACTION_SECONDS = 15


def asyncpg_url(url: URL) -> URL:
    """Return the URL for asyncpg, which calls libpq's `sslmode` just `ssl`."""
    query = {("ssl" if key == "sslmode" else key): value for key, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def asyncpg_arguments(settings: DatabaseSettings) -> Mapping[str, Any]:  # the driver takes values of many types
    """Return asyncpg's connect arguments; the client gives up a little after the server should have."""
    return {
        "timeout": _CONNECT_SECONDS,
        "command_timeout": settings.statement_timeout_seconds + _GRACE_SECONDS,
        "server_settings": {
            "application_name": APPLICATION_NAME,
            "statement_timeout": _milliseconds(settings.statement_timeout_seconds),
            "lock_timeout": _milliseconds(_LOCK_SECONDS),
            "idle_in_transaction_session_timeout": _milliseconds(_IDLE_IN_TRANSACTION_SECONDS),
        },
    }


def psycopg_arguments() -> Mapping[str, Any]:  # the driver takes values of many types
    """Return psycopg's connect arguments.

    Without them a connection into a black hole hung for 22 s: psycopg's cancel waits for the server.
    """
    return {
        "application_name": APPLICATION_NAME,
        "connect_timeout": _CONNECT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }


def pool_arguments(settings: DatabaseSettings) -> Mapping[str, Any]:  # SQLAlchemy takes values of many types
    """Return the pool of the request engine: small, checked before use, newest connection first."""
    return {
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_size,
        "pool_timeout": 3,
        "pool_recycle": 1800,
        "pool_use_lifo": True,
        "pool_pre_ping": True,
    }


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
