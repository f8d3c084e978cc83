"""A worker process of toy jobs, for tests that kill, pause and drain it.

`python -m tests.support.toy_worker URL LOG SETTINGS`: each thing done is a line of LOG, `monotonic worker job epoch
word`; SETTINGS is the JSON of WorkerSettings. Ends as `slipway worker` does: 0 after SIGTERM, 1 when the lease is lost.
"""

import asyncio
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from app.core.clock import SystemClock
from app.core.settings import DatabaseSettings, Settings, WorkerSettings
from app.db.engine import Database
from app.db.waker import Waker
from app.engine.kinds import JobKind
from app.engine.run import JobRun
from app.engine.steps import Cloud, Record, cloud_step, record_step
from app.engine.worker import EngineWorker
from app.engine.workflows import Workflow

TOY = JobKind(
    name="toy.make",
    doing="Making {target}",
    done="{target} was made",
    deadline=timedelta(minutes=10),
    expected="cluster_sync",
    target_type="toy",
)


@dataclass
class Log:
    """The toy gateway: a file that all workers append to."""

    path: Path

    def say(self, cloud: "Cloud[Log]", word: str) -> None:
        """Write what happens now, at once and whole."""
        line = f"{time.monotonic()} {os.getpid()} {cloud.job.id} {cloud.job.epoch} {word}\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)


@cloud_step
async def change(cloud: Cloud[Log], seconds: float) -> None:
    """Change something in the cloud, after a while."""
    cloud.gateways.say(cloud, "begin")
    await asyncio.sleep(seconds)
    await cloud.context.fence()
    cloud.gateways.say(cloud, "change")


@cloud_step
async def watch(cloud: Cloud[Log], seconds: float) -> None:
    """Wait for its end."""
    cloud.gateways.say(cloud, "watch")
    await cloud.context.wait(asyncio.sleep(seconds))
    cloud.gateways.say(cloud, "end")


@record_step
async def done(record: Record) -> None:
    """Write its end."""
    await record.emit("toy.ready")
    await record.succeed(outcome={})


async def make(run: JobRun[Log]) -> None:
    """Change, wait, record."""
    await run.cloud(change, run.view.request["change"])
    await run.cloud(watch, run.view.request["watch"])
    await run.record(done)


async def work(url: str, log: Path, settings: WorkerSettings) -> bool:
    """Run until SIGTERM; False when the worker ended by itself."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database.open(DatabaseSettings(url=SecretStr(url)))
    waker = Waker(database)
    engine = EngineWorker(
        database, waker, SystemClock(), Settings(worker=settings), workflows=[Workflow(TOY, make)], gateways=Log(log)
    )
    await engine.start()
    ends = {asyncio.create_task(stop.wait()), asyncio.create_task(engine.failed())}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    await engine.stop()
    await waker.close()
    await database.close()
    return stop.is_set()


if __name__ == "__main__":
    url, log, settings = sys.argv[1:]
    sys.exit(0 if asyncio.run(work(url, Path(log), WorkerSettings.model_validate_json(settings))) else 1)
