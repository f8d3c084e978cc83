"""The cluster autoscaler gives nodes to pods that wait, and backs off when refused; spot machines are evicted."""

from typing import Any

import pytest
import yaml

from app.emulator.providers.compute.sizes import set_limits
from tests.emulator.containerservice.conftest import Aks, act

SCALED = {"enableAutoScaling": True, "minCount": 1, "maxCount": 3}
FULL = {
    "code": "SubnetIsFull",
    "message": "Subnet nodes with address prefix 10.0.0.0/28 does not have enough capacity.",
}


def big_pods(aks: Aks, count: int) -> None:
    """Pods of which a node of the pool holds one."""
    container = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "1500m"}}}
    labels = {"app": "big"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"nodeSelector": {"agentpool": "work"}, "containers": [container]},
    }
    spec = {"replicas": count, "selector": {"matchLabels": labels}, "template": template}
    aks.create("deployments.apps", {"metadata": {"name": "big"}, "spec": spec})


def group(aks: Aks) -> dict[str, Any]:
    """What the autoscaler says of the pool."""
    (found,) = [one for one in aks.objects("configmaps") if one["metadata"]["name"] == "cluster-autoscaler-status"]
    said: dict[str, Any] = yaml.safe_load(found["data"]["status"])["nodeGroups"][0]
    return said


def told(aks: Aks, reason: str) -> list[str]:
    return [event["message"] for event in aks.objects("events") if event["reason"] == reason]


async def test_nodes_come_for_pods_that_wait_until_the_pool_has_its_most(aks: Aks) -> None:
    await aks.has_pool("work", **SCALED)
    big_pods(aks, 4)
    seen = []
    for _ in range(40):
        aks.azure.advance(10)
        seen += [len(aks.nodes("work"))]
    assert list(dict.fromkeys(seen)) == [1, 2, 3]
    assert (await aks.pool("work"))["count"] == len(aks.nodes("work")) == 3
    assert any("1->2 (max: 3)" in message for message in told(aks, "TriggeredScaleUp"))
    assert told(aks, "NotTriggerScaleUp")[-1] == "pod didn't trigger scale-up: 1 max node group size reached"
    assert group(aks)["health"]["cloudProviderTarget"] == group(aks)["health"]["maxSize"] == 3
    running = [pod for pod in aks.objects("pods") if pod["metadata"].get("labels", {}).get("app") == "big"]
    assert sum(pod["status"]["phase"] == "Running" for pod in running) == 3


async def test_a_scale_up_that_azure_refuses_is_backed_off_from_and_tried_again(aks: Aks) -> None:
    await aks.has_pool("work", **SCALED)
    aks.azure.add_fault("fail_operation", operation="ClusterAutoscaler_ScaleUp", caller="cluster", count=1, **FULL)
    big_pods(aks, 2)
    aks.azure.advance(30)
    aks.azure.advance(60)
    scale_up = group(aks)["scaleUp"]
    assert (scale_up["status"], scale_up["backoffInfo"]["errorCode"]) == ("Backoff", "SubnetIsFull")
    assert told(aks, "NotTriggerScaleUp")[-1] == "pod didn't trigger scale-up: 1 in backoff after failed scale-up"
    assert len(aks.nodes("work")) == 1
    for _ in range(12):
        aks.azure.advance(60)
    assert len(aks.nodes("work")) == 2
    assert group(aks)["scaleUp"]["status"] == "NoActivity"


async def test_the_quota_holds_for_the_autoscaler_too_and_its_word_goes_with_it(aks: Aks) -> None:
    await aks.has_pool("work", **SCALED)
    aks.azure.call(set_limits(aks.azure.azure.cloud, {"standardDSv5Family": 2}))
    big_pods(aks, 2)
    aks.azure.advance(30)
    assert group(aks)["scaleUp"]["backoffInfo"]["errorCode"] == "ErrCode_InsufficientVCPUQuota"
    assert (await aks.put_pool("work", enableAutoScaling=False, minCount=None, maxCount=None)).status == 200
    aks.azure.advance(200)
    assert not [one for one in aks.objects("configmaps") if one["metadata"]["name"] == "cluster-autoscaler-status"]


async def test_a_pool_of_the_count_alone_is_left_alone(aks: Aks) -> None:
    await aks.has_pool("work")
    big_pods(aks, 3)
    aks.azure.advance(600)
    assert len(aks.nodes("work")) == 1
    assert told(aks, "NotTriggerScaleUp") == []


@pytest.mark.parametrize(("policy", "there"), [("Delete", [True]), ("Deallocate", [False, True])])
async def test_spot_machines_that_azure_takes_back_are_gone_or_not_ready(
    aks: Aks, policy: str, there: list[bool]
) -> None:
    spot = {"scaleSetPriority": "Spot", "scaleSetEvictionPolicy": policy, "spotMaxPrice": -1}
    await aks.has_pool("work", count=2, **spot)
    assert act(aks, "evict", pool=f"{aks.arm.path(aks.arm.cluster())}/agentPools/work")["evicted"] == 1
    nodes = [node for node in aks.objects("nodes") if node["metadata"]["labels"]["agentpool"] == "work"]
    ready = [
        one["status"] == "True" for node in nodes for one in node["status"]["conditions"] if one["type"] == "Ready"
    ]
    assert ready == there
    assert (await aks.pool("work"))["count"] == 2
