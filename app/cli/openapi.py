"""`slipway openapi`."""

import json
from pathlib import Path

import click

from app.bootstrap import open_parts
from app.core.settings import Settings
from app.main import create_app


@click.command("openapi", help="Print the OpenAPI document, or write it to a file.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
@click.option("--check", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Compare with this file.")
def command(output: Path | None, check: Path | None) -> None:
    """Make the application without starting it."""
    text = json.dumps(create_app(open_parts(Settings())).openapi(), indent=2, ensure_ascii=False) + "\n"
    if check is not None and check.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{check} is stale: run `make openapi`.")
    if output is not None:
        output.write_text(text, encoding="utf-8")
    elif check is None:
        click.echo(text, nl=False)
