"""Rotations in processes of their own: workers die by SIGKILL, and account keys are sought everywhere."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.processes.fleet import Fleet
from tests.processes.test_secrets import _found, _places
from tests.support.crashes import At, Point
from tests.support.mortal_workers import all_reached, arm
from tests.support.whole import CLUSTER

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

BRIEF = {"LEASE_SECONDS": "3", "HEARTBEAT_SECONDS": "0.5", "QUEUE_POLL_SECONDS": "0.1", "KEY_CHECK_SECONDS": "0.5"}
NAME, SHARE = "rotating", "sought-everywhere"
KIND = "storage_account.rotate_key"
# DBOS gives a job up whose workers die five times: the first three die in one rotation, the others in the next.
POINTS = (
    (
        Point(KIND, "put_secrets", At.ANSWERED),
        Point(KIND, "turn_to_spare", At.DONE),
        Point(KIND, "regenerate_key", At.ANSWERED),
    ),
    (Point(KIND, "turn_back", At.DONE), Point(KIND, "record_rotated", At.DONE)),
)


async def _do(fleet: Fleet, method: str, path: str, body: Any = None) -> Any:
    answer = await fleet.ask(method, path, body)
    assert answer.status_code == 202, answer.text
    await fleet.all_succeed([answer.json()["job"]["id"]], 90)
    return answer.json()


async def _make(fleet: Fleet) -> str:
    """A cluster with a volume; the name of the account of its share."""
    await _do(fleet, "POST", "/v1/clusters", {**CLUSTER, "name": NAME})
    await _do(fleet, "POST", "/v1/shares", {"name": SHARE, "location": "westeurope", "quota_gib": 10})
    await _do(fleet, "POST", f"/v1/clusters/{NAME}/volumes", {"name": "media", "share": {"id": SHARE}})
    return str((await fleet.ask("GET", f"/v1/shares/{SHARE}/keys")).json()["name"])


async def _keys(fleet: Fleet, account: str) -> dict[str, str]:
    """The account's keys by name, as anybody with a role on it gets them."""
    (row,) = [
        each for each in (await fleet.ask("GET", "/v1/storage-accounts")).json()["items"] if each["name"] == account
    ]
    account_id = (
        f"/subscriptions/{fleet.about_azure['subscription_id']}/resourceGroups/{row['resource_group']}"
        f"/providers/Microsoft.Storage/storageAccounts/{account}"
    )
    identity = fleet.about_azure["environment"]
    async with httpx2.AsyncClient(base_url=fleet.about_azure["url"], trust_env=False) as http:
        asked = {"resource": "https://management.azure.com/", "api-version": "2019-08-01"}
        login = await http.get(
            identity["IDENTITY_ENDPOINT"], params=asked, headers={"X-IDENTITY-HEADER": identity["IDENTITY_HEADER"]}
        )
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        answer = await http.post(f"{account_id}/listKeys?api-version=2025-06-01", headers=headers)
        return {key["keyName"]: key["value"] for key in answer.json()["keys"]}


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(fleet: Fleet, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Workers that die where they are told to; afterwards none of them is left."""
    await fleet.kill_workers()
    await fleet.start_worker(BRIEF, arguments=("worker", str(tmp_path), "2"), module="tests.support.mortal_workers")
    yield fleet
    await fleet.kill_workers()


async def test_five_kills_make_one_key_each_rotation_and_no_key_lies_anywhere(
    mortal: Fleet, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Troubles 12 and 63: the same end, one new key each. §6.5: no account key in logs, rows, files or answers.

    The share's name, which is no secret, is found in each of the places: so they were searched.
    """
    account = await _make(mortal)
    every = set((await _keys(mortal, account)).values())
    for number, points in enumerate(POINTS, 1):
        for point in points:
            arm(tmp_path, account, point)
        await _do(mortal, "POST", f"/v1/shares/{SHARE}:rotate-key", {})
        await all_reached(tmp_path)
        read = (await mortal.ask("GET", f"/v1/shares/{SHARE}/keys")).json()
        assert (read["active_key"], read["rotation"], read["stale_secrets"]) == ("key1", "done", [])
        every |= set((await _keys(mortal, account)).values())
        assert len(every) == 2 + number
    regenerated = mortal.control.log(operation="StorageAccounts_RegenerateKey")
    assert sum(entry["effect"] is not None for entry in regenerated) == len(POINTS)
    assert mortal.wire.of_an_old_epoch() == []

    # Somebody turns the key in the portal; the periodic look tells, and Azure and the cluster refuse in words.
    refused = mortal.control.add_fault("error", operation="StorageAccounts_RegenerateKey", status=403, code="No")
    answer = await mortal.ask("POST", f"/v1/shares/{SHARE}:rotate-key", {})
    job = await mortal.ask("GET", f"/v1/jobs/{answer.json()['job']['id']}?wait=60")
    assert job.json()["state"] == "failed", job.text
    mortal.control.lift_fault(refused)

    secrets = {f"key {number}": key.encode() for number, key in enumerate(sorted(every))}
    secrets |= {f"{name} in a Secret": base64.b64encode(key) for name, key in secrets.items()}
    answers = [
        await mortal.ask("GET", f"/v1/{path}")
        for path in ("jobs", "events?limit=200", "shares", f"shares/{SHARE}/keys", "storage-accounts")
    ]
    processes = [process for process in mortal._processes if process.alive and process is not mortal.azure]
    places = await asyncio.to_thread(_places, mortal, processes, request)
    places["answers"] = "\n".join(answer.text for answer in answers).encode()
    seen = {name for name, data in places.items() if SHARE.encode() in data}
    assert seen >= {"logs", "rows", "files", "answers"}
    assert [f"{name} in {place}" for place, data in places.items() for name in _found(secrets, data)] == []

    volumes = (await mortal.ask("GET", f"/v1/clusters/{NAME}/volumes")).json()["items"]
    await _do(mortal, "DELETE", f"/v1/clusters/{NAME}/volumes/{volumes[0]['id']}")
