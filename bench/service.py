"""One Slipway on SQLite: calls to Azure, what a job costs its worker, and at the end the search for secrets."""

import asyncio
import json
import sys
from pathlib import Path

from bench import latency
from bench.figures import Line, cpu_seconds, megabytes, milliseconds
from bench.secret_search import planted, processes_that_hold, report
from bench.slipway import Calls, Slipway, running

IN_FLIGHT = 100
_AZ_CALLS = 16
"""`az aks create` of the same cluster (DESIGN §7)."""
_STEPS = 9


async def measure(folder: Path) -> list[Line]:
    """Run all of it."""
    bare = await _bare(folder)
    stack = folder / "stack"
    async with running(stack) as slipway:
        # The first registers the provider, and Slipway learns from it how long a create takes.
        secrets = await planted(slipway)
        lines = await _calls_and_cost(slipway, bare)
        lines += await latency.measure(slipway, stack / "slipway.sqlite3")
        found = processes_that_hold(secrets, [*slipway.facts.pids.values()])
    # What a process writes as it ends is searched too. The local Azure's own state is Azure's: it holds the keys.
    files = [file for file in stack.iterdir() if not file.name.startswith("azure") and file.name != "api_key"]
    return [*lines, report(secrets, files, found)]


async def _calls_and_cost(slipway: Slipway, bare: dict[str, float]) -> list[Line]:
    # From five on Slipway knows how early a create may end.
    await slipway.until_ended(await slipway.create_many([f"learnt{number}" for number in range(4)]))
    await slipway.calls()
    await slipway.until_ended([await slipway.create("alone")])
    alone = await slipway.calls()

    cpu, memory = cpu_seconds(slipway.worker), megabytes(slipway.worker)
    names = [f"many{number:03}" for number in range(IN_FLIGHT)]
    await slipway.until_ended(await slipway.create_many(names, resource_group="many"))
    together = await slipway.calls()
    cpu = (cpu_seconds(slipway.worker) - cpu) / IN_FLIGHT
    memory = (megabytes(slipway.worker, "VmHWM") - memory) / IN_FLIGHT
    sys.stderr.write(f"Calls to Azure of a create alone:\n{alone.told(1)}\n")
    sys.stderr.write(f"Calls to Azure of each of {IN_FLIGHT} creates:\n{together.told(IN_FLIGHT)}\n")
    return [*_calls(alone, together), *_cost(cpu, memory, bare)]


async def _bare(folder: Path) -> dict[str, float]:
    file = folder / "bare.sqlite3"
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.bare_dbos", str(file), str(IN_FLIGHT), str(_STEPS)),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await child.communicate()
    found: dict[str, float] = json.loads(told)
    return found


def _calls(alone: Calls, together: Calls) -> list[Line]:
    each = together.others / IN_FLIGHT
    return [
        Line(
            name="calls to Azure, one create alone",
            measured=f"{alone.others} (+{alone.words} for progress words)",
            compared_with="`az aks create`",
            comparison=str(_AZ_CALLS),
            ratio=alone.others / _AZ_CALLS,
            goal="6 calls",
            grows="one LIST more each time that Azure takes longer than it usually does",
        ),
        Line(
            name=f"calls to Azure, {IN_FLIGHT} creates in one group, each",
            measured=f"{each:.1f} (+{together.words / IN_FLIGHT:.1f} for progress words)",
            compared_with="`az aks create`",
            comparison=str(_AZ_CALLS),
            ratio=each / _AZ_CALLS,
            goal="3 calls, at most 6",
            grows="one LIST serves all of a subscription, so this falls with the number in flight",
        ),
        Line(
            name=f"answers 429 to these {IN_FLIGHT} creates",
            measured=str(together.refused),
            compared_with="all calls",
            comparison=str(together.others + together.words),
            ratio=together.refused / (together.others + together.words),
            goal="none",
            grows="callers wait for their turn in Slipway, not at Azure; with workers that share a subscription",
        ),
    ]


def _cost(cpu: float, memory: float, bare: dict[str, float]) -> list[Line]:
    beside = f"a bare DBOS workflow of {_STEPS} empty steps"
    return [
        Line(
            name=f"CPU of the worker, a create, {IN_FLIGHT} in flight",
            measured=milliseconds(cpu),
            compared_with=beside,
            comparison=milliseconds(bare["cpu_seconds"]),
            ratio=cpu / bare["cpu_seconds"],
            goal="1.5 x",
            grows="with the number of steps; Azure's SDK, TLS to the new cluster and our rows come on top of DBOS's",
        ),
        Line(
            name=f"memory of the worker, a create, {IN_FLIGHT} in flight",
            measured=f"{memory:.2f} MB",
            compared_with=beside,
            comparison=f"{bare['megabytes']:.2f} MB",
            ratio=memory / bare["megabytes"],
            goal="1.5 x",
            grows="with jobs in flight, as each holds a task; the first of a process also loads what it needs",
        ),
    ]
