"""The readers of one worker: takes its share of the clusters, reads them, gives up what is not its own any more."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from app.clusters.observe.reading import ReadCluster, Reading
from app.clusters.service import readers as rows
from app.clusters.service.readers import Held, ReaderWord
from app.core.clock import Clock
from app.core.settings import Settings
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.engine.lease import Lease
from app.jobs.workflow import Gateways
from app.kubernetes.feed import Timing
from app.kubernetes.types.seen import Seen

Sink = Callable[[str, Seen], Awaitable[None]]
"""Takes what was seen of a cluster (its id). May be given the same twice; what it raises is tried again."""

# Clusters that are taken in one round: a worker that starts must not log in everywhere at once.
_MOST_AT_ONCE = 20
# While nothing else changes, a row says this often that the cluster is still heard.
_STILL_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class LeaseDoubtfulError(Exception):
    """Another worker may be reading by now: what this one saw is not written."""


class ClusterReaders:
    """Reads clusters for one worker. Each cluster has one reader among all workers; they share them evenly."""

    def __init__(
        self,
        database: Database,
        gateways: Gateways,
        clock: Clock,
        settings: Settings,
        *,
        lease: Lease,
        sinks: Sequence[Sink],
        timing: Timing | None = None,
    ) -> None:
        self._database = database
        self._gateways = gateways
        self._clock = clock
        self._settings = settings
        self._lease = lease
        self._sinks = tuple(sinks)
        self._timing = timing or Timing(clock)
        self._running: dict[str, ReadCluster] = {}
        self._written: dict[str, tuple[float, ReaderWord]] = {}

    @property
    def clusters(self) -> frozenset[str]:
        """The clusters that are being read here."""
        return frozenset(self._running)

    async def run(self) -> None:
        """Do a round again and again. What fails is logged, and tried in the next round."""
        while True:
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round is soon
                _log.warning("readers_failed", error=type(error).__name__)
            await self._timing.sleep(self._settings.worker.heartbeat_seconds)

    async def round(self) -> None:
        """Look at the rows once: end, release, take, and write how it goes."""
        if self._lease.lost:
            await self._stop(list(self._running))
            return
        await self._gateways.kubernetes.clients.sweep()
        if not self._lease.held:
            return
        worker_id = self._lease.worker_id
        async with self._database.read() as session:
            held = {one.place.cluster_id: one for one in await rows.held_by(session, worker_id)}
            share = min(await rows.fair_share(session), self._most)
        await self._stop([key for key in self._running if not self._same(held.get(key))])
        await self._end([one for one in held.values() if one.ended])
        mine = [one for one in held.values() if not one.ended]
        for one in mine:
            self._start(one)
        await self._release(mine[share:])
        await self._take(share - len(mine))
        await self._write()

    async def stop(self) -> None:
        """Read no more, and leave the clusters to the others at once."""
        held = [running.held for running in self._running.values()]
        await self._stop(list(self._running))
        if self._lease.lost or not held:
            return
        try:
            async with self._database.write() as session:
                await rows.release(session, self._lease.worker_id, held)
        except DatabaseError as error:
            # The others find them when this worker has ended.
            _log.warning("readers_not_released", code=error.failure.code)

    @property
    def _most(self) -> int:
        settings = self._settings.kubernetes
        return min(settings.max_watched_clusters, settings.max_clients)

    def _same(self, held: Held | None) -> bool:
        running = self._running.get(held.place.cluster_id) if held else None
        return held is not None and running is not None and not held.ended and running.held.epoch == held.epoch

    def _start(self, held: Held) -> None:
        key = held.place.cluster_id
        if key not in self._running:
            reading = Reading(
                held, self._gateways, self._timing, self.deliver, self._settings.kubernetes.run_command_seconds
            )
            self._running[key] = ReadCluster(reading)

    async def _stop(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._written.pop(key, None)
        await asyncio.gather(*(self._running.pop(key).stop() for key in keys))

    async def _end(self, ended: Sequence[Held]) -> None:
        if ended:
            async with self._database.write() as session:
                await rows.end(session, self._lease.worker_id, ended)

    async def _release(self, surplus: Sequence[Held]) -> None:
        if surplus:
            await self._stop([one.place.cluster_id for one in surplus])
            async with self._database.write() as session:
                await rows.release(session, self._lease.worker_id, surplus)

    async def _take(self, room: int) -> None:
        if room <= 0:
            return
        async with self._database.read() as session:
            free = await rows.without_reader(session, limit=min(room, _MOST_AT_ONCE))
        if not free:
            return
        async with self._database.write() as session:
            await rows.claim(session, self._lease.worker_id, free, now=self._clock.now())
        async with self._database.read() as session:
            held = await rows.held_by(session, self._lease.worker_id)
        for one in held:
            if not one.ended:
                self._start(one)

    async def _write(self) -> None:
        moment = self._clock.monotonic()
        words = [word for word in (running.word() for running in self._running.values()) if self._is_news(word, moment)]
        if not words:
            return
        async with self._database.write() as session:
            await rows.keep(session, self._lease.worker_id, words)
        for word in words:
            self._written[word.cluster_id] = moment, word
            running = self._running.get(word.cluster_id)
            if running is not None and word.nodes is not None:
                running.forget_nodes(word.nodes)

    def _is_news(self, word: ReaderWord, moment: float) -> bool:
        before = self._written.get(word.cluster_id)
        if before is None or word.nodes is not None:
            return True
        at, last = before
        same = (word.state, word.problem, word.certificates_end_at) == (
            last.state,
            last.problem,
            last.certificates_end_at,
        )
        return not same or (word.seen_at != last.seen_at and moment - at >= _STILL_SECONDS)

    async def deliver(self, cluster_id: str, seen: Seen) -> None:
        """Hand on what was seen. Raises LeaseDoubtfulError where another worker may be the reader by now."""
        if not self._lease.held:
            raise LeaseDoubtfulError
        for sink in self._sinks:
            await sink(cluster_id, seen)
