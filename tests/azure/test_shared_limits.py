"""Azure's limits are a subscription's: what one caller meets, all heed, and no 429 is a failure."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from app.azure.errors import AzureError
from app.azure.ports import MemoryBuckets
from app.azure.throttle import Throttle
from app.azure.types.call import Call, Wait
from tests.azure.arm_double import answers, arm_double, error
from tests.azure.virtual_time import VirtualTime

SUBSCRIPTION = "https://management.azure.com/subscriptions/s"
REFUSAL = "PutAgentPoolHandler.PUT request limit has been exceeded, please retry again in 36 seconds."


def _pool(number: int, subscription: str = SUBSCRIPTION) -> str:
    clusters = f"{subscription}/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters"
    return f"{clusters}/c{number}/agentPools/p"


async def test_one_refused_pool_holds_back_the_pools_of_the_whole_subscription_and_nothing_else() -> None:
    """Trouble 85, scene 7: twenty jobs wait together for the 36 s that one of them was told."""
    time = VirtualTime()
    throttle = Throttle(MemoryBuckets(time.clock), time.clock, time.sleep)
    call = Call(deadline=time.now() + timedelta(hours=1))
    await throttle.turn("PUT", _pool(0), call)
    await throttle.refused("PUT", _pool(0), 36)
    sent: list[float] = []

    async def put(number: int) -> None:
        await throttle.turn("PUT", _pool(number), call)
        sent.append(time.clock.monotonic())

    async def others() -> float:
        await throttle.turn("GET", _pool(1), call)
        await throttle.turn("PUT", _pool(1, SUBSCRIPTION + "2"), call)
        await throttle.turn("PUT", _pool(1).rpartition("/agentPools")[0], call)
        return time.clock.monotonic()

    assert await time.run(others()) == 0

    async def all_of_them() -> None:
        await asyncio.gather(*(put(number) for number in range(20)))

    await time.run(all_of_them())
    assert len(sent) == 20
    assert min(sent) == 36
    # Each pool's own bucket is untouched: nobody pays for another's refusal with more than the wait.
    assert max(sent) < 37


async def test_a_refusal_is_waited_out_and_never_shown() -> None:
    """Scene 7."""
    waits: list[Wait] = []
    good = web.json_response(
        {"id": "/subscriptions/s/resourceGroups/g", "name": "g", "location": "westeurope", "properties": {}}
    )
    refused = error(429, "Throttled", REFUSAL, **{"Retry-After": "36"})
    async with arm_double(answers(refused, refused, good)) as arm:
        call = arm.call(on_wait=waits.append)
        await arm.azure.resource_groups.put("g", "westeurope", {}, call=call)
        assert arm.methods() == ["PUT", "PUT", "PUT"]
    assert [wait.seconds for wait in waits] == [37.0, 0, 37.0, 0]
    assert all("no more calls" in wait.words and wait.limited for wait in waits)


async def test_what_azure_asks_to_wait_is_passed_on_where_a_caller_cannot_wait() -> None:
    """Trouble 85: Retry-After passed on to clients."""
    async with arm_double(answers(error(429, "Throttled", **{"Retry-After": "36"}))) as arm:
        call = Call(deadline=arm.clock.now() + timedelta(seconds=15))
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=call)
        assert (caught.value.problem.status, caught.value.problem.retry_after_seconds) == (503, 36)
