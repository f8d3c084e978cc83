"""API, worker and local Azure as processes, and a caller of them."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2

from app.cli.children import Child
from app.cli.ready_file import StackFacts
from app.cli.stack import Stack, StackOptions

SPEED = 60.0
"""A create takes 5 s in Azure."""
WORDS = "Operations_GetStatus"
"""What asks for an operation's progress words."""
_ENDED = {"succeeded", "failed", "canceled"}
_SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILkjQBqrl+A0uPwZ7YyEVUGdMnnxHqgIKsPRcrSBEBiC bench"


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to Azure by operation and status."""

    by_operation: Counter[tuple[str, int]]

    @property
    def words(self) -> int:
        """How many asked for an operation's words."""
        return sum(count for (operation, _), count in self.by_operation.items() if operation == WORDS)

    @property
    def others(self) -> int:
        """All but those."""
        return self.by_operation.total() - self.words

    @property
    def refused(self) -> int:
        """How many were one too many."""
        return sum(count for (_, status), count in self.by_operation.items() if status == HTTPStatus.TOO_MANY_REQUESTS)

    def told(self, jobs: int) -> str:
        """A table: how many calls a job of each operation and status."""
        return "\n".join(
            f"  {count / jobs:7.2f}  {operation} {status}"
            for (operation, status), count in self.by_operation.most_common()
        )


@dataclass
class Slipway:
    """A running Slipway, and who calls it."""

    http: httpx2.AsyncClient
    azure: httpx2.AsyncClient
    facts: StackFacts
    folder: Path
    further: list[Child] = field(default_factory=list)

    @property
    def worker(self) -> int:
        """The process id of the first worker."""
        return self.facts.pids["worker"]

    async def create(self, name: str, **more: Any) -> str:
        """Ask for a cluster; return the job's id. While the database is busy, wait as told: the wait counts."""
        body = {
            "name": name,
            "location": "westeurope",
            "node_count": 1,
            "node_size": "Standard_D4s_v5",
            "ssh_public_key": _SSH_KEY,
            **more,
        }
        while True:
            answer = await self.http.post("/v1/clusters", json=body, headers={"Idempotency-Key": name})
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                answer.raise_for_status()
                return str(answer.json()["job"]["id"])
            await asyncio.sleep(float(answer.headers["Retry-After"]))

    async def register(self, namespace: str) -> str:
        """Have a resource provider registered; return the job's id."""
        answer = await self.http.post(f"/v1/providers/{namespace}:register")
        answer.raise_for_status()
        return str(answer.json()["job"]["id"])

    async def create_many(self, names: Sequence[str], **more: Any) -> list[str]:
        """Ask for clusters side by side, twenty at a time."""
        places = asyncio.Semaphore(20)

        async def one(name: str) -> str:
            async with places:
                return await self.create(name, **more)

        return list(await asyncio.gather(*(one(name) for name in names)))

    async def until_ended(self, jobs: Sequence[str]) -> None:
        """Wait for jobs by the list, which, unlike a job's own page, does not make Slipway ask Azure more often."""
        waiting = set(jobs)
        while waiting:
            await asyncio.sleep(0.5)
            found = await self.jobs()
            bad = [job for job in found if job["id"] in waiting and job["state"] in _ENDED - {"succeeded"}]
            if bad:
                raise RuntimeError(f"a job did not succeed: {bad[0]['summary']}")
            waiting -= {job["id"] for job in found if job["state"] in _ENDED}

    async def jobs(self) -> list[dict[str, Any]]:
        """All jobs."""
        found: list[dict[str, Any]] = []
        page: str | None = ""
        while page is not None:
            answer = await self.http.get("/v1/jobs", params={"limit": 200, **({"cursor": page} if page else {})})
            answer.raise_for_status()
            found += answer.json()["items"]
            page = answer.json().get("next_cursor")
        return found

    async def calls(self) -> Calls:
        """The calls that Azure has had since the last time."""
        answer = await self.azure.get("/_local/requests", params={"limit": 100_000})
        log = answer.json()["requests"]
        await self.azure.delete("/_local/requests")
        return Calls(Counter((entry["operation"], entry["status"]) for entry in log))

    def environment(self, **more: str) -> dict[str, str]:
        """What the first worker was told, for another process."""
        pairs = Path(f"/proc/{self.worker}/environ").read_bytes().decode().strip("\0").split("\0")
        return {**dict(pair.split("=", 1) for pair in pairs), **more}

    async def add_worker(self, **more: str) -> Child:
        """Start another worker."""
        child = Child("worker2", ("worker",), self.folder / "worker2.log", self.environment(**more))
        await child.start()
        self.further.append(child)
        return child


@asynccontextmanager
async def running(folder: Path, *, speed: float = SPEED, database_url: str | None = None) -> AsyncIterator[Slipway]:
    """Slipway for the `async with`, its state in `folder`."""
    options = StackOptions(state_dir=folder, port=0, speed=speed, database_url=database_url)
    stack = Stack(options, changed=lambda _: None, said=lambda _: None)
    await stack.claim()
    further: list[Child] = []
    try:
        facts = await stack.start()
        headers = {"Authorization": f"Bearer {facts.api_key}"}
        async with (
            httpx2.AsyncClient(base_url=facts.url, headers=headers, timeout=60, trust_env=False) as http,
            httpx2.AsyncClient(base_url=facts.azure_url, timeout=60, trust_env=False) as azure,
        ):
            yield Slipway(http, azure, facts, folder, further)
    finally:
        await asyncio.gather(*(child.stop() for child in further))
        await stack.stop()


def python() -> dict[str, str]:
    """The environment of a process of the bench's own."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}
