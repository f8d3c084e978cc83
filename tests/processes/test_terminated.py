"""SIGTERM of each process, and the end of Azure, while jobs are under way."""

import asyncio
from collections.abc import Sequence

import httpx2
import pytest

from tests.processes.conftest import ONE_DATABASE
from tests.processes.fleet import Fleet
from tests.support.whole import CLUSTER

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


def _nothing_was_sent_twice(fleet: Fleet, names: Sequence[str]) -> None:
    assert fleet.wire.sent_twice() == []
    assert fleet.wire.of_an_old_epoch() == []
    taken = [sent for sent in fleet.wire.changes() if "managedclusters/" in sent.path.lower() and sent.status]
    assert sorted(sent.path.rsplit("/", 1)[1] for sent in taken) == sorted(names)
    assert {sent.status for sent in taken} == {201}


async def test_a_worker_told_to_stop_under_load_ends_in_time_and_leaves_its_jobs_to_the_next(fleet: Fleet) -> None:
    names = [f"stopped{number:02}" for number in range(12)]
    worker = await fleet.worker()
    jobs = await fleet.create(names)
    await fleet.until_puts(4)
    assert await fleet.open_jobs_of(worker) > 0
    assert await worker.terminate() == 0
    await fleet.start_worker()
    await fleet.all_succeed(jobs)

    _nothing_was_sent_twice(fleet, names)


@ONE_DATABASE
async def test_an_api_told_to_stop_under_load_ends_in_time_and_loses_no_request(fleet: Fleet) -> None:
    """What was accepted is done; what was not answered is settled by its Idempotency-Key."""
    names = [f"asked{number:02}" for number in range(16)]
    await fleet.worker()

    async def ask(name: str) -> str:
        return await fleet.accepted("POST", "/v1/clusters", {**CLUSTER, "name": name}, Idempotency_Key=name)

    asked = [asyncio.create_task(ask(name)) for name in names]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert await fleet.api.terminate() == 0
    first = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, str | httpx2.TransportError) for answer in first), first

    await fleet.start_api()
    again = await asyncio.gather(*(ask(name) for name, answer in zip(names, first, strict=True) if _lost(answer)))
    jobs = [answer for answer in first if isinstance(answer, str)] + again
    assert len(set(jobs)) == len(names)
    await fleet.all_succeed(jobs)

    _nothing_was_sent_twice(fleet, names)


def _lost(answer: str | BaseException) -> bool:
    return not isinstance(answer, str)


@ONE_DATABASE
@pytest.mark.parametrize("end", ["terminate", "kill"])
async def test_jobs_live_through_a_restart_of_azure_in_the_middle_of_their_creates(fleet: Fleet, end: str) -> None:
    """Azure keeps what it acknowledged; a call whose answer was lost is settled by looking."""
    names = [f"{end}{number:02}" for number in range(8)]
    worker = await fleet.worker()
    jobs = await fleet.create(names)
    await fleet.until_puts(3)
    await (fleet.azure.terminate() if end == "terminate" else fleet.azure.kill())
    assert await fleet.open_jobs_of(worker) > 0
    await fleet.start_azure()
    await fleet.all_succeed(jobs)

    assert worker.alive
    assert fleet.wire.sent_twice() == []
    assert fleet.wire.of_an_old_epoch() == []
    # Each PUT that was answered made its cluster, or was told that it is there (412): none changed one that was there.
    puts = [sent for sent in fleet.wire.changes() if "managedclusters/" in sent.path.lower()]
    assert {sent.status for sent in puts} <= {201, 412, None}


@ONE_DATABASE
async def test_an_api_told_to_stop_answers_who_waits_for_a_job_at_once(fleet: Fleet) -> None:
    await fleet.kill_workers()
    job = await fleet.accepted("POST", "/v1/providers/Microsoft.Storage:register")
    waiting = [asyncio.create_task(fleet.ask("GET", f"/v1/jobs/{job}?wait=60")) for _ in range(3)]

    async def served() -> bool:
        return "slipway_http_requests_open 4.0" in (await fleet.http.get("/metrics")).text

    await fleet.until(served, "three wait", 10)
    began = asyncio.get_running_loop().time()
    assert await fleet.api.terminate() == 0
    assert asyncio.get_running_loop().time() - began < 20
    answers = await asyncio.gather(*waiting)
    assert [(answer.status_code, answer.json()["state"]) for answer in answers] == [(200, "queued")] * 3
