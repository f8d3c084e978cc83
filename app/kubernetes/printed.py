"""What `kubectl get -o json` printed, read as if the API server had said it."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import cast

from lightkube.resources.core_v1 import Event, Node, PersistentVolume, PersistentVolumeClaim, Pod, Service
from lightkube.resources.storage_v1 import StorageClass

from app.core.json import JsonObject
from app.kubernetes.errors import KubernetesError
from app.kubernetes.observed import facts_of, node_state
from app.kubernetes.services import event_seen, in_order, service_state
from app.kubernetes.types import ClusterFacts
from app.kubernetes.types.seen import Seen
from app.kubernetes.volumes import claim_state, class_state, volume_state


def seen_in(services_and_nodes: str, events: str, storage: str) -> Seen:
    """Read three printed lists. Raises KubernetesError for what cannot be read, such as a list that was cut."""
    try:
        found = list(_items(services_and_nodes))
        services = [
            service_state(cast("Service", Service.from_dict(item))) for item in found if item.get("kind") == "Service"
        ]
        nodes = [node_state(cast("Node", Node.from_dict(item))) for item in found if item.get("kind") == "Node"]
        kept = list(_items(storage))
        claims = [
            claim_state(cast("PersistentVolumeClaim", PersistentVolumeClaim.from_dict(each)))
            for each in _of("PersistentVolumeClaim", kept)
        ]
        volumes = [
            volume_state(cast("PersistentVolume", PersistentVolume.from_dict(each)))
            for each in _of("PersistentVolume", kept)
        ]
        classes = [
            class_state(cast("StorageClass", StorageClass.from_dict(each))) for each in _of("StorageClass", kept)
        ]
        said = [event_seen(cast("Event", Event.from_dict(item))) for item in _items(events)]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise KubernetesError("What the command printed cannot be read; AKS cuts it at 512 KB.") from error
    return Seen(
        services=tuple(sorted(services, key=lambda item: (item.namespace, item.name))),
        nodes=tuple(sorted(nodes, key=lambda item: item.name)),
        events=in_order(said),
        claims=tuple(sorted(claims, key=lambda item: (item.namespace, item.name))),
        volumes=tuple(sorted(volumes, key=lambda item: item.name)),
        classes=tuple(sorted(classes, key=lambda item: item.name)),
    )


def facts_in(
    nodes_and_pods: str, *, version: str, resting: Collection[str], excused: Collection[str] = ()
) -> ClusterFacts:
    """Read one printed list, of nodes and of the system's pods; `resting` and `excused` as `facts_of` has them.

    Raises KubernetesError for what cannot be read.
    """
    try:
        found = list(_items(nodes_and_pods))
        nodes = [node_state(cast("Node", Node.from_dict(each))) for each in _of("Node", found)]
        pods = [cast("Pod", Pod.from_dict(each)) for each in _of("Pod", found)]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise KubernetesError("What the command printed cannot be read; AKS cuts it at 512 KB.") from error
    return facts_of(version, nodes, pods, resting=resting, excused=excused)


def _of(kind: str, items: Iterable[JsonObject]) -> Iterator[JsonObject]:
    return (item for item in items if item.get("kind") == kind)


def _items(printed: str) -> Iterator[JsonObject]:
    document = json.loads(printed)
    items = document["items"] if isinstance(document, dict) and "items" in document else None
    if not isinstance(items, list):
        raise TypeError("a list is expected")
    yield from items
