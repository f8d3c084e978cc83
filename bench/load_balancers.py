"""Exposures: what the inventory asks of Azure while 50 are made on one cluster, and their list beside that of jobs."""

import asyncio
import sys
from http import HTTPStatus
from pathlib import Path

from bench.figures import Line
from bench.reads import CONNECTIONS, asked
from bench.slipway import Calls, Slipway, running

EXPOSURES = 50
_MOST_CALLS = 12
_SECONDS = 2.0
_SETTLED_SECONDS = 5.0
_ROUNDS = 2
_INVENTORY = frozenset({"LoadBalancers_List", "PublicIPAddresses_List"})
"""The lists of the cluster's node resource group."""
_SHARED = frozenset(
    {
        "LoadBalancers_ListAll",
        "PublicIPAddresses_ListAll",
        "NetworkSecurityGroups_ListAll",
        "VirtualNetworks_ListAll",
        "Usages_List",
    }
)
"""The lists in which the jobs find what each has to check and to prove; all that ask at a time share them."""


async def measure(folder: Path) -> list[Line]:
    """Run all of it, with a stack of its own."""
    async with running(folder / "load-balancers") as slipway:
        await slipway.until_ended([await slipway.create("blue")])
        # What is looked at because the cluster is new is none of the exposures' doing.
        await asyncio.sleep(_SETTLED_SECONDS)
        await slipway.calls()
        jobs = await asyncio.gather(*(_expose(slipway, number) for number in range(EXPOSURES)))
        await slipway.until_ended(jobs)
        # What the last exposure changed is looked at, too.
        await asyncio.sleep(_SETTLED_SECONDS)
        return [*await _calls(slipway), *await _reads(slipway)]


async def _expose(slipway: Slipway, number: int) -> str:
    name = f"web{number}"
    body = {"name": name, "namespace": "default", "selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}
    while True:
        answer = await slipway.http.post("/v1/clusters/blue/exposures", json=body, headers={"Idempotency-Key": name})
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            answer.raise_for_status()
            return str(answer.json()["job"]["id"])
        await asyncio.sleep(float(answer.headers["Retry-After"]))


async def _calls(slipway: Slipway) -> list[Line]:
    found = await slipway.calls()
    sys.stderr.write(f"Calls to Azure for {EXPOSURES} exposures at once:\n{found.told(1)}\n")
    return [
        _counted(found, "of the inventory", _INVENTORY, f"at most {_MOST_CALLS}", "ever less while changes go on"),
        _counted(found, "that their jobs share", _SHARED, "", "with the time that they take together"),
    ]


def _counted(found: Calls, whose: str, operations: frozenset[str], goal: str, grows: str) -> Line:
    count = sum(count for (operation, _), count in found.by_operation.items() if operation in operations)
    return Line(
        name=f"calls to Azure {whose}, {EXPOSURES} exposures at once on one cluster",
        measured=str(count),
        compared_with="four calls for each exposure",
        comparison=str(4 * EXPOSURES),
        ratio=count / EXPOSURES / 4,
        goal=goal,
        grows=f"{grows}, not with the number of exposures",
    )


async def _reads(slipway: Slipway) -> list[Line]:
    port, key = slipway.http.base_url.port, slipway.facts.api_key
    assert port is not None  # noqa: S101 - it was given one
    paths = {
        "jobs": "/v1/jobs?limit=50&kind=exposure.create",
        "exposures": "/v1/clusters/blue/exposures?limit=50",
        "load balancers": "/v1/clusters/blue/load-balancers",
    }
    rates = dict.fromkeys(paths, 0.0)
    # In rounds: what else the machine does falls on all of them.
    for _ in range(_ROUNDS):
        for name, path in paths.items():
            rates[name] += len(await asked(port, path, key, seconds=_SECONDS)) / _SECONDS / _ROUNDS
    return [
        Line(
            name=f"a list of {what}",
            measured=f"{rates[name]:.0f}/s",
            compared_with=f"a list of {EXPOSURES} jobs",
            comparison=f"{rates['jobs']:.0f}/s",
            ratio=rates[name] / rates["jobs"],
            goal=goal,
            grows=f"{grows}; neither asks Azure or a cluster; {CONNECTIONS} kept-alive connections",
        )
        for name, what, goal, grows in (
            ("exposures", f"{EXPOSURES} exposures", "1 x", "with the page's size"),
            (
                "load balancers",
                f"one load balancer with {EXPOSURES + 1} frontends",
                "",
                "with the frontends and rules of the page's load balancers",
            ),
        )
    ]
