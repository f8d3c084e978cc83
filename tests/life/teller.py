"""Tells what jobs did, for people: each as its request, its steps, the events and how it ended."""

import json
import re
from dataclasses import dataclass, field
from itertools import groupby
from textwrap import fill, indent
from typing import Any

from tests.support.whole import Slipway

# What no two runs have in common. A machine that is busy says so, too.
_VARIES = (
    (re.compile(r"\b(?:127\.0\.0\.1|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b"), "<id>"),
    (re.compile(r"\b[a-z0-9-]+\.hcp\.[a-z0-9.]+(?::\d+)?"), "<api>"),
    (re.compile(r"\b(aks-[a-z0-9]+-)\d{8}(-vmss)[0-9a-z]{6}\b"), r"\1…\2…"),
    (re.compile(r"\b(aks-[a-z0-9]+-)\d{8}(-vmss)\b"), r"\1…\2"),
    (re.compile(r"\b(aks[a-z0-9]{1,6})[0-9a-z]{6}\b"), r"\1…"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)"), "<time>"),
)
_BY_CHANCE = frozenset({"job.overdue", "job.waiting", "job.progressed"})


def plain(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return text


@dataclass
class Teller:
    """Writes the story down while it happens. `read_to`: the last event that was seen; `untold`: others' that were."""

    slipway: Slipway
    told: list[str] = field(default_factory=list)
    read_to: int = 0
    untold: list[dict[str, Any]] = field(default_factory=list)

    async def chapter(self, title: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask for a job, wait for its end, which is good, and tell of it."""
        job = await self.slipway.done(method, path, body)
        await self.tell(title, job, f"{method} {path}" + (f" {json.dumps(body)}" if body is not None else ""))
        return job

    async def tell(self, title: str, job: dict[str, Any], request: str) -> None:
        """Tell of a job that has ended."""
        steps = (await self.slipway.ask("GET", f"/v1/jobs/{job['id']}/steps")).json()["items"]
        words = []
        for (name, state, detail), same in groupby(
            steps, key=lambda step: (step["name"], step["state"], step["detail"])
        ):
            times = len(list(same))
            words.append(
                name
                + (f" x{times}" if times > 1 else "")
                + (f" ({state})" if state != "succeeded" else "")
                + (f' "{detail}"' if detail else "")
            )
        problem = "" if job["problem"] is None else f" [{job['problem']['code']}]"
        lines = [
            f"## {title}",
            fill(plain(request), 120, subsequent_indent="    ", break_long_words=False),
            _list("steps", words),
            _list("events", await self._events(job["id"])),
            fill(plain(f"{job['kind']} {job['state']}{problem}: {job['summary']}"), 120, subsequent_indent="    "),
        ]
        self.told.append("\n".join(lines) + "\n")

    async def _events(self, job_id: str) -> list[str]:
        """What has happened since, but for what belongs to another job, which is told with that."""
        events = (await self.slipway.events())[self.read_to :]
        self.read_to += len(events)
        seen = [*self.untold, *events]
        self.untold = [event for event in seen if event["job_id"] not in {None, job_id}]
        return [
            event["type"] for event in seen if event["job_id"] in {None, job_id} and event["type"] not in _BY_CHANCE
        ]

    def note(self, title: str, *sentences: str) -> None:
        """Tell what others did, and what came of it."""
        told = [fill(plain(sentence), 120, subsequent_indent="    ") for sentence in sentences]
        self.told.append("\n".join([f"## {title}", *told]) + "\n")

    def story(self) -> str:
        """All that was told."""
        return "\n".join(self.told)


def _list(name: str, words: list[str]) -> str:
    return indent(
        fill(plain(f"{name}: {', '.join(words)}"), 116, subsequent_indent="    ", break_on_hyphens=False), "  "
    )
