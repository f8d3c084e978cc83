"""Recorded exchanges with the real Azure, sent to the local one: what differs, step by step."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from tests.emulator.conftest import Arm, Reply
from tests.support.local_azure import LocalAzureForTests

Step = dict[str, Any]

_HERE: Final = Path(__file__).parent
DOCUMENT: Final = _HERE.parents[1] / "docs" / "local-azure.md"
"""Where the differences are told to users."""
_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
_PROVIDER: Final = "Microsoft.ClassicInfrastructureMigrate"
"""Of one recording about the registering of any provider; the local Azure has others."""
_OPERATION: Final = re.compile(r"/(?:async)?operation(?:s|results|statuses)/([^/?]+)")
# The rest of what the recorder kept are budgets (their names changed in 2024) and the signature, split off the URL.
_HEADERS: Final = ("azure-asyncoperation", "location", "retry-after", "content-type", "x-ms-failure-cause", "etag")
_BUDGET: Final = "x-ms-ratelimit-remaining-subscription-global-"
_ENDED: Final = ("Succeeded", "Failed", "Canceled")


@dataclass(frozen=True)
class Rule:
    """One entry of wanted_differences.yaml; each expression must match as a whole."""

    reason: str
    where: str = ".*"
    difference: str = ".*"

    def holds(self, where: str, difference: str) -> bool:
        return bool(re.fullmatch(self.where, where) and re.fullmatch(self.difference, difference))


@functools.cache
def wanted(section: str) -> list[dict[str, Any]]:
    """A section of wanted_differences.yaml."""
    found = yaml.safe_load((_HERE / "wanted_differences.yaml").read_text("utf-8"))[section]
    assert isinstance(found, list)
    return found


def rules(section: str) -> list[Rule]:
    # Long expressions stand on several lines, which YAML joins by spaces.
    joined = [{**entry, "difference": entry.get("difference", ".*").replace("| ", "|")} for entry in wanted(section)]
    return [Rule(**entry) for entry in joined]


@dataclass
class Outcome:
    """What became of the steps of one recording."""

    matched: int = 0
    differing: int = 0
    absent: int = 0
    unexpected: list[str] = field(default_factory=list)
    used: set[Rule] = field(default_factory=set)


def load(folder: str, name: str) -> list[Step]:
    steps = json.loads((Path(folder) / f"{name}.json").read_text("utf-8"))["steps"]
    assert isinstance(steps, list)
    return steps


@dataclass
class _Running:
    """An operation of the recording, and the one that stands for it here."""

    began: float
    ended: float
    url: str
    started: datetime
    ends: datetime


class Replay:
    """One recording, told to one local Azure whose clock is moved as the recorded operations went on."""

    def __init__(self, name: str, steps: list[Step], arm: Arm, azure: LocalAzureForTests) -> None:
        self._name, self._steps, self._arm, self._azure = name, steps, arm, azure
        self._running: dict[str, _Running] = {}
        self._reads: dict[str, tuple[Any, Any]] = {}
        self._time = 0.0

    async def run(self) -> Outcome:
        outcome = Outcome()
        absent, known = rules("not_of_this_stage"), rules("wanted_differences")
        for index, step in enumerate(self._steps):
            where = f"{self._name} {step['method']} {step['path']}"
            rule = next((rule for rule in absent if rule.holds(where, "")), None)
            if rule is not None or not self._is_ours(step):
                outcome.absent += 1
                outcome.used |= {rule} if rule is not None else set()
                continue
            differences = dict.fromkeys([line for reply in await self._send(index) for line in compare(step, reply)])
            for line in differences:
                rule = next((rule for rule in known if rule.holds(where, line)), None)
                if rule is None:
                    outcome.unexpected.append(f"{step['t']} {where}: {line}")
                else:
                    outcome.used.add(rule)
            outcome.differing += bool(differences)
            outcome.matched += not differences
        return outcome

    def _is_ours(self, step: Step) -> bool:
        """A poll belongs to who began the operation."""
        found = _OPERATION.search(step["path"])
        return found is None or found[1] in self._running

    async def _send(self, index: int) -> list[Reply]:
        step = self._steps[index]
        times = [step["t"] or 0.0]
        if repeat := step.get("repeat"):
            each = (step["t_last"] - step["t"]) / (repeat - 1)
            times = [step["t"] + each * count for count in range(repeat)]
        return [await self._send_once(index, time) for time in times]

    async def _send_once(self, index: int, time: float) -> Reply:
        step = self._steps[index]
        self._move_clock(time)
        if poll := _OPERATION.search(step["path"]):
            return await self._arm.send("GET", self._running[poll[1]].url)
        path = step["path"].replace(_SUBSCRIPTION, self._azure.subscription_id)
        path = path.replace(_PROVIDER, "Microsoft.ContainerService")
        query = {name.lstrip("$"): value for name, value in step["query"].items()}
        reply = await self._arm.send(step["method"], path, self._body(step), **query)
        if step["method"] in {"GET", "PUT"} and step["status"] < 300:
            self._reads[step["path"]] = (step["body"], reply.body)
        self._follow(index, time, reply)
        return reply

    def _body(self, step: Step) -> Any:
        recorded, ours = self._reads.get(step["path"], (None, None))
        if isinstance(step["request"], str):
            # The recorder cut this body off; what it changed was a value, no key.
            return ours
        request = json.loads(json.dumps(step["request"]).replace(_SUBSCRIPTION, self._azure.subscription_id))
        return sent_back(request, recorded, ours)

    def _follow(self, index: int, time: float, reply: Reply) -> None:
        step = self._steps[index]
        recorded = step["headers"].get("azure-asyncoperation") or step["headers"].get("location") or ""
        url = reply.headers.get("azure-asyncoperation") or reply.headers.get("location")
        if url and (found := _OPERATION.search(recorded)):
            operation = self._azure.call(_newest(self._azure))
            assert operation.ends is not None
            ended = self._recorded_end(index, found[1])
            self._running[found[1]] = _Running(time, ended, url, operation.started, operation.ends)

    def _recorded_end(self, index: int, operation: str) -> float:
        """When the recording first saw the operation ended: by a poll of it, or by a read of what it worked on."""
        path = self._steps[index]["path"]
        for later in self._steps[index + 1 :]:
            body = later["body"] if isinstance(later["body"], dict) else {}
            if f"/{operation}" in later["path"]:
                state = body.get("status") or ("Succeeded" if later["status"] == 200 else "")
            elif later["path"] == path and later["method"] == "GET":
                state = (body.get("properties") or {}).get("provisioningState")
            else:
                continue
            if state in _ENDED:
                return float(later["t"])
        return float("inf")

    def _move_clock(self, time: float) -> None:
        """To where the operations here are as far as the recorded ones were, or by the recorded time."""
        now = self._azure.call(_now(self._azure))
        aims = [now + timedelta(seconds=max(0.0, time - self._time))]
        for running in self._running.values():
            if running.ended != float("inf") and running.began <= time and self._time < running.ended:
                part = min(1.0, (time - running.began) / (running.ended - running.began))
                aims = [aim for aim in aims if aim != aims[0]] + [
                    running.started + (running.ends - running.started) * part
                ]
        self._time = max(time, self._time)
        self._azure.advance(max(0.0, (max(aims) - now).total_seconds()))


async def _now(azure: LocalAzureForTests) -> datetime:
    return azure.azure.cloud.now()


async def _newest(azure: LocalAzureForTests) -> Any:
    return list(azure.azure.cloud.operations)[-1]


def sent_back(request: Any, recorded: Any, ours: Any) -> Any:
    """What a client read and sends again, it sends here as it read it here."""
    if isinstance(request, Mapping) and isinstance(recorded, Mapping) and isinstance(ours, Mapping):
        return {name: sent_back(value, recorded.get(name), ours.get(name)) for name, value in request.items()}
    if isinstance(request, list) and isinstance(recorded, list) and isinstance(ours, list):
        if len(request) == len(recorded) == len(ours):
            return [sent_back(*items) for items in zip(request, recorded, ours, strict=True)]
        return request
    return ours if ours is not None and _same(request, recorded) else request


def _same(one: Any, other: Any) -> bool:
    return bool(one.lower() == other.lower() if isinstance(one, str) and isinstance(other, str) else one == other)


def compare(step: Step, reply: Reply) -> Iterator[str]:
    """Each difference as a line: `status 404, recorded 200`, `more header etag`, `fewer key /properties/fqdn`."""
    if reply.status != step["status"]:
        yield f"status {reply.status}, recorded {step['status']}"
        return
    headers = step["headers"]
    mine = {name for name in reply.headers if name in _HEADERS}
    recorded = {name for name in headers if name in _HEADERS}
    if any(name.startswith(_BUDGET) for name in headers):
        mine |= {name for name in reply.headers if name.startswith(_BUDGET)}
        recorded |= {name for name in headers if name.startswith(_BUDGET)}
    yield from _sets("header", mine, recorded)
    for name in ("content-type", "retry-after", "x-ms-failure-cause"):
        if name in mine & recorded and reply.headers[name] != headers[name]:
            yield f"{name} {reply.headers[name]}, recorded {headers[name]}"
    yield from _sets("key", set(keys(reply.body)), set(keys(_of_this_story(step["body"], reply.body))))
    if _OPERATION.search(step["path"]) and isinstance(reply.body, dict) and isinstance(step["body"], dict):
        words = reply.body.get("status"), step["body"].get("status")
        if words[0] != words[1]:
            yield f"word {words[0]}, recorded {words[1]}"


def _of_this_story(recorded: Any, ours: Any) -> Any:
    """A recorded list without the resources of others in the same group."""
    if not (isinstance(recorded, dict) and isinstance(recorded.get("value"), list) and isinstance(ours, dict)):
        return recorded
    names = {item["name"] for item in ours.get("value", ())}
    return {**recorded, "value": [item for item in recorded["value"] if item["name"] in names]}


def _sets(what: str, mine: set[str], recorded: set[str]) -> Iterator[str]:
    for sign, names in (("more", mine - recorded), ("fewer", recorded - mine)):
        # What lies below a key that differs says nothing new.
        yield from (f"{sign} {what} {name}" for name in sorted(names) if name.rpartition("/")[0] not in names)


def keys(document: Any, path: str = "") -> Iterator[str]:
    """Every key of a document with its path; `*` stands for the items of a list."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield f"{path}/{name}"
            yield from keys(value, f"{path}/{name}")
    elif isinstance(document, list):
        for item in document:
            yield from keys(item, f"{path}/*")
