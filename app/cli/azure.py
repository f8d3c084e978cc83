"""`slipway azure`."""

import asyncio
import contextlib
import json
import signal
from pathlib import Path

import click

from app.emulator.local_azure import DEFAULT_SPEED
from app.emulator.server import LocalAzureOptions, RunningAzure, serve


@click.command("azure", help="Run the local Azure on 127.0.0.1 until SIGTERM. Its control page: /_local/.")
@click.option("--port", default=0, show_default=True, help="HTTP; 0 takes a free one.")
@click.option("--https-port", default=0, show_default=True, help="HTTPS, for az; 0 takes a free one.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="Keep the state in this file.")
@click.option("--speed", default=DEFAULT_SPEED, show_default=True, help="How much faster than Azure all goes.")
@click.option("--seed", default=1, show_default=True, help="Decides names, addresses and the draws of faults.")
def command(port: int, https_port: int, state: Path | None, speed: float, seed: int) -> None:
    """Run it; the first line of output is JSON: the addresses and the environment that a client needs."""
    options = LocalAzureOptions(port=port, https_port=https_port, state_file=state, speed=speed, seed=seed)
    asyncio.run(_until_stopped(options))


async def _until_stopped(options: LocalAzureOptions) -> None:
    task = asyncio.ensure_future(serve(options, _announce))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _announce(azure: RunningAzure) -> None:
    facts = {
        "url": azure.url,
        "https_url": azure.https_url,
        "ca_file": str(azure.ca_file),
        "subscription_id": azure.subscription_id,
        "environment": azure.environment(),
        "az_environment": azure.cli_environment(),
    }
    click.echo(json.dumps(facts))
