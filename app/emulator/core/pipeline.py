"""What every ARM request goes through: log, faults, token, api-version, throttling, registration, dispatch."""

import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

from app.emulator.core import registration
from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError, Envelope, not_implemented
from app.emulator.core.exchange import Answer, Call, Delivery, Failure, answer_of
from app.emulator.core.faults import Fault, FaultKind
from app.emulator.core.registry import Route
from app.emulator.core.request_log import HEADERS_OF_INTEREST, LoggedRequest
from app.emulator.core.throttling import check_aks, check_arm, throttled_by_aks

Next = Callable[[Call], Awaitable[Answer]]
Step = Callable[[Cloud, Call, Route | None, Next], Awaitable[Answer]]
SHORTEST_WAIT = timedelta(milliseconds=1)
CONTAINER_SERVICE = "Microsoft.ContainerService"
HTML_502 = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
    b"</center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>\r\n"
)


class TokenVerifier(Protocol):
    """Who may call."""

    def verify(self, authorization: str | None) -> str:
        """The principal of an `Authorization` header. Raises 401 with `WWW-Authenticate`."""
        ...


class Pipeline:
    """The one way into the providers."""

    def __init__(self, cloud: Cloud, verifier: TokenVerifier) -> None:
        """Join the steps in their order."""
        self._cloud = cloud
        self._verifier = verifier
        self._steps: Sequence[Step] = (
            _log,
            _inject_fault,
            _answer_refusals,
            self._authenticate,
            _require_api_version,
            _require_subscription,
            _throttle,
            _require_registration,
        )

    async def handle(self, call: Call) -> Answer:
        """Answer one request."""
        match = self._cloud.routes.find(call.method, call.path)
        route = match.target if match else None
        if match is not None:
            call.parameters = match.parameters
            call.operation = match.target.operation
        return await self._run(0, call, route)

    async def _run(self, index: int, call: Call, route: Route | None) -> Answer:
        if index == len(self._steps):
            return await _dispatch(self._cloud, call, route)

        async def proceed(call: Call) -> Answer:
            return await self._run(index + 1, call, route)

        return await self._steps[index](self._cloud, call, route, proceed)

    async def _authenticate(self, cloud: Cloud, call: Call, route: Route | None, proceed: Next) -> Answer:
        call.principal = self._verifier.verify(call.headers.get("authorization"))
        return await proceed(call)


async def _log(cloud: Cloud, call: Call, route: Route | None, proceed: Next) -> Answer:
    began = time.perf_counter()
    status = 0
    try:
        answer = await proceed(call)
        status = answer.status if answer.delivery in {Delivery.WHOLE, Delivery.HALF} else 0
    finally:
        milliseconds = round((time.perf_counter() - began) * 1000, 3)
        cloud.log.add(lambda sequence: _entry(call, sequence, status, milliseconds))
    answer.headers.update(_standard_headers(call))
    return answer


def _entry(call: Call, sequence: int, status: int, milliseconds: float) -> LoggedRequest:
    # The signature of an operation's URL is long and says nothing.
    query = {name: value for name, value in call.query.items() if name not in {"c", "s", "h", "t"}}
    return LoggedRequest(
        sequence=sequence,
        time=call.received,
        method=call.method,
        path=call.path,
        query=query,
        headers={name: call.headers[name] for name in HEADERS_OF_INTEREST if name in call.headers},
        operation=call.operation,
        status=status,
        effect=call.effect,
        fault=call.fault,
        request_id=call.request_id,
        milliseconds=milliseconds,
    )


def _standard_headers(call: Call) -> dict[str, str]:
    headers = {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "x-ms-request-id": call.request_id,
        "x-ms-correlation-request-id": call.correlation_id,
        "x-ms-routing-request-id": f"LOCAL:{call.received:%Y%m%dT%H%M%SZ}:{call.request_id}",
    }
    if call.headers.get("x-ms-return-client-request-id", "").lower() == "true":
        client_request_id = call.headers.get("x-ms-client-request-id")
        if client_request_id is not None:
            headers["x-ms-client-request-id"] = client_request_id
    if call.remaining is not None:
        kind, left = call.remaining
        headers[f"x-ms-ratelimit-remaining-subscription-global-{kind}"] = str(left)
    return headers


async def _inject_fault(cloud: Cloud, call: Call, route: Route | None, proceed: Next) -> Answer:
    fault = cloud.faults.draw(call)
    if fault is None:
        return await proceed(call)
    call.fault = fault.kind.value
    match fault.kind:
        case FaultKind.DELAY:
            await cloud.clock.sleep(timedelta(seconds=fault.seconds))
            return await proceed(call)
        case FaultKind.FAIL_OPERATION:
            call.interference.failure = Failure(fault.code, fault.message, fault.recovers_after_seconds)
            return await proceed(call)
        case FaultKind.STUCK_OPERATION:
            call.interference.stuck = True
            return await proceed(call)
        case FaultKind.RESET_BEFORE:
            return Answer(0, delivery=Delivery.RESET)
        case FaultKind.HANG_BEFORE:
            return Answer(0, delivery=Delivery.NEVER)
        case FaultKind.THROTTLE | FaultKind.ERROR:
            return _refusal(fault, call)
        case FaultKind.HTML_502:
            return Answer(502, HTML_502, content_type="text/html")
    answer = await proceed(call)
    match fault.kind:
        case FaultKind.ERROR_AFTER:
            return _refusal(fault, call)
        case FaultKind.HTML_502_AFTER:
            return Answer(502, HTML_502, content_type="text/html")
        case FaultKind.RESET_AFTER:
            answer.delivery = Delivery.RESET
        case FaultKind.HANG_AFTER:
            answer.delivery = Delivery.NEVER
        case FaultKind.HALF_BODY:
            answer.delivery = Delivery.HALF
        case FaultKind.MALFORMED:
            answer.body = answer.payload()[:-1] + b",}"
    return answer


def _refusal(fault: Fault, call: Call) -> Answer:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    if fault.kind is FaultKind.THROTTLE:
        seconds = fault.retry_after if fault.retry_after is not None else 5
        return answer_of(throttled_by_aks(f"{call.operation or 'AnyOther'}Handler.{call.method}", seconds))
    if fault.body is not None:
        return Answer(fault.status, dict(fault.body), headers)
    envelope = Envelope.FLAT if fault.flat else Envelope.GATEWAY
    return answer_of(AzureError(fault.status, fault.code, fault.message, envelope=envelope, headers=headers))


async def _answer_refusals(cloud: Cloud, call: Call, route: Route | None, proceed: Next) -> Answer:
    try:
        return await proceed(call)
    except AzureError as error:
        return answer_of(error)


async def _require_api_version(cloud: Cloud, call: Call, route: Route | None, proceed: Next) -> Answer:
    if not call.api_version:
        raise AzureError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    return await proceed(call)


async def _require_subscription(cloud: Cloud, call: Call, route: Route | None, proceed: Next) -> Answer:
    wanted = call.parameters.get("subscription")
    if wanted is not None and wanted.lower() not in cloud.settings.subscription_ids:
        raise AzureError(404, "SubscriptionNotFound", f"The subscription '{wanted}' could not be found.")
    return await proceed(call)


async def _throttle(cloud: Cloud, call: Call, route: Route | None, proceed: Next) -> Answer:
    if cloud.settings.throttling and call.parameters.get("subscription"):
        call.remaining = check_arm(cloud.buckets, call, cloud.now())
        if route is not None and route.namespace == CONTAINER_SERVICE:
            check_aks(cloud.buckets, call, cloud.now())
    return await proceed(call)


async def _require_registration(cloud: Cloud, call: Call, route: Route | None, proceed: Next) -> Answer:
    if route is not None and call.method not in {"GET", "HEAD"} and "subscription" in call.parameters:
        registration.require(cloud, call.parameter("subscription"), route.namespace)
    return await proceed(call)


async def _dispatch(cloud: Cloud, call: Call, route: Route | None) -> Answer:
    if route is None:
        raise not_implemented(f"{call.method} {call.path}")
    latency = cloud.scaled(route.seconds)
    if cloud.settings.latency and latency >= SHORTEST_WAIT:
        await cloud.clock.sleep(latency)
    await cloud.settle()
    answer = await route.handler(cloud, call)
    if call.method == "HEAD":
        answer.body = None
    return answer


def new_request_id() -> str:
    """A GUID for `x-ms-request-id`."""
    return str(uuid.uuid4())
