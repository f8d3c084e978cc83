"""`slipway dev`."""

import asyncio
import contextlib
import signal
from pathlib import Path

import click

from app.cli.children import ChildError
from app.cli.stack import Stack, StackError, StackFacts, StackOptions, write_ready_file

DEFAULT_SPEED = 60.0
DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("dev", help="Run API, worker and local Azure on this machine until Ctrl-C; no account, no network.")
@click.option(
    "--state-dir", type=click.Path(file_okay=False, path_type=Path), default=Path(".slipway"), show_default=True
)
@click.option("--port", default=8080, show_default=True, help="The API's port; 0 takes a free one.")
@click.option(
    "--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Written as JSON when all is ready."
)
@click.option("--speed", default=DEFAULT_SPEED, show_default=True, help="How much faster than Azure all goes.")
@click.option("--database", help="Another database than SQLite in the state directory.")
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

    stack = Stack(options, changed=changed)
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel if task else loop.stop)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            _show(await stack.start())
            await stack.keep_alive()
    finally:
        await stack.stop()
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        click.echo("Stopped.")


def _show(facts: StackFacts) -> None:
    click.echo(f"API          {facts.url}   (docs: {facts.url}/docs)")
    click.echo(f"API key      {facts.api_key}")
    click.echo(f"Local Azure  {facts.azure_url}   (control: {facts.azure_url}/_local/)")
    click.echo("Ready. Ctrl-C stops all three.")
