"""API, worker and local Azure together on one machine: what `slipway dev` and `slipway demo` run."""

import asyncio
import fcntl
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from app.cli.children import Child, ChildError
from app.core.settings import ExpectSettings

LOOPBACK = "127.0.0.1"
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class StackOptions:
    """Where the state is kept, and how it runs. `port` 0 takes a free one."""

    state_dir: Path
    port: int
    speed: float
    database_url: str | None = None


@dataclass(frozen=True, slots=True)
class StackFacts:
    """What a client needs; the ready file's content."""

    url: str
    api_key: str = field(repr=False)
    azure_url: str
    azure_https_url: str
    azure_ca_file: str
    subscription_id: str
    pids: dict[str, int]

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))


class StackError(Exception):
    """The three did not come up; the message says what to do."""


class Stack:
    """The three processes. A child that dies is started again."""

    def __init__(self, options: StackOptions, *, changed: Callable[[StackFacts], None]) -> None:
        self._options = options
        self._changed = changed
        self._directory = options.state_dir
        self._azure_facts: dict[str, Any] = {}
        self._children: dict[str, Child] = {}
        self._lock: IO[str] | None = None
        self._port = options.port or _free_port()

    async def start(self) -> StackFacts:
        """Migrate, start the three, and wait until all is ready."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = self._locked()
        await self._start_azure()
        await self._once("migrate")
        await self._once("keys", "bootstrap", "--file", str(self._key_file))
        for name, command in (("worker", "worker"), ("api", "serve")):
            self._children[name] = self._child(name, (command,))
            await self._children[name].start()
        return await self._ready()

    async def keep_alive(self) -> None:
        """Start again whatever dies, until this is cancelled."""
        while True:
            deaths = {asyncio.ensure_future(child.died()): name for name, child in self._children.items()}
            try:
                done, _ = await asyncio.wait(deaths, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in deaths:
                    task.cancel()
            for task in done:
                name = deaths[task]
                await (self._start_azure() if name == "azure" else self._children[name].start())
            await self._ready()

    async def stop(self) -> None:
        """Stop them: who asks first, then who answers."""
        await asyncio.gather(*(self._children[name].stop() for name in ("api", "worker") if name in self._children))
        if "azure" in self._children:
            await self._children["azure"].stop()
        if self._lock is not None:
            self._lock.close()

    @property
    def environment(self) -> dict[str, str]:
        """What the API and the worker are told: only settings make the local Azure out of Azure."""
        expected = {
            f"SLIPWAY_EXPECT__{name.upper()}": str(float(info.default) / self._options.speed)
            for name, info in ExpectSettings.model_fields.items()
        }
        return {
            **os.environ,
            **self._azure_facts["environment"],
            **expected,
            "PYTHONUNBUFFERED": "1",
            "SLIPWAY_DATABASE__URL": self._options.database_url
            or f"sqlite:///{self._directory.resolve() / 'slipway.sqlite3'}",
            "SLIPWAY_AZURE__RESOURCE_MANAGER_URL": self._azure_facts["url"],
            "SLIPWAY_AZURE__CREDENTIAL": "managed_identity",
            "SLIPWAY_AZURE__SUBSCRIPTION_ID": self._azure_facts["subscription_id"],
            "SLIPWAY_KUBERNETES__ALLOWED_SERVER_HOSTS": json.dumps([LOOPBACK]),
            "SLIPWAY_HTTP__HOST": LOOPBACK,
            "SLIPWAY_HTTP__PORT": str(self._port),
        }

    @property
    def _key_file(self) -> Path:
        return self._directory / "api_key"

    def _locked(self) -> IO[str]:
        lock = (self._directory / "dev.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise StackError(f"Another `slipway dev` runs in {self._directory}.") from None
        return lock

    async def _start_azure(self) -> None:
        state = str(self._directory / "azure.json")
        self._children["azure"] = Child(
            "azure",
            ("azure", "--state", state, "--speed", str(self._options.speed)),
            self._directory / "azure.log",
            os.environ,
            first_line=True,
        )
        self._azure_facts = json.loads(await self._children["azure"].start())

    def _child(self, name: str, arguments: tuple[str, ...]) -> Child:
        return Child(name, arguments, self._directory / f"{name}.log", self.environment)

    async def _once(self, *arguments: str) -> None:
        child = self._child(arguments[0], arguments)
        await child.start()
        code = await child.process.wait() if child.process else 1
        await child.stop()
        if code != 0:
            raise ChildError(child)

    def _require_alive(self) -> None:
        for child in self._children.values():
            if child.process is not None and child.process.returncode is not None:
                raise ChildError(child)

    async def _ready(self) -> StackFacts:
        url = f"http://{LOOPBACK}:{self._port}"
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not await asyncio.to_thread(_answers, f"{url}/readyz"):
                    self._require_alive()
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise StackError(f"Slipway was not ready in {_READY_SECONDS:.0f} s; see {self._directory}.") from None
        facts = StackFacts(
            url=url,
            api_key=self._key_file.read_text().strip(),
            azure_url=self._azure_facts["url"],
            azure_https_url=self._azure_facts["https_url"],
            azure_ca_file=self._azure_facts["ca_file"],
            subscription_id=self._azure_facts["subscription_id"],
            pids={name: self._children[name].pid for name in ("api", "worker", "azure")},
        )
        self._changed(facts)
        return facts


def write_ready_file(file: Path, facts: StackFacts) -> None:
    """Write the facts whole, readable by their owner alone: a reader sees the old content or the new."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(facts.as_json() + "\n")
    draft.replace(file)


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        port: int = bound.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own process on loopback
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, OSError):
        return False
