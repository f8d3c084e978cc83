"""What it costs to keep 40 clusters in sight, with a share and monitoring each, beside a look at each thing alone."""

import asyncio
import os
import sys
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest import mock

from bench.figures import Line
from bench.reads import CONNECTIONS, asked
from bench.slipway import Slipway, running

CLUSTERS = 40
_ROUND_SECONDS = 10
_ROUNDS = 3
_ONE_BY_ONE = 7
"""A cluster, its storage account, its share, its workspace, and what the workspace is asked in three queries."""
_OBSERVED = frozenset(
    {
        "ManagedClusters_List",
        "StorageAccounts_List",
        "FileShares_List",
        "FileShares_Get",
        "Workspaces_List",
        "Query_Execute",
    }
)
"""How clusters, shares and monitoring are looked at; what else is printed is for networks and machines."""
_SECONDS = 2.0


async def measure(folder: Path) -> list[Line]:
    """Run all of it, with a stack of its own."""
    names = [f"seen{number:02}" for number in range(CLUSTERS)]
    with mock.patch.dict(os.environ, {"SLIPWAY_WORKER__SYNC_SECONDS": str(_ROUND_SECONDS)}):
        async with running(folder / "observing") as slipway:
            await slipway.until_ended(await slipway.create_many(names, resource_group="seen"))
            await slipway.until_ended(await _share_all(slipway, names))
            await slipway.until_ended(await _monitor_all(slipway, names))
            # A whole round in which nothing changes any more.
            await asyncio.sleep(_ROUND_SECONDS)
            await slipway.calls()
            await asyncio.sleep(_ROUND_SECONDS * _ROUNDS)
            found = await slipway.calls()
            sys.stderr.write(f"Calls to Azure a round for {CLUSTERS} clusters:\n{found.told(_ROUNDS)}\n")
            mine = (count for (operation, _), count in found.by_operation.items() if operation in _OBSERVED)
            calls = sum(mine) / _ROUNDS
            line = Line(
                name=f"calls to Azure a round of observation of {CLUSTERS} clusters, with a share and monitoring each",
                measured=f"{calls:.0f}",
                compared_with="a look at each thing alone",
                comparison=str(CLUSTERS * _ONE_BY_ONE),
                ratio=calls / CLUSTERS / _ONE_BY_ONE,
                goal="",
                grows="with subscriptions, storage accounts and workspaces, and up to 20 looks at how full a share is",
            )
            return [line, *await _reads(slipway, names[0])]


async def _share_all(slipway: Slipway, names: Sequence[str]) -> list[str]:
    # The first makes the account in which the others find room.
    first = await _ask(slipway, "POST", f"/v1/clusters/{names[0]}/shares", {"name": names[0], "quota_gib": 5})
    await slipway.until_ended([first])
    asked = (_ask(slipway, "POST", f"/v1/clusters/{name}/shares", {"name": name, "quota_gib": 5}) for name in names[1:])
    return list(await asyncio.gather(*asked))


async def _monitor_all(slipway: Slipway, names: Sequence[str]) -> list[str]:
    # The first makes the workspace to which the others send.
    first = f"/v1/clusters/{names[0]}/monitoring"
    await slipway.until_ended([await _ask(slipway, "PUT", first, {})])
    workspace = (await slipway.http.get(first)).json()["workspace"]["id"]
    asked = (
        _ask(slipway, "PUT", f"/v1/clusters/{name}/monitoring", {"workspace": {"id": workspace}}) for name in names[1:]
    )
    return list(await asyncio.gather(*asked))


async def _ask(slipway: Slipway, method: str, path: str, body: dict[str, Any]) -> str:
    while True:
        answer = await slipway.http.request(method, path, json=body)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            answer.raise_for_status()
            return str(answer.json()["job"]["id"])
        await asyncio.sleep(float(answer.headers["Retry-After"]))


async def _reads(slipway: Slipway, cluster: str) -> list[Line]:
    port, key = slipway.http.base_url.port, slipway.facts.api_key
    assert port is not None  # noqa: S101 - it was given one
    paths = {
        "jobs": "/v1/jobs?limit=40",
        "shares": "/v1/shares?limit=40",
        "monitoring": f"/v1/clusters/{cluster}/monitoring",
    }
    rates = {name: len(await asked(port, path, key, seconds=_SECONDS)) / _SECONDS for name, path in paths.items()}
    return [
        Line(
            name=name,
            measured=f"{rates[read]:.0f}/s",
            compared_with="a list of 40 jobs",
            comparison=f"{rates['jobs']:.0f}/s",
            ratio=rates[read] / rates["jobs"],
            goal="",
            grows=f"{grows}; neither asks Azure or a cluster; {CONNECTIONS} kept-alive connections",
        )
        for read, name, grows in (
            ("shares", "a list of 40 shares", "with the page's size"),
            ("monitoring", "one cluster's monitoring, its nodes' agents among it", "with the nodes"),
        )
    ]
