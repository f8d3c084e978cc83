"""Each error of Microsoft.Network as a whole job: Azure says it to a request for an address, or to its removal.

What a code means does not hang on the place where it is said (`test_azure_codes.py`); that each job ends as the meaning
says, with class, words, remedy and so many attempts, is asked here, side by side in one Slipway.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.errors import Patience, Problem
from app.core.json import JsonObject
from app.engine import run
from app.engine.retry import Budget, Pause, next_pause
from app.models import Job
from tests.load_balancers.test_azure_codes import CASES, Case
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

PUT, DELETE = "PublicIPAddresses_CreateOrUpdate", "PublicIPAddresses_Delete"
TOLD_BY_SLIPWAY = {"DnsRecordInUse": "dns_label_taken"}
"""Azure's code is answered by a look at who has the label, and told in Slipway's own words."""
FASTER = 3_000


@dataclass(frozen=True)
class Trial:
    """One code, at one place; `name` is the address's."""

    case: Case
    number: int
    removal: bool

    @property
    def name(self) -> str:
        return f"{'d' if self.removal else 'c'}{self.number}"

    @property
    def calls(self) -> int:
        """How often Azure is asked before the job gives up."""
        return 1 + self.case.attempts

    @property
    def code(self) -> str:
        return self.case.ours if self.removal else TOLD_BY_SLIPWAY.get(self.case.code, self.case.ours)


TRIALS = [
    *(Trial(case, number, removal=False) for number, case in enumerate(CASES)),
    *(Trial(case, number, removal=True) for number, case in enumerate(CASES) if "in_use" in case.ours),
]


def soon(problem: Problem, budget: Budget, options: JsonObject, patience: Patience | None = None) -> Pause | None:
    """What the engine decides, taken much faster."""
    pause = next_pause(problem, budget, options, patience)
    return pause and replace(pause, seconds=pause.seconds / FASTER)


async def _all_ended(slipway: Slipway) -> None:
    async with asyncio.timeout(200):
        while True:
            async with slipway.parts.database.read() as session:
                still_open = select(func.count()).select_from(Job).where(Job.finished_at.is_(None))
                if await session.scalar(still_open) == 0:
                    return
            await asyncio.sleep(0.1)


async def _ask(slipway: Slipway, trial: Trial) -> str:
    operation = DELETE if trial.removal else PUT
    said = {"code": trial.case.code, "message": trial.case.message, "status": 400}
    slipway.azure.add_fault("error", operation=operation, path=f"/{trial.name}$", count=None, **said)
    if trial.removal:
        return await slipway.accepted("DELETE", f"/v1/public-ips/{trial.name}")
    return await slipway.accepted("POST", "/v1/public-ips", _body(trial))


def _body(trial: Trial) -> dict[str, str]:
    return {"name": trial.name, "location": "westeurope", "resource_group": "addresses"}


def _wrong(trial: Trial, job: dict[str, Any], calls: int) -> list[str]:
    if job["state"] != "failed":
        return [f"the job has {job['state']}"]
    problem = job["problem"]
    found = {
        "code": (problem["code"], trial.code),
        "class": (problem["class"], trial.case.error_class),
        "calls": (calls, trial.calls),
    }
    wrong = [f"{name} is {seen!r}, not {wanted!r}" for name, (seen, wanted) in found.items() if seen != wanted]
    if trial.code != trial.case.ours:
        return wrong
    if trial.case.remedy not in (problem["remedy"] or ""):
        wrong.append(f"the remedy is {problem['remedy']!r}")
    if (problem["azure"]["code"], problem["azure"]["message"]) != (trial.case.code, trial.case.message):
        wrong.append(f"Azure's own words are {problem['azure']}")
    if not problem["azure"]["correlation_id"]:
        wrong.append("there is no correlation id")
    return wrong


@pytest.mark.first
@pytest.mark.timeout(300)
async def test_each_code_ends_its_job_as_the_table_says(slipway: Slipway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Troubles 20 to 25, for networks; 62: a label that is taken. No address is left of a job that failed."""
    monkeypatch.setattr(run, "next_pause", soon)
    for trial in (each for each in TRIALS if each.removal):
        await slipway.accepted("POST", "/v1/public-ips", _body(trial))
    await _all_ended(slipway)
    asked = [await _ask(slipway, trial) for trial in TRIALS]
    await _all_ended(slipway)
    calls = Counter(
        entry.path.rpartition("/")[2]
        for operation in (PUT, DELETE)
        for entry in slipway.azure.requests(operation=operation)
        if entry.status == 400
    )
    wrong = []
    for trial, job_id in zip(TRIALS, asked, strict=True):
        job = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
        found = _wrong(trial, job, calls[trial.name])
        wrong += [f"{trial.name} {trial.case.code}: {'; '.join(found)}"] if found else []
    assert not wrong, "\n".join(wrong)
    left = [each.rpartition("/")[2] for each in slipway.leftovers() if "/publicIPAddresses/" in each]
    assert sorted(left) == sorted(trial.name for trial in TRIALS if trial.removal)
