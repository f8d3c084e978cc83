"""The local Azure beside recorded exchanges with the real one: status, order, headers, keys of the body."""

import asyncio
import os
from pathlib import Path

import pytest

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import Arm, arm_for
from tests.emulator.recordings import DOCUMENT, Outcome, Replay, Rule, Step, load, rules, wanted
from tests.support.local_azure import LocalAzureForTests, start_local_azure

RECORDINGS = os.environ.get("SLIPWAY_RECORDINGS")


async def _prepare(arm: Arm, azure: LocalAzureForTests, steps: list[Step]) -> None:
    """A recording may begin with a resource group, and a cluster, that are there already."""
    first, group = steps[0], steps[0]["path"].split("/")[4]
    if first["status"] not in {201, 400} and "/resourcegroups/" in first["path"].lower():
        body = first["body"] or {}
        known = {"location": body.get("location", "westus"), "tags": body.get("tags")}
        assert (await arm.send("PUT", f"resourceGroups/{group}", known)).status == 201
    clusters = [step for step in steps if step["path"].lower().split("/")[-2] == "managedclusters"]
    if clusters and clusters[0]["method"] == "GET" and clusters[0]["status"] == 200:
        put = next(step for step in clusters if step["method"] == "PUT")
        made = await arm.send("PUT", arm.cluster(put["path"].rsplit("/", 1)[1], group), put["request"])
        assert made.status == 201
        azure.advance(400)


async def _replay_all(folder: str, names: list[str], azure: LocalAzureForTests) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    async with arm_for(azure) as arm:
        for name in names:
            azure.reset()
            azure.register()
            steps = load(folder, name)
            await _prepare(arm, azure, steps)
            outcomes[name] = await Replay(name, steps, arm, azure).run()
    return outcomes


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    if not RECORDINGS:
        pytest.skip("SLIPWAY_RECORDINGS names no folder of recordings")
    names = sorted(path.stem for path in Path(RECORDINGS).glob("*.json"))
    with start_local_azure(LocalAzureOptions(speed=1.0), clock=ManualClock()) as azure:
        return asyncio.run(_replay_all(RECORDINGS, names, azure))


def test_every_recorded_step_of_these_providers_is_answered_as_recorded_or_differs_as_wanted(
    outcomes: dict[str, Outcome],
) -> None:
    assert [line for outcome in outcomes.values() for line in outcome.unexpected] == []


def test_every_wanted_difference_is_still_one(outcomes: dict[str, Outcome]) -> None:
    used = set[Rule]().union(*(outcome.used for outcome in outcomes.values()))
    assert [rule for rule in [*rules("wanted_differences"), *rules("not_of_this_stage")] if rule not in used] == []


def test_the_documentation_counts_what_was_replayed(outcomes: dict[str, Outcome]) -> None:
    rows = [(name, outcome.matched, outcome.differing, outcome.absent) for name, outcome in outcomes.items()]
    total = ("all", *(sum(int(row[column]) for row in rows) for column in (1, 2, 3)))
    for row in [*rows, total]:
        line = "| " + " | ".join(str(cell) for cell in row) + " |"
        assert line in DOCUMENT.read_text("utf-8"), f"docs/local-azure.md lacks: {line}"


def test_the_documentation_shows_each_reason_and_no_other() -> None:
    kinds = ("wanted_differences", "not_of_this_stage", "kubernetes_values")
    reasons = [f"- {entry['reason']}" for kind in kinds for entry in wanted(kind)]
    text = DOCUMENT.read_text("utf-8")
    block = text.partition("<!-- reasons -->\n")[2].partition("<!-- end of reasons -->")[0]
    assert [line for line in block.splitlines() if line.startswith("- ")] == reasons
