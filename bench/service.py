"""The whole of Slipway as processes: latency of the API, calls to Azure, CPU of a job."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

from app.cli.ready_file import StackFacts
from app.cli.stack import Stack, StackOptions
from app.core.clock import SystemClock
from app.core.settings import DatabaseSettings
from app.db.engine import Database
from app.models import Duration
from bench.figures import Line, cpu_seconds, milliseconds, percentile

IN_FLIGHT = 50
_SAMPLES = 100
_SPEED = 60.0
"""A create takes 5 s in Azure."""
_AZ_CALLS = 16
"""`az aks create` of the same cluster (DESIGN §7)."""
_STEPS = 9
_ENDED = {"succeeded", "failed", "canceled"}


@dataclass(frozen=True)
class _Client:
    http: httpx2.AsyncClient
    azure: httpx2.AsyncClient
    facts: StackFacts

    async def create(self, name: str, **more: str) -> str:
        """Ask for a cluster; return the job's id."""
        body = {
            "name": name,
            "location": "westeurope",
            "node_count": 1,
            "node_size": "Standard_D4s_v5",
            "ssh_public_key": _SSH_KEY,
            **more,
        }
        answer = await self.http.post("/v1/clusters", json=body, headers={"Idempotency-Key": name})
        while answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            # The database is busy. A caller waits as it is told; the wait counts.
            await asyncio.sleep(float(answer.headers["Retry-After"]))
            answer = await self.http.post("/v1/clusters", json=body, headers={"Idempotency-Key": name})
        answer.raise_for_status()
        return str(answer.json()["job"]["id"])

    async def until_ended(self, jobs: Sequence[str]) -> None:
        """Wait for jobs by the list, which, unlike a job's own page, does not make Slipway ask Azure more often."""
        waiting = set(jobs)
        while waiting:
            await asyncio.sleep(0.5)
            found = await self._jobs()
            bad = [job for job in found if job["id"] in waiting and job["state"] in _ENDED - {"succeeded"}]
            if bad:
                raise RuntimeError(f"a job did not succeed: {bad[0]['summary']}")
            waiting -= {job["id"] for job in found if job["state"] in _ENDED}

    async def _jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page: str | None = ""
        while page is not None:
            answer = await self.http.get("/v1/jobs", params={"limit": 200, **({"cursor": page} if page else {})})
            answer.raise_for_status()
            found += answer.json()["items"]
            page = answer.json().get("next_cursor")
        return found

    async def calls(self) -> tuple[int, int]:
        """How many calls Azure has had since the last time, and how many of them asked for an operation's words."""
        answer = await self.azure.get("/_local/requests", params={"limit": 20_000})
        log = answer.json()["requests"]
        await self.azure.delete("/_local/requests")
        words = sum(entry["operation"] == "Operations_GetStatus" for entry in log)
        return len(log) - words, words


async def measure(folder: Path) -> list[Line]:
    """Run all of it, with SQLite."""
    options = StackOptions(state_dir=folder / "stack", port=0, speed=_SPEED)
    bare = await _bare(folder)
    stack = Stack(options, changed=lambda _: None, said=lambda _: None)
    await stack.claim()
    try:
        facts = await stack.start()
        headers = {"Authorization": f"Bearer {facts.api_key}"}
        async with (
            httpx2.AsyncClient(base_url=facts.url, headers=headers, timeout=60, trust_env=False) as http,
            httpx2.AsyncClient(base_url=facts.azure_url, timeout=60, trust_env=False) as azure,
        ):
            return await _measured(_Client(http, azure, facts), folder, bare)
    finally:
        await stack.stop()


async def _measured(client: _Client, folder: Path, bare: float) -> list[Line]:
    # The first registers the provider, and Slipway learns from it how long a create takes.
    await client.until_ended([await client.create("first")])
    await client.calls()
    await client.until_ended([await client.create("alone")])
    alone = await client.calls()

    before = cpu_seconds(client.facts.pids["worker"])
    names = [f"many{number:02}" for number in range(IN_FLIGHT)]
    await client.until_ended(await asyncio.gather(*(client.create(name, resource_group="many") for name in names)))
    together = await client.calls()
    job_cpu = (cpu_seconds(client.facts.pids["worker"]) - before) / IN_FLIGHT

    idle = await _inserts(folder / "stack", _SAMPLES)
    posts, inserts = await _busy(client, folder / "stack")
    return [
        *_latency(posts, inserts, idle),
        *_calls(alone, together),
        _cpu(job_cpu, bare),
    ]


async def _busy(client: _Client, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of each POST and of each INSERT, in turn, while creates are in flight."""
    await asyncio.gather(*(client.create(f"busy{number:02}") for number in range(IN_FLIGHT)))
    posts, inserts = [], []
    database = _database(folder)
    try:
        for number in range(_SAMPLES):
            began = time.perf_counter()
            await client.create(f"timed{number:03}")
            posts.append(time.perf_counter() - began)
            inserts.append(await _insert(database, f"bench.busy.{number}"))
    finally:
        await database.close()
    # Their ends are not waited for: Azure hands out 60 kubeconfigs at once, and then one a second.
    return posts, inserts


async def _inserts(folder: Path, count: int) -> list[float]:
    database = _database(folder)
    try:
        return [await _insert(database, f"bench.idle.{number}") for number in range(count)]
    finally:
        await database.close()


async def _insert(database: Database, kind: str) -> float:
    began = time.perf_counter()
    async with database.write() as session:
        session.add(
            Duration(kind=kind, samples=[1.0], p50_seconds=1.0, p90_seconds=1.0, updated_at=SystemClock().now())
        )
    return time.perf_counter() - began


def _database(folder: Path) -> Database:
    return Database.open(DatabaseSettings(url=SecretStr(f"sqlite:///{folder / 'slipway.sqlite3'}")))


async def _bare(folder: Path) -> float:
    file = folder / "bare.sqlite3"
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.bare_dbos", str(file), str(IN_FLIGHT), str(_STEPS)),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await child.communicate()
    return float(json.loads(told))


def _latency(posts: list[float], inserts: list[float], idle: list[float]) -> list[Line]:
    return [
        Line(
            name=f"POST /v1/clusters, worker busy, {word}",
            measured=milliseconds(percentile(posts, share)),
            compared_with=f"a single-row INSERT {when}",
            comparison=milliseconds(percentile(rows, share)),
            ratio=percentile(posts, share) / percentile(rows, share),
            meaning=meaning,
        )
        for word, share, when, rows, meaning in (
            ("p50", 0.5, "beside it", inserts, f"{_SAMPLES} of each in turn, {IN_FLIGHT} or more creates in flight"),
            (
                "p99",
                0.99,
                "beside it",
                inserts,
                "the largest but one; grows with what the worker writes, on SQLite",
            ),
            ("p50", 0.5, "on the idle service", idle, "what a busy worker adds, the request's own work included"),
        )
    ]


def _calls(alone: tuple[int, int], together: tuple[int, int]) -> list[Line]:
    each = together[0] / IN_FLIGHT
    return [
        Line(
            name="calls to Azure, one create alone",
            measured=f"{alone[0]} (+{alone[1]} about the operation)",
            compared_with="az aks create",
            comparison=str(_AZ_CALLS),
            ratio=alone[0] / _AZ_CALLS,
            meaning="LISTs of the watcher included; grows when Azure takes longer than it usually does",
        ),
        Line(
            name=f"calls to Azure, {IN_FLIGHT} creates in one group, each",
            measured=f"{each:.1f} (+{together[1] / IN_FLIGHT:.1f} about the operation)",
            compared_with="az aks create",
            comparison=str(_AZ_CALLS),
            ratio=each / _AZ_CALLS,
            meaning="one LIST serves all of a subscription, so this falls with the number in flight",
        ),
    ]


def _cpu(job: float, bare: float) -> Line:
    return Line(
        name=f"CPU of the worker, a create, {IN_FLIGHT} in flight",
        measured=milliseconds(job),
        compared_with=f"a bare DBOS workflow of {_STEPS} empty steps",
        comparison=milliseconds(bare),
        ratio=job / bare,
        meaning="Azure's SDK, TLS to the new cluster and our rows; grows with the number of steps",
    )


_SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILkjQBqrl+A0uPwZ7YyEVUGdMnnxHqgIKsPRcrSBEBiC bench"
