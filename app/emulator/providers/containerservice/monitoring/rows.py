"""A cluster's objects as the rows that its agents send: https://learn.microsoft.com/azure/azure-monitor/reference."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.emulator.core.store import Resource
from app.emulator.kubernetes.documents import Object, at, parse_timestamp
from app.emulator.kubernetes.quantities import number

Row = dict[str, Any]
_SOURCE = "Containers"
_NANO = 1e9


def _common(cluster: Resource, now: datetime) -> Row:
    return {
        "TimeGenerated": now,
        "ClusterId": cluster.id,
        "ClusterName": cluster.body["name"],
        "SourceSystem": _SOURCE,
        "_ResourceId": cluster.key,
    }


def _time(text: str | None) -> datetime | None:
    return parse_timestamp(text) if text else None


def node_rows(cluster: Resource, nodes: Iterable[Object], now: datetime) -> Iterator[Row]:
    """KubeNodeInventory: each node with the conditions that are true of it."""
    for node in nodes:
        metadata, info = node["metadata"], at(node, "status.nodeInfo", {})
        conditions = at(node, "status.conditions", ())
        ready: Object = next((each for each in conditions if each["type"] == "Ready"), {})
        yield {
            **_common(cluster, now),
            "Computer": metadata["name"],
            "Status": ",".join(each["type"] for each in conditions if each["status"] == "True"),
            "Labels": json.dumps([metadata.get("labels") or {}]),
            "KubeletVersion": info.get("kubeletVersion"),
            "KubeProxyVersion": info.get("kubeProxyVersion"),
            "CreationTimeStamp": _time(metadata.get("creationTimestamp")),
            "LastTransitionTimeReady": _time(ready.get("lastTransitionTime")),
            "OperatingSystem": info.get("osImage"),
            "KernelVersion": info.get("kernelVersion"),
            "KubernetesProviderID": "azure",
            "DockerVersion": info.get("containerRuntimeVersion"),
        }


def pod_rows(cluster: Resource, pods: Iterable[Object], now: datetime) -> Iterator[Row]:
    """KubePodInventory: a row for each container, and one for a pod whose containers are not there yet."""
    for pod in pods:
        of_pod = {**_common(cluster, now), **_of_pod(pod)}
        statuses = at(pod, "status.containerStatuses", ())
        for status in statuses:
            yield {**of_pod, **_of_container(pod, status)}
        if not statuses:
            yield of_pod


def _of_pod(pod: Object) -> Row:
    metadata, status = pod["metadata"], pod.get("status") or {}
    owner: Object = next((each for each in metadata.get("ownerReferences") or () if each.get("controller")), {})
    restarts = sum(each.get("restartCount", 0) for each in status.get("containerStatuses") or ())
    return {
        "Computer": at(pod, "spec.nodeName", ""),
        "Name": metadata["name"],
        "Namespace": metadata["namespace"],
        "PodUid": metadata["uid"],
        "PodLabel": json.dumps([metadata.get("labels") or {}]),
        "PodStatus": "Terminating" if metadata.get("deletionTimestamp") else status.get("phase", ""),
        "PodStatusReason": status.get("reason", ""),
        "PodIp": status.get("podIP", ""),
        "PodCreationTimeStamp": _time(metadata.get("creationTimestamp")),
        "PodStartTime": _time(status.get("startTime")),
        "PodRestartCount": restarts,
        "ControllerKind": owner.get("kind", ""),
        "ControllerName": owner.get("name", ""),
    }


def _of_container(pod: Object, status: Object) -> Row:
    word, state = next(iter((status.get("state") or {"waiting": {}}).items()))
    before = next(iter((status.get("lastState") or {}).items()), None)
    instance = f"{pod['metadata']['uid']}/{status['name']}"
    return {
        "ContainerID": status.get("containerID", "").rpartition("/")[2],
        "ContainerName": instance,
        "InstanceName": instance,
        "ContainerStatus": word,
        "ContainerStatusReason": state.get("reason", ""),
        "ContainerLastStatus": _last(*before) if before else {},
        "ContainerRestartCount": status.get("restartCount", 0),
        "ContainerCreationTimeStamp": _time(state.get("startedAt")),
    }


def _last(word: str, state: Object) -> Row:
    kept = ("reason", "startedAt", "finishedAt", "exitCode", "containerID")
    return {"lastState": word, **{name: state[name] for name in kept if name in state}}


def event_rows(cluster: Resource, events: Iterable[Object], now: datetime) -> Iterator[Row]:
    """KubeEvents. The agent leaves out what is normal, unless it is told otherwise."""
    for event in events:
        if event.get("type") == "Normal":
            continue
        involved = event.get("involvedObject") or {}
        yield {
            **_common(cluster, now),
            "Computer": at(event, "source.host", ""),
            "ObjectKind": involved.get("kind", ""),
            "Namespace": involved.get("namespace", ""),
            "Name": involved.get("name", ""),
            "Reason": event.get("reason", ""),
            "Message": event.get("message", ""),
            "KubeEventType": event.get("type", ""),
            "SourceComponent": at(event, "source.component", ""),
            "FirstSeen": _time(event.get("firstTimestamp")),
            "LastSeen": _time(event.get("lastTimestamp")),
            "Count": float(event.get("count") or 1),
        }


def service_rows(cluster: Resource, services: Iterable[Object], now: datetime) -> Iterator[Row]:
    """KubeServices."""
    for service in services:
        yield {
            **_common(cluster, now),
            "ServiceName": service["metadata"]["name"],
            "Namespace": service["metadata"]["namespace"],
            "SelectorLabels": json.dumps([at(service, "spec.selector") or {}]),
            "ClusterIP": at(service, "spec.clusterIP", ""),
            "ServiceType": at(service, "spec.type", ""),
        }


def volume_rows(cluster: Resource, volumes: Iterable[Object], now: datetime) -> Iterator[Row]:
    """KubePVInventory."""
    for volume in volumes:
        metadata, spec = volume["metadata"], volume["spec"]
        claim, driver = spec.get("claimRef") or {}, spec.get("csi") or {}
        yield {
            **_common(cluster, now),
            "PVName": metadata["name"],
            "PVStatus": at(volume, "status.phase", ""),
            "PVType": driver.get("driver", ""),
            "PVCapacityBytes": number(at(spec, "capacity.storage", "0")),
            "PVAccessModes": ",".join(spec.get("accessModes") or ()),
            "PVStorageClassName": spec.get("storageClassName", ""),
            "PVCName": claim.get("name", ""),
            "PVCNamespace": claim.get("namespace", ""),
            "Namespace": claim.get("namespace", ""),
            "PVCreationTimeStamp": _time(metadata.get("creationTimestamp")),
            "PVTypeInfo": {"volumeHandle": driver.get("volumeHandle")},
        }


def log_rows(cluster: Resource, pods: Iterable[Object], now: datetime) -> Iterator[Row]:
    """ContainerLogV2: no container runs here, so that each says no more than this, once in each round."""
    for pod in pods:
        metadata = pod["metadata"]
        for status in at(pod, "status.containerStatuses", ()):
            started = at(status, "state.running.startedAt")
            if started is None:
                continue
            yield {
                "TimeGenerated": now,
                "SourceSystem": _SOURCE,
                "_ResourceId": cluster.key,
                "Computer": pod["spec"]["nodeName"],
                "ContainerId": status.get("containerID", "").rpartition("/")[2],
                "ContainerName": status["name"],
                "PodName": metadata["name"],
                "PodNamespace": metadata["namespace"],
                "LogMessage": f"{status['name']} is shown as running since {started}; no containers run here",
                "LogSource": "stdout",
                "LogLevel": "info",
                "KubernetesMetadata": None,
            }


@dataclass(frozen=True)
class Limits:
    """What a container may use: cores and bytes."""

    cores: float
    memory: float


def usage_rows(cluster: Resource, pod: Object, limits: Limits, *, share: float, now: datetime) -> Iterator[Row]:
    """Perf: what a pod's first container uses, as a share of its limits."""
    instance = f"{cluster.key}/{pod['metadata']['uid']}/{pod['spec']['containers'][0]['name']}"
    for counter, value in (
        ("cpuUsageNanoCores", limits.cores * _NANO * share),
        ("memoryWorkingSetBytes", limits.memory * share),
        ("cpuLimitNanoCores", limits.cores * _NANO),
        ("memoryLimitBytes", limits.memory),
    ):
        yield {
            "TimeGenerated": now,
            "SourceSystem": _SOURCE,
            "_ResourceId": cluster.key,
            "Computer": pod["spec"]["nodeName"],
            "ObjectName": "K8SContainer",
            "CounterName": counter,
            "InstanceName": instance,
            "CounterValue": value,
        }
