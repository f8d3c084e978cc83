"""A small HTTP client for the commands that are clients: nothing of the server is imported for it."""

import asyncio
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 20.0
_FIRST_ERROR = 400
_PROBLEM = "application/problem+json"
_YAML = "application/yaml"


class RequestError(Exception):
    """Slipway refused, or did not answer; `problem` is its problem+json, or the same members made here."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title"))
        self.problem = problem


class Client:
    """Asks one server over plain HTTP, without proxies: what it asks runs on this machine."""

    def __init__(self, url: str, *, api_key: str | None = None) -> None:
        self._address = urlsplit(url).netloc
        self._headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}

    async def get(self, path: str) -> dict[str, Any]:
        """Return the answer's JSON. Raises RequestError."""
        return self._object(await self._send("GET", path, {}, None))

    async def get_raw(self, path: str) -> bytes:
        """Return the answer as it came. Raises RequestError."""
        return await self._send("GET", path, {}, None)

    async def change(
        self, method: str, path: str, body: dict[str, Any] | None, *, idempotency_key: str
    ) -> dict[str, Any]:
        """Send JSON, or nothing, to change something; return the answer's JSON. Raises RequestError."""
        headers = {"Idempotency-Key": idempotency_key}
        if body is None:
            return self._object(await self._send(method, path, headers, None))
        headers["Content-Type"] = "application/json"
        return self._object(await self._send(method, path, headers, json.dumps(body)))

    async def post_for_yaml(self, path: str) -> bytes:
        """Send nothing, return the answer's YAML as it came. Raises RequestError."""
        return await self._send("POST", path, {"Accept": f"{_YAML}, {_PROBLEM}"}, None)

    async def _send(self, method: str, path: str, headers: dict[str, str], body: str | None) -> bytes:
        return await asyncio.to_thread(self._ask, method, path, {**self._headers, **headers}, body)

    def _ask(self, method: str, path: str, headers: dict[str, str], body: str | None) -> bytes:
        connection = http.client.HTTPConnection(self._address, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise RequestError(_no_answer(self._address, error)) from error
        finally:
            connection.close()
        if answer.status >= _FIRST_ERROR:
            raise RequestError(_problem(answer.status, content))
        return content

    @staticmethod
    def _object(content: bytes) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(content)
        return found


def _no_answer(address: str, error: Exception) -> dict[str, Any]:
    return {
        "code": "no_answer",
        "title": "No answer",
        "detail": f"{address} does not answer: {error}.",
        "remedy": "See whether it runs, and what its log says.",
    }


def _problem(status: int, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    return {"code": f"http_{status}", "title": f"HTTP {status}", "detail": "The answer is not JSON."}
