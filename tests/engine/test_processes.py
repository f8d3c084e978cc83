"""Workers that are killed, paused and told to go: real processes on one database."""

import asyncio
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.settings import WorkerSettings
from app.models import Worker
from tests.processes.process import somebody_writes
from tests.support.engine import EngineBench
from tests.support.paused import pause

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FAST = WorkerSettings(
    heartbeat_seconds=0.2, lease_seconds=1.5, stuck_seconds=5, drain_seconds=5, queue_poll_seconds=0.05
)


@dataclass(frozen=True)
class Done:
    at: float
    worker: int
    job: str
    epoch: int
    word: str


@dataclass
class Workers:
    bench: EngineBench
    log: Path
    processes: list[subprocess.Popen[bytes]]

    async def start(self, settings: WorkerSettings = FAST) -> subprocess.Popen[bytes]:
        """Start one, and return when it takes jobs."""
        process = self._start(settings)
        mine = select(Worker.id).where(Worker.pid == process.pid)
        until = time.monotonic() + 40
        while True:
            async with self.bench.database.read() as session:
                if (await session.execute(mine)).first() is not None:
                    return process
            assert process.poll() is None
            assert time.monotonic() < until
            await asyncio.sleep(0.05)

    def _start(self, settings: WorkerSettings) -> subprocess.Popen[bytes]:
        url = self.bench.database.settings.url.get_secret_value()
        command = [sys.executable, "-m", "tests.support.toy_worker", url, str(self.log)]
        with (self.log.parent / f"worker-{len(self.processes)}.log").open("wb") as output:
            process = subprocess.Popen(
                [*command, settings.model_dump_json()], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
            )
        self.processes.append(process)
        return process

    def done(self) -> list[Done]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        parts = [line.split() for line in lines]
        return [Done(float(at), int(worker), job, int(epoch), word) for at, worker, job, epoch, word in parts]

    async def until(self, seen: Callable[[Done], bool], seconds: float = 30) -> Done:
        until = time.monotonic() + seconds
        while True:
            for each in self.done():
                if seen(each):
                    return each
            assert time.monotonic() < until, self.done()
            await asyncio.sleep(0.05)


@pytest.fixture
def workers(bench: EngineBench, tmp_path: Path) -> Iterator[Workers]:
    started = Workers(bench, tmp_path / "done.log", [])
    yield started
    for process in started.processes:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)
            process.kill()
        process.wait(10)


async def wait_for(process: subprocess.Popen[bytes], seconds: float) -> int:
    return await asyncio.to_thread(process.wait, seconds)


async def test_after_kill_9_another_worker_goes_on_within_15_seconds(bench: EngineBench, workers: Workers) -> None:
    first, second = await workers.start(WorkerSettings()), await workers.start(WorkerSettings())
    job_id = await bench.add(request={"change": 0, "watch": 2})
    held = await workers.until(lambda done: done.word == "watch")
    by_pid = {process.pid: process for process in (first, second)}
    killed = time.monotonic()
    by_pid[held.worker].kill()
    again = await workers.until(lambda done: done.word == "watch" and done.worker != held.worker)
    assert again.at - killed < 15
    job = await bench.ended(job_id)
    assert (job.state, job.epoch) == ("succeeded", 2)
    # The step whose result was stored did not run again.
    assert [done.word for done in workers.done()].count("change") == 1
    assert [step.attempts for step in await bench.steps(job_id)] == [1, 2, 1]


async def test_jobs_of_a_partition_never_overlap_though_workers_are_killed_and_paused(
    bench: EngineBench, workers: Workers
) -> None:
    """RELIABILITY §0 findings 1 to 3: three workers, two of them killed, two left that both see the same dead one.

    One is paused until it was declared dead, as a busy machine does it: what it reads or ends late, another one has
    read and ended under a newer epoch, and it changes nothing.
    """
    for _ in range(3):
        await workers.start()
    request = {"change": 0.2, "watch": 0.4}
    jobs = [await bench.add(partition=f"p{n % 4}", request=request) for n in range(12)]
    paused = await paused_one(workers)
    for _ in range(2):
        (await busy(workers, besides=paused)).kill()
        await asyncio.sleep(0.5)
        await workers.start()
    paused.send_signal(signal.SIGCONT)
    for job_id in jobs:
        assert (await bench.ended(job_id, 60)).state == "succeeded"
    assert await wait_for(paused, 15) == 1
    done = workers.done()
    for partition in range(4):
        spans = [span(done, job_id) for job_id in jobs[partition::4]]
        assert all(before[1] < after[0] for before, after in pairwise(spans)), spans
    for job_id in jobs:
        mine = [each for each in done if each.job == job_id]
        for index, each in enumerate(mine):
            # Each run under a greater epoch than the one before; what an older epoch began changes nothing after it.
            assert each.word != "change" or each.epoch == max(before.epoch for before in mine[: index + 1]), mine


async def paused_one(workers: Workers) -> subprocess.Popen[bytes]:
    """Pause a worker that waits for something; one that is just writing would keep its locks from all others."""
    while True:
        paused = await busy(workers)
        await pause(paused.pid)
        for _ in range(100):
            if workers.bench.database.file is None or not await somebody_writes(workers.bench.database):
                return paused
            # Others write too, for a moment.
            await asyncio.sleep(0.01)
        paused.send_signal(signal.SIGCONT)


async def busy(workers: Workers, besides: subprocess.Popen[bytes] | None = None) -> subprocess.Popen[bytes]:
    """A living worker that has just begun to wait for something."""
    known = len(workers.done())

    def seen(done: Done) -> bool:
        return done.word == "watch" and done in workers.done()[known:] and is_alive(workers, done.worker)

    spared = besides.pid if besides is not None else 0
    found = await workers.until(lambda done: seen(done) and done.worker != spared)
    return next(process for process in workers.processes if process.pid == found.worker)


def span(done: list[Done], job_id: str) -> tuple[float, float]:
    """When the job's first word was said, and when it ended: by the newest epoch that came to the end."""
    mine = [each for each in done if each.job == job_id]
    return mine[0].at, max((each for each in mine if each.word == "end"), key=lambda each: each.epoch).at


def is_watched(job_id: str, done: Done) -> bool:
    return (done.job, done.word) == (job_id, "watch")


def is_alive(workers: Workers, pid: int) -> bool:
    return any(process.pid == pid and process.poll() is None for process in workers.processes)


async def test_a_paused_worker_changes_nothing_when_it_wakes_and_ends(bench: EngineBench, workers: Workers) -> None:
    """RELIABILITY §0 finding 3"""
    first = await workers.start()
    job_id = await bench.add(request={"change": 1, "watch": 0.1})
    await workers.until(lambda done: done.word == "begin")
    await pause(first.pid)
    second = await workers.start()
    await workers.until(lambda done: done.worker == second.pid and done.word == "begin")
    os.kill(first.pid, signal.SIGCONT)
    assert await wait_for(first, 15) == 1
    job = await bench.ended(job_id)
    assert (job.state, job.epoch) == ("succeeded", 2)
    assert [(done.worker, done.epoch) for done in workers.done() if done.word == "change"] == [(second.pid, 2)]


async def test_a_worker_told_to_go_leaves_its_awaits_to_another_at_once(bench: EngineBench, workers: Workers) -> None:
    first = await workers.start()
    jobs = [await bench.add(partition=f"p{n}", request={"change": 0, "watch": 8}) for n in range(10)]
    for job_id in jobs:
        await workers.until(functools.partial(is_watched, job_id))
    second = await workers.start(WorkerSettings(queue_poll_seconds=0.05))
    told = time.monotonic()
    first.send_signal(signal.SIGTERM)
    assert await wait_for(first, 10) == 0
    for job_id in jobs:
        assert (await bench.ended(job_id, 40)).state == "succeeded"
    done = workers.done()
    assert max(d.at for d in done if d.worker == second.pid and d.word == "watch") - told < 4
    assert [d.word for d in done].count("change") == 10
