"""Whole jobs about exposures whose cluster answers badly, over HTTP: 401, 403, 429, 500, half, slow, lost, stopped."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from app.core.settings import DatabaseSettings
from tests.load_balancers.exposed import Stage, addresses_of
from tests.load_balancers.exposing import EXPOSURES
from tests.support.database import ONE_DATABASE
from tests.support.local_azure import LocalAzureForTests
from tests.support.whole import running_slipway

pytestmark = ONE_DATABASE

NOW_AND_THEN = (0, 1, 2, 2)
"""So many calls each fault lets pass, of those that the faults before it spare: 0, 2, 4 and 5 of all are hit."""


@pytest.fixture
async def stage(local_azure: LocalAzureForTests, database_settings: DatabaseSettings) -> AsyncIterator[Stage]:
    """With calls to the cluster that may take half a second."""
    async with running_slipway(local_azure, database_settings, call_timeout_seconds=0.5) as slipway:
        yield await Stage.open(slipway)


def trouble(stage: Stage, kind: str, **fields: Any) -> None:
    """Let whoever calls the cluster's own API server meet a fault."""
    stage.slipway.azure.add_fault(kind, **{"caller": "kubernetes", "path": "/api/v1/", **fields})


def clear(stage: Stage) -> None:
    stage.slipway.azure.clear_faults()


async def power(stage: Stage, verb: str) -> None:
    """`az aks stop` and `start`, by somebody else."""
    azure, cluster = stage.slipway.azure, await stage.slipway.cluster()
    group = f"{azure.url}/subscriptions/{azure.subscription_id}/resourceGroups/{cluster['resource_group']}"
    url = f"{group}/providers/Microsoft.ContainerService/managedClusters/blue"
    headers = {"Authorization": f"Bearer {azure.token()}"}
    async with httpx2.AsyncClient(trust_env=False, headers=headers, params={"api-version": "2025-03-01"}) as http:
        assert (await http.post(f"{url}/{verb}")).status_code == 202
        for _ in range(400):
            seen = (await http.get(url)).json()["properties"]
            if seen["provisioningState"] == "Succeeded":
                return
            await asyncio.sleep(0.02)
    raise AssertionError(seen)


@pytest.mark.first
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "throttle", "retry_after": 1},
        {"kind": "error"},
        {"kind": "error_after", "status": 503},
        {"kind": "reset_after"},
        {"kind": "half_body"},
        {"kind": "malformed"},
        {"kind": "hang_after"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
async def test_a_bad_answer_now_and_then_delays_and_no_more(stage: Stage, fault: dict[str, Any]) -> None:
    """One Service and one rule at the end, whichever call met it and whether it had its effect; and nothing is left."""
    for skip in NOW_AND_THEN:
        trouble(stage, **fault, skip=skip)
    exposure = await stage.expose()
    faults = stage.slipway.azure.get("/_local/faults")["faults"]
    assert [each["hits"] for each in faults] == [1] * len(NOW_AND_THEN)
    clear(stage)
    assert exposure["state"] == "ready"
    assert await stage.inside.services() == ["web"]
    assert len(stage.balancer_parts("loadBalancingRules")) == 1
    for skip in (0, 2):
        trouble(stage, **fault, skip=skip)
    assert (await stage.remove(exposure))["outcome"] == {"deleted": True, "kept": None, "left": []}
    clear(stage)
    assert await stage.inside.services() == []


@pytest.mark.parametrize(
    ("fault", "code", "class_"),
    [
        ({"kind": "error", "status": 401}, "cluster_unauthorized", "permission"),
        ({"kind": "forbid"}, "cluster_forbidden", "permission"),
    ],
    ids=["401", "403"],
)
async def test_a_cluster_that_refuses_fails_the_job_with_what_to_do_and_a_retry_goes_on(
    stage: Stage, fault: dict[str, Any], code: str, class_: str
) -> None:
    """Nothing in the error quotes what the cluster said: it may hold secrets."""
    trouble(stage, **fault, count=None, message="token abc123 is not known")
    job, exposure = await stage.try_()
    assert (job["state"], job["problem"]["code"], job["problem"]["class"]) == ("failed", code, class_)
    assert "Give Slipway's identity" in job["problem"]["remedy"]
    assert exposure["pending"]["code"] == code
    assert "abc123" not in str(job)
    clear(stage)
    again = await stage.slipway.ended(await stage.slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again


async def test_certificates_that_are_rotated_in_between_cost_one_login(stage: Stage) -> None:
    """Trouble 35: the old authority is not taken any more, and neither is the old user; nobody is asked."""
    exposure = await stage.expose()
    asked = len(stage.slipway.azure.requests(operation="ManagedClusters_ListClusterUserCredentials"))
    before = await stage.slipway.cluster()
    azure = stage.slipway.azure
    clusters = azure.azure.cloud.store.of_type("Microsoft.ContainerService/managedClusters")
    azure.call(azure.azure.host.rotate(clusters[0].key))
    changed = await stage.change(exposure, idle_timeout_minutes=20)
    assert (changed["state"], addresses_of(changed)) == ("ready", addresses_of(exposure))
    assert len(stage.slipway.azure.requests(operation="ManagedClusters_ListClusterUserCredentials")) == asked + 1
    assert (await stage.slipway.cluster())["state"] == before["state"]
    await stage.remove(changed)


async def test_a_cluster_that_does_not_answer_is_waited_for_and_said(stage: Stage) -> None:
    trouble(stage, "reset_before", count=None)
    job_id, exposure_id = await stage.ask()
    words = ""
    for _ in range(400):
        job = (await stage.slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
        words = f"{job['progress']} {job['waiting_for']}"
        if "does not answer" in words or job["state"] == "waiting":
            break
        await asyncio.sleep(0.05)
    assert job["finished_at"] is None
    assert "cluster" in words.lower(), job
    clear(stage)
    assert (await stage.slipway.ended(job_id))["state"] == "succeeded"
    assert (await stage.read(exposure_id))["state"] == "ready"


async def test_a_cluster_that_is_stopped_is_named_so_and_serves_again_after_its_start(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Why an address does not answer is asked in Azure after a minute; what Azure says counts for some seconds.
    monkeypatch.setattr("app.kubernetes.pool._REFUSED_SECONDS", 0.0)
    monkeypatch.setattr("app.kubernetes.pool._RENEWAL_SECONDS", 0.0)
    exposure = await stage.expose()
    await power(stage, "stop")
    job, failed = await stage.try_(name="late")
    assert (job["state"], job["problem"]["code"], job["problem"]["class"]) == ("failed", "cluster_stopped", "conflict")
    assert "POST /v1/clusters/{id}:start" in job["problem"]["remedy"]
    assert failed["pending"]["code"] == "cluster_stopped"
    # What was there stays as it was.
    assert addresses_of(await stage.read(exposure["id"])) == addresses_of(exposure)
    await power(stage, "start")
    again = await stage.slipway.ended(await stage.slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again
    path = f"{EXPOSURES}/{failed['id']}"
    assert (await stage.slipway.ask("GET", path)).json()["state"] == "ready"
