"""A cluster's reader, the server that it reads, and what it has handed on, under a time that passes by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import ManualClock
from app.core.settings import KubernetesSettings
from app.kubernetes.feed import Timing
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.reader import ClusterReader
from app.kubernetes.types import Login
from app.kubernetes.types.seen import Seen
from tests.support.kubernetes_server import CLAIM_EVENTS, Answer, Server, Stream

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SETTINGS = KubernetesSettings(allowed_server_hosts=["127.0.0.1"], call_timeout_seconds=5)
SERVICES, NODES, EVENTS = "/api/v1/services", "/api/v1/nodes", "/api/v1/events"
CLAIMS, VOLUMES = "/api/v1/persistentvolumeclaims", "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
STORAGE = (CLAIMS, VOLUMES, CLASSES, CLAIM_EVENTS)
LIMIT = "limit=500"


def service(name: str, version: str = "5", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": name, "uid": f"uid-{name}", "resourceVersion": version},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec},
    }


def event(name: str, version: str, reason: str = "EnsuringLoadBalancer") -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": name, "uid": f"uid-{name}", "resourceVersion": version},
        "involvedObject": {"kind": "Service", "namespace": "shop", "name": "web"},
        "reason": reason,
        "lastTimestamp": f"2026-11-26T10:00:{int(version):02}Z",
    }


def listed(*items: dict[str, Any], version: str = "10") -> Answer:
    return Answer.of({"metadata": {"resourceVersion": version}, "items": list(items)})


@dataclass
class Time:
    """Time that passes by itself while a reader sleeps; sleeps are remembered."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    slept: list[float] = field(default_factory=list)
    pulse: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        if seconds == 30:
            await self.pulse.wait()
            self.pulse.clear()
            return
        self.slept.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    @property
    def timing(self) -> Timing:
        return Timing(self.clock, self.sleep, lambda: 0.5)

    @property
    def pauses(self) -> list[float]:
        """Without the second in which what comes together is gathered."""
        return [seconds for seconds in self.slept if seconds != 1.0]


@dataclass
class Bench:
    """A reader, the server that it reads, and what it has handed on."""

    server: Server
    login: Login
    time: Time = field(default_factory=Time)
    seen: list[Seen] = field(default_factory=list)
    reader: ClusterReader = field(init=False)
    refuse: int = 0
    logins: int = 0
    streams: dict[str, Stream] = field(default_factory=dict)
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        for path in STORAGE:
            self.server.answers[path] = listed()
            self.server.watches[path, "10"] = Stream()

    def serves(self, path: str, answer: Answer, *, watch_from: str = "10") -> Stream:
        """Answer a list with this, and a watch from its version with a stream."""
        stream = Stream()
        self.server.answers[path] = answer
        self.streams[path] = stream
        self.server.watches[path, watch_from] = stream
        return stream

    async def deliver(self, seen: Seen) -> None:
        if self.refuse:
            self.refuse -= 1
            raise OSError("the database is away")
        async with self._moved:
            self.seen.append(seen)
            self._moved.notify_all()

    async def until(self, fine: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self._moved:
            await self._moved.wait_for(fine)

    async def until_seen(self, times: int) -> None:
        await self.until(lambda: len(self.seen) >= times)

    def names(self, index: int = -1) -> list[str]:
        return [found.name for found in self.seen[index].services or ()]

    async def log_in(self) -> Login:
        self.logins += 1
        return replace(self.login, kubeconfig=replace(self.login.kubeconfig, token=f"token-{self.logins}"))

    @asynccontextmanager
    async def reading(self, positions: dict[str, str] | None = None) -> AsyncIterator[ClusterReader]:
        gateway = KubernetesGateway.open(SETTINGS, self.time.clock)
        async with gateway.client("a", self.log_in) as client:
            reader = ClusterReader(client, self.time.timing, positions=positions)
            task = asyncio.create_task(reader.run(self.deliver))
            try:
                yield reader
            finally:
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
        await gateway.close()

    def watched_from(self, path: str) -> list[str]:
        """The resourceVersions from which a path was watched, in order."""
        found = [request.query for request in self.server.requests if request.path.split("?")[0] == path]
        return [query["resourceVersion"] for query in found if query.get("watch") == "true"]
