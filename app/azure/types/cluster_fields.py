"""Where each setting of a cluster stands in Azure's model: what is sent, compared and read back goes by this table.

The settings are JSON in the form of `app/clusters/schemas/settings.py`. What has no row here travels in
`azure_properties`.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Form(Enum):
    """How a value of ours is written in Azure's model."""

    PLAIN = auto()
    NEGATED = auto()
    """true here is false there."""
    SECONDS = auto()
    """10: "10s"."""
    MINUTES = auto()
    """10: "10m"."""
    TEXT = auto()
    """A number, or true and false, as text."""
    PRESENT = auto()
    """An object that is there: true; null: false."""


class Part(StrEnum):
    """What is sent together. AKS is given one kind of change a request, in this order (trouble 11)."""

    SKU = "sku"
    IDENTITY = "identity"
    NETWORK = "network"
    API_SERVER = "api_server"
    ACCESS = "access"
    SECURITY = "security"
    AUTOSCALER = "autoscaler"
    UPGRADES = "upgrades"
    STORAGE_DRIVERS = "storage_drivers"
    ADDONS = "addons"
    SSH = "ssh"
    WINDOWS = "windows"
    AZURE_PROPERTIES = "azure_properties"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class ClusterField:
    """One setting: `ours`, a dotted path in the settings; `azure`, a path in the resource's JSON, with slashes.

    `fixed`: Azure cannot change it once the cluster is there.
    """

    ours: str
    azure: str
    part: Part
    form: Form = Form.PLAIN
    fixed: bool = False


def _fields(part: Part, under: str, *rows: tuple[str, str, Form, bool]) -> tuple[ClusterField, ...]:
    return tuple(ClusterField(ours, f"{under}/{azure}", part, form, fixed) for ours, azure, form, fixed in rows)


_AUTOSCALER = _fields(
    Part.AUTOSCALER,
    "properties/autoScalerProfile",
    ("autoscaler.expander", "expander", Form.PLAIN, False),
    ("autoscaler.scan_interval_seconds", "scan-interval", Form.SECONDS, False),
    ("autoscaler.scale_down_after_add_minutes", "scale-down-delay-after-add", Form.MINUTES, False),
    ("autoscaler.scale_down_after_delete_seconds", "scale-down-delay-after-delete", Form.SECONDS, False),
    ("autoscaler.scale_down_after_failure_minutes", "scale-down-delay-after-failure", Form.MINUTES, False),
    ("autoscaler.scale_down_unneeded_minutes", "scale-down-unneeded-time", Form.MINUTES, False),
    ("autoscaler.scale_down_unready_minutes", "scale-down-unready-time", Form.MINUTES, False),
    ("autoscaler.scale_down_utilization_threshold", "scale-down-utilization-threshold", Form.TEXT, False),
    ("autoscaler.max_graceful_termination_seconds", "max-graceful-termination-sec", Form.TEXT, False),
    ("autoscaler.max_node_provision_minutes", "max-node-provision-time", Form.MINUTES, False),
    ("autoscaler.max_empty_bulk_delete", "max-empty-bulk-delete", Form.TEXT, False),
    ("autoscaler.max_unready_percent", "max-total-unready-percentage", Form.TEXT, False),
    ("autoscaler.new_pod_scale_up_delay_seconds", "new-pod-scale-up-delay", Form.SECONDS, False),
    ("autoscaler.ok_unready_count", "ok-total-unready-count", Form.TEXT, False),
    ("autoscaler.balance_similar_node_groups", "balance-similar-node-groups", Form.TEXT, False),
    ("autoscaler.skip_nodes_with_local_storage", "skip-nodes-with-local-storage", Form.TEXT, False),
    ("autoscaler.skip_nodes_with_system_pods", "skip-nodes-with-system-pods", Form.TEXT, False),
)

_NETWORK = _fields(
    Part.NETWORK,
    "properties/networkProfile",
    ("network.plugin", "networkPlugin", Form.PLAIN, True),
    ("network.plugin_mode", "networkPluginMode", Form.PLAIN, False),
    ("network.policy", "networkPolicy", Form.PLAIN, False),
    ("network.dataplane", "networkDataplane", Form.PLAIN, False),
    ("network.ip_families", "ipFamilies", Form.PLAIN, True),
    ("network.pod_cidrs", "podCidrs", Form.PLAIN, True),
    ("network.service_cidrs", "serviceCidrs", Form.PLAIN, True),
    ("network.dns_service_ip", "dnsServiceIP", Form.PLAIN, True),
    ("network.outbound_type", "outboundType", Form.PLAIN, False),
    (
        "network.nat_gateway.managed_outbound_ip_count",
        "natGatewayProfile/managedOutboundIPProfile/count",
        Form.PLAIN,
        False,
    ),
    ("network.nat_gateway.idle_timeout_minutes", "natGatewayProfile/idleTimeoutInMinutes", Form.PLAIN, False),
)

_API_SERVER = _fields(
    Part.API_SERVER,
    "properties/apiServerAccessProfile",
    ("api_server.authorized_ip_ranges", "authorizedIPRanges", Form.PLAIN, False),
    ("api_server.private", "enablePrivateCluster", Form.PRESENT, True),
    ("api_server.private.dns_zone", "privateDNSZone", Form.PLAIN, True),
    ("api_server.private.public_fqdn", "enablePrivateClusterPublicFQDN", Form.PLAIN, False),
    ("api_server.run_command", "disableRunCommand", Form.NEGATED, False),
)

_ACCESS = _fields(
    Part.ACCESS,
    "properties",
    ("access.entra", "aadProfile/managed", Form.PRESENT, False),
    ("access.entra.admin_group_ids", "aadProfile/adminGroupObjectIDs", Form.PLAIN, False),
    ("access.entra.tenant_id", "aadProfile/tenantID", Form.PLAIN, False),
    ("access.entra.azure_rbac", "aadProfile/enableAzureRBAC", Form.PLAIN, False),
    ("access.local_accounts", "disableLocalAccounts", Form.NEGATED, False),
)

_SECURITY = _fields(
    Part.SECURITY,
    "properties",
    ("security.key_vault_kms", "securityProfile/azureKeyVaultKms/enabled", Form.PRESENT, False),
    ("security.key_vault_kms.key_id", "securityProfile/azureKeyVaultKms/keyId", Form.PLAIN, False),
    (
        "security.key_vault_kms.network_access",
        "securityProfile/azureKeyVaultKms/keyVaultNetworkAccess",
        Form.PLAIN,
        False,
    ),
    ("security.key_vault_kms.vault_id", "securityProfile/azureKeyVaultKms/keyVaultResourceId", Form.PLAIN, False),
    ("security.key_vault_secrets", "addonProfiles/azureKeyvaultSecretsProvider/enabled", Form.PRESENT, False),
    (
        "security.key_vault_secrets.rotation",
        "addonProfiles/azureKeyvaultSecretsProvider/config/enableSecretRotation",
        Form.TEXT,
        False,
    ),
    (
        "security.key_vault_secrets.rotation_interval_minutes",
        "addonProfiles/azureKeyvaultSecretsProvider/config/rotationPollInterval",
        Form.MINUTES,
        False,
    ),
    ("security.oidc_issuer", "oidcIssuerProfile/enabled", Form.PLAIN, False),
    ("security.workload_identity", "securityProfile/workloadIdentity/enabled", Form.PLAIN, False),
    ("security.image_cleaner", "securityProfile/imageCleaner/enabled", Form.PRESENT, False),
    ("security.image_cleaner.interval_hours", "securityProfile/imageCleaner/intervalHours", Form.PLAIN, False),
    ("security.defender", "securityProfile/defender/securityMonitoring/enabled", Form.PRESENT, False),
    (
        "security.defender.workspace_id",
        "securityProfile/defender/logAnalyticsWorkspaceResourceId",
        Form.PLAIN,
        False,
    ),
)

_STORAGE_DRIVERS = _fields(
    Part.STORAGE_DRIVERS,
    "properties/storageProfile",
    ("storage_drivers.disk", "diskCSIDriver/enabled", Form.PLAIN, False),
    ("storage_drivers.file", "fileCSIDriver/enabled", Form.PLAIN, False),
    ("storage_drivers.blob", "blobCSIDriver/enabled", Form.PLAIN, False),
    ("storage_drivers.snapshot_controller", "snapshotController/enabled", Form.PLAIN, False),
)

_ADDONS = _fields(
    Part.ADDONS,
    "properties",
    ("addons.azure_policy", "addonProfiles/azurepolicy/enabled", Form.PLAIN, False),
    ("addons.web_app_routing", "ingressProfile/webAppRouting/enabled", Form.PRESENT, False),
    ("addons.web_app_routing.dns_zone_ids", "ingressProfile/webAppRouting/dnsZoneResourceIds", Form.PLAIN, False),
    ("addons.keda", "workloadAutoScalerProfile/keda/enabled", Form.PLAIN, False),
    (
        "addons.vertical_pod_autoscaler",
        "workloadAutoScalerProfile/verticalPodAutoscaler/enabled",
        Form.PLAIN,
        False,
    ),
)

CLUSTER_FIELDS: tuple[ClusterField, ...] = (
    ClusterField("tier", "sku/tier", Part.SKU),
    ClusterField("support_plan", "properties/supportPlan", Part.SKU),
    *_NETWORK,
    *_API_SERVER,
    ClusterField("api_server.dns_prefix", "properties/dnsPrefix", Part.API_SERVER, fixed=True),
    ClusterField("api_server.private.fqdn_subdomain", "properties/fqdnSubdomain", Part.API_SERVER, fixed=True),
    *_ACCESS,
    *_SECURITY,
    *_AUTOSCALER,
    ClusterField("upgrades.channel", "properties/autoUpgradeProfile/upgradeChannel", Part.UPGRADES),
    ClusterField("upgrades.node_image_channel", "properties/autoUpgradeProfile/nodeOSUpgradeChannel", Part.UPGRADES),
    *_STORAGE_DRIVERS,
    *_ADDONS,
    ClusterField("windows.username", "properties/windowsProfile/adminUsername", Part.WINDOWS, fixed=True),
    ClusterField("windows.licence", "properties/windowsProfile/licenseType", Part.WINDOWS),
)
"""Not here, since each is written in a way of its own: `identity`, the SSH key, the subnet of pools that name none, and
the maintenance windows, which are resources of their own."""
