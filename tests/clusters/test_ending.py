"""Clusters that must not go, and clusters that go by themselves."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa

from app.clusters.observe import expiry as expiry_module
from app.clusters.observe.expiry import AGAIN, Expiry
from app.clusters.specs.ending import MOST_TRIES, pause_after
from app.core.clock import ManualClock, SystemClock
from app.models import Job
from tests.support.whole import CLUSTER, Slipway

OWN = "/v1/clusters/blue"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    """The time by which ends are judged; jobs live by the real one."""
    return ManualClock(SystemClock().now())


@pytest.fixture
def expiry(slipway: Slipway, clock: ManualClock) -> Expiry:
    return Expiry(slipway.parts.database, clock, slipway.parts.jobs.queue)


async def _told(slipway: Slipway, kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in await slipway.events() if event["type"] == kind]


async def _deletions(slipway: Slipway) -> list[dict[str, Any]]:
    answer = await slipway.ask("GET", "/v1/jobs?kind=cluster.delete")
    return list(answer.json()["items"])


async def test_a_protected_cluster_is_not_deleted_and_the_refusal_says_what_to_do(idle_slipway: Slipway) -> None:
    """Trouble 7."""
    await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "protection": True})
    assert (await idle_slipway.cluster())["protection"] is True
    refused = await idle_slipway.ask("DELETE", OWN)
    assert (refused.status_code, refused.json()["code"]) == (409, "cluster_protected")
    assert "protection: false" in refused.json()["remedy"]
    assert await _deletions(idle_slipway) == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ttl_seconds": 59}, "out_of_range"),
        ({"ttl_seconds": 3600, "expires_at": "2090-01-01T00:00:00Z"}, "end_given_twice"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expiry_in_the_past"),
        ({"expires_at": "2090-01-01"}, "wrong_format"),
        ({"protection": "yes"}, "wrong_type"),
        ({"on_expiry": "hibernate"}, "unknown_value"),
    ],
)
async def test_an_end_that_cannot_be_is_refused(idle_slipway: Slipway, wrong: dict[str, Any], code: str) -> None:
    refused = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, **wrong})
    assert refused.status_code == 422
    assert [error["code"] for error in refused.json()["errors"]] == [code]


async def test_the_end_is_told_a_day_and_an_hour_before_once_each_and_then_a_job_deletes(
    slipway: Slipway, clock: ManualClock, expiry: Expiry
) -> None:
    """Trouble 79."""
    await slipway.create(ttl_seconds=int(2 * DAY.total_seconds()))
    end = (await slipway.cluster())["expires_at"]
    await expiry.look()
    assert await _told(slipway, "cluster.expires_soon") == []
    clock.advance(DAY + HOUR)
    await expiry.look()
    await expiry.look()
    assert [told["notice"] for told in await _told(slipway, "cluster.expires_soon")] == ["24h"]
    clock.advance(22 * HOUR + HOUR / 2)
    await expiry.look()
    await expiry.look()
    told = await _told(slipway, "cluster.expires_soon")
    assert [each["notice"] for each in told] == ["24h", "1h"]
    assert {each["expires_at"] for each in told} == {end}
    assert await _deletions(slipway) == []

    clock.advance(HOUR)
    await expiry.look()
    await expiry.look()
    (job,) = await _deletions(slipway)
    assert job["requested_by"] == "slipway:ttl"
    assert (await slipway.ended(job["id"]))["state"] == "succeeded"
    assert slipway.leftovers() == []
    await expiry.look()
    assert len(await _deletions(slipway)) == 1


async def test_a_life_that_is_shorter_than_the_notices_has_both_at_once(
    slipway: Slipway, clock: ManualClock, expiry: Expiry
) -> None:
    """Trouble 79."""
    await slipway.create(ttl_seconds=600)
    await expiry.look()
    assert [told["notice"] for told in await _told(slipway, "cluster.expires_soon")] == ["24h", "1h"]


async def test_an_extended_cluster_stays_and_is_told_of_its_new_end(
    slipway: Slipway, clock: ManualClock, expiry: Expiry
) -> None:
    """Trouble 79."""
    await slipway.create(ttl_seconds=600)
    await expiry.look()
    before = (await slipway.cluster())["expires_at"]
    longer = await slipway.ask("POST", f"{OWN}:extend", {"seconds": 7200})
    assert longer.status_code == 200, longer.text
    assert longer.json()["expires_at"] > before
    clock.advance(HOUR / 2)
    await expiry.look()
    assert await _deletions(slipway) == []
    clock.advance(HOUR)
    await expiry.look()
    assert [told["notice"] for told in await _told(slipway, "cluster.expires_soon")] == ["24h", "1h", "24h", "1h"]

    sooner = await slipway.ask("POST", f"{OWN}:extend", {"expires_at": before})
    (error,) = sooner.json()["errors"]
    assert (error["code"], error["detail"]) == (
        "not_later",
        f"The cluster stays until {longer.json()['expires_at']} anyway.",
    )
    neither = await slipway.ask("POST", f"{OWN}:extend", {})
    assert [error["code"] for error in neither.json()["errors"]] == ["end_given_once"]


async def test_what_has_no_end_cannot_be_extended(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    refused = await idle_slipway.ask("POST", f"{OWN}:extend", {"seconds": 3600})
    assert (refused.status_code, refused.json()["code"]) == (409, "cluster_has_no_end")


async def test_a_protected_cluster_outlives_its_end_and_one_event_says_so(
    slipway: Slipway, clock: ManualClock, expiry: Expiry
) -> None:
    """Trouble 79."""
    await slipway.create(ttl_seconds=600, protection=True)
    clock.advance(HOUR)
    await expiry.look()
    await expiry.look()
    assert len(await _told(slipway, "cluster.expired_protected")) == 1
    assert {told["protection"] for told in await _told(slipway, "cluster.expires_soon")} == {"on"}
    assert await _deletions(slipway) == []


async def test_a_deletion_at_the_end_that_fails_is_tried_again_after_an_hour(
    slipway: Slipway, clock: ManualClock, expiry: Expiry
) -> None:
    await slipway.create(ttl_seconds=600)
    clock.advance(HOUR)
    slipway.azure.add_fault("error", operation="ManagedClusters_Delete", code="RequestDisallowedByPolicy", status=403)
    await expiry.look()
    (job,) = await _deletions(slipway)
    assert job["options"]["on_blocked"] == "wait"
    await slipway.accepted("POST", f"/v1/jobs/{job['id']}:cancel")
    await slipway.ended(job["id"])
    await expiry.look()
    assert len(await _deletions(slipway)) == 1
    clock.advance(AGAIN + HOUR)
    await expiry.look()
    assert len(await _deletions(slipway)) == 2


async def test_clusters_whose_deletion_is_tried_again_later_keep_no_other_from_its_end(
    idle_slipway: Slipway, clock: ManualClock
) -> None:
    """However many they are."""
    slipway = idle_slipway
    await slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "ttl_seconds": 600})
    later = {**CLUSTER, "name": "red", "ttl_seconds": int(3 * HOUR.total_seconds())}
    await slipway.accepted("POST", "/v1/clusters", later)
    expiry = Expiry(slipway.parts.database, clock, slipway.parts.jobs.queue)
    with mock.patch.object(expiry_module, "_BATCH", 1):
        for _ in range(2):
            clock.advance(HOUR)
            await expiry.look()
            async with slipway.parts.database.write() as session:
                ended = sa.update(Job).where(Job.kind == "cluster.delete", Job.finished_at.is_(None))
                await session.execute(ended.values(state="failed", finished_at=clock.now()))
        # Its pause is two hours by now.
        clock.advance(HOUR + timedelta(minutes=5))
        await expiry.look()
    assert [job["target_name"] for job in await _deletions(slipway)].count("blue") == 2
    assert [job["target_name"] for job in await _deletions(slipway)].count("red") == 1


async def test_deletions_that_do_not_succeed_come_to_an_end_and_somebody_is_told(
    idle_slipway: Slipway, clock: ManualClock
) -> None:
    """Trouble 20: ever later, and not for ever."""
    slipway = idle_slipway
    await slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "ttl_seconds": 600})
    expiry = Expiry(slipway.parts.database, clock, slipway.parts.jobs.queue)
    clock.advance(HOUR)
    for tries in range(1, MOST_TRIES + 2):
        await expiry.look()
        assert len(await _deletions(slipway)) == min(tries, MOST_TRIES)
        async with slipway.parts.database.write() as session:
            ended = sa.update(Job).where(Job.kind == "cluster.delete", Job.finished_at.is_(None))
            await session.execute(ended.values(state="failed", finished_at=clock.now()))
        clock.advance(pause_after(tries) - timedelta(seconds=1))
        await expiry.look()
        assert len(await _deletions(slipway)) == min(tries, MOST_TRIES)
        clock.advance(timedelta(seconds=1))
    (told,) = await _told(slipway, "cluster.expiry_given_up")
    assert told["tries"] == str(MOST_TRIES)


async def test_two_workers_that_look_at_once_delete_once(slipway: Slipway, clock: ManualClock, expiry: Expiry) -> None:
    await slipway.create(ttl_seconds=600)
    clock.advance(HOUR)
    other = Expiry(slipway.parts.database, clock, slipway.parts.jobs.queue)
    due = await expiry._due()
    with mock.patch.object(Expiry, "_due", return_value=due):
        await expiry.look()
        await other.look()
    assert len(await _deletions(slipway)) == 1
    assert len(await _told(slipway, "cluster.expired")) == 1


async def test_protection_and_end_are_changed_without_a_job_in_any_state(idle_slipway: Slipway) -> None:
    """Trouble 7: the cluster is still being created, and Azure is never asked."""
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    asked = len(idle_slipway.azure.requests())
    on = await idle_slipway.ask("PATCH", OWN, {"protection": True, "ttl_seconds": 3600})
    assert on.status_code == 200, on.text
    assert on.json()["job"] is None
    assert [(change["path"], change["value"]) for change in on.json()["changes"]] == [
        ("/protection", True),
        ("/expires_at", on.json()["resource"]["expires_at"]),
    ]
    assert (await idle_slipway.ask("DELETE", OWN)).json()["code"] == "cluster_protected"
    off = await idle_slipway.ask("PATCH", OWN, {"protection": False, "ttl_seconds": None})
    assert (off.json()["resource"]["protection"], off.json()["resource"]["expires_at"]) == (False, None)
    again = await idle_slipway.ask("PATCH", OWN, {"protection": False})
    assert (again.status_code, again.json()["changes"]) == (200, [])
    assert len(idle_slipway.azure.requests()) == asked
    kinds = [event["type"] for event in await idle_slipway.events() if event["type"].startswith("cluster.")]
    assert kinds[1:] == ["cluster.protected", "cluster.expiry_set", "cluster.unprotected", "cluster.expiry_set"]
    await idle_slipway.accepted("DELETE", OWN)
    late = await idle_slipway.ask("PATCH", OWN, {"protection": True})
    assert (late.status_code, late.json()["code"]) == (409, "cluster_not_ready")


async def test_a_retry_of_an_old_deletion_does_not_delete_what_was_protected_since(slipway: Slipway) -> None:
    """Trouble 7."""
    await slipway.create()
    slipway.azure.add_fault("error", operation="ManagedClusters_Delete", code="RequestDisallowedByPolicy", status=403)
    failed = await slipway.ended(await slipway.accepted("DELETE", OWN))
    assert failed["state"] == "failed"
    await slipway.ask("PATCH", OWN, {"protection": True})
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))
    assert (again["state"], again["problem"]["code"]) == ("failed", "cluster_protected")
    assert (await slipway.cluster())["state"] == "ready"
