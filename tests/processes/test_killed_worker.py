"""Workers that are killed, or that only seem dead."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from tests.processes.conftest import ONE_DATABASE
from tests.processes.fleet import SPEED, Fleet
from tests.processes.process import Process

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

TAKEOVER_SECONDS = 15
PATIENCE_SECONDS = 60
"""Where the time of a takeover is not the subject."""
DEFAULTS: dict[str, str] = {}
_IS_THERE = 412


@pytest_asyncio.fixture(loop_scope="session")
async def workerless(fleet: Fleet) -> AsyncIterator[Fleet]:
    """For workers with a lease of their own: they and the other tests' would take each other for dead."""
    await fleet.kill_workers()
    yield fleet
    await fleet.kill_workers()


async def _taken_over(fleet: Fleet, dead: Process, seconds: float = TAKEOVER_SECONDS) -> None:
    async def condition() -> bool:
        return await fleet.open_jobs_of(dead) == 0

    await fleet.until(condition, "the dead worker's jobs are another's", seconds)


async def _each_was_created_once(fleet: Fleet, names: Sequence[str]) -> None:
    """By Azure's own log. Afterwards all are deleted, and nothing is left."""
    puts = fleet.control.puts()
    assert Counter(entry["path"].rsplit("/", 1)[1] for entry in puts) == dict.fromkeys(names, 1)
    assert {entry["status"] for entry in puts} == {201}

    await fleet.all_succeed(await fleet.delete(names))
    assert fleet.control.leftovers() == []
    assert fleet.control.log(status="409") == []
    assert fleet.wire.sent_twice() == []
    assert fleet.wire.of_an_old_epoch() == []


async def test_twenty_creates_survive_the_kill_of_one_of_two_workers(workerless: Fleet) -> None:
    """Kill -9 in the middle, with the lease's default: within 15 s the other has the jobs; none is created twice."""
    fleet = workerless
    names = [f"beside{number:02}" for number in range(20)]
    workers = await asyncio.gather(fleet.start_worker(DEFAULTS), fleet.start_worker(DEFAULTS))
    jobs = await fleet.create(names)
    await fleet.until_puts(6)
    held = [await fleet.open_jobs_of(worker) for worker in workers]
    doomed = workers[held.index(max(held))]
    await doomed.kill()
    assert await fleet.open_jobs_of(doomed) > 0
    await _taken_over(fleet, doomed)
    await fleet.all_succeed(jobs)
    await _each_was_created_once(fleet, names)


@ONE_DATABASE
async def test_twenty_creates_survive_the_kill_of_the_only_worker(fleet: Fleet) -> None:
    """The one that takes over is started afterwards. All lie in one resource group, which goes with the last."""
    names = [f"after{number:02}" for number in range(20)]
    doomed = await fleet.worker()
    jobs = await fleet.create(names, resource_group="shared")
    await fleet.until_puts(6)
    await doomed.kill()
    assert await fleet.open_jobs_of(doomed) > 0
    await fleet.start_worker()
    await _taken_over(fleet, doomed)
    await fleet.all_succeed(jobs)
    await _each_was_created_once(fleet, names)


@ONE_DATABASE
async def test_a_worker_killed_before_it_could_keep_the_answer_to_its_put_leads_to_no_second_one(fleet: Fleet) -> None:
    """Trouble 12: Azure made the cluster, and nobody has kept the answer."""
    doomed = await fleet.worker()
    fleet.control.add_fault("hang_after", operation="ManagedClusters_CreateOrUpdate")
    [job] = await fleet.create(["unheard"])
    await fleet.until_puts(1)
    await doomed.kill()
    await fleet.start_worker()
    await fleet.all_succeed([job])

    assert len(fleet.control.puts()) == 1
    # The second one asks for a cluster only where there is none.
    puts = [sent.status for sent in fleet.wire.changes() if sent.path.endswith("/unheard")]
    assert puts == [None, _IS_THERE]


@ONE_DATABASE
async def test_a_worker_killed_before_its_first_poll_is_resumed_although_azure_forgot_the_operation(
    fleet: Fleet,
) -> None:
    """Trouble 12, scene 2: after the restart the operation's address is 404, and the resource is there."""
    doomed = await fleet.worker()
    [job] = await fleet.create(["forgotten"])
    await fleet.until_puts(1)
    await doomed.kill()
    assert fleet.control.log(operation="Operations_GetStatus") == []
    await fleet.azure.kill()
    await fleet.start_azure()
    fleet.control.add_fault("error", operation="Operations_GetStatus", status=404, code="NotFound", count=None)
    await fleet.start_worker()
    await fleet.all_succeed([job])

    # 412: asked again, since the first answer was not kept.
    puts = [sent for sent in fleet.wire.changes() if sent.path.endswith("/forgotten") and sent.status != _IS_THERE]
    assert [sent.method for sent in puts] == ["PUT"]


async def test_a_worker_that_was_only_paused_sends_nothing_for_jobs_that_were_taken_over(fleet: Fleet) -> None:
    """SIGSTOP past the lease, then SIGCONT: no call under an old epoch changes Azure, and the worker ends itself."""
    names = [f"paused{number:02}" for number in range(10)]
    paused = await fleet.worker()
    # Slow enough that no job ends before the pause, and not so slow that Azure's pauses between calls delay the PUTs.
    fleet.control.set_speed(SPEED / 20)
    jobs = await fleet.create(names)
    await fleet.until_puts(4)
    assert await paused.pause(fleet.database)
    fleet.control.set_speed(SPEED)
    try:
        assert await fleet.open_jobs_of(paused) > 0
        await fleet.start_worker()
        await _taken_over(fleet, paused, PATIENCE_SECONDS)
        # While the other one is at work on them.
        paused.signal(signal.SIGCONT)
        code, _ = await asyncio.gather(paused.ended(), fleet.all_succeed(jobs))
    finally:
        await paused.kill()

    assert code > 0
    assert fleet.wire.of_an_old_epoch() == []
    assert fleet.wire.sent_twice() == []
    assert Counter(entry["path"].rsplit("/", 1)[1] for entry in fleet.control.puts()) == dict.fromkeys(names, 1)
