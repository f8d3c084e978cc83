"""The local Azure beside recorded exchanges with the real one: status, headers, keys of the body."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.conftest import Arm
from tests.support.local_azure import LocalAzureForTests

RECORDINGS = os.environ.get("SLIPWAY_RECORDINGS")
pytestmark = pytest.mark.skipif(not RECORDINGS, reason="SLIPWAY_RECORDINGS names no folder of recordings")

RECORDED_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
COMPARED_HEADERS = ("azure-asyncoperation", "location", "retry-after", "content-type", "x-ms-failure-cause")
BUDGET = "x-ms-ratelimit-remaining-subscription-global-"
WANTED = {
    "eTag": "clients that send If-Match need it; the recorder dropped it",
    "tags": "AKS shows empty objects of a PUT once, and the local Azure until the next change",
    "nodeLabels": "AKS shows empty objects of a PUT once, and the local Azure until the next change",
    "nodeTaints": "AKS never shows an empty list, the local Azure shows what was set",
    "enableAutoScaling": "AKS shows it for some pools only; the local Azure always does",
    "error": "AKS left a stale error beside a status that is no failure; nothing may depend on it",
    "addonProfiles": "a policy of the recorded subscription added one",
    "maxUnavailable": "newer api-versions only",
    "sshAccess": "newer api-versions only",
    "kind": "newer api-versions only",
    "bootstrapProfile": "newer api-versions only",
    "nodeProvisioningProfile": "newer api-versions only",
}


def load(name: str) -> list[dict[str, Any]]:
    steps = json.loads((Path(RECORDINGS or "") / f"{name}.json").read_text())["steps"]
    assert isinstance(steps, list)
    return steps


def keys(document: Any, path: str = "") -> Iterator[str]:
    """Every key of a document with its path; what is wanted to differ is left out, with what lies below."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name not in WANTED:
                yield f"{path}/{name}"
                yield from keys(value, f"{path}/{name}")
    elif isinstance(document, list) and document:
        yield from keys(document[0], f"{path}/0")


def is_replayed(step: dict[str, Any]) -> bool:
    """What the local Azure does not have yet is left out."""
    return not re.search(r"maintenanceConfigurations|trustedAccessRoleBindings|exportTemplate", step["path"])


def is_poll(step: dict[str, Any]) -> bool:
    return "/operations/" in step["path"] or "/operationresults/" in step["path"]


async def replay(arm: Arm, azure: LocalAzureForTests, steps: list[dict[str, Any]]) -> list[str]:
    """Send what was sent; what differs comes back, a line each."""
    differences: list[str] = []
    follow = ""
    for step in filter(is_replayed, steps):
        at = f"{step['t']} {step['method']} {step['path'][52:]}"
        path = step["path"].replace(RECORDED_SUBSCRIPTION, azure.subscription_id)
        if is_poll(step):
            if not follow:
                continue
            # The recorded operation ended with its last poll; here the clock says when.
            ended = step["status"] == 200 and (step["body"] or {}).get("status", "Succeeded") == "Succeeded"
            if ended:
                finish_operations(azure)
            reply = await arm.send("GET", follow)
            follow = "" if ended else follow
        else:
            query = {name.lstrip("$"): value for name, value in step["query"].items() if name == "api-version"}
            reply = await arm.send(step["method"], path, step["request"], **query)
            follow = reply.headers.get("azure-asyncoperation") or reply.headers.get("location") or follow
        differences += [f"{at}: {line}" for line in compare(step, reply)]
    return differences


def finish_operations(azure: LocalAzureForTests) -> None:
    async def running() -> bool:
        return bool(azure.azure.cloud.operations.running())

    while azure.call(running()):
        azure.advance(5)


def compare(step: dict[str, Any], reply: Any) -> Iterator[str]:
    if reply.status != step["status"]:
        yield f"status {reply.status}, recorded {step['status']}"
        return
    for name in COMPARED_HEADERS:
        if (name in reply.headers) != (name in step["headers"]):
            yield f"header {name}: {reply.headers.get(name)!r}, recorded {step['headers'].get(name)!r}"
    if reply.headers.get("content-type") != step["headers"].get("content-type"):
        yield f"content-type {reply.headers.get('content-type')}, recorded {step['headers'].get('content-type')}"
    budgets = [{n for n in headers if n.startswith(BUDGET)} for headers in (reply.headers, step["headers"])]
    if budgets[1] and budgets[0] != budgets[1]:
        yield f"budget {budgets[0]}, recorded {budgets[1]}"
    mine, recorded = set(keys(reply.body)), set(keys(step["body"]))
    if mine != recorded:
        yield f"keys: more {sorted(mine - recorded)}, fewer {sorted(recorded - mine)}"


@pytest.mark.parametrize("name", ["aks_create_and_nodepool_2025-08-01", "rg_bad_location_400"])
async def test_a_recorded_story_is_told_again(arm: Arm, stopped_azure: LocalAzureForTests, name: str) -> None:
    assert await replay(arm, stopped_azure, load(name)) == []


async def test_updates_credentials_and_deletes_are_told_again(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    steps = load("aks_update_creds_pools_delete_2024-09-01")
    # The recording begins with a cluster that is there already.
    first_put = next(step for step in steps if step["path"].endswith("/asotest-mc-gtbfrk") and step["method"] == "PUT")
    group = steps[0]["path"].rsplit("/", 1)[1]
    await arm.make_group(group, "westus3")
    await arm.send("PUT", arm.cluster("asotest-mc-gtbfrk", group), first_put["request"])
    stopped_azure.advance(300)
    assert await replay(arm, stopped_azure, steps) == []


async def test_resource_groups_are_told_again(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    steps = load("rg_crud_and_errors_2020")
    await arm.make_group("cli_test_rg_scenario000001", "westus")
    differences = await replay(arm, stopped_azure, steps)
    # The oldest api-version recorded sent no Retry-After; all later ones do (AZURE.md).
    assert [line for line in differences if "retry-after" not in line] == []
