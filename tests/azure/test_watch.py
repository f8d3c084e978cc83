import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.azure import errors
from app.azure.errors import AzureDeadlineError, AzureError, Source, classify
from app.azure.types.operation import OperationStatus
from app.azure.types.watch import Goal, Outcome, TargetKind, Usual, WatchEnd
from tests.azure.watching import WatchBench, cluster_id

ENDED = OperationStatus("Succeeded", done=True, succeeded=True)
RUNNING = OperationStatus("CreatingAgentPools: 0/1 nodes completed", done=False, succeeded=False)


def gone() -> AzureError:
    return classify({"code": "NotFound"}, Source(http_status=404))


async def test_a_create_is_seen_soon_after_its_end_with_few_calls(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (300, "Succeeded")
    bench.azure.statuses["c"] = ENDED
    end = await bench.time.run(bench.until_done(bench.watch("c")))
    assert end.outcome is Outcome.SUCCEEDED
    assert end.cluster is not None
    assert end.cluster.name == "c"
    assert bench.time.clock.monotonic() <= 316
    assert len(bench.azure.lists) <= 8
    assert len(bench.azure.asked) == 1


async def test_a_watched_create_is_seen_within_seconds_of_its_end(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (300, "Succeeded")
    bench.azure.statuses["c"] = ENDED
    await bench.time.run(bench.until_done(bench.watch("c"), wanted=True))
    assert bench.time.clock.monotonic() <= 307


async def test_the_end_of_what_was_not_there_before_needs_no_second_word(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (300, "Succeeded")
    end = await bench.time.run(bench.until_done(replace(bench.watch("c"), created=True)))
    assert end.outcome is Outcome.SUCCEEDED
    assert bench.azure.asked == []


async def test_two_hundred_operations_cost_one_list_a_second_at_most(bench: WatchBench) -> None:
    async def one(number: int) -> WatchEnd:
        await bench.time.sleep(number / 7)
        return await bench.until_done(bench.watch(f"c{number}"))

    for number in range(200):
        bench.azure.ends[f"c{number}"] = (300 + number / 7, "Succeeded")
        bench.azure.statuses[f"c{number}"] = ENDED

    async def all_of_them() -> list[WatchEnd]:
        return list(await asyncio.gather(*(one(number) for number in range(200))))

    ends = await bench.time.run(all_of_them())
    assert {end.outcome for end in ends} == {Outcome.SUCCEEDED}
    gaps = [later - earlier for earlier, later in zip(bench.azure.lists, bench.azure.lists[1:], strict=False)]
    assert min(gaps) >= timedelta(seconds=1)
    assert len(bench.azure.asked) == 200
    assert bench.time.clock.monotonic() <= 300 + 200 / 7 + 10


async def test_a_watch_that_is_taken_over_looks_at_once(bench: WatchBench) -> None:
    """trouble 12."""
    bench.azure.ends["c"] = (100, "Succeeded")
    bench.azure.statuses["c"] = ENDED
    watch = bench.watch("c")
    await bench.time.run(bench.time.sleep(2000))
    assert (await bench.time.run(bench.until_done(watch))).outcome is Outcome.SUCCEEDED
    assert bench.time.clock.monotonic() == 2001


async def test_the_error_of_a_failed_operation_comes_from_its_address(bench: WatchBench) -> None:
    failure = classify({"code": "QuotaExceeded", "message": "x"}, Source())
    bench.azure.ends["c"] = (100, "Failed")
    bench.azure.statuses["c"] = OperationStatus("Failed", done=True, succeeded=False, error=failure)
    end = await bench.time.run(bench.until_done(bench.watch("c")))
    assert end.outcome is Outcome.FAILED
    assert end.error is failure


async def test_a_forgotten_operation_means_look_at_the_resource(bench: WatchBench) -> None:
    """trouble 12."""
    bench.azure.ends["c"] = (100, "Succeeded")
    bench.azure.statuses["c"] = gone()
    assert (await bench.time.run(bench.until_done(bench.watch("c")))).outcome is Outcome.SUCCEEDED


async def test_without_an_operation_the_resource_alone_decides(bench: WatchBench) -> None:
    """trouble 13."""
    bench.azure.ends["c"] = (100, "Failed")
    end = await bench.time.run(bench.until_done(bench.watch("c", operation=False)))
    assert end.outcome is Outcome.FAILED
    assert end.error is not None
    assert end.error.problem.code == "azure_unknown_error"


async def test_a_state_from_before_the_operation_is_not_its_end(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (0, "Failed")
    bench.azure.statuses["c"] = RUNNING
    waiting = asyncio.ensure_future(bench.until_done(bench.watch("c")))
    await bench.time.run(bench.time.sleep(200))
    assert not waiting.done()
    bench.azure.ends["c"] = (0, "Succeeded")
    bench.azure.statuses["c"] = ENDED
    assert (await bench.time.run(_wait(waiting))).outcome is Outcome.SUCCEEDED


async def _wait(task: "asyncio.Future[WatchEnd]") -> WatchEnd:
    return await task


@pytest.mark.parametrize("word", ["Upgrading", "Stuck in a lift", "running"])
async def test_a_word_that_nobody_knows_means_running(bench: WatchBench, word: str) -> None:
    """trouble 10."""
    bench.azure.running = word
    bench.azure.ends["c"] = (300, "Succeeded")
    bench.azure.statuses["c"] = ENDED
    assert (await bench.time.run(bench.until_done(bench.watch("c")))).outcome is Outcome.SUCCEEDED
    assert [news.status for news in bench.progress] == [word, "Succeeded"]


async def test_a_delete_ends_when_the_cluster_is_gone(bench: WatchBench) -> None:
    bench.azure.running = "Deleting"
    bench.azure.ends["c"] = (300, None)
    end = await bench.time.run(bench.until_done(bench.watch("c", goal=Goal.GONE)))
    assert end.outcome is Outcome.GONE
    assert len(bench.azure.asked) == 0


async def test_a_cluster_that_vanishes_while_it_is_made_is_lost(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (100, None)
    bench.azure.statuses["c"] = gone()
    assert (await bench.time.run(bench.until_done(bench.watch("c")))).outcome is Outcome.GONE


async def test_a_canceled_operation_is_no_failure(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (100, "Canceled")
    bench.azure.statuses["c"] = OperationStatus("Canceled", done=True, succeeded=False)
    assert (await bench.time.run(bench.until_done(bench.watch("c")))).outcome is Outcome.CANCELED


async def test_progress_words_are_asked_only_while_somebody_watches(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (300, "Succeeded")
    bench.azure.statuses["c"] = RUNNING
    waiting = asyncio.ensure_future(bench.until_done(bench.watch("c"), wanted=True))
    await bench.time.run(bench.time.sleep(200))
    words = [news.status for news in bench.progress if news.from_operation]
    assert words[0] == RUNNING.status
    gaps = [later - earlier for earlier, later in zip(bench.azure.asked, bench.azure.asked[1:], strict=False)]
    assert min(gaps) >= timedelta(seconds=15)
    bench.azure.statuses["c"] = ENDED
    await bench.time.run(_wait(waiting))


async def test_a_failed_look_is_lived_with_and_a_refusal_is_not(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (300, "Succeeded")
    bench.azure.statuses["c"] = ENDED
    bench.azure.failures = [AzureError(errors.TIMED_OUT), AzureError(errors.THROTTLED), AzureDeadlineError("x")]
    assert (await bench.time.run(bench.until_done(bench.watch("c")))).outcome is Outcome.SUCCEEDED
    bench.azure.failures = [classify({"code": "AuthorizationFailed"}, Source(http_status=403))]
    with pytest.raises(AzureError):
        await bench.time.run(bench.until_done(bench.watch("c")))


async def test_an_operation_that_never_ends_meets_the_deadline(bench: WatchBench) -> None:
    """trouble 14."""
    bench.azure.ends["c"] = (10**9, None)
    with pytest.raises(AzureDeadlineError):
        await bench.time.run(bench.until_done(bench.watch("c"), hours=1))
    assert bench.time.clock.monotonic() == 3600
    assert len(bench.azure.lists) < 250


async def test_a_pool_is_watched_in_the_clusters_list(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (0, "Succeeded")
    bench.azure.pool_state = "Scaling"
    watch = replace(
        bench.watch("c", operation=False), kind=TargetKind.AGENT_POOL, target_id=cluster_id("c") + "/agentPools/pool"
    )
    waiting = asyncio.ensure_future(bench.until_done(watch))
    await bench.time.run(bench.time.sleep(200))
    assert not waiting.done()
    bench.azure.pool_state = "Succeeded"
    assert (await bench.time.run(_wait(waiting))).outcome is Outcome.SUCCEEDED


async def test_a_resource_group_is_watched_until_it_is_gone(bench: WatchBench) -> None:
    bench.azure.ends["g"] = (30, None)
    watch = replace(
        bench.watch("x", goal=Goal.GONE),
        kind=TargetKind.RESOURCE_GROUP,
        target_id="/subscriptions/s/resourceGroups/g",
        usual=Usual(timedelta(seconds=60)),
    )
    assert (await bench.time.run(bench.until_done(watch))).outcome is Outcome.GONE


async def test_a_public_address_is_watched_until_it_is_made_and_until_it_is_gone(bench: WatchBench) -> None:
    bench.azure.ends["made"], bench.azure.ends["gone"] = (3, "Succeeded"), (12, None)
    group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses"
    made = replace(
        bench.watch("x", operation=False),
        kind=TargetKind.PUBLIC_IP,
        target_id=f"{group}/MADE",
        usual=Usual(timedelta(seconds=3)),
    )
    gone = replace(made, target_id=f"{group}/gone", goal=Goal.GONE, usual=Usual(timedelta(seconds=12)))
    assert (await bench.time.run(bench.until_done(made))).outcome is Outcome.SUCCEEDED
    assert (await bench.time.run(bench.until_done(gone))).outcome is Outcome.GONE


async def test_when_nobody_waits_nothing_is_asked(bench: WatchBench) -> None:
    bench.azure.ends["c"] = (300, "Succeeded")
    bench.azure.statuses["c"] = ENDED
    first = asyncio.ensure_future(bench.until_done(bench.watch("c")))
    second = asyncio.ensure_future(bench.until_done(bench.watch("c")))
    # 120 s is the first look: both wait for one LIST, which is under way.
    await bench.time.run(bench.time.sleep(120.5))
    assert bench.azure.open_lists == 1
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert bench.azure.open_lists == 1
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    await asyncio.sleep(0)
    assert bench.azure.open_lists == 0
    seen = len(bench.azure.lists)
    await bench.time.run(bench.time.sleep(1000))
    assert len(bench.azure.lists) == seen
