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
    doing="Scaling node pool {part} of cluster {target}",
    done="Node pool {part} of cluster {target} is scaled",
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
START = JobKind(
    "cluster.start",
    doing="Starting cluster {target}",
    done="Cluster {target} is started",
    deadline=timedelta(hours=1),
    expected="cluster_start",
    target_type="cluster",
)
STOP = JobKind(
    "cluster.stop",
    doing="Stopping cluster {target}",
    done="Cluster {target} is stopped",
    deadline=timedelta(hours=1),
    expected="cluster_stop",
    target_type="cluster",
    ahead="Nothing in it runs until it is started; standalone pods are lost.",
)
ROTATE_CERTIFICATES = JobKind(
    "cluster.rotate_certificates",
    doing="Rotating the certificates of cluster {target}",
    done="The certificates of cluster {target} are new",
    deadline=timedelta(hours=4),
    expected="certificates_rotate",
    target_type="cluster",
    ahead="Its API is down for up to 30 minutes, all nodes are made anew, and kubeconfigs given before are void.",
)
RESET_SERVICE_PRINCIPAL = JobKind(
    "cluster.reset_service_principal",
    doing="Giving cluster {target} another service principal",
    done="Cluster {target} has another service principal",
    deadline=timedelta(hours=2),
    expected="cluster_update",
    target_type="cluster",
)
RESET_AAD = JobKind(
    "cluster.reset_aad",
    doing="Changing how users of cluster {target} log in through Entra",
    done="Users of cluster {target} log in through Entra as asked",
    deadline=timedelta(hours=2),
    expected="cluster_update",
    target_type="cluster",
)
ABORT = JobKind(
    "cluster.abort",
    doing="Aborting what Azure does with cluster {target}",
    done="What Azure did with cluster {target} is aborted",
    deadline=timedelta(minutes=30),
    expected="cluster_abort",
    target_type="cluster",
)
RECONCILE = JobKind(
    "cluster.reconcile",
    doing="Putting cluster {target} again as it is wanted",
    done="Cluster {target} is put again as it is wanted",
    deadline=timedelta(hours=2),
    expected="cluster_update",
    target_type="cluster",
)
RUN_COMMAND = JobKind(
    "cluster.run_command",
    doing="Running a command in cluster {target}",
    done="The command in cluster {target} has ended",
    deadline=timedelta(minutes=15),
    expected="command_run",
    target_type="cluster",
)
FOREIGN = JobKind(
    "cluster.foreign",
    doing="Azure is at work on cluster {target}, asked by somebody else",
    done="What somebody else asked of cluster {target} has ended",
    deadline=timedelta(hours=24),
    expected="cluster_update",
    target_type="cluster",
)
