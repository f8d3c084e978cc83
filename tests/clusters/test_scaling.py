"""Why pods get no nodes, and which spot machines are away: as a table, and with a local Azure that says so."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from app.clusters.observe.azure import observe_all
from app.clusters.observe.conditions import observe_conditions
from app.clusters.specs.judgement import PoolFacts
from app.clusters.specs.scaling import autoscaling, spot
from app.emulator.providers.compute.sizes import set_limits
from app.kubernetes.scaling import autoscaler_status
from tests.clusters.azure_by_itself import act, azure_id
from tests.support.inside import Inside
from tests.support.whole import Slipway, reading

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
POOLS = "/v1/clusters/blue/node-pools"


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def pool(**observed: Any) -> PoolFacts:
    seen = {"power_state": "Running", "min_count": 1, "max_count": 3, "spot": False, **observed}
    return PoolFacts("workers", "workers", "ready", seen)


def nodes(*ready: bool, created: float = 600) -> list[dict[str, Any]]:
    return [
        {"name": f"aks-workers-{number}", "pool": "workers", "ready": each, "created_at": ago(created)}
        for number, each in enumerate(ready)
    ]


def waiting(minutes: float) -> list[dict[str, Any]]:
    return [{"namespace": "shop", "name": "web-1", "since": ago(minutes), "message": "0/1 nodes: Insufficient cpu"}]


def said(*, minutes: float = 1, scale_up: str = "NoActivity", code: str | None = None, message: str = "") -> Any:
    group = {"name": "aks-workers-1234-vmss", "scale_up": scale_up, "code": code, "message": message}
    return {"name": "cluster-autoscaler-status", "at": ago(minutes), "groups": [group]}


def backs_off(message: str) -> Any:
    return said(scale_up="Backoff", code="cloudProviderError", message=message)


@pytest.mark.parametrize(
    ("kept", "status", "reason", "words"),
    [
        ({"items": nodes(True)}, "True", "NoPodWaits", "No pod waits"),
        ({"items": nodes(True), "pending": waiting(14)}, "True", "PodsWait", "on their way"),
        ({"items": nodes(True, created=5), "pending": waiting(40)}, "True", "PodsWait", "on their way"),
        (
            {"items": nodes(True), "pending": waiting(16), "autoscaler": backs_off("exceeding approved D Cores quota")},
            "False",
            "QuotaExceeded",
            "11:44 UTC, and none has come: the autoscaler backs off from pool workers for a while: the subscription's",
        ),
        (
            {"items": nodes(True), "pending": waiting(16), "autoscaler": backs_off("SubnetIsFull: nodes")},
            "False",
            "NoAddresses",
            "its subnet has no free addresses",
        ),
        (
            {"items": nodes(True), "pending": waiting(16), "autoscaler": backs_off("ZonalAllocationFailed")},
            "False",
            "NoCapacity",
            "no machines of its size",
        ),
        (
            {"items": nodes(True), "pending": waiting(16), "autoscaler": backs_off("the moon")},
            "False",
            "AutoscalerBackOff",
            "the moon",
        ),
        (
            {"items": nodes(False), "pending": waiting(16), "autoscaler": said()},
            "False",
            "FailedNodeAtMinimum",
            "at its minimum with aks-workers-0 not Ready",
        ),
        (
            {"items": nodes(True, True, True), "pending": waiting(16), "autoscaler": said()},
            "False",
            "AtMaximum",
            "has its 3 nodes at most",
        ),
        ({"items": nodes(True), "pending": waiting(16), "autoscaler": said()}, "False", "NoPoolFits", "shop/web-1"),
        (
            {"items": nodes(True), "pending": waiting(16), "autoscaler": said(minutes=20)},
            "False",
            "AutoscalerSilent",
            ":reconcile",
        ),
        ({"items": nodes(True), "pending": waiting(16)}, "False", "AutoscalerSilent", ":reconcile"),
        (None, "Unknown", "NotRead", "cannot be read"),
    ],
)
def test_an_autoscaler_that_gives_no_nodes_is_told_with_its_reason(
    kept: Any, status: str, reason: str, words: str
) -> None:
    """Trouble 48."""
    found = autoscaling([pool()], kept, NOW)
    assert found is not None
    assert (found.status, found.reason) == (status, reason)
    assert words in found.message
    assert ("workers" in found.more.get("by_pool", {})) is (f"pool {pool().name}" in found.message)


def test_a_cluster_whose_pools_do_not_scale_by_themselves_is_not_judged() -> None:
    assert autoscaling([pool(max_count=None)], {"items": [], "pending": waiting(60)}, NOW) is None
    assert spot([pool()], {"items": []}, None, NOW, lent={}) is None


@pytest.mark.parametrize(
    ("ready", "wanted", "minutes", "reason", "words"),
    [
        ((True, True), 2, 60, "Available", "have their machines"),
        ((True, False), 2, 9, "Available", "have their machines"),
        ((True, False), 2, 11, "SpotNodesAway", "1 of 2 nodes since 2026-11-27 11:49 UTC (not Ready: aks-workers-1)"),
        ((True,), 3, 11, "SpotNodesAway", "1 of 3 nodes since 2026-11-27 11:49 UTC (gone: 2)"),
    ],
)
def test_spot_machines_that_are_away_longer_than_ten_minutes_are_named(
    ready: tuple[bool, ...], wanted: int, minutes: float, reason: str, words: str
) -> None:
    """Trouble 49."""
    nodes_ready = {"pools": {"workers": {"ready": sum(ready), "wanted": wanted, "since": ago(minutes)}}}
    found = spot([pool(spot=True, max_count=None)], {"items": nodes(*ready)}, nodes_ready, NOW, lent={})
    assert found is not None
    assert found.reason == reason
    assert words in found.message


def test_a_node_that_is_only_on_its_way_is_not_among_the_machines_to_be_replaced() -> None:
    """Trouble 49: it has come while another was away; what nothing is known of is left alone, too."""
    nodes_ready = {"pools": {"workers": {"ready": 0, "wanted": 4, "since": ago(30)}}}
    kept = nodes(False, False, False, False, created=60)
    kept[0]["ready_since"], kept[1]["ready_since"] = ago(10), ago(9)
    kept[2]["created_at"], kept[3]["created_at"] = ago(3), None
    found = spot([pool(spot=True)], {"items": kept}, nodes_ready, NOW, lent={})
    assert found is not None
    assert found.more["by_pool"]["workers"]["machines"] == ["aks-workers-0"]


@pytest.mark.parametrize("text", ["", "Cluster-wide:\n  Health: Healthy", "- a\n- b", "nodeGroups: 7", "a: *b", "{"])
def test_a_word_of_the_autoscaler_in_another_form_says_only_that_it_is_there(text: str) -> None:
    found = autoscaler_status(ConfigMap(metadata=ObjectMeta(name="cluster-autoscaler-status"), data={"status": text}))
    assert (found.name, found.groups) == ("cluster-autoscaler-status", ())


class Later:
    """Slipway's clock, after so many minutes."""

    def __init__(self, slipway: Slipway, minutes: float) -> None:
        self._clock = slipway.parts.clock
        self._ahead = timedelta(minutes=minutes)

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()


async def judged(slipway: Slipway, minutes: float, kind: str, reason: str, name: str) -> dict[str, Any]:
    """The condition of this kind of a pool, once what the reader has seen leads to this reason."""
    found: dict[str, Any] = {}
    for _ in range(400):
        await observe_conditions(slipway.parts.database, Later(slipway, minutes))
        conditions = (await slipway.ask("GET", f"{POOLS}/{name}")).json()["conditions"]
        found = next((each for each in conditions if each["type"] == kind), {})
        if found.get("reason") == reason:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_local_azure_scales_by_itself_until_the_quota_keeps_it_and_slipway_says_why(
    slipway: Slipway,
) -> None:
    """Troubles 48 and 49: seen by the reader, judged by the observer, told as a condition and an event."""
    await slipway.create()
    asked = {"name": "workers", "size": "Standard_D4as_v5", "labels": {"team": "shop"}}
    await slipway.done("POST", POOLS, {**asked, "autoscaling": {"min_count": 1, "max_count": 5}})
    cheap = {"name": "cheap", "size": "Standard_D2s_v5", "count": 2, "spot": {"eviction_policy": "Delete"}}
    await slipway.done("POST", POOLS, cheap)
    slipway.azure.call(set_limits(slipway.azure.azure.cloud, {"standardDASv5Family": 8}))
    inside = await Inside.of(slipway)
    container = {"name": "main", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": "3"}}}
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "nodeSelector": {"team": "shop"}}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    path = "/apis/apps/v1/namespaces/default/deployments"
    await inside.send("POST", path, {"metadata": {"name": "web"}, "spec": spec})
    act(slipway, "evict", pool=f"{await azure_id(slipway)}/agentPools/cheap", count=1)
    async with reading(slipway):
        # The second pod got a node; for the third there are no cores.
        found = await judged(slipway, 40, "AutoscalerWorks", "QuotaExceeded", "workers")
        assert "Insufficient vcpu quota" in found["message"]
        await observe_all(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
        assert (await slipway.ask("GET", f"{POOLS}/workers")).json()["observed"]["count"] == 2
        judgements = {each["type"] for each in (await slipway.ask("GET", f"{POOLS}/workers")).json()["conditions"]}
        assert judgements >= {"Provisioned", "NodesReady", "VersionSupported"}
        away = await judged(slipway, 60, "SpotNodesAvailable", "SpotNodesAway", "cheap")
        assert "1 of 2 nodes" in away["message"]
        told = await slipway.events()
        types = {each["data"]["type"] for each in told if each["type"] == "cluster.condition_changed"}
        assert {"AutoscalerWorks", "SpotNodesAvailable"} <= types
        events = await inside.send("GET", "/api/v1/namespaces/default/events")
        reasons = {each["reason"] for each in events["items"]}
        assert {"TriggeredScaleUp", "FailedScaleUp", "NotTriggerScaleUp"} <= reasons

        # Without pods that wait all is well again.
        await inside.send("DELETE", f"{path}/web")
        for _ in range(400):
            await observe_conditions(slipway.parts.database, Later(slipway, 80))
            conditions = (await slipway.cluster())["conditions"]
            if "NoPodWaits" in {each["reason"] for each in conditions}:
                break
            await asyncio.sleep(0.1)
        assert "NoPodWaits" in {each["reason"] for each in conditions}
