"""Carrying out a fault on one request: before its effect, on its operation, or on its answer."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, section
from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.exchange import Answer, Call, Delivery, Failure, answer_of
from app.emulator.core.faults import Fault, FaultKind
from app.emulator.core.store import Resource
from app.emulator.core.throttling import throttled_by_aks

Next = Callable[[Call], Awaitable[Answer]]
HTML_502 = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
    b"</center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>\r\n"
)
DEFAULT_RETRY_AFTER_SECONDS = 5


async def carry_out(fault: Fault, cloud: Cloud, call: Call, proceed: Next) -> Answer:
    """What `call` gets with `fault` on it."""
    instead = _INSTEAD.get(fault.kind)
    if instead is not None:
        return instead(fault, call)
    if fault.kind is FaultKind.DELAY:
        await cloud.clock.sleep(timedelta(seconds=fault.seconds))
    elif fault.kind is FaultKind.FAIL_OPERATION:
        call.interference.failure = Failure(fault.code, fault.message, fault.recovers_after_seconds, fault.body)
    elif fault.kind is FaultKind.STUCK_OPERATION:
        call.interference.stuck = True
    elif fault.kind is FaultKind.FORBID:
        call.interference.forbidden = True
    known = cloud.store.get(call.path) if fault.kind is FaultKind.UNAPPLIED else None
    before = clone(known.body) if known is not None else {}
    answer = await proceed(call)
    if known is not None:
        _undo(cloud, known, before)
    replace = _AFTERWARDS.get(fault.kind)
    if replace is not None:
        return replace(fault, call)
    if fault.kind is FaultKind.MALFORMED:
        answer.body = answer.payload()[:-1] + b",}"
    answer.delivery = _DELIVERY.get(fault.kind, Delivery.WHOLE)
    return answer


def _undo(cloud: Cloud, record: Resource, before: Document) -> None:
    """Give a resource what it had, but for the word of the operation that has begun."""
    state = section(record.body, "properties").get("provisioningState")
    record.body = {**before, "properties": {**before["properties"], "provisioningState": state}}
    cloud.store.touch(record)


def _refusal(fault: Fault, _call: Call) -> Answer:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    if fault.body is not None:
        return Answer(fault.status, dict(fault.body), headers)
    envelope = Envelope.FLAT if fault.flat else Envelope.GATEWAY
    return answer_of(AzureError(fault.status, fault.code, fault.message, envelope=envelope, headers=headers))


def _throttled(fault: Fault, call: Call) -> Answer:
    seconds = DEFAULT_RETRY_AFTER_SECONDS if fault.retry_after is None else fault.retry_after
    error = throttled_by_aks(f"{call.operation or 'AnyOther'}Handler.{call.method}", seconds)
    plane = call.route.data_plane if call.route is not None else None
    return answer_of(plane.refuse(error) if plane is not None else error)


def _bad_gateway(_fault: Fault, _call: Call) -> Answer:
    return Answer(502, HTML_502, content_type="text/html")


def _reset(_fault: Fault, _call: Call) -> Answer:
    return Answer(0, delivery=Delivery.RESET)


def _hang(_fault: Fault, _call: Call) -> Answer:
    return Answer(0, delivery=Delivery.NEVER)


_Make = Callable[[Fault, Call], Answer]
_INSTEAD: dict[FaultKind, _Make] = {
    FaultKind.THROTTLE: _throttled,
    FaultKind.ERROR: _refusal,
    FaultKind.HTML_502: _bad_gateway,
    FaultKind.RESET_BEFORE: _reset,
    FaultKind.HANG_BEFORE: _hang,
}
_AFTERWARDS: dict[FaultKind, _Make] = {
    FaultKind.ERROR_AFTER: _refusal,
    FaultKind.HTML_502_AFTER: _bad_gateway,
}
_DELIVERY = {
    FaultKind.RESET_AFTER: Delivery.RESET,
    FaultKind.HANG_AFTER: Delivery.NEVER,
    FaultKind.HALF_BODY: Delivery.HALF,
}
