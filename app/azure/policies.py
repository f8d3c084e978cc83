"""The steps that every call to Azure passes, from outside in: turn and retry, token, fence, transport."""

import asyncio
import itertools
import random
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from typing_extensions import override

from app.azure import errors
from app.azure.answers import source_of
from app.azure.credentials import RenewableCredential
from app.azure.error_body import plain
from app.azure.error_row import Action
from app.azure.errors import AzureDeadlineError, AzureError, OutcomeUnknownError, UntrustedLinkError
from app.azure.links import TrustedHosts, is_loopback
from app.azure.metrics import CALL_SECONDS, CALLS, THROTTLED
from app.azure.throttle import Throttle, draws
from app.azure.transport import AnswerLostError, AnswerTooLargeError, NotSentError, UnknownHostError
from app.azure.types.call import Call, CallRecord
from app.core.clock import Clock

Request = PipelineRequest[HttpRequest]
Response = PipelineResponse[HttpRequest, AsyncHttpResponse]
Policy = AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]

CALL = "slipway_call"
UNKNOWN_HOST = "unknown_host"
"""The fact of an error by which it is known that DNS has no such host."""
_READ_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
_THROTTLED_PAUSE = 5.0
_TOO_MANY = 429
_UNAUTHORIZED = 401
_ONLY_ASKS = re.compile(
    r"/(list[a-z]*credentials?|listkeys|checknameavailability|v1/workspaces/[^/]+/query)$", re.IGNORECASE
)
_ENTRA_CODE = re.compile(r"AADSTS\d+")
_ID_PART = re.compile(r"[^A-Za-z0-9_.-]")


def is_mutating(method: str, url: str) -> bool:
    """Whether a call changes Azure: every PUT, PATCH, POST and DELETE but the POSTs that only list or ask."""
    method = method.upper()
    if method == "POST":
        return _ONLY_ASKS.search(urlsplit(url).path) is None
    return method in {"PUT", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to pause before the next sending."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random

    def backoff(self, attempt: int) -> float:
        """Growing, with full jitter over its upper half, in seconds."""
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**attempt)
        return longest * (0.5 + self.random() / 2)


class TurnPolicy(Policy):
    """Checks the address, waits for the call's turn, and tries again what may safely be tried again.

    A refusal with 429 and a connection that never came about are tried again for every method: Azure did nothing.
    Other transient failures only for calls that change nothing; one that changes Azure and lost its answer raises
    `OutcomeUnknownError`. All other errors of Azure's come out as `AzureError`, so that the SDK never sees them.
    """

    def __init__(self, *, hosts: TrustedHosts, throttle: Throttle, clock: Clock, pace: Pace, timeout: float) -> None:
        super().__init__()
        self._hosts = hosts
        self._throttle = throttle
        self._clock = clock
        self._pace = pace
        self._timeout = timeout

    @override
    async def send(self, request: Request) -> Response:
        sent = request.http_request
        call = request.context.options.pop(CALL)
        if not isinstance(call, Call):
            raise TypeError("A call to Azure needs its Call.")
        request.context[CALL] = call
        self._hosts.check(sent.url)
        mutating = is_mutating(sent.method, sent.url)
        attempt, renewed = 0, False
        while True:
            await self._throttle.turn(sent.method, sent.url, call)
            try:
                return await self._once(request, call, mutating=mutating)
            except AzureError as error:
                if error.http_status == _UNAUTHORIZED and not renewed:
                    # The token has just ended, or Azure takes it no more: `TokenPolicy` has dropped it. Azure did
                    # nothing, so a change may go again too.
                    renewed = True
                    continue
                pause = await self._pause_after(error, sent, mutating=mutating, attempt=attempt)
                if pause is None:
                    raise
                try:
                    limited = error.http_status == _TOO_MANY
                    await self._throttle.pause(pause, call, error.problem.detail, limited=limited)
                except AzureDeadlineError:
                    raise error from None
            attempt += 1

    async def _once(self, request: Request, call: Call, *, mutating: bool) -> Response:
        left = (call.deadline - self._clock.now()).total_seconds()
        if left <= 0:
            raise AzureDeadlineError("The time for this call to Azure is over.")
        request.context.options["timeout_seconds"] = min(self._timeout, left)
        try:
            response = await self.next.send(request)
        except NotSentError as error:
            facts = {UNKNOWN_HOST: str(error)} if isinstance(error, UnknownHostError) else None
            raise AzureError(errors.UNREACHABLE, azure_message=str(error), facts=facts) from error
        except AnswerLostError as error:
            if mutating:
                raise OutcomeUnknownError("A call that changes Azure was sent, and its answer was lost.") from error
            known = errors.TIMED_OUT if error.timed_out else errors.UNREACHABLE
            raise AzureError(known, azure_message=str(error)) from error
        except AnswerTooLargeError as error:
            if mutating:
                raise OutcomeUnknownError("Azure's answer to a change is too large to be read.") from error
            raise AzureError(errors.TOO_LARGE, azure_message=str(error)) from error
        except SdkError as error:
            # Only the token's own calls raise these, and those come before the sending.
            raise login_error(error) from error
        _check_answer(response.http_response, mutating=mutating, clock=self._clock)
        return response

    async def _pause_after(self, error: AzureError, sent: HttpRequest, *, mutating: bool, attempt: int) -> float | None:
        """Seconds until the next sending, or None when there must be none."""
        if error.http_status == _TOO_MANY:
            kind = _kind(sent)
            THROTTLED.labels(kind).inc()
            seconds = error.retry_after if error.retry_after is not None else _THROTTLED_PAUSE
            await self._throttle.refused(sent.method, sent.url, seconds)
            # All that waited wake at once: the jitter parts them.
            return seconds + self._pace.random()
        never_sent = error.problem.retryable and isinstance(error.__cause__, NotSentError | SdkError)
        transient = error.row.action in {Action.RETRY, Action.OBSERVE} and error.problem.retryable
        if attempt + 1 >= _READ_ATTEMPTS or not (never_sent or (transient and not mutating)):
            return None
        backoff = self._pace.backoff(attempt)
        return backoff if error.retry_after is None else max(error.retry_after, backoff)


class TokenPolicy(AsyncARMChallengeAuthenticationPolicy):
    """Adds the bearer token, over http to this machine only, and says when Azure does not take it."""

    def __init__(self, credential: RenewableCredential, scope: str) -> None:
        super().__init__(credential, scope)
        self._renewable = credential

    @override
    async def send(self, request: Request) -> Response:
        response = await super().send(request)
        if response.http_response.status_code == _UNAUTHORIZED:
            self._renewable.refused(request.http_request.headers["Authorization"].removeprefix("Bearer "))
        return response

    @override
    async def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        parts = urlsplit(request.http_request.url)
        if parts.scheme == "http" and is_loopback(parts.hostname):
            request.context.options["enforce_https"] = False
        try:
            # azure-identity tries again by itself, for longer than a caller may have.
            async with asyncio.timeout(request.context.options["timeout_seconds"]):
                await super().on_request(request)
        except TimeoutError as error:
            raise NotSentError("the login took too long") from error


class SendPolicy(Policy):
    """Names each sending and reports its answer; right before it, what changes Azure is announced and fenced."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._numbers = itertools.count(1)

    @override
    async def send(self, request: Request) -> Response:
        call: Call = request.context[CALL]
        sent = request.http_request
        mutating = is_mutating(sent.method, sent.url)
        name = self._name(call)
        sent.headers["User-Agent"] = "slipway"
        sent.headers["x-ms-client-request-id"] = name
        sent.headers["x-ms-return-client-request-id"] = "true"
        record = CallRecord(
            method=sent.method,
            path=urlsplit(sent.url).path,
            status=None,
            client_request_id=name,
            correlation_id=None,
            seconds=0.0,
            mutating=mutating,
        )
        if mutating:
            await _announce(record, call)
        begun = self._clock.monotonic()
        try:
            response = await self.next.send(request)
        except NotSentError:
            if mutating and call.on_unsent is not None:
                call.on_unsent(record)
            raise
        seconds = self._clock.monotonic() - begun
        answer = response.http_response
        kind = _kind(sent)
        CALLS.labels(sent.method, kind, str(answer.status_code)).inc()
        CALL_SECONDS.labels(sent.method, kind).observe(seconds)
        if call.on_answer is not None:
            correlation_id = answer.headers.get("x-ms-correlation-request-id")
            call.on_answer(replace(record, status=answer.status_code, correlation_id=correlation_id, seconds=seconds))
        return response

    def _name(self, call: Call) -> str:
        if call.job_id is None:
            return str(uuid.uuid4())
        return f"{_ID_PART.sub('', call.job_id)}.{call.epoch}.{next(self._numbers)}"


async def _announce(record: CallRecord, call: Call) -> None:
    if call.before_change is not None:
        await call.before_change(record)
    if call.fence is not None:
        await call.fence()


def _kind(sent: HttpRequest) -> str:
    found = draws(sent.method, sent.url)
    return found[0].bucket.name if found else "other"


def login_error(error: SdkError) -> AzureError:
    """Entra refused, or could not be asked. Its words name the identity, never the secret."""
    status = error.response.status_code if isinstance(error, HttpResponseError) and error.response else None
    busy = status is not None and (status == _TOO_MANY or status >= 500)  # noqa: PLR2004 - HTTP's server errors
    if isinstance(error, ClientAuthenticationError) and not busy:
        code = _ENTRA_CODE.search(error.message)
        return AzureError(errors.LOGIN_FAILED, azure_code=code[0] if code else None, azure_message=plain(error.message))
    return AzureError(errors.UNREACHABLE, azure_message=plain(f"login: {error.message}"))


def _check_answer(answer: AsyncHttpResponse, *, mutating: bool, clock: Clock) -> None:
    """Raise what a bad answer means; a good one is a JSON object or empty."""
    status = answer.status_code
    source = source_of(answer, clock)
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's redirects
        raise UntrustedLinkError("Azure answered with a redirect, which is not followed.")
    try:
        body = answer.json() if answer.content.strip() else {}
    except (ValueError, RecursionError):
        body = None
    if status >= 400:  # noqa: PLR2004 - HTTP's errors
        error = errors.classify(body, source)
        if mutating and error.row.change_patience is not None:
            error.patience = error.row.change_patience
        raise error
    if isinstance(body, dict):
        return
    if mutating:
        raise OutcomeUnknownError("Azure took a change, and its answer cannot be read.")
    raise AzureError(errors.MALFORMED, correlation_id=source.correlation_id, http_status=status)
