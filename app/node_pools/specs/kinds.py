"""The kinds of jobs about node pools. Their target is the cluster: Azure takes one change of it at a time."""

from datetime import timedelta

from app.engine.kinds import JobKind

CREATE = JobKind(
    "node_pool.create",
    doing="Adding node pool {part} to cluster {target}",
    done="Cluster {target} has the node pool {part}",
    deadline=timedelta(hours=1),
    expected="pool_create",
    target_type="cluster",
)
UPDATE = JobKind(
    "node_pool.update",
    doing="Changing node pool {part} of cluster {target}",
    done="Node pool {part} of cluster {target} is changed",
    deadline=timedelta(hours=1),
    expected="pool_update",
    target_type="cluster",
)
DELETE = JobKind(
    "node_pool.delete",
    doing="Removing node pool {part} of cluster {target}",
    done="Node pool {part} of cluster {target} is removed",
    deadline=timedelta(hours=2),
    expected="pool_delete",
    target_type="cluster",
)
UPGRADE = JobKind(
    "node_pool.upgrade",
    doing="Upgrading node pool {part} of cluster {target}",
    done="Node pool {part} of cluster {target} is upgraded",
    deadline=timedelta(hours=8),
    expected="cluster_upgrade",
    target_type="cluster",
)
START = JobKind(
    "node_pool.start",
    doing="Starting node pool {part} of cluster {target}",
    done="Node pool {part} of cluster {target} is started",
    deadline=timedelta(hours=1),
    expected="pool_start",
    target_type="cluster",
)
STOP = JobKind(
    "node_pool.stop",
    doing="Stopping node pool {part} of cluster {target}",
    done="Node pool {part} of cluster {target} is stopped",
    deadline=timedelta(hours=1),
    expected="pool_stop",
    target_type="cluster",
)
DELETE_MACHINES = JobKind(
    "node_pool.delete_machines",
    doing="Removing machines of node pool {part} of cluster {target}",
    done="Machines of node pool {part} of cluster {target} are removed",
    deadline=timedelta(hours=2),
    expected="machines_delete",
    target_type="cluster",
)
ROTATE = JobKind(
    "node_pool.rotate",
    doing="Replacing node pool {part} of cluster {target}",
    done="Node pool {part} of cluster {target} is replaced",
    deadline=timedelta(hours=8),
    expected="pool_rotate",
    target_type="cluster",
)
REPLACE_MACHINES = JobKind(
    "node_pool.replace_machines",
    doing="Replacing spot machines of node pool {part} of cluster {target}",
    done="Spot machines of node pool {part} of cluster {target} are replaced",
    deadline=timedelta(hours=1),
    expected="pool_create",
    target_type="cluster",
)
