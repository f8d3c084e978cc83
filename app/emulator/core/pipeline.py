"""What every ARM request goes through: log, faults, token, api-version, throttling, registration, dispatch."""

import hashlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Protocol

from app.emulator.core import registration
from app.emulator.core.authorization import authorization_failed
from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError, not_implemented
from app.emulator.core.exchange import Answer, Call, Delivery, answer_of
from app.emulator.core.fault_injection import carry_out
from app.emulator.core.locks import refuse_locked
from app.emulator.core.registry import DataPlane
from app.emulator.core.request_log import HEADERS_OF_INTEREST, LoggedRequest
from app.emulator.core.throttling import check_aks, check_arm

logger = logging.getLogger(__name__)

SHORTEST_WAIT = timedelta(milliseconds=1)
CONTAINER_SERVICE = "Microsoft.ContainerService"
_SIGNATURE = frozenset({"c", "s", "h", "t"})


class TokenVerifier(Protocol):
    """Who may call."""

    def verify(self, authorization: str | None, *, audiences: Collection[str] = ...) -> str:
        """The principal of an `Authorization` header. Raises 401 with `WWW-Authenticate`.

        `audiences`: for whom the token may be; Resource Manager when not given.
        """
        ...


Next = Callable[[Call], Awaitable[Answer]]


class Pipeline:
    """The one way into the providers: steps in their order, each may answer or go on."""

    def __init__(self, cloud: Cloud, verifier: TokenVerifier) -> None:
        """Join the steps."""
        self._cloud = cloud
        self._verifier = verifier
        self._steps: Sequence[Callable[[Call, Next], Awaitable[Answer]]] = (
            self._log,
            self._inject_fault,
            self._answer_refusals,
            self._authenticate,
            self._require_api_version,
            self._require_subscription,
            self._throttle,
            self._require_registration,
            self._refuse_locked,
        )

    async def handle(self, call: Call) -> Answer:
        """Answer one request."""
        match = self._cloud.routes.find(call.method, call.path)
        if match is not None:
            call.parameters = match.parameters
            call.operation = match.target.operation
            call.route = match.target
        return await self._from(0, call)

    async def _from(self, index: int, call: Call) -> Answer:
        if index == len(self._steps):
            return await self._dispatch(call)

        async def proceed(call: Call) -> Answer:
            return await self._from(index + 1, call)

        return await self._steps[index](call, proceed)

    async def _log(self, call: Call, proceed: Next) -> Answer:
        began = time.perf_counter()
        status = 0
        try:
            answer = await proceed(call)
            status = answer.status if answer.delivery in {Delivery.WHOLE, Delivery.HALF} else 0
        finally:
            milliseconds = round((time.perf_counter() - began) * 1000, 3)
            self._cloud.log.add(lambda sequence: _entry(call, sequence, status, milliseconds))
        answer.headers.update(_standard_headers(call))
        return answer

    async def _inject_fault(self, call: Call, proceed: Next) -> Answer:
        fault = self._cloud.faults.draw(call)
        if fault is None:
            return await proceed(call)
        call.fault = fault.kind.value
        return await carry_out(fault, self._cloud, call, proceed)

    async def _answer_refusals(self, call: Call, proceed: Next) -> Answer:
        try:
            return await proceed(call)
        except AzureError as error:
            return answer_of(error)
        except Exception:
            # A body that a provider does not foresee ends its request, as it would in Azure.
            logger.exception("%s %s broke", call.method, call.path)
            return answer_of(AzureError(500, "InternalServerError", "An internal server error has occurred."))

    async def _authenticate(self, call: Call, proceed: Next) -> Answer:
        plane = call.route.data_plane if call.route is not None else None
        try:
            self._let_in(call, plane)
        except AzureError as error:
            if plane is None:
                raise
            raise plane.refuse(error) from error
        return await proceed(call)

    def _let_in(self, call: Call, plane: DataPlane | None) -> None:
        more = {"audiences": plane.audiences} if plane is not None else {}
        call.principal = self._verifier.verify(call.headers.get("authorization"), **more)
        if call.interference.forbidden:
            raise authorization_failed(call)

    async def _require_api_version(self, call: Call, proceed: Next) -> Answer:
        is_arm = call.route is None or call.route.data_plane is None
        if is_arm and not call.api_version:
            raise AzureError(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        return await proceed(call)

    async def _require_subscription(self, call: Call, proceed: Next) -> Answer:
        wanted = call.parameters.get("subscription")
        if wanted is not None and wanted.lower() not in self._cloud.settings.subscription_ids:
            raise AzureError(404, "SubscriptionNotFound", f"The subscription '{wanted}' could not be found.")
        return await proceed(call)

    async def _throttle(self, call: Call, proceed: Next) -> Answer:
        cloud = self._cloud
        if cloud.settings.throttling and "subscription" in call.parameters:
            call.remaining = check_arm(cloud.buckets, call, cloud.now())
            if _namespace(call) == CONTAINER_SERVICE:
                check_aks(cloud.buckets, call, cloud.now())
        return await proceed(call)

    async def _require_registration(self, call: Call, proceed: Next) -> Answer:
        namespace = _namespace(call)
        if namespace is not None and call.method not in {"GET", "HEAD"} and "subscription" in call.parameters:
            registration.require(self._cloud, call.parameter("subscription"), namespace)
        return await proceed(call)

    async def _refuse_locked(self, call: Call, proceed: Next) -> Answer:
        refuse_locked(self._cloud, call)
        return await proceed(call)

    async def _dispatch(self, call: Call) -> Answer:
        if call.route is None:
            raise not_implemented(f"{call.method} {call.path}")
        latency = self._cloud.scaled(call.route.seconds)
        if self._cloud.settings.latency and latency >= SHORTEST_WAIT:
            await self._cloud.clock.sleep(latency)
        # From here to the end of a handler nothing waits, so that a handler sees one state and leaves one.
        await self._cloud.catch_up()
        answer = await call.route.handler(self._cloud, call)
        if call.method == "HEAD":
            answer.body = None
        return answer


def _namespace(call: Call) -> str | None:
    return call.route.namespace if call.route is not None else None


def _entry(call: Call, sequence: int, status: int, milliseconds: float) -> LoggedRequest:
    # The signature of an operation's URL is long and says nothing.
    query = {name: value for name, value in call.query.items() if name not in _SIGNATURE}
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
        body=hashlib.sha256(call.raw_body).hexdigest()[:16],
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


def new_request_id() -> str:
    """A GUID for `x-ms-request-id`."""
    return str(uuid.uuid4())
