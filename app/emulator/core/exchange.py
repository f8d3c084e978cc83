"""One request to ARM and its answer, free of any web framework."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, invalid_request_content

if TYPE_CHECKING:
    from app.emulator.core.registry import Route

JSON_UTF8 = "application/json; charset=utf-8"
"""How ARM's gateway and most providers name JSON."""


@dataclass(frozen=True)
class Failure:
    """How an operation shall end instead of succeeding."""

    code: str
    message: str
    recovers_after_seconds: float | None = None
    """AKS keeps reconciling: after so long the resource turns Succeeded although its operation failed."""
    error: Document | None = None
    """A whole error in place of one made of code and message."""


@dataclass
class Interference:
    """What an injected fault asks of the operation that this request starts."""

    failure: Failure | None = None
    stuck: bool = False
    forbidden: bool = False


@dataclass
class Call:
    """One request. `headers` and `query` have lower-case names, as ARM reads them."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw_body: bytes
    base_url: str
    """Scheme and host as the client used them: ARM's links are absolute."""
    received: datetime
    request_id: str
    operation: str = ""
    """The SDK's name, `ManagedClusters_CreateOrUpdate`; empty when no route matches."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    route: "Route | None" = None
    principal: str = ""
    inside: bool = False
    """Whether it comes from what runs inside Azure, as the cloud controller of a cluster does."""
    api_server: bool = False
    """Whether it is no ARM request, but one to a cluster's own API server."""
    interference: Interference = field(default_factory=Interference)
    effect: str | None = None
    """What it did to the store: created, updated, deleted; none for what changed nothing."""
    fault: str | None = None
    remaining: tuple[str, int] | None = None
    """Kind of budget (reads, writes, deletes) and what is left in it."""

    @property
    def api_version(self) -> str:
        """The `api-version` parameter; empty when absent."""
        return self.query.get("api-version", "")

    @property
    def correlation_id(self) -> str:
        """The caller's correlation id, or this request's own id."""
        return self.headers.get("x-ms-correlation-request-id", self.request_id)

    def parameter(self, name: str) -> str:
        """A value of the path."""
        return self.parameters[name]

    def document(self) -> Document:
        """The body as a JSON object; 400 InvalidRequestContent otherwise."""
        try:
            body: Any = json.loads(self.raw_body)
        except (ValueError, RecursionError) as error:
            raise invalid_request_content(str(error)) from error
        if not isinstance(body, dict):
            raise invalid_request_content("a JSON object was expected")
        return body


class Delivery(Enum):
    """How an answer goes out; all but WHOLE are injected faults."""

    WHOLE = "whole"
    HALF = "half"
    """The headers promise the whole body, half of it is sent, then the connection ends."""
    RESET = "reset"
    """The connection is reset, nothing is sent."""
    NEVER = "never"
    """Nothing is sent, the connection stays open."""


@dataclass
class Answer:
    """One answer. `body` is a JSON document, raw bytes, or nothing at all."""

    status: int
    body: Document | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = JSON_UTF8
    delivery: Delivery = Delivery.WHOLE

    def payload(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def answer_of(error: AzureError) -> Answer:
    """The answer that carries `error`."""
    headers = dict(error.headers)
    if error.envelope.value == "gateway":
        headers.setdefault("x-ms-failure-cause", "gateway")
    content_type = "application/json" if error.envelope.value == "flat" else JSON_UTF8
    return Answer(error.status, error.body(), headers, content_type)
