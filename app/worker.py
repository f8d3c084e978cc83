"""The worker: runs all jobs, and observes Azure."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from app.bootstrap import OBSERVERS, WORKFLOWS, Parts, cluster_readers, open_parts
from app.clusters.observe import observe_conditions, observe_versions
from app.clusters.observe.expiry import Expiry
from app.core.errors import SlipwayError
from app.core.settings import Settings
from app.engine.lease import Lease
from app.engine.worker import EngineWorker
from app.infrastructure.observe.changes import InfrastructureChanges
from app.load_balancers.observe.changes import NetworkChanges
from app.node_pools.observe import Replacements
from app.storage.observe.keys import KeyCheck

_CHANGES_SECONDS = 2
_EXPIRY_SECONDS = 10
_JUDGE_SECONDS = 15
_log = structlog.get_logger(__name__)


async def run(settings: Settings) -> bool:
    """Run until SIGTERM or SIGINT, then drain. False when the worker had to end by itself: its lease was lost."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    parts = open_parts(settings)
    await parts.start()
    try:
        engine = EngineWorker(
            parts.database,
            parts.waker,
            parts.clock,
            settings,
            workflows=WORKFLOWS,
            gateways=parts.gateways,
        )
        await engine.start()
        observing = asyncio.create_task(_observe(parts, engine.lease), name="observers")
        following = asyncio.create_task(_follow_changes(parts, engine.lease), name="changes")
        checking = asyncio.create_task(_check_keys(parts, engine.lease), name="keys")
        expiring = asyncio.create_task(_keep_time(parts, engine.lease), name="expiry")
        judging = asyncio.create_task(_judge(parts, engine.lease), name="conditions")
        readers = cluster_readers(parts, engine.lease)
        reading = asyncio.create_task(readers.run(), name="readers")
        stopped = asyncio.create_task(stop.wait())
        failed = asyncio.create_task(engine.failed())
        await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        tasks = (observing, following, checking, expiring, judging, reading, stopped, failed)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await readers.stop()
        await engine.stop()
        return stop.is_set()
    finally:
        await parts.close()


async def _observe(parts: Parts, lease: Lease) -> None:
    """Compare all clusters with Azure every few minutes; of several workers the oldest does it."""
    while True:
        await asyncio.sleep(parts.settings.worker.sync_seconds)
        for observer in OBSERVERS:
            await _if_oldest(lease, partial(observer, parts.database, parts.gateways.azure, parts.clock))
        await _if_oldest(lease, partial(observe_versions, parts.database, parts.catalog_source))


async def _follow_changes(parts: Parts, lease: Lease) -> None:
    """Look at what Azure has for a cluster soon after something changed in it."""
    azure = parts.gateways.azure
    networks = NetworkChanges(parts.database, azure, parts.clock, pace=azure.pace)
    machines = InfrastructureChanges(parts.database, azure, parts.clock)
    while True:
        await asyncio.sleep(min(_CHANGES_SECONDS * azure.pace, parts.settings.worker.sync_seconds))
        await _if_oldest(lease, networks.observe)
        await _if_oldest(lease, machines.observe)


async def _check_keys(parts: Parts, lease: Lease) -> None:
    """Compare the keys in clusters' Secrets with their accounts'."""
    keys = KeyCheck(parts.database, parts.gateways, parts.clock, parts.jobs.queue)
    while True:
        await asyncio.sleep(parts.settings.worker.key_check_seconds)
        await _if_oldest(lease, keys.check)


async def _keep_time(parts: Parts, lease: Lease) -> None:
    """Delete the clusters whose end has come, and tell of it before."""
    expiry = Expiry(parts.database, parts.clock, parts.jobs.queue)
    while True:
        await asyncio.sleep(_EXPIRY_SECONDS)
        await _if_oldest(lease, expiry.look)


async def _judge(parts: Parts, lease: Lease) -> None:
    """Judge all clusters by what was seen of them, and have lost spot machines replaced where that is asked for."""
    replacements = Replacements(parts.database, parts.clock, parts.jobs.queue)
    while True:
        await asyncio.sleep(min(_JUDGE_SECONDS, parts.settings.worker.sync_seconds))
        await _if_oldest(lease, partial(observe_conditions, parts.database, parts.clock))
        await _if_oldest(lease, replacements.look)


async def _if_oldest(lease: Lease, observe: Callable[[], Awaitable[None]]) -> None:
    """Observe, if of several workers this is the one that does; a failure is logged and ends nothing."""
    try:
        if await lease.is_oldest():
            await observe()
    except SlipwayError as error:
        _log.warning("observing_failed", code=error.problem.code)
    except Exception:  # noqa: BLE001 - logged; clusters must not go unobserved until the worker's end
        _log.exception("observing_crashed")
