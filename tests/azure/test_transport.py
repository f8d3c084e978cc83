"""What the adapter makes of bad, endless and late answers."""

import asyncio
import gzip
from contextlib import suppress

import pytest
from aiohttp import web

from app.azure.errors import AzureDeadlineError, AzureError, OutcomeUnknownError
from app.azure.types.call import CallRecord
from tests.azure.arm_double import GROUP, answers, arm_double, error, half_json, reset


async def test_a_get_is_one_call_and_carries_token_and_request_id() -> None:
    seen: list[CallRecord] = []
    async with arm_double(answers(web.json_response(GROUP, headers={"x-ms-correlation-request-id": "corr"}))) as arm:
        group = await arm.azure.resource_groups.get("g", call=arm.call(job_id="job_1", epoch=3, on_answer=seen.append))
        assert group is not None
        assert group.location == "westeurope"
        assert len(arm.requests) == 1
        assert arm.requests[0].headers["Authorization"] == "Bearer token-1"
        assert arm.requests[0].headers["x-ms-client-request-id"] == "job_1.3.1"
        assert [(one.status, one.correlation_id, one.mutating) for one in seen] == [(200, "corr", False)]


@pytest.mark.parametrize(
    "bad",
    [
        web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html"),
        web.Response(status=200, text="<html>hello</html>", content_type="text/html"),
        web.Response(status=200, text="[1]", content_type="application/json"),
        web.Response(status=200, text='{"id": "/sub', content_type="application/json"),
        web.Response(status=503, text=""),
        reset,
        half_json,
    ],
)
async def test_a_read_outlives_a_bad_answer(bad: web.Response) -> None:
    async with arm_double(answers(bad, web.json_response(GROUP))) as arm:
        assert await arm.azure.resource_groups.get("g", call=arm.call()) is not None
        assert len(arm.requests) == 2
        assert arm.slept == [0.5]


async def test_a_read_is_given_up_after_four_bad_answers() -> None:
    html = web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
    async with arm_double(answers(html)) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=arm.call())
        assert caught.value.problem.code == "azure_internal_error"
        assert caught.value.problem.status == 503
        assert len(arm.requests) == 4


async def test_an_answer_without_end_is_cut_off() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with suppress(ConnectionError):
            for _ in range(100):
                await response.write(b" " * 1024 * 1024)
        return response

    async with arm_double(endless) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=arm.call())
        assert caught.value.problem.code == "azure_answer_too_large"


async def test_a_small_answer_that_unpacks_to_a_large_one_is_cut_off() -> None:
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    async with arm_double(handler) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=arm.call())
        assert caught.value.problem.code == "azure_answer_too_large"


async def test_a_429_past_the_deadline_comes_out_at_once() -> None:
    async with arm_double(answers(error(429, "Throttled", **{"Retry-After": "7000"}))) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=arm.call())
        assert caught.value.problem.retry_after_seconds == 7000
        assert not arm.slept


async def test_nothing_is_sent_past_the_deadline() -> None:
    async with arm_double(answers(web.json_response(GROUP))) as arm:
        call = arm.call()
        arm.clock.advance(call.deadline - arm.clock.now())
        with pytest.raises(AzureDeadlineError):
            await arm.azure.resource_groups.get("g", call=call)
        assert not arm.requests


async def test_a_call_without_an_answer_ends_with_its_timeout() -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await over.wait()
        return response

    over = asyncio.Event()
    async with arm_double(slow, call_seconds=0.05) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=arm.call())
        assert caught.value.problem.code == "azure_timeout"
        with pytest.raises(OutcomeUnknownError):
            await arm.azure.resource_groups.put("g", "westeurope", {}, call=arm.call())
        over.set()
