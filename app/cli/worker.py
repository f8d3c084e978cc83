"""`slipway worker`."""

import asyncio

import click

from app.cli.environment import load
from app.worker import run


@click.command("worker", help="Run jobs until SIGTERM; then let what is under way end, and leave the rest to others.")
def command() -> None:
    """Read the settings and work."""
    if not asyncio.run(run(load("worker"))):
        raise SystemExit(1)
