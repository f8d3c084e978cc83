"""Which names a new pool can have."""

from collections.abc import Sequence

from app.core.errors import ConflictError, FieldError
from app.models import Cluster, NodePool


class PoolNameTakenError(ConflictError):
    """The cluster has a node pool of this name."""

    code = "name_taken"
    remedy = "Choose another name, or delete that pool first."


def names_in_azure(cluster: Cluster, rows: Sequence[NodePool]) -> frozenset[str]:
    """Azure's names of the cluster's pools, also of those that somebody else made."""
    return _of_others(cluster) | {row.azure_name for row in rows}


def require_free_name(cluster: Cluster, rows: Sequence[NodePool], name: str) -> None:
    """Raise PoolNameTakenError where a pool has the name: one of ours, or one of somebody else's in Azure."""
    taken = next((row for row in rows if row.name == name), None)
    errors = [FieldError("name_taken", "/name", "A pool of the cluster has this name.")]
    if taken is not None:
        raise PoolNameTakenError(f"The cluster has a node pool of this name; it is {taken.state}.", errors=errors)
    if name in _of_others(cluster):
        raise PoolNameTakenError(
            "The cluster has a node pool of this name in Azure, and Slipway did not make it.",
            remedy="Choose another name. Where that pool is gone by now, compare: POST /v1/clusters/{id}:sync.",
            errors=errors,
        )


def _of_others(cluster: Cluster) -> frozenset[str]:
    return frozenset((cluster.observed or {}).get("unmanaged_pools") or ())
