"""`slipway serve`."""

import asyncio
import signal
import sys

import click

from app.api.server import make_server
from app.bootstrap import open_parts
from app.cli.environment import load
from app.main import create_app


@click.command("serve", help="Serve the HTTP API until SIGTERM.")
def command() -> None:
    """Read the settings and serve."""
    settings = load("api")
    server = make_server(create_app(open_parts(settings)), settings.http)
    # uvicorn raises the signal once more after its drain: to have ended as asked is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    asyncio.run(server.serve())
    if not server.started:
        raise SystemExit(1)
