"""Who tells: asks a running Slipway as any tool would, over HTTP with an API key, and shows what it says."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from app.cli.client import Client, RequestError
from app.cli.screen import Json, Screen

_POLL_SECONDS = 0.25
_NOT_FOUND = 404
_SEEN_SECONDS = 30.0


class StoryError(Exception):
    """The story broke off; `problem` has the members of problem+json."""

    def __init__(self, problem: Json) -> None:
        super().__init__(problem.get("detail"))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Teller:
    """`directory`: for what may go with the story's end. `pictures`: for what is worth keeping."""

    screen: Screen
    slipway: Client
    directory: Path
    pictures: Path

    async def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """Show a request that starts a job, and send it; return the answer."""
        self.screen.text(f"{method} {path}", "bold")
        if body is not None:
            self.screen.text(json.dumps(body))
        return await self.slipway.change(method, path, body, idempotency_key=str(uuid4()))

    async def do(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask for a job, wait for its good end, say what came of it; return the job. Raises StoryError."""
        answer = await self.ask(method, path, body)
        job: Json = answer["job"]
        with self.screen.working(str(job["summary"] or "Waiting")):
            while job["finished_at"] is None:
                job = await self.slipway.get(f"/v1/jobs/{job['id']}?wait=15")
        self.require_good(job)
        return job

    async def follow(self, job: Json) -> Json:
        """Show a job's steps until its good end; return it then. Raises StoryError."""
        path = f"/v1/jobs/{job['id']}"
        with self.screen.steps() as view:
            while True:
                # The job first: what is read after a job's end has all of its steps.
                job = await self.slipway.get(path)
                steps = await self.slipway.get(f"{path}/steps")
                view.show(job, steps["items"])
                if job["finished_at"] is not None:
                    break
                await asyncio.sleep(_POLL_SECONDS)
        self.require_good(job)
        return job

    def require_good(self, job: Json) -> None:
        """Say how a job ended. Raises StoryError where that is not well."""
        if job["state"] != "succeeded":
            raise StoryError(job["problem"] or {"code": job["state"], "title": job["summary"]})
        self.screen.text(job["summary"], "bold green")

    async def exists(self, path: str) -> bool:
        """Whether Slipway knows of it."""
        try:
            await self.slipway.get(path)
        except RequestError as error:
            if error.problem.get("status") == _NOT_FOUND:
                return False
            raise
        return True

    async def seen(self, path: str, enough: Callable[[Json], bool]) -> Json:
        """What is read there, once the worker has seen enough: it looks at a cluster right after its job."""
        return await _once(enough, lambda: self.slipway.get(path))

    async def asked(self, path: str, body: Json, enough: Callable[[Json], bool]) -> Json:
        """What a question that changes nothing is answered, once that is enough."""
        return await _once(enough, lambda: self.slipway.change("POST", path, body, idempotency_key=str(uuid4())))


async def _once(enough: Callable[[Json], bool], ask: Callable[[], Awaitable[Json]]) -> Json:
    deadline = time.monotonic() + _SEEN_SECONDS
    while True:
        found = await ask()
        if enough(found) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(_POLL_SECONDS)
