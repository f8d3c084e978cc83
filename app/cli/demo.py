"""`slipway demo`."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import click

from app.cli.children import Child, ChildError
from app.cli.client import Client
from app.cli.screen import Json, Screen
from app.cli.signals import run_until_signal
from app.cli.story import STORIES, StoryError, Teller, Told, tell

_KEPT = Path(".slipway")
_READY = "ready.json"
_READY_SECONDS = 120.0
_POLL_SECONDS = 0.1
_INTERRUPTED = 130


@click.command("demo", help="Make a first cluster on this machine and talk to it; then stop all. No account needed.")
@click.option("--keep", is_flag=True, envvar="KEEP", help="Leave it running, with its state in .slipway.")
@click.option(
    "--story",
    type=click.Choice(list(STORIES)),
    default="first",
    envvar="STORY",
    help="A first cluster, or the full story: from the provider over storage and monitoring to the deletion.",
)
def command(keep: bool, story: str) -> None:
    """Tell the story and return its exit code: 1 when it broke off, 130 after Ctrl-C."""
    directory = _KEPT if keep else Path(tempfile.mkdtemp(prefix="slipway-demo-"))
    directory.mkdir(mode=0o700, exist_ok=True)
    code = asyncio.run(_run(Screen(), directory, story, keep=keep))
    # After a failure the logs are worth more than a tidy folder.
    if not keep and code != 1:
        shutil.rmtree(directory)
    raise SystemExit(code)


async def _run(screen: Screen, directory: Path, story: str, *, keep: bool) -> int:
    slipway = Child(
        "slipway dev",
        ("dev", "--state-dir", str(directory), "--port", "0", "--ready-file", str(directory / _READY)),
        directory / "dev.log",
        os.environ,
        outlives_us=keep,
    )
    told = False
    try:
        code = await run_until_signal(_tell(screen, slipway, directory, story, keep=keep))
        told = code == 0
    finally:
        if not (keep and told):
            with screen.working("Stopping"):
                await slipway.stop()
    if code is None:
        screen.text("Stopped before its end; nothing is left running.")
        return _INTERRUPTED
    if told and not keep:
        screen.text("API, worker and local Azure are stopped, and their files are removed.", "dim")
    return code


async def _tell(screen: Screen, slipway: Child, directory: Path, story: str, *, keep: bool) -> int:
    screen.title(
        "Slipway: a first AKS cluster",
        "On this machine alone: the API, its worker, and a local Azure that plays the\n"
        "real one, 60 times faster. No account, no network.",
    )
    try:
        screen.chapter("Start API, worker and local Azure")
        ready = await _start(screen, slipway, directory / _READY)
        screen.facts(
            [
                ("API", f"{ready['url']}   (to read: {ready['url']}/docs)"),
                ("Local Azure", ready["azure_url"]),
                ("Ready after", f"{screen.seconds():.1f} s"),
            ]
        )
        client = Client(ready["url"], api_key=ready["api_key"])
        told = await tell(Teller(screen, client, directory, pictures=_KEPT), story)
    except StoryError as error:
        screen.failed(error.problem, logs=str(directory))
        return 1
    except ChildError as error:
        screen.failed({"code": "not_started", "title": "Slipway did not start", "detail": str(error)}, logs=None)
        return 1
    _close(screen, ready, told, slipway.pid if keep else None)
    return 0


async def _start(screen: Screen, slipway: Child, file: Path) -> Json:
    # What a run that was killed has left says the same as long as nobody is ready.
    before = _read(file)
    deadline = time.monotonic() + _READY_SECONDS
    with screen.working("Starting"):
        await slipway.start()
        while (text := _read(file)) in {"", before}:
            slipway.require_alive()
            if time.monotonic() > deadline:
                raise ChildError(slipway)
            await asyncio.sleep(_POLL_SECONDS)
    ready: Json = json.loads(text)
    return ready


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _close(screen: Screen, ready: Json, told: Told, pid: int | None) -> None:
    screen.chapter("Done")
    screen.text(
        f"One request, one job, one working cluster in {told.cluster_seconds:.1f} s; "
        f"the whole story took {screen.seconds():.0f} s."
    )
    if pid is None:
        screen.text("Real Azure takes some minutes for the same; only settings differ (docs/azure.md).")
        screen.text("To go on with such a cluster: KEEP=1 make demo", "dim")
        return
    screen.text("It is left running. To go on:")
    screen.facts(
        [
            ("API", f"{ready['url']}   (to read: {ready['url']}/docs)"),
            ("API key", ready["api_key"]),
        ]
    )
    key = f"$(cat {_KEPT / 'api_key'})"
    path = f"/v1/clusters/{told.cluster}" if told.kubeconfig else "/v1/jobs"
    screen.command(f'curl -H "Authorization: Bearer {key}" {ready["url"]}{path}')
    if told.kubeconfig:
        screen.command(f"kubectl --kubeconfig {told.kubeconfig} get pods --all-namespaces")
    screen.text("To stop it (the state stays in .slipway; `make run` starts from there):")
    screen.command(f"kill {pid}")
