"""A real local Azure on free loopback ports, in a thread and a loop of its own."""

import asyncio
import contextlib
import functools
import json
import threading
import urllib.request
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.core.durations import ExpectSettings
from app.emulator.control import selected
from app.emulator.core.clock import Clock, ManualClock
from app.emulator.core.faults import Fault, parse_fault
from app.emulator.core.registration import record_of
from app.emulator.core.request_log import LoggedRequest
from app.emulator.identity.tokens import new_key
from app.emulator.server import LocalAzureOptions, RunningAzure, running

T = TypeVar("T")

FAST = 2_000.0
"""A speed at which a cluster is there after 0.15 s."""


def expected() -> ExpectSettings:
    """How long operations are expected to take at that speed: Slipway asks Azure about them accordingly."""
    return ExpectSettings(**{name: float(info.default) / FAST for name, info in ExpectSettings.model_fields.items()})


class LocalAzureForTests:
    """What a test sees of a running local Azure. Every method may be called from any thread."""

    def __init__(self, running_azure: RunningAzure, loop: asyncio.AbstractEventLoop, clock: Clock | None) -> None:
        self._running = running_azure
        self._loop = loop
        self._clock = clock
        self.azure = running_azure.azure
        """The parts themselves, for white-box tests; touch them through `call` only."""
        self.url = running_azure.url
        self.https_url = running_azure.https_url
        self.ca_file: Path = running_azure.ca_file
        self.subscription_id = running_azure.subscription_id
        self.tenant_id = running_azure.azure.options.tenant_id
        self.identity_env = running_azure.environment()
        """For azure-identity: IDENTITY_ENDPOINT, IDENTITY_HEADER and so on."""
        self.cli_env = running_azure.cli_environment()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the local Azure's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def token(self, resource: str = "https://management.azure.com/") -> str:
        """A token for plain HTTP clients."""

        async def issue() -> str:
            return self.azure.tokens.issue(resource=resource, client_id="test").text

        return self.call(issue())

    def requests(self, **filters: str) -> list[LoggedRequest]:
        """The request log, oldest first: `requests(operation="ManagedClusters_CreateOrUpdate")`."""

        async def read() -> list[LoggedRequest]:
            return [entry for entry in self.azure.cloud.log if selected(entry, filters)]

        return self.call(read())

    def add_fault(self, kind: str, **fields: Any) -> Fault:
        """Put a fault in force, as `POST /_local/faults` does."""

        async def add() -> Fault:
            return self.azure.cloud.faults.add(parse_fault({"kind": kind, **fields}))

        return self.call(add())

    def clear_faults(self) -> None:
        """Lift every fault."""

        async def clear() -> None:
            self.azure.cloud.faults.remove()

        self.call(clear())

    def advance(self, seconds: float) -> None:
        """Move the manual clock, and let everything happen that comes due."""
        clock = self._clock
        if not isinstance(clock, ManualClock):
            raise TypeError("this local Azure runs on the machine's clock")

        async def move() -> None:
            clock.advance(timedelta(seconds=seconds))
            await self.azure.cloud.settle()

        self.call(move())

    def reset(self) -> None:
        """Forget everything."""
        self.call(self.azure.reset())

    def register(self, namespace: str = "Microsoft.ContainerService", *, state: str = "Registered") -> None:
        """Make a provider registered at once, where a test is about something else; or give it another state."""

        async def write() -> None:
            cloud = self.azure.cloud
            for subscription in cloud.settings.subscription_ids:
                provider = cloud.providers[namespace.lower()]
                record = record_of(cloud, subscription, provider)
                record.body["registrationState"] = state
                cloud.store.touch(record)

        self.call(write())

    def get(self, path: str) -> Any:
        """GET a path of the control interface: `get("/_local/state")`."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310 - our own loopback URL
            return json.load(answer)


@functools.cache
def _token_key() -> bytes:
    """One RSA key for a whole test run: making one takes longer than most tests."""
    return new_key()


@contextlib.contextmanager
def start_local_azure(
    options: LocalAzureOptions | None = None, *, clock: Clock | None = None
) -> Iterator[LocalAzureForTests]:
    """A local Azure for the `with` block; speed `FAST` unless `options` says otherwise.

    With a `ManualClock` single calls take no time, and operations end only by `advance`.
    """
    options = options or LocalAzureOptions(speed=FAST)
    if options.token_key is None:
        options = replace(options, token_key=_token_key())
    if isinstance(clock, ManualClock):
        options = replace(options, latency=False)
    started: Future[tuple[RunningAzure, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        stop = asyncio.Event()
        async with running(options, clock=clock) as azure:
            started.set_result((azure, asyncio.get_running_loop(), stop))
            await stop.wait()

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=main, name="local-azure", daemon=True)
    thread.start()
    azure, loop, stop = started.result(timeout=30)
    try:
        yield LocalAzureForTests(azure, loop, clock)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)


@contextlib.asynccontextmanager
async def local_azure_running(
    options: LocalAzureOptions | None = None, *, clock: Clock | None = None
) -> AsyncIterator[LocalAzureForTests]:
    """`start_local_azure` for `async with`."""
    with start_local_azure(options, clock=clock) as azure:
        yield azure


@pytest.fixture
def local_azure() -> Iterator[LocalAzureForTests]:
    """A fresh local Azure at high speed, on the machine's clock; Microsoft.ContainerService is registered."""
    with start_local_azure() as azure:
        azure.register()
        yield azure


@pytest.fixture
def stopped_azure() -> Iterator[LocalAzureForTests]:
    """A fresh local Azure whose clock stands still until `advance`; speed 1; AKS is registered."""
    with start_local_azure(LocalAzureOptions(speed=1.0), clock=ManualClock()) as azure:
        azure.register()
        yield azure
