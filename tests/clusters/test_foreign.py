"""Operations that somebody else began in Azure are shown as jobs, and waited for: they fail nothing of ours."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.models import Job
from tests.clusters.azure_by_itself import (
    act,
    arm,
    azure_id,
    foreign_jobs,
    go_at,
    look,
    set_word,
    until_waiting,
)
from tests.emulator.conftest import sdk_for
from tests.support.local_azure import FAST
from tests.support.whole import Slipway


async def test_an_upgrade_of_azures_own_is_a_job_with_its_end(slipway: Slipway) -> None:
    """trouble 18"""
    await slipway.create(kubernetes_version="1.32.7")
    cluster_id = await azure_id(slipway)
    body = arm(slipway, "GET", cluster_id)
    body["properties"]["autoUpgradeProfile"] = {"upgradeChannel": "stable"}
    arm(slipway, "PUT", cluster_id, body)
    for _ in range(100):
        if arm(slipway, "GET", cluster_id)["properties"]["provisioningState"] == "Succeeded":
            break
        await asyncio.sleep(0.05)
    slipway.azure.add_fault("stuck_operation", operation="*")
    assert act(slipway, "auto-upgrade", cluster=cluster_id)["to"] == "1.33.5"

    await look(slipway)

    cluster = await slipway.cluster()
    assert cluster["state"] == "upgrading"
    [job] = await foreign_jobs(slipway)
    assert (job["kind"], job["state"], job["progress"]) == ("cluster.foreign", "running", "Upgrading")
    assert cluster["current_job"] == job["id"]


async def test_a_change_waits_for_somebody_elses_operation_and_then_goes_on(slipway: Slipway) -> None:
    """trouble 18: the queue behind it is visible, and what was asked is not failed by it"""
    await slipway.create()
    set_word(slipway, "Upgrading")
    await look(slipway)
    [foreign] = await foreign_jobs(slipway)

    change = await slipway.accepted("PATCH", "/v1/clusters/blue", {"tags": {"team": "red"}})
    waiting = await until_waiting(slipway, change)

    assert waiting["waiting_for"] == "another_operation"
    assert "Upgrading" in waiting["progress"]
    assert foreign["id"] in waiting["progress"]
    assert (await slipway.cluster())["current_job"] == foreign["id"]
    set_word(slipway, "Succeeded")
    ended = await slipway.ended(change)
    assert ended["state"] == "succeeded", ended
    assert slipway.azure.requests(operation="ManagedClusters_UpdateTags", status="409") == []
    [foreign] = await foreign_jobs(slipway)
    assert foreign["state"] == "succeeded"
    assert (await slipway.cluster())["state"] == "ready"


async def test_a_change_waits_for_an_operation_on_a_pool_as_well(slipway: Slipway) -> None:
    await slipway.create()
    pool = (await slipway.cluster())["node_pools"][0]["azure_name"]
    set_word(slipway, "UpgradingNodeImageVersion", f"/agentpools/{pool}")

    change = await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2})
    waiting = await until_waiting(slipway, change)

    assert f"{pool} (UpgradingNodeImageVersion)" in waiting["progress"]
    set_word(slipway, "Succeeded", f"/agentpools/{pool}")
    ended = await slipway.ended(change)
    assert ended["state"] == "succeeded", ended


async def test_a_foreign_operation_that_fails_leaves_the_cluster_degraded_until_it_is_mended(slipway: Slipway) -> None:
    await slipway.create()
    set_word(slipway, "Updating")
    await look(slipway)
    assert (await slipway.cluster())["state"] == "updating"
    set_word(slipway, "Failed")

    await look(slipway)

    [job] = await foreign_jobs(slipway)
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_operation_ended")
    cluster = await slipway.cluster()
    assert cluster["state"] == "degraded"
    assert cluster["summary"].startswith("Cluster blue is degraded. Azure's last operation on the cluster ended as")
    set_word(slipway, "Succeeded")
    await look(slipway)
    assert (await slipway.cluster())["state"] == "ready"
    types = [event["type"] for event in await slipway.events()]
    assert types.count("cluster.degraded") == types.count("cluster.recovered") == 1


async def test_a_look_that_is_repeated_writes_nothing_twice(slipway: Slipway) -> None:
    await slipway.create()
    set_word(slipway, "Updating")
    await asyncio.gather(look(slipway), look(slipway))
    await look(slipway)
    before = await slipway.events()

    await look(slipway)

    assert len(await foreign_jobs(slipway)) == 1
    assert await slipway.events() == before
    assert [event["type"] for event in before].count("cluster.foreign_operation") == 1


async def test_a_foreign_job_can_be_neither_canceled_nor_retried(slipway: Slipway) -> None:
    await slipway.create()
    set_word(slipway, "Updating")
    await look(slipway)
    [job] = await foreign_jobs(slipway)

    for verb in ("cancel", "retry"):
        refused = await slipway.ask("POST", f"/v1/jobs/{job['id']}:{verb}")
        assert (refused.status_code, refused.json()["code"]) == (409, "job_of_azure")
        assert ":abort" in refused.json()["remedy"]
    busy = await slipway.ask("PATCH", "/v1/clusters/blue", {"tags": {"a": "b"}, "options": {"on_busy": "fail"}})
    assert (busy.status_code, busy.json()["code"]) == (409, "target_busy")
    assert job["id"] in busy.json()["detail"]


async def test_a_foreign_job_whose_cluster_vanishes_ends_with_it(slipway: Slipway) -> None:
    await slipway.create()
    set_word(slipway, "Deleting")
    await look(slipway)
    assert (await slipway.cluster())["state"] == "updating"

    arm(slipway, "DELETE", await azure_id(slipway))
    for _ in range(100):
        await look(slipway)
        if (await slipway.cluster())["state"] == "lost":
            break
        await asyncio.sleep(0.05)

    [job] = await foreign_jobs(slipway)
    assert (job["state"], job["problem"]["code"]) == ("failed", "cluster_lost")


async def test_a_foreign_job_ends_with_its_cluster_when_slipway_deletes_that(slipway: Slipway) -> None:
    await slipway.create()
    set_word(slipway, "Updating")
    await look(slipway)
    assert [job["state"] for job in await foreign_jobs(slipway)] == ["running"]

    await slipway.done("DELETE", "/v1/clusters/blue")

    [job] = await foreign_jobs(slipway)
    assert (job["state"], job["problem"]["code"]) == ("failed", "cluster_lost")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("asked", ["change", "stop"])
async def test_a_job_waits_visibly_behind_an_upgrade_of_another_sdk_client_and_goes_on_after_it(
    slipway: Slipway, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble 18, with a real upgrade: nothing of ours fails by it, and Azure never had to refuse us."""
    await slipway.create(kubernetes_version="1.32.7")
    group = (await slipway.cluster())["resource_group"]
    await go_at(slipway, 20)
    async with sdk_for(slipway.azure, monkeypatch) as theirs:
        model = await theirs.aks.managed_clusters.get(group, "blue")
        model.kubernetes_version = "1.33.5"
        await theirs.aks.managed_clusters.begin_create_or_update(group, "blue", model, polling=False)
    await look(slipway)
    [foreign] = await foreign_jobs(slipway)
    assert (foreign["progress"], foreign["overdue"]) == ("Upgrading", False)
    assert foreign["deadline_at"] is not None

    if asked == "change":
        job_id = await slipway.accepted("PATCH", "/v1/clusters/blue", {"tags": {"team": "red"}})
    else:
        job_id = await slipway.accepted("POST", "/v1/clusters/blue:stop")
    waiting = await until_waiting(slipway, job_id)
    assert waiting["waiting_for"] == "another_operation"
    assert "Upgrading" in waiting["progress"]

    # Hours later it is overdue, as a job of Slipway's own would be.
    async with slipway.parts.database.write() as session:
        past = slipway.parts.clock.now() - timedelta(seconds=1)
        await session.execute(update(Job).where(Job.id == foreign["id"]).values(overdue_at=past))
    for _ in range(400):
        [foreign] = await foreign_jobs(slipway)
        if foreign["overdue"]:
            break
        await asyncio.sleep(0.05)
    assert foreign["overdue"]
    assert "job.overdue" in {event["type"] for event in await slipway.events()}

    await go_at(slipway, FAST)
    ended = await slipway.ended(job_id)
    assert ended["state"] == "succeeded", ended
    refused = [entry for entry in slipway.azure.requests(status="409") if "managedclusters" in entry.path.lower()]
    assert refused == []
    assert (await slipway.cluster())["observed"]["kubernetes_version"] == "1.33.5"


async def test_a_job_that_has_only_begun_does_not_end_what_somebody_else_began(slipway: Slipway) -> None:
    """It has asked Azure for nothing yet, and Azure is at the other's operation."""
    await slipway.create()
    set_word(slipway, "Upgrading")
    await look(slipway)
    slipway.azure.add_fault("delay", operation="ManagedClusters_Get", count=1, seconds=2)
    change = await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2})
    for _ in range(200):
        if "scale_pool" in await slipway.steps(change):
            break
        await asyncio.sleep(0.02)

    await look(slipway)
    await until_waiting(slipway, change)
    await look(slipway)

    assert [job["state"] for job in await foreign_jobs(slipway)] == ["running"]
