"""What clients do to a cluster, one move after the other."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests.soak.client import Clients
from tests.soak.history import Operation, Outcome
from tests.soak.life import Life
from tests.soak.made_with import BODIES
from tests.soak.plan import CHAOS_SECONDS, SENTINEL, SENTINEL_GROUP, Move, Story
from tests.support.whole import CLUSTER

DEADLINE = {"deadline_seconds": 60}
"""The least that the API takes: an operation that never ends leads to a failed job soon."""

_SETTLE_SECONDS = 4
_LOOKS = 5
_LOOK_SECONDS = 0.3
_NO_JOB = {"extend"}
"""Verbs that change a row at once."""


class Narrator:
    """Tells one story until the time is over."""

    def __init__(self, clients: Clients, story: Story) -> None:
        self._clients = clients
        self._story = story
        self._path = f"/v1/clusters/{story.name}"
        self._posts: list[Operation] = []
        self._exposures: list[Operation] = []
        self._last: Operation | None = None
        self._bound: Operation | None = None

    async def prepare(self) -> None:
        """Make the cluster before the story begins, and wait until it is there."""
        await self._post("create", "/v1/clusters", self._body())
        await self._clients.settle(self._posts[-1])
        self._note(self._posts[-1])
        assert self._last is not None, self._posts[-1]
        for _ in range(_LOOKS):
            answer = await self._clients.look(self._story.tenant, f"/v1/jobs/{self._last.job_id}?wait=60")
            # While all are being prepared, a busy API may say no (503): the job is asked for again.
            if answer is not None and answer.json().get("state") == "succeeded":
                return
        raise AssertionError(f"{self._story.name} is not there: {answer.text if answer is not None else None}")

    async def tell(self, until: float) -> None:
        """Make the moves, one after the other; begin none after `until` (monotonic)."""
        verbs: dict[str, Callable[[Move], Awaitable[None]]] = {
            "create": self._create,
            "settle": self._settle,
            "burst": self._burst,
            "race": self._race,
            "cancel": self._cancel,
            "retry": self._retry,
            "credential": self._credential,
            "expose": self._expose,
            "hide": self._hide,
            "bind": self._bind,
            "rotate": self._rotate,
            "repeat": self._repeat,
            "other_body": self._other_body,
            "other_tenant": self._other_tenant,
            "leave": self._leave,
            "delete": self._delete,
            **Life(self._ask, self._nodes).verbs,
        }
        for move in self._story.moves:
            await asyncio.sleep(move.pause)
            if time.monotonic() > until:
                return
            await verbs[move.verb](move)

    async def _create(self, _move: Move) -> None:
        await self._post("create", "/v1/clusters", self._body())
        await self._read_back()

    def _body(self) -> dict[str, Any]:
        options = {**DEADLINE, "on_failure": self._story.on_failure}
        body = {**CLUSTER, "name": self._story.name, "options": options, "resource_group": self._story.group}
        made_with = BODIES[self._story.made_with] if self._story.made_with else {}
        return {name: value for name, value in {**body, **made_with}.items() if value is not None}

    async def _read_back(self) -> None:
        """What was acknowledged can be read at once."""
        if self._last is None or self._last.job_id is None:
            return
        found = await self._clients.look(self._story.tenant, f"/v1/jobs/{self._last.job_id}")
        if found is not None and found.status_code == 404:  # noqa: PLR2004 - HTTP's not found
            self._clients.history.surprises.append(
                f"J1: operation {self._last.number} was acknowledged, and its job {self._last.job_id} could not be read"
            )

    async def _settle(self, _move: Move) -> None:
        if self._last is not None and self._last.job_id is not None:
            path = f"/v1/jobs/{self._last.job_id}?wait={_SETTLE_SECONDS}"
            await self._clients.look(self._story.tenant, path)

    async def _burst(self, move: Move) -> None:
        """Several changes at once, which queue up behind each other."""
        changes = [self._scale(1 + move.amount % 2) if n == 1 else self._tag() for n in range(move.amount)]
        await asyncio.gather(*changes)

    async def _scale(self, count: int) -> None:
        await self._post("scale", f"{self._path}:scale", self._scaled(count), count=count)

    def _scaled(self, count: int) -> dict[str, Any]:
        return {"count": count, "node_pool": "system", "options": DEADLINE}

    async def _tag(self, if_match: str | None = None) -> Operation:
        history = self._clients.history
        key = f"op{len(history.operations)}"
        body = {"tags": {key: "x"}, "options": DEADLINE}
        operation = history.add(
            self._story.tenant, "tag", "PATCH", self._path, body=body, if_match=if_match, facts={"tag": key}
        )
        await self._clients.send(operation)
        return self._note(operation)

    async def _race(self, _move: Move) -> None:
        """Two changes with one ETag."""
        seen = await self._clients.look(self._story.tenant, self._path)
        if seen is None or "ETag" not in seen.headers:
            return
        racers = await asyncio.gather(*(self._tag(seen.headers["ETag"]) for _ in range(2)))
        for racer in racers:
            racer.facts["race"] = racers[0].number

    async def _cancel(self, _move: Move) -> None:
        if self._last is not None and self._last.job_id is not None:
            await self._post("cancel", f"/v1/jobs/{self._last.job_id}:cancel", None, canceled=self._last.job_id)

    async def _retry(self, _move: Move) -> None:
        if self._last is not None and self._last.job_id is not None:
            await self._post("retry", f"/v1/jobs/{self._last.job_id}:retry", None)

    async def _credential(self, _move: Move) -> None:
        await self._post("credential", f"{self._path}/credentials", {})

    async def _expose(self, move: Move) -> None:
        """Services with an address, side by side with whatever the cluster is at."""
        for _ in range(move.amount - 1):
            name = f"e{len(self._clients.history.operations)}"
            body = {"name": name, "selector": {"app": "web"}, "ports": [{"port": 80}], "options": DEADLINE}
            await self._post("expose", f"{self._path}/exposures", body)
            self._exposures.append(self._posts[-1])

    async def _hide(self, move: Move) -> None:
        """Remove one again, perhaps before it is there."""
        known = [each.exposure_id for each in self._exposures if each.exposure_id is not None]
        if known:
            exposure_id = known[int(move.fraction * len(known))]
            path = f"{self._path}/exposures/{exposure_id}?deadline_seconds={DEADLINE['deadline_seconds']}"
            operation = self._clients.history.add(self._story.tenant, "hide", "DELETE", path)
            self._note(await self._clients.send(operation))

    async def _bind(self, _move: Move) -> None:
        """A volume with a share of its own."""
        share = {"name": f"s-{self._story.name}", "quota_gib": 100}
        await self._post("bind", f"{self._path}/volumes", {"name": "media", "share": share, "options": DEADLINE})
        self._bound = self._posts[-1]

    async def _rotate(self, _move: Move) -> None:
        """A new key for the share's account, perhaps while its Secret is still being made."""
        if self._bound is not None and self._bound.job_id is not None:
            path = f"/v1/jobs/{self._bound.job_id}?wait={_SETTLE_SECONDS}"
            await self._clients.look(self._story.tenant, path)
        await self._post("rotate", f"/v1/shares/s-{self._story.name}:rotate-key", {"options": DEADLINE})

    async def _repeat(self, move: Move) -> None:
        """The same request with the same key."""
        if (earlier := self._pick(move)) is not None:
            await self._clients.send(earlier)

    async def _other_body(self, move: Move) -> None:
        """The same key with another body."""
        if (earlier := self._pick(move)) is not None and earlier.verb == "create":
            body = {**(earlier.body or {}), "node_count": 2}
            await self._again(earlier, self._story.tenant, body, "other_body")

    async def _other_tenant(self, move: Move) -> None:
        """The same key, path and body by somebody else, who may get a cluster of his own."""
        if (earlier := self._pick(move)) is not None and earlier.verb == "create":
            await self._again(earlier, 1 - self._story.tenant, earlier.body, "other_tenant")

    async def _again(self, earlier: Operation, tenant: int, body: dict[str, Any] | None, verb: str) -> None:
        operation = self._clients.history.add(
            tenant, verb, "POST", earlier.path, body=body, key=earlier.key, facts={"first": earlier.number}
        )
        await self._clients.send(operation)

    async def _leave(self, move: Move) -> None:
        """Ask for a scaling and hang up before the answer."""
        count = 1 + move.amount % 2
        operation = self._clients.history.add(
            self._story.tenant,
            "scale",
            "POST",
            f"{self._path}:scale",
            body=self._scaled(count),
            key=self._clients.key(),
            facts={"count": count, "left": True},
        )
        await self._clients.leave(operation)
        self._posts.append(operation)

    async def _ask(self, verb: str, method: str, below: str, body: dict[str, Any] | None) -> None:
        """One request about the cluster or what is below it. Only a POST has a key."""
        path = f"{self._path}{below}"
        if method == "DELETE":
            path += f"?deadline_seconds={DEADLINE['deadline_seconds']}"
        elif verb not in _NO_JOB:
            body = {**(body or {}), "options": DEADLINE}
        if method == "POST":
            await self._post(verb, path, body)
        else:
            operation = self._clients.history.add(self._story.tenant, verb, method, path, body=body)
            self._note(await self._clients.send(operation))

    async def _nodes(self, pool: str) -> list[str]:
        """As the API shows them; the cluster's reader may have seen none yet."""
        names: list[str] = []
        for _ in range(_LOOKS):
            seen = await self._clients.look(self._story.tenant, f"{self._path}/nodes?node_pool={pool}")
            names = [node["name"] for node in seen.json().get("items", ())] if seen is not None else []
            if names:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        return sorted(names)

    async def _delete(self, _move: Move) -> None:
        path = f"{self._path}?deadline_seconds={DEADLINE['deadline_seconds']}"
        operation = self._clients.history.add(self._story.tenant, "delete", "DELETE", path)
        self._note(await self._clients.send(operation))

    def _pick(self, move: Move) -> Operation | None:
        known = [post for post in self._posts if post.outcome is not Outcome.SENT and post.verb != "credential"]
        return known[int(move.fraction * len(known))] if known else None

    async def _post(self, verb: str, path: str, body: dict[str, Any] | None, **facts: Any) -> None:
        operation = await self._clients.post(self._story.tenant, verb, path, body, **facts)
        self._posts.append(self._note(operation))

    def _note(self, operation: Operation) -> Operation:
        if operation.job_id is not None and operation.verb != "cancel":
            self._last = operation
        return operation


async def prepare_all(clients: Clients, stories: tuple[Story, ...]) -> list[Narrator]:
    """Everybody who will tell a story; what shall be ready by then is made."""
    narrators = [Narrator(clients, story) for story in stories]
    ready = [one for one, story in zip(narrators, stories, strict=True) if story.begins_ready]
    await asyncio.gather(*(one.prepare() for one in ready))
    return narrators


async def tell_all(clients: Clients, narrators: list[Narrator], slower: float) -> None:
    """Tell all stories side by side, and somebody asks for a cluster that is not Slipway's to have."""
    until = time.monotonic() + CHAOS_SECONDS * slower
    body = {**CLUSTER, "name": SENTINEL, "resource_group": SENTINEL_GROUP, "options": DEADLINE}
    foreign = clients.post(0, "create", "/v1/clusters", body)
    await asyncio.gather(foreign, *(one.tell(until) for one in narrators))
