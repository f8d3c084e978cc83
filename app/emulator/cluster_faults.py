"""Faults on requests to a cluster's own API server: those whose caller is `kubernetes`."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.exchange import Answer, Call, Delivery
from app.emulator.core.fault_injection import carry_out
from app.emulator.core.faults import Fault, FaultKind
from app.emulator.delivery import deliver, recorded

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
_BEFORE = frozenset(
    {
        FaultKind.THROTTLE,
        FaultKind.ERROR,
        FaultKind.FORBID,
        FaultKind.HTML_502,
        FaultKind.RESET_BEFORE,
        FaultKind.HANG_BEFORE,
    }
)
_RETRY_AFTER_SECONDS = 1


class ClusterFaults:
    """In front of one cluster's API server. A fault's `path` is searched in the cluster's resource id and the path."""

    def __init__(self, app: ASGIApp, cloud: Cloud, cluster_id: str) -> None:
        """Draw faults from `cloud`."""
        self._app = app
        self._cloud = cloud
        self._cluster_id = cluster_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or break, one request."""
        call = self._call(scope)
        fault = self._cloud.faults.draw(call)
        if fault is None:
            await self._app(scope, receive, send)
        elif _is_watch(scope) and fault.kind not in _BEFORE:
            await self._break_watch(fault, scope, receive, send)
        else:

            async def proceed(_call: Call) -> Answer:
                return await recorded(self._app, scope, receive)

            await deliver(await carry_out(_in_its_form(fault, call), self._cloud, call, proceed), scope, receive, send)

    async def _break_watch(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """A watch has no end to wait for: it begins late, or its connection is lost."""
        if fault.kind is FaultKind.DELAY:
            await self._cloud.clock.sleep(timedelta(seconds=fault.seconds))
            await self._app(scope, receive, send)
        else:
            await deliver(Answer(0, delivery=Delivery.RESET), scope, receive, send)

    def _call(self, scope: Scope) -> Call:
        return Call(
            method=scope["method"],
            path=f"{self._cluster_id}{scope['path']}",
            query={},
            headers={},
            raw_body=b"",
            base_url="",
            received=self._cloud.now(),
            request_id="",
            api_server=True,
        )


def _is_watch(scope: Scope) -> bool:
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    return asked.get("watch", ["false"])[-1] in {"1", "true"} or "/watch/" in scope["path"]


def _in_its_form(fault: Fault, call: Call) -> Fault:
    """The fault as an API server would say it: refusals are Status documents."""
    if fault.kind is FaultKind.THROTTLE:
        said = "the server has received too many requests and has asked us to try again later"
        seconds = _RETRY_AFTER_SECONDS if fault.retry_after is None else fault.retry_after
        return _refusal(fault, 429, "TooManyRequests", said, retry_after=seconds)
    if fault.kind is FaultKind.FORBID:
        path = call.path.partition("/managedclusters/")[2].partition("/")[2]
        return _refusal(fault, 403, "Forbidden", f'forbidden: User "masterclient" cannot {call.method} path "/{path}"')
    if fault.kind in {FaultKind.ERROR, FaultKind.ERROR_AFTER} and fault.body is None:
        named = fault.code != Fault(fault.kind).code
        reason = fault.code if named else _REASONS.get(fault.status, "InternalError")
        return replace(fault, body=_status(fault.status, reason, fault.message))
    return fault


def _refusal(fault: Fault, status: int, reason: str, message: str, *, retry_after: int | None = None) -> Fault:
    body = _status(status, reason, message)
    return replace(fault, kind=FaultKind.ERROR, status=status, body=body, retry_after=retry_after)


def _status(code: int, reason: str, message: str) -> Document:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
