"""A managed cluster and its agent pools: as observed, and as desired."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.azure.types.agent_pool import AgentPool, AgentPoolSpec
from app.azure.types.monitoring import MonitoringAddon
from app.azure.types.operation import Operation
from app.azure.types.provisioning import Provisioned
from app.azure.types.secret import Secret
from app.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class OutboundProfile:
    """By which addresses a cluster's nodes reach the internet: so many that AKS manages, own ones, or prefixes.

    Exactly one of the three is given. `allocated_ports`: ports for source address translation a node, 0: Azure's own
    allocation. https://learn.microsoft.com/azure/aks/load-balancer-standard
    """

    managed_count: int | None = 1
    public_ip_ids: tuple[str, ...] = ()
    prefix_ids: tuple[str, ...] = ()
    allocated_ports: int = 0
    idle_timeout_minutes: int = 30


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """The parts of a cluster's network that its callers ask for."""

    plugin: str | None = None
    plugin_mode: str | None = None
    pod_cidr: str | None = None
    service_cidr: str | None = None
    dns_service_ip: str | None = None
    outbound_type: str | None = None
    load_balancer_sku: str | None = None


@dataclass(frozen=True, slots=True)
class ManagedCluster(Provisioned):
    """A managed cluster as Azure has it.

    `kubernetes_version` is what was asked ("1.33"), `current_kubernetes_version` what runs ("1.33.5").
    `provisioning_error` is the (code, message) that the cluster itself keeps of its last failure.
    """

    id: str
    name: str
    resource_group: str
    location: str
    provisioning_state: str
    power_state: str | None = None
    kubernetes_version: str | None = None
    current_kubernetes_version: str | None = None
    fqdn: str | None = None
    private_fqdn: str | None = None
    oidc_issuer_url: str | None = None
    node_resource_group: str | None = None
    dns_prefix: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    pools: tuple[AgentPool, ...] = ()
    network: NetworkProfile = field(default_factory=NetworkProfile)
    outbound: OutboundProfile | None = None
    outbound_ip_ids: tuple[str, ...] = ()
    identity_principal_id: str | None = None
    kubelet_identity_object_id: str | None = None
    local_accounts_disabled: bool = False
    commands_disabled: bool = False
    sku_tier: str | None = None
    provisioning_error: tuple[str | None, str | None] | None = None
    monitoring: MonitoringAddon | None = None
    forced_upgrades_until: datetime | None = None

    def pool(self, name: str) -> AgentPool | None:
        """The pool of this name, or None."""
        return next((pool for pool in self.pools if pool.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class ManagedClusterSpec:
    """A managed cluster as it shall be. What is None is left to Azure's default."""

    location: str
    kubernetes_version: str | None
    dns_prefix: str
    tags: Mapping[str, str]
    pools: tuple[AgentPoolSpec, ...]
    admin_username: str
    ssh_public_key: str
    windows_admin_username: str | None = None
    windows_admin_password: Secret | None = None
    service_principal_secret: Secret | None = None
    """For a cluster whose `settings` name a service principal."""
    outbound: OutboundProfile | None = None
    monitoring: MonitoringAddon | None = None
    settings: JsonObject = field(default_factory=dict)
    """All else, as `cluster_fields` lists it."""


@dataclass(frozen=True, slots=True)
class PutAnswer:
    """What Azure answered to a PUT or PATCH of a cluster: the object as it is, and the operation that changes it."""

    cluster: ManagedCluster
    operation: Operation
    created: bool
