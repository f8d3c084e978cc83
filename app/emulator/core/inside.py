"""ARM as what runs inside Azure calls it: the same handlers and faults, but no token, latency, throttling or log."""

import json
import logging
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.emulator.core.authorization import authorization_failed
from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, not_implemented
from app.emulator.core.exchange import Answer, Call, Delivery, answer_of
from app.emulator.core.fault_injection import carry_out
from app.emulator.core.faults import FaultKind
from app.emulator.core.locks import refuse_locked
from app.emulator.core.operations import Operation

logger = logging.getLogger(__name__)

API_VERSION = "2025-03-01"
MANAGEMENT = "https://management.azure.com"
_OPERATION = re.compile(r"/(?:async)?operations/([^/?]+)", re.IGNORECASE)
_ABSENT = {"ResourceNotFound", "NotFound", "ShareNotFound"}
_RULE = "-" * 80
_LOST = {
    Delivery.RESET: "read: connection reset by peer",
    Delivery.NEVER: "context deadline exceeded",
    Delivery.HALF: "unexpected EOF",
}


class ArmError(Exception):
    """A call that Azure refused, or whose operation failed; the text is that of Azure's SDK for Go."""

    def __init__(self, method: str, path: str, status: int, code: str, body: str) -> None:
        """Say what `method path` got."""
        phrase = f"{status} {HTTPStatus(status).phrase}"
        super().__init__(
            f"{method} {MANAGEMENT}{path}\n{_RULE}\nRESPONSE {status}: {phrase}\nERROR CODE: {code or 'UNAVAILABLE'}\n"
            f"{_RULE}\n{body}\n{_RULE}\n"
        )
        self.status = status
        self.code = code


class LostAnswerError(Exception):
    """A call whose answer never came; whether it took effect is not known."""


class LaterError(Exception):
    """The answer takes so many seconds longer (unscaled); nothing has happened yet."""

    def __init__(self, seconds: float) -> None:
        """Come back after `seconds`."""
        super().__init__(f"{seconds} s")
        self.seconds = seconds


class StuckError(Exception):
    """The operation that a call began never ends."""


@dataclass(frozen=True)
class InsideClient:
    """Calls of one identity. Long operations end at once: their time is part of the caller's own.

    Only for use while the cloud settles (an appointment, a transition). Every method may raise `ArmError`,
    `LostAnswerError`, `LaterError`, `StuckError`.
    """

    cloud: Cloud
    principal: str
    """The object id that a refusal names."""

    async def get(self, path: str) -> Document | None:
        """The resource, none where it is not there."""
        try:
            return _document(await self._send("GET", path))
        except ArmError as error:
            if error.status == HTTPStatus.NOT_FOUND and error.code in _ABSENT:
                return None
            raise

    async def list_(self, path: str) -> list[Document]:
        """All pages of a list."""
        found: list[Document] = []
        query: dict[str, str] = {}
        while True:
            body = _document(await self._send("GET", path, query=query))
            found += body["value"]
            if "nextLink" not in body:
                return found
            query = dict(parse_qsl(urlsplit(body["nextLink"]).query))

    async def put(self, path: str, body: Document) -> Document:
        """Create or replace, and return what is there then."""
        await self._ended("PUT", path, await self._send("PUT", path, body))
        stored = await self.get(path)
        return stored if stored is not None else body

    async def patch(self, path: str, body: Document) -> None:
        """Change a part."""
        await self._ended("PATCH", path, await self._send("PATCH", path, body))

    async def post(self, path: str, body: Document | None = None) -> Document:
        """Do what the last segment says, and return what it answers."""
        answer = await self._send("POST", path, body)
        await self._ended("POST", path, answer)
        return _document(answer) if answer.payload() else {}

    async def delete(self, path: str) -> None:
        """Remove; what is not there is no error."""
        await self._ended("DELETE", path, await self._send("DELETE", path))

    async def _send(
        self, method: str, path: str, body: Document | None = None, *, query: dict[str, str] | None = None
    ) -> Answer:
        call = Call(
            method=method,
            path=path,
            query={**(query or {}), "api-version": API_VERSION},
            headers={},
            raw_body=json.dumps(body).encode() if body is not None else b"",
            base_url=MANAGEMENT,
            received=self.cloud.now(),
            request_id=str(uuid.uuid4()),
            principal=self.principal,
            inside=True,
        )
        match = self.cloud.routes.find(method, path)
        if match is not None:
            call.parameters, call.operation, call.route = match.parameters, match.target.operation, match.target
        answer = await self._through_faults(call)
        if answer.delivery in _LOST:
            raise LostAnswerError(f'{method} "{MANAGEMENT}{path}": {_LOST[answer.delivery]}')
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(method, path, answer)
        return answer

    async def _through_faults(self, call: Call) -> Answer:
        fault = self.cloud.faults.draw(call)
        if fault is None:
            return await self._dispatch(call)
        if fault.kind is FaultKind.DELAY:
            raise LaterError(fault.seconds)
        return await carry_out(fault, self.cloud, call, self._dispatch)

    async def _dispatch(self, call: Call) -> Answer:
        if call.interference.forbidden:
            return answer_of(authorization_failed(call))
        if call.route is None:
            return answer_of(not_implemented(f"{call.method} {call.path}"))
        try:
            refuse_locked(self.cloud, call)
            return await call.route.handler(self.cloud, call)
        except AzureError as error:
            return answer_of(error)
        except Exception:
            logger.exception("%s %s broke", call.method, call.path)
            return answer_of(AzureError(500, "InternalServerError", "An internal server error has occurred."))

    async def _ended(self, method: str, path: str, answer: Answer) -> None:
        operation = self._operation_of(answer)
        if operation is None:
            return
        await self.cloud.hurry(operation)
        if operation.running:
            raise StuckError(f"{method} {path}")
        if operation.error is not None:
            shown = json.dumps({"status": operation.status, "error": operation.error}, indent=2)
            raise ArmError(method, path, 200, str(operation.error.get("code", "")), shown)

    def _operation_of(self, answer: Answer) -> Operation | None:
        link = answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location") or ""
        found = _OPERATION.search(link) or re.search(r"/operationresults/([^/?]+)", link, re.IGNORECASE)
        return self.cloud.operations.get(found.group(1)) if found else None


def _document(answer: Answer) -> Document:
    body: Any = json.loads(answer.payload())
    return dict(body)


def _refusal(method: str, path: str, answer: Answer) -> ArmError:
    payload = answer.payload()
    try:
        body: Any = json.loads(payload)
    except ValueError:
        return ArmError(method, path, answer.status, "", payload.decode(errors="replace"))
    return ArmError(method, path, answer.status, next(_codes(body), ""), json.dumps(body, indent=2))


def _codes(body: Any) -> Iterator[str]:  # whatever a fault has put there
    for part in (body.get("error"), body) if isinstance(body, dict) else ():
        if isinstance(part, dict) and isinstance(part.get("code"), str):
            yield part["code"]
