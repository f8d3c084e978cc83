"""Token buckets, on a clock that stands still; the speed has no say in them."""

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import Arm, arm_for
from tests.support.local_azure import LocalAzureForTests, start_local_azure


async def test_a_cluster_can_be_read_sixty_times_then_once_a_second(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    await arm.make_group()
    await arm.make_cluster()
    statuses = [(await arm.send("GET", arm.cluster())).status for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    refused = await arm.send("GET", arm.cluster())
    assert (refused.body["code"], refused.headers["retry-after"]) == ("Throttled", "1")
    stopped_azure.advance(1)
    assert (await arm.send("GET", arm.cluster())).status == 200
    assert (await arm.send("GET", arm.cluster())).status == 429


async def test_a_cluster_can_be_put_twenty_times_then_once_a_minute(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    await arm.make_group()
    statuses = [(await arm.make_cluster()).status for _ in range(21)]
    assert statuses == [201] + [409] * 19 + [429]
    assert (await arm.make_cluster("c2")).status == 201
    assert (await arm.make_cluster()).headers["retry-after"] == "60"
    stopped_azure.advance(60)
    assert (await arm.make_cluster()).status == 409


async def test_arms_own_budget_is_shown_and_refuses_in_the_gateways_envelope(arm: Arm) -> None:
    first = await arm.send("GET", "resourceGroups")
    assert first.headers["x-ms-ratelimit-remaining-subscription-global-reads"] == "249"
    for _ in range(249):
        await arm.send("GET", "resourceGroups")
    refused = await arm.send("GET", "resourceGroups")
    assert (refused.status, refused.body["error"]["code"]) == (429, "SubscriptionRequestsThrottled")
    assert refused.headers["retry-after"] == "1"
    write = await arm.make_group()
    assert write.headers["x-ms-ratelimit-remaining-subscription-global-writes"] == "199"


async def test_the_speed_does_not_fill_buckets_faster() -> None:
    clock = ManualClock()
    with start_local_azure(LocalAzureOptions(speed=10_000), clock=clock) as azure:
        azure.register()
        async with arm_for(azure) as arm:
            await arm.make_group()
            for _ in range(60):
                await arm.send("GET", arm.cluster())
            azure.advance(0.5)
            refused = await arm.send("GET", arm.cluster())
            assert (refused.status, refused.headers["retry-after"]) == (429, "1")
