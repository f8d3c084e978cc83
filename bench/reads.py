"""Reads: requests a second beside a plain endpoint and a constant, and lists of 100 and of 100,000 rows."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from app.cli.children import Child
from bench import plain
from bench.figures import Line, milliseconds, percentile
from bench.ports import free_port, until_answers
from bench.seed import Seeded, seed

CONNECTIONS = 8
_SECONDS = 2.0
_ROUNDS = 2
_FEW, _MANY = 100, 100_000
_LISTS = {"jobs": "job", "clusters": "cls", "events": "evt"}
_CLIENT = "our own client (bench/load.py) on 8 kept-alive connections"


async def asked(
    port: int, path: str, key: str, *, seconds: float = _SECONDS, connections: int = CONNECTIONS, pause: float = 0
) -> list[float]:
    """The seconds that each request took, of as many as fit."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.load", str(port), path, str(connections), str(seconds), str(pause)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "BENCH_API_KEY": key},
    )
    told, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"GET {path} failed")
    found: list[float] = json.loads(told)
    return found


async def measure(source: Path, folder: Path) -> list[Line]:
    """`source` is a database in which creates have succeeded."""
    few, many = [await seed(source, folder / f"{rows}.sqlite3", rows) for rows in (_FEW, _MANY)]
    async with _serving(few, folder) as small, _serving(many, folder) as large:
        return [*await _documents(few, small), *await _lists(few, small, many, large)]


@asynccontextmanager
async def _serving(seeded: Seeded, folder: Path) -> AsyncIterator[int]:
    """The port of an API on this database."""
    port = free_port()
    settings = {"SLIPWAY_DATABASE__URL": seeded.url, "SLIPWAY_HTTP__PORT": str(port)}
    child = Child("api", ("serve",), folder / f"{seeded.rows}.log", {**os.environ, **settings})
    await child.start()
    try:
        await until_answers(port, "/livez")
        yield port
    finally:
        await child.stop()


async def _documents(seeded: Seeded, port: int) -> list[Line]:
    async with plain.running(seeded.url) as http:
        other = http.base_url.port
        assert other is not None  # noqa: S101 - it was given one
        job, cluster = seeded.id_of("job", 50), seeded.id_of("cls", 50)
        paths = [
            (port, f"/v1/jobs/{job}"),
            (other, f"/jobs/{job}"),
            (other, f"/constant/{job}"),
            (port, f"/v1/clusters/{cluster}"),
            (other, f"/clusters/{cluster}"),
        ]
        rates = dict.fromkeys(paths, 0.0)
        # In rounds: what else the machine does falls on all of them.
        for _ in range(_ROUNDS):
            for where in paths:
                rates[where] += len(await asked(*where, seeded.key)) / _SECONDS / _ROUNDS
    ours, plainly, constant, cluster_rate, cluster_plainly = rates.values()
    return [
        _rate(name, mine, beside, other, goal)
        for name, mine, beside, other, goal in (
            ("`GET /v1/jobs/{id}`", ours, "a plain FastAPI + SQLAlchemy ORM endpoint", plainly, "3 x"),
            ("`GET /v1/jobs/{id}`", ours, "the same document as a constant", constant, "0.4 x"),
            ("`GET /v1/clusters/{id}`", cluster_rate, "a plain one (two queries)", cluster_plainly, "3 x"),
            ("`GET /v1/clusters/{id}`", cluster_rate, "a job as a constant", constant, "0.4 x"),
        )
    ]


def _rate(name: str, mine: float, beside: str, other: float, goal: str) -> Line:
    return Line(
        name=name,
        measured=f"{mine:.0f}/s",
        compared_with=beside,
        comparison=f"{other:.0f}/s",
        ratio=mine / other,
        goal=goal,
        grows=f"for one process of the API; more processes share the database; asked by {_CLIENT}",
    )


async def _lists(few: Seeded, small: int, many: Seeded, large: int) -> list[Line]:
    lines = []
    for name, kind in _LISTS.items():
        for page in ("first", "deep"):
            took: dict[int, list[float]] = {small: [], large: []}
            for _ in range(_ROUNDS):
                for seeded, port in ((few, small), (many, large)):
                    path = f"/v1/{name}?limit=50"
                    if page == "deep":
                        path += f"&cursor={await _deep(port, name, kind, seeded)}"
                    took[port] += await asked(port, path, seeded.key, seconds=_SECONDS / 2, connections=1)
            middle = {port: percentile(found, 0.5) for port, found in took.items()}
            lines.append(
                Line(
                    name=f"`GET /v1/{name}?limit=50`, {page} page, {_MANY:,} rows, p50",
                    measured=milliseconds(middle[large]),
                    compared_with=f"{_FEW} rows",
                    comparison=milliseconds(middle[small]),
                    ratio=middle[large] / middle[small],
                    goal="1.2 x",
                    grows="with the page's size, not with the table: an index has the rows in the list's order",
                )
            )
    return lines


async def _deep(port: int, name: str, kind: str, seeded: Seeded) -> str:
    """A cursor into the middle of the list: a real one with the position of the row there."""
    headers = {"Authorization": f"Bearer {seeded.key}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as http:
        first = (await http.get(f"/v1/{name}", params={"limit": "50"})).raise_for_status().json()
    cursor = str(first["next_cursor"])
    position: list[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    middle = seeded.rows // 2 + 25
    if kind == "evt":
        position[2] += seeded.rows // 2 - 50
    else:
        # One second between two rows (bench/seed.py).
        hours, seconds = divmod(middle, 3600)
        days, hours = divmod(hours, 24)
        position[1] = {"t": f"2026-01-{days + 1:02}T{hours:02}:{seconds // 60:02}:{seconds % 60:02}+00:00"}
        position[2] = seeded.id_of(kind, middle)
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")
