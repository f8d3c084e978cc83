"""The callers of Slipway. They know HTTP, their keys and their own history, and nothing else."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import Callable
from typing import Any

import httpx2
import yaml

from tests.soak.history import Answer, History, Operation, Outcome
from tests.support.api import Tenant, bearer

_SECONDS = 20.0
_PAUSE_SECONDS = 1.0
_LOOK_SECONDS = 70.0
_SETTLE_SECONDS = 20.0
_IN_PROGRESS = "request_in_progress"
_REUSED = "idempotency_key_reused"


class Clients:
    """Two tenants' clients of one API."""

    def __init__(self, url: str, tenants: list[Tenant]) -> None:
        self.url = url
        self.tenants = tenants
        self.history = History()
        self.secrets = {key for tenant in tenants for key in tenant.keys.values()}
        self._http = httpx2.AsyncClient(base_url=url, timeout=_SECONDS, trust_env=False)
        self._keys = itertools.count()

    async def close(self) -> None:
        await self._http.aclose()

    def key(self) -> str:
        """A new Idempotency-Key."""
        return f"key-{next(self._keys)}"

    async def send(self, operation: Operation) -> Operation:
        """Send an operation, for the first time or again, and learn from what comes."""
        try:
            answer = await self._http.request(
                operation.method, operation.path, json=operation.body, headers=self._headers(operation)
            )
        except httpx2.TransportError:
            operation.lose()
            # Whoever cannot be reached is not asked for more at once.
            await asyncio.sleep(_PAUSE_SECONDS)
            return operation
        self._hear(operation, answer)
        return operation

    async def post(self, tenant: int, verb: str, path: str, body: dict[str, Any] | None, **facts: Any) -> Operation:
        """A POST with a key of its own."""
        operation = self.history.add(tenant, verb, "POST", path, body=body, key=self.key(), facts=facts)
        return await self.send(operation)

    async def look(self, tenant: int, path: str) -> httpx2.Response | None:
        """A GET; None when it had no answer."""
        try:
            return await self._http.get(path, headers=bearer(self.tenants[tenant].admin), timeout=_LOOK_SECONDS)
        except httpx2.TransportError:
            return None

    async def settle(self, operation: Operation) -> bool:
        """Send an operation of unknown outcome again, with its key, until it is known; False when time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_SECONDS):
                while operation.outcome is Outcome.UNKNOWN:
                    await self.send(operation)
                    if operation.outcome is Outcome.UNKNOWN:
                        await asyncio.sleep(0.2)
        return operation.outcome is not Outcome.UNKNOWN

    async def leave(self, operation: Operation, *, on_answer: Callable[[], None] | None = None) -> None:
        """Send an operation and hang up: at once, or with `on_answer` after the answer's first bytes were read."""
        body = json.dumps(operation.body or {}).encode()
        headers = {"Host": "slipway", "Connection": "close", "Content-Type": "application/json"}
        headers |= {**self._headers(operation), "Content-Length": str(len(body))}
        head = f"{operation.method} {operation.path} HTTP/1.1\r\n" + "".join(
            f"{k}: {v}\r\n" for k, v in headers.items()
        )
        operation.lose()
        url = httpx2.URL(self.url)
        sent = head.encode() + b"\r\n" + body
        with contextlib.suppress(OSError):
            self._hear_bytes(operation, await asyncio.to_thread(_exchange, (url.host, url.port), sent, on_answer))

    def _hear_bytes(self, operation: Operation, answer: bytes) -> None:
        head, _, body = answer.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 ") and body.endswith(b"}"):
            operation.hear(Answer(int(head[9:12]), body.decode()))
            self._learn_secrets(operation.answers[-1:])

    def _hear(self, operation: Operation, answer: httpx2.Response) -> None:
        code = answer.json().get("code") if "problem" in answer.headers.get("content-type", "") else None
        if code == _IN_PROGRESS:
            operation.lose()
            return
        if code == _REUSED and operation.verb != "other_body":
            self.history.surprises.append(f"J4: the repeat of operation {operation.number} was taken for another one")
        operation.hear(Answer(answer.status_code, answer.text, answer.headers.get("Idempotency-Replayed") == "true"))
        self._learn_secrets(operation.answers[-1:])

    def _headers(self, operation: Operation) -> dict[str, str]:
        more = {"Idempotency-Key": operation.key, "If-Match": operation.if_match}
        return bearer(self.tenants[operation.tenant].admin, **{name: value for name, value in more.items() if value})

    def _learn_secrets(self, answers: list[Answer]) -> None:
        """What an answer gave away must be found nowhere else."""
        for answer in answers:
            private_key = answer.document.get("ssh_private_key")
            if private_key:
                self.secrets.add(max(private_key.splitlines(), key=len))
            kubeconfig = answer.document.get("kubeconfig")
            if kubeconfig:
                user = yaml.safe_load(kubeconfig)["users"][0]["user"]
                self.secrets |= {str(user[part])[-64:] for part in ("token", "client-key-data") if user.get(part)}


def _exchange(address: tuple[str, int | None], sent: bytes, on_answer: Callable[[], None] | None) -> bytes:
    """Send, and hang up; or call `on_answer` in the very moment of the answer's first bytes, and read on."""
    with socket.create_connection(address, timeout=_SECONDS) as connection:
        connection.sendall(sent)
        if on_answer is None:
            return b""
        received = connection.recv(65_536)
        if received:
            on_answer()
        while more := connection.recv(65_536):
            received += more
        return received
