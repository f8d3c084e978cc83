"""A call that changes Azure is sent once, behind the fence, or surely was not sent."""

import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import web

from app.azure.clients import Clients
from app.azure.credentials import RenewableCredential
from app.azure.errors import AzureError, OutcomeUnknownError
from app.azure.feed import Sharing
from app.azure.links import TrustedHosts
from app.azure.ports import MemoryBuckets
from app.azure.resource_groups import ResourceGroups
from app.azure.throttle import Throttle
from app.azure.transport import open_session
from app.azure.types.call import CallRecord, Wait
from app.core.settings import AzureSettings
from tests.azure.arm_double import GROUP, SUBSCRIPTION, answers, arm_double, error, half_json, reset


class LeaseLostError(Exception):
    """As the engine's."""


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

    async def announced(record: CallRecord) -> None:
        assert (record.method, record.path.rpartition("/")[2], record.status) == ("PUT", "g", None)
        assert len(fenced) == len(arm.requests)
        said.append(record.client_request_id)

    said: list[str] = []
    throttled = error(429, "Throttled", **{"Retry-After": "7"})
    async with arm_double(answers(throttled, throttled, web.json_response(GROUP))) as arm:
        waits: list[Wait] = []
        call = arm.call(before_change=announced, fence=fence, on_wait=waits.append)
        await arm.azure.resource_groups.put("g", "westeurope", {}, call=call)
        assert arm.methods() == ["PUT", "PUT", "PUT"]
        assert fenced == [0, 1, 2]
        assert said == [request.headers["x-ms-client-request-id"] for request in arm.requests]
        assert sum(arm.slept) >= 14
        # The second of each two says that it is over.
        assert all(wait.seconds >= 7 for wait in waits[::2])
        assert [wait.seconds for wait in waits[1::2]] == [0, 0]


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


async def test_what_cannot_connect_was_never_sent_and_is_tried_again() -> None:
    fenced = []
    unsent: list[CallRecord] = []

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
            credential=RenewableCredential(lambda: arm.credential),
            session=session,
            hosts=TrustedHosts(nowhere.resource_manager_url),
            throttle=Throttle(MemoryBuckets(arm.clock), arm.clock, _no_sleep),
            clock=arm.clock,
            timeout=5,
        )
        groups = ResourceGroups(clients.resources(SUBSCRIPTION), SUBSCRIPTION, Sharing(arm.clock, timedelta(seconds=1)))
        with pytest.raises(AzureError) as caught:
            await groups.put("g", "westeurope", {}, call=arm.call(fence=fence, on_unsent=unsent.append))
        assert caught.value.problem.code == "azure_unreachable"
        assert caught.value.problem.retryable
        assert len(fenced) == 4
        assert [record.status for record in unsent] == [None] * 4
        await session.close()


async def _no_sleep(seconds: float) -> None:
    """Time is not the subject here."""
