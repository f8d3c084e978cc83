"""`slipway serve`."""

import asyncio
import signal
import sys

import click

from app.api.server import Server, make_server
from app.bootstrap import open_parts
from app.cli.environment import load
from app.db.engine import Database
from app.main import create_app


@click.command("serve", help="Serve the HTTP API until SIGTERM.")
def command() -> None:
    """Read the settings and serve."""
    settings = load("api")
    parts = open_parts(settings)
    server = make_server(create_app(parts), settings.http)
    # uvicorn raises the signal once more after its drain: to have ended as asked is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    asyncio.run(_serve(server, parts.database))
    if not server.started or parts.database.corrupt.is_set():
        raise SystemExit(1)


async def _serve(server: Server, database: Database) -> None:
    """Serve until SIGTERM, or until the database was found to be corrupt."""

    async def end_with_the_database() -> None:
        await database.corrupt.wait()
        server.should_exit = True

    watching = asyncio.create_task(end_with_the_database())
    try:
        await server.serve()
    finally:
        watching.cancel()
