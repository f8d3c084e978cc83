"""What is kept of what Azure says of a cluster."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.azure.types.cluster import ManagedCluster
from app.azure.types.provisioning import Provisioned, has_failed, has_succeeded, is_deletion, is_settled
from app.azure.types.tags import is_ours
from app.clusters.specs.wanted import monitoring_json, outbound_json
from app.core.json import JsonObject
from app.models import NodePoolState

SECRET_ENDS_AT = "service_principal_secret_ends_at"  # noqa: S105 - a name, no secret
"""Under which name rows keep when the service principal's secret ends, as its vault said; Azure's lists do not say."""
SETTLED_AT = "settled_at"
"""Under which name rows keep when Azure was last seen to do nothing with the cluster."""


@dataclass(frozen=True, slots=True)
class Sighting(Provisioned):
    """A cluster as it was seen in Azure, in the form in which rows keep it. `pools` by name."""

    provisioning_state: str
    observed: JsonObject
    pools: dict[str, JsonObject]

    @property
    def under_way(self) -> str | None:
        """Azure's word for what it does with the cluster or one of its pools; None: nothing goes on."""
        return under_way(self.observed, self.pools.values())

    @property
    def worst(self) -> tuple[str, tuple[str | None, str | None]]:
        """How Azure's last operations ended, in lower case, with the code and message of a failure of the cluster."""
        words = [str(seen["provisioning_state"]).lower() for seen in (self.observed, *self.pools.values())]
        error = self.observed.get("provisioning_error") or {}
        bad = next(filter(has_failed, words), "succeeded")
        return bad, (error.get("code"), error.get("message"))

    @property
    def stopped(self) -> bool:
        """Whether the cluster rests: nothing of it runs, and nothing goes on."""
        return is_stopped(self.observed["power_state"]) and self.settled


def is_stopped(power_state: str | None) -> bool:
    """Whether Azure's word for a cluster's or a pool's power says that it is stopped."""
    return (power_state or "").lower() == "stopped"


def is_deleting(pool: JsonObject) -> bool:
    """Whether Azure is at the deletion of a pool, as rows keep it."""
    return is_deletion(str(pool["provisioning_state"]))


def under_way(observed: JsonObject, pools: Iterable[JsonObject]) -> str | None:
    """Azure's word for what it does with a cluster or one of its pools, as rows keep both; None: nothing goes on."""
    words = (str(seen["provisioning_state"]) for seen in (observed, *pools))
    return next((word for word in words if not is_settled(word)), None)


def same_cluster(cluster_id: str, known: JsonObject | None, seen: ManagedCluster) -> bool:
    """Whether what Azure has under the cluster's name is the cluster, even where somebody has removed its tags.

    Then its address tells: Azure makes a new one for each cluster.
    """
    address = (known or {}).get("fqdn") or (known or {}).get("private_fqdn")
    return is_ours(seen.tags, cluster_id) or (address is not None and address in {seen.fqdn, seen.private_fqdn})


def sighting(cluster: ManagedCluster, outbound_ips: tuple[str, ...] | None = None) -> Sighting:
    """Return what is kept of a cluster. `outbound_ips` None: not read this time."""
    names = [pool.name for pool in cluster.pools]
    pools = {name: found for name in names if (found := pool_json(cluster, name)) is not None}
    return Sighting(cluster.provisioning_state, observed_json(cluster, outbound_ips), pools)


def observed_json(cluster: ManagedCluster, outbound_ips: tuple[str, ...] | None = None) -> JsonObject:
    """What is kept of what Azure said of a cluster. `outbound_ips` None: not read this time."""
    observed: JsonObject = {
        "azure_id": cluster.id,
        "provisioning_state": cluster.provisioning_state,
        "provisioning_error": _error(cluster),
        "power_state": cluster.power_state,
        "kubernetes_version": cluster.kubernetes_version,
        "current_kubernetes_version": cluster.current_kubernetes_version,
        "fqdn": cluster.fqdn,
        "private_fqdn": cluster.private_fqdn,
        "oidc_issuer_url": cluster.oidc_issuer_url,
        "node_resource_group": cluster.node_resource_group,
        "sku_tier": cluster.sku_tier,
        "local_accounts_disabled": cluster.local_accounts_disabled,
        "tags": dict(cluster.tags),
        "network": {
            "plugin": cluster.network.plugin,
            "plugin_mode": cluster.network.plugin_mode,
            "pod_cidr": cluster.network.pod_cidr,
            "service_cidr": cluster.network.service_cidr,
            "dns_service_ip": cluster.network.dns_service_ip,
            "outbound_type": cluster.network.outbound_type,
            "load_balancer_sku": cluster.network.load_balancer_sku,
        },
        "outbound": None if cluster.outbound is None else outbound_json(cluster.outbound),
        "outbound_ip_ids": list(cluster.outbound_ip_ids),
        "monitoring": None if cluster.monitoring is None else monitoring_json(cluster.monitoring),
    }
    if outbound_ips is not None:
        observed["outbound_ips"] = list(outbound_ips)
    return observed


def _error(cluster: ManagedCluster) -> JsonObject | None:
    if cluster.provisioning_error is None:
        return None
    code, message = cluster.provisioning_error
    return {"code": code, "message": message}


def pool_json(cluster: ManagedCluster, name: str) -> JsonObject | None:
    """What is kept of what Azure said of one pool; None when Azure has no such pool."""
    pool = cluster.pool(name)
    if pool is None:
        return None
    return {
        "mode": pool.mode,
        "os_type": pool.os_type,
        "vm_size": pool.vm_size,
        "provisioning_state": pool.provisioning_state,
        "power_state": pool.power_state,
        "count": pool.count,
        "kubernetes_version": pool.current_orchestrator_version or pool.orchestrator_version,
        "node_image_version": pool.node_image_version,
        "max_pods": pool.max_pods,
        "max_surge": pool.max_surge,
        "max_unavailable": pool.max_unavailable,
        "min_count": pool.min_count if pool.auto_scaling else None,
        "max_count": pool.max_count if pool.auto_scaling else None,
        "spot": pool.spot,
        "os_sku": pool.os_sku,
        "subnet_id": pool.subnet_id,
        "zones": list(pool.zones),
    }


def pool_state(known: str, observed: JsonObject | None) -> str:
    """The state of a pool by what Azure says of it (`pool_json`; None: it has no such pool) and by what was known.

    Of a deletion the job has the word. A word that is not known means that something goes on.
    """
    if known in {NodePoolState.DELETING, NodePoolState.DELETED}:
        return known
    if observed is None:
        return known if known in {NodePoolState.CREATING, NodePoolState.FAILED} else NodePoolState.LOST
    word = str(observed["provisioning_state"])
    if has_succeeded(word):
        return NodePoolState.STOPPED if is_stopped(observed["power_state"]) else NodePoolState.READY
    return NodePoolState.FAILED if has_failed(word) else known
