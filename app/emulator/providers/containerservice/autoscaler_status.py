"""The ConfigMap `cluster-autoscaler-status`, as the autoscaler of 1.30 and later writes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import yaml

from app.emulator.core.documents import Document
from app.emulator.core.store import Resource
from app.emulator.kubernetes.documents import at
from app.emulator.kubernetes.host import Store
from app.emulator.providers.containerservice.node_resource_group import node_group_of

NAMESPACE, NAME = "kube-system", "cluster-autoscaler-status"


@dataclass(frozen=True)
class BackOff:
    """Why a node group is left alone, and how long."""

    code: str
    message: str
    until: datetime


def write_status(
    store: Store, cluster: Resource, pools: Sequence[Resource], state: Mapping[str, tuple[bool, BackOff | None]]
) -> None:
    """Write the word of a cluster's autoscaler; without pools that scale there is none. `state` by a pool's key."""
    known = store.get("configmaps", NAMESPACE, NAME)
    if not pools:
        if known is not None:
            store.delete("configmaps", NAMESPACE, NAME)
        return
    now = f"{store.now():%Y-%m-%d %H:%M:%S.%f} +0000 UTC"
    status = {
        "time": now,
        "autoscalerStatus": "Running",
        "nodeGroups": [_group(store, cluster, pool, *state[pool.key]) for pool in pools],
    }
    data = {"status": yaml.safe_dump(status, sort_keys=False)}
    metadata = {
        "name": NAME,
        "namespace": NAMESPACE,
        "annotations": {"cluster-autoscaler.kubernetes.io/last-updated": now},
    }
    if known is None:
        store.create("configmaps", {"metadata": metadata, "data": data})
    else:
        store.replace("configmaps", {**known, "metadata": {**known["metadata"], **metadata}, "data": data})


def _group(store: Store, cluster: Resource, pool: Resource, coming: bool, back_off: BackOff | None) -> Document:  # noqa: FBT001 (one word)
    properties = pool.body["properties"]
    nodes = [node for node in store.list_("nodes") if at(node, "metadata.labels", {}).get("agentpool") == pool.name]
    ready = sum(
        any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])
        for node in nodes
    )
    scale_up: Document = {"status": "Backoff" if back_off else "InProgress" if coming else "NoActivity"}
    if back_off is not None:
        scale_up["backoffInfo"] = {"errorCode": back_off.code, "errorMessage": back_off.message}
    return {
        "name": node_group_of(cluster).scale_set_name(pool.name, properties["osType"]),
        "health": {
            "status": "Healthy",
            "nodeCounts": {
                "registered": {
                    "total": len(nodes),
                    "ready": ready,
                    "notStarted": 0,
                    "unready": {"total": len(nodes) - ready},
                }
            },
            "cloudProviderTarget": properties["count"],
            "minSize": properties["minCount"],
            "maxSize": properties["maxCount"],
        },
        "scaleUp": scale_up,
        "scaleDown": {"status": "NoCandidates"},
    }
