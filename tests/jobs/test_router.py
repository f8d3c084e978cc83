"""Jobs and events over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from app.db import readiness
from app.db.errors import DatabaseUnavailableError
from app.engine.kinds import PROTOCOL
from app.jobs.specs import end_after, job_read, percent_of
from app.models import Job, JobState
from tests.support.api import add_tenant
from tests.support.whole import CLUSTER, Slipway, start_worker

START = datetime(2026, 11, 1, tzinfo=UTC)


def _job(**values: object) -> Job:
    job = Job(
        id="job_1",
        project_id="prj_1",
        kind="cluster.create",
        target_type="cluster",
        target_id="cls_1",
        target_name="blue",
        partition="p",
        requested_by="me",
        protocol=PROTOCOL,
        created_at=START,
        deadline_seconds=60,
    )
    for name, value in values.items():
        setattr(job, name, value)
    return job


def test_percent_follows_what_jobs_of_the_kind_took_and_is_100_only_at_a_good_end() -> None:
    running = _job(state=JobState.RUNNING, started_at=START, expected_seconds=100.0)

    assert percent_of(_job(), START) == 0
    assert percent_of(running, START + timedelta(seconds=30)) == 30
    assert percent_of(running, START + timedelta(seconds=300)) == 99
    assert percent_of(_job(state=JobState.SUCCEEDED), START) == 100
    assert percent_of(_job(state=JobState.RUNNING, started_at=START), START) is None


def test_the_expected_ends_are_never_in_the_past() -> None:
    """Trouble 15: by what half of such jobs took, and nine of ten."""
    running = _job(state=JobState.RUNNING, started_at=START, expected_seconds=100.0, likely_seconds=150.0)
    late = START + timedelta(seconds=300)

    assert end_after(running, 100, START) == START + timedelta(seconds=100)
    assert end_after(running, 100, late) == late
    assert end_after(_job(), 100, START) is None
    shown = job_read(running, START + timedelta(seconds=120))
    assert (shown.expected_end, shown.likely_end_by) == (
        START + timedelta(seconds=120),
        START + timedelta(seconds=150),
    )


async def test_a_wait_is_no_longer_than_the_setting(idle_slipway: Slipway) -> None:
    job_id = await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    idle_slipway.parts.settings.http.max_wait_seconds = 1
    async with asyncio.timeout(20):
        answer = await idle_slipway.ask("GET", f"/v1/jobs/{job_id}?wait=60")
    assert answer.json()["state"] == "queued"


async def test_a_wait_ends_with_the_job_or_with_its_seconds(idle_slipway: Slipway) -> None:
    job_id = await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)

    in_vain = await idle_slipway.ask("GET", f"/v1/jobs/{job_id}?wait=1")
    idle_slipway.worker = await start_worker(idle_slipway.parts)
    ended = await idle_slipway.ask("GET", f"/v1/jobs/{job_id}?wait=60")
    too_long = await idle_slipway.ask("GET", f"/v1/jobs/{job_id}?wait=61")

    assert in_vain.json()["state"] == "queued"
    assert ended.json()["state"] == "succeeded"
    assert too_long.status_code == 422


async def test_a_job_that_never_began_is_canceled_with_its_cluster(idle_slipway: Slipway) -> None:
    """Trouble 16: before the PUT a cancel simply drops the job."""
    job_id = await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    await idle_slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    again = await idle_slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    idle_slipway.worker = await start_worker(idle_slipway.parts)

    job = await idle_slipway.ended(job_id)

    assert again == job_id
    assert job["state"] == "canceled"
    assert job["problem"]["code"] == "canceled_by_caller"
    assert (await idle_slipway.cluster())["state"] == "failed"
    assert idle_slipway.puts() == 0
    late = await idle_slipway.ask("POST", f"/v1/jobs/{job_id}:cancel")
    assert late.status_code == 409
    assert late.json()["code"] == "job_has_ended"


async def test_only_what_did_not_succeed_is_retried(slipway: Slipway) -> None:
    job = await slipway.create()

    answer = await slipway.ask("POST", f"/v1/jobs/{job['id']}:retry")

    assert answer.status_code == 409
    assert answer.json()["code"] == "job_not_retryable"


async def test_busy_is_queued_refused_or_replaced_as_the_caller_asks(slipway: Slipway) -> None:
    """Trouble 17: `on_busy` is queue, fail or replace."""
    await slipway.create()
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    scale = {"count": 2}
    first = await slipway.accepted("POST", "/v1/clusters/blue:scale", scale)

    refused = await slipway.ask("POST", "/v1/clusters/blue:scale", {"count": 3, "options": {"on_busy": "fail"}})
    replacing = await slipway.accepted(
        "POST", "/v1/clusters/blue:scale", {"count": 2, "options": {"on_busy": "replace"}}
    )

    assert refused.status_code == 409
    assert refused.json()["code"] == "target_busy"
    assert (await slipway.ended(first))["state"] == "canceled"
    await slipway.accepted("POST", f"/v1/jobs/{replacing}:cancel")


async def test_jobs_are_listed_by_state_kind_and_target(idle_slipway: Slipway) -> None:
    one = await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "name": "two"})
    target = (await idle_slipway.cluster())["id"]

    by_target = await idle_slipway.ask("GET", f"/v1/jobs?target_id={target}")
    none = await idle_slipway.ask("GET", "/v1/jobs?state=failed")
    kinds = await idle_slipway.ask("GET", "/v1/jobs?kind=cluster.create&limit=1")

    assert [job["id"] for job in by_target.json()["items"]] == [one]
    assert none.json()["items"] == []
    assert len(kinds.json()["items"]) == 1
    assert kinds.json()["next_cursor"]


async def test_jobs_events_and_steps_of_another_project_do_not_exist(idle_slipway: Slipway) -> None:
    job_id = await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    stranger = await add_tenant(idle_slipway.parts.database, "rivals")

    for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}?wait=1", f"/v1/jobs/{job_id}/steps"):
        assert (await idle_slipway.ask("GET", path, key=stranger.admin)).status_code == 404
    for path in ("/v1/jobs", "/v1/events"):
        assert (await idle_slipway.ask("GET", path, key=stranger.admin)).json()["items"] == []
    for verb in ("cancel", "retry"):
        assert (await idle_slipway.ask("POST", f"/v1/jobs/{job_id}:{verb}", key=stranger.admin)).status_code == 404


async def test_a_reader_of_events_that_goes_on_from_its_cursor_misses_and_repeats_nothing(
    idle_slipway: Slipway,
) -> None:
    """Trouble 84: a feed with a cursor."""
    seen: list[str] = []
    cursor = ""
    for number in range(4):
        await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "name": f"c{number}"})
        page = (await idle_slipway.ask("GET", f"/v1/events?limit=3{cursor}")).json()
        seen += [event["id"] for event in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    while page["items"]:
        page = (await idle_slipway.ask("GET", f"/v1/events?limit=3&cursor={page['next_cursor']}")).json()
        seen += [event["id"] for event in page["items"]]
        await asyncio.sleep(0)

    everything = [event["id"] for event in await idle_slipway.events()]
    assert seen == everything
    assert len(set(seen)) == len(seen) == 8


async def test_metrics_tell_how_many_jobs_are_open_and_how_old_the_oldest_is(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)

    text = (await idle_slipway.http.get("/metrics")).text

    assert 'slipway_jobs_open{kind="cluster.create",state="queued"} 1.0' in text
    age = next(line for line in text.splitlines() if line.startswith("slipway_job_queue_age_seconds"))
    assert float(age.split()[1]) > 0


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_no_job_is_begun_on_a_disk_that_is_nearly_full(
    idle_slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE_BYTES", 2**62)

    with capture_logs():
        refused = await idle_slipway.ask("POST", "/v1/clusters", CLUSTER)

    assert refused.status_code == 503, refused.text
    assert refused.json()["code"] == "no_room"
    assert refused.headers["retry-after"] == "30"
    assert (await idle_slipway.ask("GET", "/v1/clusters")).json()["items"] == []


async def test_a_look_at_a_job_succeeds_when_nothing_can_be_written(
    idle_slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)

    def refuse() -> None:
        raise DatabaseUnavailableError("The disk is full.")

    monkeypatch.setattr(idle_slipway.parts.database, "write", refuse)

    answer = await idle_slipway.ask("GET", f"/v1/jobs/{job_id}/steps")

    assert answer.status_code == 200
