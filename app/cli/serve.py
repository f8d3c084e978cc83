"""`slipway serve`."""

import asyncio

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
    asyncio.run(server.serve())
    if not server.started:
        raise SystemExit(1)
