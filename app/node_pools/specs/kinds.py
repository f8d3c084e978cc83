"""The kinds of jobs about node pools. Their target is the cluster: Azure takes one change of it at a time."""

from datetime import timedelta

from app.engine.kinds import JobKind

CREATE = JobKind(
    "node_pool.create",
    doing="Adding a node pool to cluster {target}",
    done="Cluster {target} has another node pool",
    deadline=timedelta(hours=1),
    expected="pool_create",
    target_type="cluster",
)
UPDATE = JobKind(
    "node_pool.update",
    doing="Changing a node pool of cluster {target}",
    done="A node pool of cluster {target} is changed",
    deadline=timedelta(hours=1),
    expected="pool_update",
    target_type="cluster",
)
DELETE = JobKind(
    "node_pool.delete",
    doing="Removing a node pool of cluster {target}",
    done="A node pool of cluster {target} is removed",
    deadline=timedelta(hours=2),
    expected="pool_delete",
    target_type="cluster",
)
