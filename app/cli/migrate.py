"""`slipway migrate`."""

import click

from app.cli.environment import load
from app.db import migrations
from app.engine import migrations as engine_migrations


@click.command("migrate", help="Bring the database to this version's schema, Slipway's tables and the engine's.")
def command() -> None:
    """Read the settings and migrate."""
    settings = load("migrate")
    migrations.upgrade(settings.database)
    engine_migrations.upgrade(settings.database)
    click.echo(f"The database is at {migrations.head()}.")
