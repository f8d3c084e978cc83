"""API, worker and local Azure together on one machine: what `slipway dev` and `slipway demo` run."""

import asyncio
import http
import http.client
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cryptography.fernet import Fernet

from app.cli.children import Child, ChildError
from app.cli.claims import LOOPBACK, StackError, claim_directory, claim_port
from app.cli.ready_file import StackFacts
from app.core.durations import ExpectSettings

_READY_SECONDS = 90.0
_POLL_SECONDS = 0.1
_PAUSE_SECONDS = 0.3
# A child that ended so soon did not come up; after so many times in a row it will not.
_SHORT_LIFE_SECONDS = 10.0
_SHORT_LIVES = 5
# The name of the child: its command.
_CLIENTS = {"worker": "worker", "api": "serve"}


@dataclass(frozen=True, slots=True)
class StackOptions:
    """Where the state is kept, and how it runs. `port` 0 takes a free one."""

    state_dir: Path
    port: int
    speed: float
    database_url: str | None = None


class Stack:
    """The three processes. A child that dies is started again.

    `changed` is told the facts when all is ready, each time; `said` gets a sentence whenever something happens.
    """

    def __init__(
        self, options: StackOptions, *, changed: Callable[[StackFacts], None], said: Callable[[str], None]
    ) -> None:
        self._options = options
        self._changed = changed
        self._said = said
        self._directory = options.state_dir
        self._azure_facts: dict[str, Any] = {}
        self._children: dict[str, Child] = {}
        self._lock: IO[str] | None = None
        self._port = options.port

    async def claim(self) -> None:
        """Take the directory and the port. Raises StackError when somebody has them."""
        self._lock = await claim_directory(self._directory)
        self._port = claim_port(self._options.port)

    async def start(self) -> StackFacts:
        """Migrate, start the three, and wait until all is ready. Raises StackError, ChildError."""
        self._children["azure"] = self._azure()
        await asyncio.gather(self._start_azure(), self._prepare_database())
        for name, command in _CLIENTS.items():
            self._children[name] = self._child(name, (command,), self._client_environment)
            await self._children[name].start()
        return await self._ready()

    async def keep_alive(self) -> None:
        """Start again whatever dies, until this is cancelled. Raises ChildError when one dies again and again."""
        tasks = [asyncio.ensure_future(self._tend(name)) for name in self._children]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Stop them: who asks first, then who answers."""
        await asyncio.gather(*(self._children[name].stop() for name in _CLIENTS if name in self._children))
        if "azure" in self._children:
            await self._children["azure"].stop()
        if self._lock is not None:
            self._lock.close()

    @property
    def _database_environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "SLIPWAY_DATABASE__URL": self._options.database_url
            or f"sqlite:///{self._directory.resolve() / 'slipway.sqlite3'}",
        }

    @property
    def _client_environment(self) -> dict[str, str]:
        """What the API and the worker are told: only settings make the local Azure out of Azure."""
        expected = {
            f"SLIPWAY_EXPECT__{name.upper()}": str(float(info.default) / self._options.speed)
            for name, info in ExpectSettings.model_fields.items()
        }
        return {
            # What whoever runs this has set goes before the key of our own.
            "SLIPWAY_SECRETS__KEYS": json.dumps([self._own_secret_key()]),
            **self._database_environment,
            **self._azure_facts["environment"],
            **expected,
            # A proxy would look for this machine's own ports on itself.
            **{name: ",".join(filter(None, (os.environ.get(name), LOOPBACK))) for name in ("NO_PROXY", "no_proxy")},
            "SLIPWAY_AZURE__RESOURCE_MANAGER_URL": self._azure_facts["url"],
            "SLIPWAY_AZURE__CREDENTIAL": "managed_identity",
            "SLIPWAY_AZURE__SUBSCRIPTION_ID": self._azure_facts["subscription_id"],
            "SLIPWAY_KUBERNETES__ALLOWED_SERVER_HOSTS": json.dumps([LOOPBACK]),
            "SLIPWAY_HTTP__HOST": LOOPBACK,
            "SLIPWAY_HTTP__PORT": str(self._port),
        }

    def _own_secret_key(self) -> str:
        """The key for secrets in rows: made once, and kept beside the database that it serves."""
        file = self._directory / "secret_key"
        if not file.exists():
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
                made.write(Fernet.generate_key().decode())
        return file.read_text()

    @property
    def _key_file(self) -> Path:
        return self._directory / "api_key"

    def _azure(self) -> Child:
        state = str(self._directory / "azure.json")
        return Child(
            "azure",
            ("azure", "--state", state, "--speed", str(self._options.speed)),
            self._directory / "azure.log",
            os.environ,
            first_line=True,
            inherits=self._inherited,
        )

    def _child(self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Child:
        log = self._directory / f"{name}.log"
        return Child(name, arguments, log, environment, inherits=self._inherited)

    @property
    def _inherited(self) -> tuple[int, ...]:
        return (self._lock.fileno(),) if self._lock is not None else ()

    async def _start_azure(self) -> None:
        self._azure_facts = json.loads(await self._children["azure"].start())

    async def _prepare_database(self) -> None:
        await self._once("migrate")
        await self._once("keys", "bootstrap", "--file", str(self._key_file))

    async def _once(self, *arguments: str) -> None:
        child = self._child(arguments[0], arguments, self._database_environment)
        try:
            await child.start()
            if await child.wait() != 0:
                raise ChildError(child)
        finally:
            await child.stop()

    async def _tend(self, name: str) -> None:
        """Start one child again each time it ends; give up when it never stays."""
        child, short_lives = self._children[name], 0
        while True:
            started = asyncio.get_running_loop().time()
            code = await child.wait()
            lived = asyncio.get_running_loop().time() - started
            short_lives = short_lives + 1 if lived < _SHORT_LIFE_SECONDS else 0
            if short_lives > _SHORT_LIVES:
                raise ChildError(child)
            self._said(f"The {name} ended with exit code {code}; starting it again.")
            await asyncio.sleep(_PAUSE_SECONDS)
            before = self._azure_facts
            await (self._start_azure() if name == "azure" else child.start())
            if self._azure_facts != before:
                await self._move_clients()
            self._changed(await self._until_ready())

    async def _move_clients(self) -> None:
        """The local Azure came back at another address: have API and worker started again, with what they need."""
        for name in _CLIENTS:
            self._children[name].environment = self._client_environment
            await self._children[name].terminate()

    async def _until_ready(self) -> StackFacts:
        """Wait until all is ready, through whatever else dies meanwhile."""
        url = f"http://{LOOPBACK}:{self._port}"
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while not await asyncio.to_thread(_answers, LOOPBACK, self._port):
            await asyncio.sleep(_POLL_SECONDS)
            if asyncio.get_running_loop().time() < deadline:
                continue
            raise StackError(f"Slipway was not ready in {_READY_SECONDS:.0f} s; see {self._directory}/*.log.")
        return StackFacts(
            url=url,
            api_key=self._key_file.read_text().strip(),
            azure_url=self._azure_facts["url"],
            azure_https_url=self._azure_facts["https_url"],
            azure_ca_file=self._azure_facts["ca_file"],
            subscription_id=self._azure_facts["subscription_id"],
            pids={name: self._children[name].pid for name in ("api", "worker", "azure")},
        )

    async def _ready(self) -> StackFacts:
        """Wait until all is ready for the first time; a child that ends before is not started again."""
        ready = asyncio.ensure_future(self._until_ready())
        ends = [asyncio.ensure_future(child.wait()) for child in self._children.values()]
        try:
            await asyncio.wait([ready, *ends], return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                for child in self._children.values():
                    child.require_alive()
            facts = await ready
        finally:
            for task in (ready, *ends):
                task.cancel()
        self._changed(facts)
        return facts


def _answers(host: str, port: int) -> bool:
    # Not urllib: it would ask a proxy that the environment names.
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
