"""How long a POST takes while the worker is busy, beside an endpoint that only inserts one row."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2

from bench import plain
from bench.figures import Line, milliseconds, percentile
from bench.postgresql import server
from bench.slipway import Slipway, running

_BUSY = 50
_SAMPLES = 100


async def measure(slipway: Slipway, file: Path) -> list[Line]:
    """On SQLite: creates in flight, and then in turn a POST and an INSERT."""
    return await _busy(slipway, f"sqlite:///{file}", "SQLite", goal="100 ms")


async def measure_postgresql(folder: Path) -> list[Line]:
    """The same on PostgreSQL, with its own defaults: it waits for the disk."""
    with server() as url:
        async with running(folder / "postgresql", database_url=url) as slipway:
            await slipway.until_ended([await slipway.create("first")])
            return await _busy(slipway, url, "PostgreSQL", goal="")


async def _busy(slipway: Slipway, url: str, kind: str, *, goal: str) -> list[Line]:
    await asyncio.gather(*(slipway.create(f"busy{number:02}") for number in range(_BUSY)))
    posts, inserts = [], []
    async with plain.running(url) as http:
        for number in range(_SAMPLES):
            posts.append(await _timed(lambda number=number: slipway.create(f"timed{number:03}")))  # type: ignore[misc]
            inserts.append(await _timed(lambda: _ask(http)))
    # Their ends are not waited for: Azure hands out 60 kubeconfigs at once, and then one a second.
    return [
        Line(
            name=f"`POST /v1/clusters`, worker busy, {kind}, {word}",
            measured=milliseconds(percentile(posts, share)),
            compared_with="an endpoint that inserts one row, in turn with it",
            comparison=milliseconds(percentile(inserts, share)),
            ratio=percentile(posts, share) / percentile(inserts, share),
            goal=goal if word == "p99" else "",
            grows="with what the worker writes: on SQLite both wait for the one writer, each POST adds a job to it",
        )
        for word, share in (("p50", 0.5), ("p99", 0.99))
    ]


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _ask(http: httpx2.AsyncClient) -> None:
    (await http.post("/rows")).raise_for_status()
