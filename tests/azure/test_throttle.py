from datetime import UTC, datetime, timedelta

import pytest

from app.azure.errors import AzureDeadlineError
from app.azure.ports import MemoryBuckets, MemoryDurations
from app.azure.throttle import Throttle, draws
from app.azure.types.call import Call
from app.azure.types.watch import Usual
from app.core.clock import ManualClock

BASE = "https://management.azure.com/subscriptions/S"
AKS = "/providers/Microsoft.ContainerService"
ONE = f"{BASE}/resourceGroups/G{AKS}/managedClusters/C"


@pytest.mark.parametrize(
    ("method", "url", "keys"),
    [
        ("GET", f"{BASE}{AKS}/managedClusters?api-version=1", ["aks_list:s", "arm_read:s"]),
        ("GET", f"{BASE}/resourcegroups/G{AKS}/managedClusters", ["aks_list_group:s:g", "arm_read:s"]),
        ("PUT", ONE, ["aks_put_cluster:s:g:c", "arm_write:s", "aks_put_clusters:s"]),
        ("PATCH", ONE, ["aks_other:s", "arm_write:s"]),
        ("DELETE", ONE, ["aks_other:s", "arm_delete:s"]),
        ("GET", ONE, ["aks_get_cluster:s:g:c", "arm_read:s"]),
        ("PUT", f"{ONE}/agentPools/P", ["aks_put_pool:s:g:c:p", "arm_write:s", "aks_put_pools:s"]),
        ("POST", f"{ONE}/listClusterUserCredential", ["aks_other:s", "arm_write:s"]),
        ("GET", f"{BASE}{AKS}/locations/westeurope/operations/1?t=x", ["aks_operation:s", "arm_read:s"]),
        ("GET", f"{BASE}{AKS}/locations/westeurope/kubernetesVersions", ["aks_other:s", "arm_read:s"]),
        ("GET", f"{BASE}/resourcegroups/G", ["arm_read:s"]),
        ("GET", "https://management.azure.com/tenants", []),
    ],
)
def test_each_call_draws_from_azures_own_buckets(method: str, url: str, keys: list[str]) -> None:
    assert [draw.key for draw in draws(method, url)] == keys


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.throttle = Throttle(MemoryBuckets(self.clock), self.clock, self.sleep)
        self.call = Call(deadline=self.clock.now() + timedelta(hours=1))

    async def sleep(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


async def test_a_call_waits_for_its_turn_and_never_exceeds_the_bucket() -> None:
    bench = Bench()
    for _ in range(500):
        await bench.throttle.turn("GET", f"{BASE}{AKS}/managedClusters", bench.call)
    # Resource Manager's own 250 at 25 a second are the tighter ones.
    assert bench.clock.monotonic() == pytest.approx(10, abs=0.1)
    for _ in range(600):
        await bench.throttle.turn("GET", f"{BASE}{AKS}/managedClusters", bench.call)
    assert bench.clock.monotonic() == pytest.approx(600, abs=1)


async def test_the_buckets_of_two_clusters_are_apart() -> None:
    bench = Bench()
    for _ in range(20):
        await bench.throttle.turn("PUT", ONE, bench.call)
    await bench.throttle.turn("PUT", ONE + "2", bench.call)
    assert bench.clock.monotonic() == 0
    await bench.throttle.turn("PUT", ONE, bench.call)
    assert bench.clock.monotonic() == pytest.approx(60)


async def test_a_429_closes_the_bucket_for_all() -> None:
    bench = Bench()
    await bench.throttle.refused("GET", f"{BASE}{AKS}/managedClusters", 30)
    await bench.throttle.turn("GET", f"{BASE}{AKS}/managedClusters", bench.call)
    assert bench.clock.monotonic() == 30


async def test_a_turn_past_the_deadline_is_not_waited_for() -> None:
    bench = Bench()
    await bench.throttle.refused("PUT", ONE, 7200)
    with pytest.raises(AzureDeadlineError):
        await bench.throttle.turn("PUT", ONE, bench.call)
    assert bench.clock.monotonic() == 0


async def test_durations_are_the_median_of_what_was_seen() -> None:
    durations = MemoryDurations()
    assert await durations.usual("cluster_create") is None
    for seconds in (10, 300, 20):
        await durations.learn("cluster_create", timedelta(seconds=seconds))
    assert await durations.usual("cluster_create") == Usual(timedelta(seconds=20))
    for seconds in (20, 20):
        await durations.learn("cluster_create", timedelta(seconds=seconds))
    assert await durations.usual("cluster_create") == Usual(timedelta(seconds=20), earliest=timedelta(seconds=10))
