"""`slipway dev`."""

import asyncio
import math
from pathlib import Path

import click

from app.cli.children import ChildError
from app.cli.claims import StackError
from app.cli.ready_file import StackFacts, write_ready_file
from app.cli.signals import run_until_signal
from app.cli.stack import Stack, StackOptions

DEFAULT_SPEED = 60.0
_DATABASES = ("sqlite://", "postgresql://")


def _speed(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise click.BadParameter("give a number above 0, such as 60: how many times faster than Azure all goes.")
    return value


def _database(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    # What was given is not repeated: it may hold a password.
    if value is not None and not value.startswith(_DATABASES):
        raise click.BadParameter("give a URL: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.")
    return value


def _ready_file(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and not value.parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.parent}; make it, or name another file.")
    return value


@click.command("dev", help="Run API, worker and local Azure on this machine until Ctrl-C; no account, no network.")
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".slipway"),
    show_default=True,
    help="Database, key, logs and the local Azure's state; made when it is not there.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="The API's; 0 takes a free one."
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_ready_file,
    help="Written as JSON when all is ready, and after each restart; holds the key.",
)
@click.option(
    "--speed",
    default=DEFAULT_SPEED,
    show_default=True,
    callback=_speed,
    help="How many times faster than Azure all goes.",
)
@click.option("--database", callback=_database, help="URL of another database than SQLite in the state directory.")
def command(state_dir: Path, port: int, ready_file: Path | None, speed: float, database: str | None) -> None:
    """Run the three and print how to reach them."""
    options = StackOptions(state_dir=state_dir, port=port, speed=speed, database_url=database)
    try:
        asyncio.run(_run(options, ready_file))
    except (ChildError, StackError) as error:
        raise click.ClickException(str(error)) from error


async def _run(options: StackOptions, ready_file: Path | None) -> None:
    def changed(facts: StackFacts) -> None:
        if ready_file is not None:
            write_ready_file(ready_file, facts)

    stack = Stack(options, changed=changed, said=click.echo)
    try:
        await run_until_signal(_serve(stack, ready_file))
    finally:
        await stack.stop()
    click.echo("Stopped.")


async def _serve(stack: Stack, ready_file: Path | None) -> None:
    await stack.claim()
    try:
        # Left by a run that was killed: whoever waits for the file must not read that.
        _remove(ready_file)
        _show(await stack.start())
        await stack.keep_alive()
    finally:
        _remove(ready_file)


def _remove(file: Path | None) -> None:
    if file is not None:
        file.unlink(missing_ok=True)


def _show(facts: StackFacts) -> None:
    click.echo(f"API          {facts.url}   (docs: {facts.url}/docs)")
    click.echo(f"API key      {facts.api_key}")
    click.echo(f"Local Azure  {facts.azure_url}   (control: {facts.azure_url}/_local/)")
    click.echo("Ready. Ctrl-C stops all three.")
