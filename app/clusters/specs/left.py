"""Pure: what stayed of a cluster after a change that was not carried out."""

from collections.abc import Iterable

from app.core.json import JsonObject
from app.core.text import counted
from app.models import Cluster, NodePool


def left_json(cluster: Cluster, pools: Iterable[NodePool]) -> JsonObject:
    """What Azure last said of the cluster and its pools, as a job's outcome has it."""
    observed = cluster.observed or {}
    return {
        "provisioning_state": observed.get("provisioning_state"),
        "power_state": observed.get("power_state"),
        "kubernetes_version": observed.get("current_kubernetes_version"),
        "node_pools": [
            {
                "name": pool.name,
                **{
                    name: (pool.observed or {}).get(name)
                    for name in ("provisioning_state", "count", "kubernetes_version", "node_image_version")
                },
            }
            for pool in pools
        ],
    }


def left_words(left: JsonObject) -> str:
    """A sentence for it."""
    pools = ", ".join(
        f"{pool['name']} is {pool['provisioning_state']} with {counted(pool['count'] or 0, 'node')}"
        if pool["provisioning_state"]
        else f"{pool['name']} is not there"
        for pool in left["node_pools"]
    )
    return f"Azure's word for the cluster is {left['provisioning_state']}; of its pools, {pools or 'none is there'}."
