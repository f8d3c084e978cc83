"""Azure's errors at the places where Azure says them, through a whole Slipway: one job each, side by side.

All codes of one class take the same way from the moment they are understood, so the first of them runs as a job.
"""

import asyncio
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select

from app.azure import policies, throttle
from app.azure.ports import MemoryBuckets
from app.bootstrap import parts as composition
from app.core.clock import Clock
from app.core.errors import Patience, Problem
from app.core.json import JsonObject
from app.db.engine import Database
from app.emulator.server import LocalAzureOptions
from app.engine import run
from app.engine.retry import Budget, Pause, next_pause
from app.models import Job
from tests.clusters import azure_codes as codes
from tests.clusters.azure_codes import CASES, Case, wrong_pauses
from tests.support.database import sqlite_settings
from tests.support.local_azure import FAST, start_local_azure
from tests.support.whole import CLUSTER, Slipway, running_slipway

FASTER = 3_000
KEY = re.compile(r"\[c\d+w?\]")
SPOKEN = frozenset({"quota", "capacity", "configuration", "permission"})
"""Classes whose every error says what the caller can do."""


class Pauses:
    """What the engine decides after each failed attempt, by the words in Azure's message; taken much faster."""

    def __init__(self) -> None:
        self.by_case: dict[str, list[Pause]] = defaultdict(list)

    def next_pause(
        self, problem: Problem, budget: Budget, options: JsonObject, patience: Patience | None = None
    ) -> Pause | None:
        pause = next_pause(problem, budget, options, patience)
        key = KEY.search((problem.azure and problem.azure.message) or "")
        if pause is None:
            return None
        if key is not None:
            self.by_case[key[0]].append(pause)
        return replace(pause, seconds=pause.seconds / FASTER)


@dataclass(frozen=True)
class Trial:
    """One case as a job: `key` is in Azure's message, `name` is the cluster's; `waits`: with `on_blocked: wait`."""

    case: Case
    number: int
    waits: bool

    @property
    def key(self) -> str:
        return f"[c{self.number}{'w' if self.waits else ''}]"

    @property
    def name(self) -> str:
        return self.key.strip("[]")

    @property
    def goes_well(self) -> bool:
        """Whether the cause passes in the end: the attempts that Azure spoils are limited where ours are not."""
        return self.case.does in {"fine", "turn", "minute"} or self.waits

    @property
    def message(self) -> str:
        return f"{self.case.message} {self.key}"


def _trials() -> list[Trial]:
    """One code of each class at each place, for each thing that follows; where it may be waited for, twice.

    What every other code means, and what follows from that, `tests/azure/test_error_codes.py` asks without a job.
    """
    trials, tried = [], set()
    for number, case in enumerate(CASES):
        meaning = (case.place, case.error_class, case.does, case.cause)
        if meaning in tried:
            continue
        tried.add(meaning)
        trials.append(Trial(case, number, waits=False))
        if case.does == "blocked":
            trials.append(Trial(case, number, waits=True))
    return trials


_OPERATIONS = {
    codes.PUT: ("ManagedClusters_CreateOrUpdate", "/managedclusters/{name}$"),
    codes.FAILED: ("ManagedClusters_CreateOrUpdate", "/managedclusters/{name}$"),
    codes.READ: ("ResourceGroups_Get", "/resourcegroups/{name}$"),
    codes.CREDENTIAL: ("ManagedClusters_ListClusterUserCredentials", "/managedclusters/{name}/"),
    codes.GROUP: ("ResourceGroups_CreateOrUpdate", "/resourcegroups/{name}$"),
    codes.DELETE: ("ManagedClusters_Delete", "/managedclusters/{name}$"),
    codes.FAILED_DELETE: ("ManagedClusters_Delete", "/managedclusters/{name}$"),
    codes.TAGS: ("ManagedClusters_CreateOrUpdate", "/managedclusters/{name}$"),
}
_NAMESPACES = ("Microsoft.Network", "Microsoft.Compute")
"""Each for one trial."""


def _spoil(slipway: Slipway, trial: Trial, namespace: str) -> None:
    case = trial.case
    kind = "fail_operation" if case.taken else "error"
    if case.place == codes.DELETE and case.status == 404:
        # Azure's word for what somebody else has removed meanwhile.
        kind = "error_after"
    count = {"turn": 3, "minute": 3, "fine": 1}.get(case.does, 2 if trial.waits else None)
    if case.place == codes.REGISTER:
        target: dict[str, Any] = {"method": "POST", "path": f"/providers/{namespace}/register$"}
    else:
        operation, path = _OPERATIONS[case.place]
        target = {"operation": operation, "path": path.format(name=trial.name)}
    words: dict[str, Any] = {"code": case.code, "message": trial.message, "body": case.body}
    answer = {} if case.taken else {"status": case.status, "flat": case.place not in _OF_GROUPS}
    if case.status == 429:
        answer["retry_after"] = 1
    slipway.azure.add_fault(kind, count=count, **target, **words, **answer)


_OF_GROUPS = frozenset({codes.GROUP, codes.READ})
NEEDS_CLUSTER = frozenset({codes.DELETE, codes.FAILED_DELETE, codes.TAGS})


def _body(trial: Trial, *, wait_for: str, on_blocked: str = "fail") -> dict[str, Any]:
    group = trial.name if trial.case.place in _OF_GROUPS else "shared"
    options = {"wait_for": wait_for, "on_blocked": on_blocked}
    return {**CLUSTER, "name": trial.name, "resource_group": group, "options": options}


async def _prepare(slipway: Slipway, trials: list[Trial]) -> None:
    """Make the clusters that there must be before the trouble."""
    for trial in trials:
        if trial.case.place in NEEDS_CLUSTER:
            wait_for = "ready" if trial.case.place == codes.TAGS else "accepted"
            await slipway.accepted("POST", "/v1/clusters", _body(trial, wait_for=wait_for))
    await _all_ended(slipway)


async def _ask(slipway: Slipway, trial: Trial) -> str:
    """Ask for what meets the trouble; return the job's id."""
    place = trial.case.place
    namespace = _NAMESPACES[sum(case.place == codes.REGISTER for case in CASES[: trial.number]) % len(_NAMESPACES)]
    _spoil(slipway, trial, namespace)
    on_blocked = "wait" if trial.waits else "fail"
    if place == codes.REGISTER:
        return await slipway.accepted("POST", f"/v1/providers/{namespace}:register")
    if place == codes.TAGS:
        return await slipway.accepted("PATCH", f"/v1/clusters/{trial.name}", {"tags": {"team": "x"}})
    if place in NEEDS_CLUSTER:
        return await slipway.accepted("DELETE", f"/v1/clusters/{trial.name}?on_blocked={on_blocked}")
    wait_for = "accepted" if place in {codes.PUT, codes.READ, codes.GROUP} else "ready"
    return await slipway.accepted("POST", "/v1/clusters", _body(trial, wait_for=wait_for, on_blocked=on_blocked))


async def _all_ended(slipway: Slipway) -> None:
    """One look for all: hundreds that wait for their own job's end would each look at every change."""
    async with asyncio.timeout(300):
        while True:
            async with slipway.parts.database.read() as session:
                still_open = select(func.count()).select_from(Job).where(Job.finished_at.is_(None))
                if await session.scalar(still_open) == 0:
                    return
            await asyncio.sleep(0.1)


def _wrong_problem(trial: Trial, job: dict[str, Any]) -> list[str]:
    case, problem = trial.case, job["problem"]
    azure = problem["azure"]
    wrong = [
        f"{name} is {found!r}, not {wanted!r}"
        for name, found, wanted in (
            ("class", problem["class"], case.error_class),
            ("code", problem["code"], case.ours),
            ("Azure's code", azure["code"], case.cause or case.code),
        )
        if found != wanted
    ]
    if case.cause is None and azure["message"] != trial.message:
        wrong.append(f"Azure's message is {azure['message']!r}")
    if not azure["correlation_id"]:
        wrong.append("there is no correlation id")
    if case.error_class in SPOKEN and not problem["remedy"]:
        wrong.append("there is no remedy")
    if case.error_class == "unknown" and case.message not in problem["detail"]:
        wrong.append("the detail does not show Azure's words")
    if case.does in {"once", "twice", "eight"} and not problem["retryable"]:
        wrong.append("what may pass is not retryable")
    tries = [each["code"] for each in (job["outcome"] or {}).get("repeated", ())]
    if tries != [case.ours] * case.repeated:
        wrong.append(f"sent again after {tries}")
    return wrong


def _wrong(trial: Trial, job: dict[str, Any], pauses: list[Pause]) -> list[str]:
    wrong = [found] if (found := wrong_pauses(trial.case, pauses, waits=trial.waits)) else []
    wanted = "succeeded" if trial.goes_well else "failed"
    if job["state"] != wanted:
        return [*wrong, f"the job has {job['state']}: {job['problem']}"]
    return wrong + ([] if trial.goes_well else _wrong_problem(trial, job))


def _unknown_errors() -> float:
    return REGISTRY.get_sample_value("azure_unknown_errors_total", {"code": "MoonPhase"}) or 0


def _memory_buckets(_database: Database, clock: Clock) -> MemoryBuckets:
    return MemoryBuckets(clock)


@pytest.mark.first
@pytest.mark.timeout(300)
async def test_each_code_ends_as_the_table_of_azures_errors_says(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Troubles 20, 21, 22, 23, 24 and 25."""
    pauses = Pauses()
    monkeypatch.setattr(run, "next_pause", pauses.next_pause)
    monkeypatch.setattr(policies, "_FIRST_PAUSE", 0.001)
    # So many jobs at once would wait minutes for their turn, which is not what is looked at here.
    monkeypatch.setattr(composition, "DatabaseBuckets", _memory_buckets)
    monkeypatch.setattr(throttle, "ARM_BUCKETS", ())
    roomy = tuple(replace(bucket, capacity=10_000, refill_per_second=10_000) for bucket in throttle.AKS_BUCKETS)
    monkeypatch.setattr(throttle, "AKS_BUCKETS", roomy)
    file = tmp_path / "slipway.sqlite3"
    shutil.copyfile(sqlite_template, file)
    before = _unknown_errors()
    with start_local_azure(LocalAzureOptions(speed=FAST, throttling=False)) as azure:
        azure.register()
        for namespace in _NAMESPACES:
            azure.register(namespace, state="NotRegistered")
        async with running_slipway(azure, sqlite_settings(file)) as slipway:
            trials = _trials()
            await _prepare(slipway, trials)
            asked = [await _ask(slipway, trial) for trial in trials]
            await _all_ended(slipway)
            jobs = [(await slipway.ask("GET", f"/v1/jobs/{job_id}")).json() for job_id in asked]
    wrong = [
        f"{trial.case.place} {trial.case.code} {trial.key} ({trial.case.does}): {'; '.join(found)}"
        for trial, job in zip(trials, jobs, strict=True)
        if (found := _wrong(trial, job, pauses.by_case[trial.key]))
    ]
    assert not wrong, "\n".join(wrong)
    assert _unknown_errors() - before >= sum(case.code == "MoonPhase" for case in CASES)
