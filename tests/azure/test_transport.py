import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from aiohttp import web

from app.azure.clients import Clients
from app.azure.errors import AzureDeadlineError, AzureError, OutcomeUnknownError, UntrustedLinkError
from app.azure.links import TrustedHosts
from app.azure.ports import MemoryBuckets
from app.azure.resource_groups import ResourceGroups
from app.azure.throttle import Throttle
from app.azure.transport import open_session
from app.azure.types.call import CallRecord
from app.azure.types.operation import Operation, OperationKind
from app.core.settings import AzureSettings
from tests.azure.arm_double import SUBSCRIPTION, arm_double, error

GROUP = {"id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g", "name": "g", "location": "westeurope"}
CLUSTER = {
    "id": f"/subscriptions/{SUBSCRIPTION}/resourcegroups/g/providers/Microsoft.ContainerService/managedClusters/c",
    "name": "c",
    "location": "westeurope",
    "properties": {"provisioningState": "Succeeded"},
}


class LeaseLostError(Exception):
    """As the engine's."""


def answers(
    *given: web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Each answer once, the last one for ever."""
    left = list(given)

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        return await answer(request)

    return handler


async def reset(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def half_json(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"id": "/subscr')
    with suppress(ConnectionError):
        assert request.transport is not None
        request.transport.abort()
    return response


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


async def test_a_missing_thing_is_none() -> None:
    async with arm_double(answers(error(404, "ResourceGroupNotFound"))) as arm:
        assert await arm.azure.resource_groups.get("g", call=arm.call()) is None
        assert await arm.azure.managed_clusters.get("g", "c", call=arm.call()) is None
        assert await arm.azure.managed_clusters.delete("g", "c", call=arm.call()) is None
        assert await arm.azure.resource_groups.delete("g", call=arm.call()) is None


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


@pytest.mark.parametrize("lost", [reset, half_json])
async def test_a_change_whose_answer_is_lost_is_not_sent_again(
    lost: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> None:
    # The first answer leaves a kept connection: on such a one aiohttp by itself repeats PUT and DELETE.
    async with arm_double(answers(web.json_response(GROUP), lost)) as arm:
        await arm.azure.resource_groups.get("g", call=arm.call())
        with pytest.raises(OutcomeUnknownError):
            await arm.azure.resource_groups.put("g", "westeurope", {}, call=arm.call())
        with pytest.raises(OutcomeUnknownError):
            await arm.azure.managed_clusters.delete("g", "c", call=arm.call())
        assert arm.methods() == ["GET", "PUT", "DELETE"]


async def test_a_change_that_failed_inside_azure_is_not_sent_again() -> None:
    async with arm_double(answers(error(500, "InternalServerError"))) as arm:
        with pytest.raises(AzureError):
            await arm.azure.resource_groups.put("g", "westeurope", {}, call=arm.call())
        assert arm.methods() == ["PUT"]


async def test_a_429_is_obeyed_and_sent_again_behind_the_fence() -> None:
    fenced = []

    async def fence() -> None:
        fenced.append(len(arm.requests))

    throttled = error(429, "Throttled", **{"Retry-After": "7"})
    async with arm_double(answers(throttled, throttled, web.json_response(GROUP))) as arm:
        waits: list[float] = []
        call = arm.call(fence=fence, on_wait=lambda _, seconds: waits.append(seconds))
        await arm.azure.resource_groups.put("g", "westeurope", {}, call=call)
        assert arm.methods() == ["PUT", "PUT", "PUT"]
        assert fenced == [0, 1, 2]
        assert sum(arm.slept) >= 14
        assert all(seconds >= 7 for seconds in waits)


async def test_a_429_past_the_deadline_comes_out_at_once() -> None:
    async with arm_double(answers(error(429, "Throttled", **{"Retry-After": "7000"}))) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=arm.call())
        assert caught.value.problem.retry_after_seconds == 7000
        assert not arm.slept


async def test_a_lost_lease_stops_the_call_before_it_is_sent() -> None:
    async def fence() -> None:
        raise LeaseLostError

    async with arm_double(answers(web.json_response(GROUP))) as arm:
        call = arm.call(fence=fence)
        with pytest.raises(LeaseLostError):
            await arm.azure.resource_groups.put("g", "westeurope", {}, call=call)
        with pytest.raises(LeaseLostError):
            await arm.azure.managed_clusters.abort("g", "c", call=call)
        assert arm.methods() == []
        # What changes nothing needs no lease.
        assert await arm.azure.resource_groups.get("g", call=call) is not None


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


async def test_a_login_that_never_ends_meets_the_timeout() -> None:
    async with arm_double(answers(web.json_response(GROUP)), call_seconds=0.02, login_hangs=True) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.put("g", "westeurope", {}, call=arm.call())
        assert caught.value.problem.code == "azure_unreachable"
        assert arm.credential.asked == 4
        assert not arm.requests


async def test_a_group_whose_removal_failed_says_why() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.method == "DELETE":
            return web.Response(status=202, headers={"Location": str(request.url.with_path("/operationresults/1"))})
        return error(409, "ScopeLocked", "A lock forbids it.")

    async with arm_double(handler) as arm:
        operation = await arm.azure.resource_groups.delete("g", call=arm.call())
        assert operation is not None
        assert operation.kind is OperationKind.LOCATION
        status = await arm.azure.operations.status(operation, call=arm.call())
        assert (status.done, status.succeeded) == (True, False)
        assert status.error is not None
        assert status.error.problem.code == "azure_scope_locked"


async def test_an_ended_token_is_replaced_once() -> None:
    ended = error(401, "ExpiredAuthenticationToken")
    async with arm_double(answers(ended, web.json_response(GROUP))) as arm:
        assert await arm.azure.resource_groups.get("g", call=arm.call()) is not None
        assert arm.requests[1].headers["Authorization"] == "Bearer token-2"
    async with arm_double(answers(ended)) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=arm.call())
        assert caught.value.problem.code == "azure_login_failed"
        assert len(arm.requests) == 2


async def test_the_token_never_leaves_for_another_host() -> None:
    async with arm_double(answers(web.json_response(GROUP))) as elsewhere:
        url = elsewhere.url
        redirect = web.Response(status=307, headers={"Location": url + "/x"})
        paged = web.json_response({"value": [GROUP], "nextLink": url + "/next?skipToken=1"})
        async with arm_double(answers(redirect, paged)) as arm:
            with pytest.raises(UntrustedLinkError):
                await arm.azure.resource_groups.get("g", call=arm.call())
            with pytest.raises(UntrustedLinkError):
                await arm.azure.resource_groups.list_(call=arm.call())
            operation = Operation(url + "/operation", OperationKind.ASYNC_OPERATION, "/x")
            with pytest.raises(UntrustedLinkError):
                await arm.azure.operations.status(operation, call=arm.call())
        assert not elsewhere.requests


async def test_a_list_is_read_across_its_pages() -> None:
    async def pages(request: web.Request) -> web.StreamResponse:
        if "skipToken" in request.query:
            return web.json_response({"value": [{**CLUSTER, "name": "second"}]})
        return web.json_response({"value": [CLUSTER], "nextLink": f"{request.url}&skipToken=1"})

    async with arm_double(pages) as arm:
        found = await arm.azure.managed_clusters.list_(call=arm.call())
        assert [cluster.name for cluster in found] == ["c", "second"]


@pytest.mark.parametrize(
    "page", [{"value": "x"}, {"value": [1]}, {"value": [{"id": 1}]}, {"value": [{**CLUSTER, "tags": [1]}]}]
)
async def test_a_page_of_a_wrong_shape_is_azures_fault(page: dict[str, object]) -> None:
    async with arm_double(answers(web.json_response(page))) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.managed_clusters.list_(call=arm.call())
        assert caught.value.problem.code == "azure_answer_malformed"


async def test_an_unregistered_provider_is_not_registered_behind_our_back() -> None:
    async with arm_double(answers(error(409, "MissingSubscriptionRegistration"))) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.managed_clusters.put_tags("g", "c", {}, call=arm.call())
        assert caught.value.action == "register_provider"
        assert arm.methods() == ["PATCH"]


async def test_an_upgrade_puts_the_object_back_with_what_it_does_not_know() -> None:
    bodies = []

    async def handler(request: web.Request) -> web.StreamResponse:
        properties = {"provisioningState": "Succeeded", "kubernetesVersion": "1.33", "fromTheFuture": {"a": 1}}
        if request.method == "PUT":
            bodies.append(await request.json())
            return web.json_response(
                {**CLUSTER, "properties": {**properties, "provisioningState": "Updating"}},
                headers={"Azure-AsyncOperation": str(request.url.with_path("/operation"))},
            )
        return web.json_response({**CLUSTER, "eTag": "e1", "properties": properties})

    async with arm_double(handler) as arm:
        answer = await arm.azure.managed_clusters.upgrade("g", "c", "1.34", call=arm.call())
        assert answer.operation.kind is OperationKind.ASYNC_OPERATION
        assert answer.cluster.provisioning_state == "Updating"
        assert bodies[0]["properties"] == {"kubernetesVersion": "1.34", "fromTheFuture": {"a": 1}}
        assert arm.requests[1].headers["If-Match"].strip('"') == "e1"
        assert arm.methods() == ["GET", "PUT"]


async def test_what_cannot_connect_was_never_sent_and_is_tried_again() -> None:
    fenced = []

    async def fence() -> None:
        fenced.append(1)

    async with arm_double(answers(web.json_response(GROUP))) as arm:
        port = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        port.bind(("127.0.0.1", 0))
        free = port.getsockname()[1]
        port.close()
        nowhere = AzureSettings(resource_manager_url=f"http://127.0.0.1:{free}")
        session = open_session(ca_file=None, trust_env=False)
        clients = Clients(
            resource_manager_url=nowhere.resource_manager_url,
            token_audience=nowhere.token_audience,
            credential=arm.credential,
            session=session,
            hosts=TrustedHosts(nowhere.resource_manager_url),
            throttle=Throttle(MemoryBuckets(arm.clock), arm.clock, _no_sleep),
            clock=arm.clock,
            timeout=5,
        )
        groups = ResourceGroups(clients.resources(SUBSCRIPTION), SUBSCRIPTION)
        with pytest.raises(AzureError) as caught:
            await groups.put("g", "westeurope", {}, call=arm.call(fence=fence))
        assert caught.value.problem.code == "azure_unreachable"
        assert caught.value.problem.retryable
        assert len(fenced) == 4
        await session.close()


async def _no_sleep(seconds: float) -> None:
    """Time is not the subject here."""
