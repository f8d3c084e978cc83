"""The kinds of jobs about clusters."""

from datetime import timedelta

from app.engine.kinds import JobKind

CREATE = JobKind(
    "cluster.create",
    doing="Creating cluster {target}",
    done="Cluster {target} is ready",
    deadline=timedelta(hours=1),
    expected="cluster_create",
    target_type="cluster",
)
UPDATE = JobKind(
    "cluster.update",
    doing="Updating cluster {target}",
    done="Cluster {target} is updated",
    deadline=timedelta(minutes=30),
    expected="cluster_update",
    target_type="cluster",
)
OUTBOUND = JobKind(
    "cluster.outbound",
    doing="Changing the outbound addresses of cluster {target}",
    done="The outbound addresses of cluster {target} are changed",
    deadline=timedelta(minutes=30),
    expected="cluster_update",
    target_type="cluster",
)
MONITOR = JobKind(
    "monitoring.enable",
    doing="Turning on monitoring of cluster {target}",
    done="Cluster {target} is monitored",
    deadline=timedelta(minutes=45),
    expected="monitoring_enable",
    target_type="cluster",
)
UNMONITOR = JobKind(
    "monitoring.disable",
    doing="Turning off monitoring of cluster {target}",
    done="Cluster {target} is not monitored any more",
    deadline=timedelta(minutes=30),
    expected="monitoring_disable",
    target_type="cluster",
)
SCALE = JobKind(
    "cluster.scale",
    doing="Scaling cluster {target}",
    done="Cluster {target} is scaled",
    deadline=timedelta(hours=1),
    expected="pool_scale",
    target_type="cluster",
)
UPGRADE = JobKind(
    "cluster.upgrade",
    doing="Upgrading cluster {target}",
    done="Cluster {target} is upgraded",
    deadline=timedelta(hours=4),
    expected="cluster_upgrade",
    target_type="cluster",
)
DELETE = JobKind(
    "cluster.delete",
    doing="Deleting cluster {target}",
    done="Cluster {target} is deleted",
    deadline=timedelta(hours=2),
    expected="cluster_delete",
    target_type="cluster",
)
SYNC = JobKind(
    "cluster.sync",
    doing="Comparing cluster {target} with Azure",
    done="Cluster {target} is compared with Azure",
    deadline=timedelta(minutes=5),
    expected="cluster_sync",
    target_type="cluster",
)
