"""`slipway config`."""

import click

from app.cli.environment import load


@click.command("config", help="Print the effective settings as JSON; secrets are hidden.")
def command() -> None:
    """Read the settings and print them."""
    click.echo(load("config").model_dump_json(indent=2))
