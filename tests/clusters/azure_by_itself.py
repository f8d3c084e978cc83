"""What somebody else does with a cluster in Azure: the portal, `az`, or Azure by itself."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from typing import Any

from app.clusters.observe import observe_all
from tests.support.whole import Slipway

Body = dict[str, Any]


async def azure_id(slipway: Slipway, name: str = "blue") -> str:
    """The cluster's ARM id."""
    return str((await slipway.cluster(name))["observed"]["azure_id"])


def arm(slipway: Slipway, method: str, path: str, body: Body | None = None) -> Body:
    """A request of another client's, past Slipway."""
    request = urllib.request.Request(  # noqa: S310 - our own loopback URL
        f"{slipway.azure.url}{path}?api-version=2025-05-01",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {slipway.azure.token()}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
        text = answer.read()
    found: Body = json.loads(text) if text else {}
    return found


def act(slipway: Slipway, name: str, **document: Any) -> Body:
    """Let Azure do something by itself."""
    request = urllib.request.Request(  # noqa: S310 - our own loopback URL
        f"{slipway.azure.url}/_local/acts/{name}", json.dumps(document).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
        done: Body = json.load(answer)
    return done


def write(slipway: Slipway, ending: str, change: Callable[[Body], None]) -> None:
    """Change what Azure has, without an operation."""

    async def work() -> None:
        store = slipway.azure.azure.cloud.store
        for record in store:
            if record.id.lower().endswith(ending):
                change(record.body)
                store.touch(record)

    slipway.azure.call(work())


def set_word(slipway: Slipway, word: str, ending: str = "/managedclusters/blue") -> None:
    """Let a cluster or a pool have this provisioning state."""

    def change(body: Body) -> None:
        body["properties"]["provisioningState"] = word

    write(slipway, ending, change)


async def go_at(slipway: Slipway, speed: float) -> None:
    """Let Azure's time pass so much faster than ours."""

    async def change() -> None:
        slipway.azure.azure.cloud.change_speed(speed)

    slipway.azure.call(change())


async def until_word(slipway: Slipway, resource_id: str, word: str) -> None:
    """Wait until Azure has this provisioning state of a resource."""
    for _ in range(400):
        if arm(slipway, "GET", resource_id)["properties"]["provisioningState"] == word:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(arm(slipway, "GET", resource_id))


async def look(slipway: Slipway) -> None:
    """What a worker does every few minutes."""
    await observe_all(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)


async def foreign_jobs(slipway: Slipway) -> list[dict[str, Any]]:
    """The jobs that stand for what somebody else does."""
    found: list[dict[str, Any]] = (await slipway.ask("GET", "/v1/jobs?origin=azure")).json()["items"]
    return found


async def until_waiting(slipway: Slipway, job_id: str) -> dict[str, Any]:
    """The job, as soon as it waits for something that is in its way."""
    for _ in range(400):
        job: dict[str, Any] = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
        if job["state"] == "waiting":
            return job
        await asyncio.sleep(0.02)
    raise AssertionError(job)
