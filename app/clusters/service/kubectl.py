"""Find the kubectl that fits a cluster."""

from app.clusters.schemas.kubectl import ClientArch, ClientOs, KubectlRead
from app.clusters.specs.kubectl import kubectl_for
from app.core.errors import ConflictError
from app.models import Cluster


class VersionUnknownError(ConflictError):
    """Azure has not told yet which version the cluster has."""

    code = "cluster_version_unknown"
    remedy = "Ask again when the cluster is ready."


def find_kubectl(cluster: Cluster, os: ClientOs, arch: ClientArch, *, mirror: str) -> KubectlRead:
    """The kubectl of the cluster's own version. Raises VersionUnknownError."""
    running = (cluster.observed or {}).get("current_kubernetes_version")
    if not running:
        raise VersionUnknownError("Azure has not told yet which version of Kubernetes the cluster has.")
    return kubectl_for(running, os, arch, mirror=mirror)
