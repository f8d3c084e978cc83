"""Which settings of a cluster can be taken back, and what Azure then has: its own defaults."""

from app.azure.types.cluster_fields import CLUSTER_FIELDS, Form
from app.core.json import JsonObject

# https://learn.microsoft.com/azure/aks/cluster-autoscaler#cluster-autoscaler-profile-settings
_AUTOSCALER: JsonObject = {
    "expander": "random",
    "scan_interval_seconds": 10,
    "scale_down_after_add_minutes": 10,
    "scale_down_after_delete_seconds": 10,
    "scale_down_after_failure_minutes": 3,
    "scale_down_unneeded_minutes": 10,
    "scale_down_unready_minutes": 20,
    "scale_down_utilization_threshold": 0.5,
    "max_graceful_termination_seconds": 600,
    "max_node_provision_minutes": 15,
    "max_empty_bulk_delete": 10,
    "max_unready_percent": 45,
    "new_pod_scale_up_delay_seconds": 0,
    "ok_unready_count": 3,
    "balance_similar_node_groups": False,
    "skip_nodes_with_local_storage": False,
    "skip_nodes_with_system_pods": True,
}

DEFAULTS: JsonObject = {
    "tier": "Free",
    "support_plan": "KubernetesOfficial",
    "network.policy": "none",
    "network.outbound_type": "loadBalancer",
    "network.nat_gateway.managed_outbound_ip_count": 1,
    "network.nat_gateway.idle_timeout_minutes": 4,
    "api_server.authorized_ip_ranges": [],
    "api_server.run_command": True,
    "access.entra.admin_group_ids": [],
    "access.entra.azure_rbac": False,
    "access.local_accounts": True,
    "security.key_vault_secrets.rotation_interval_minutes": 2,
    "security.workload_identity": False,
    "security.image_cleaner.interval_hours": 168,
    **{f"autoscaler.{name}": value for name, value in _AUTOSCALER.items()},
    "upgrades.channel": "none",
    "upgrades.node_image_channel": "NodeImage",
    "storage_drivers.disk": True,
    "storage_drivers.file": True,
    "storage_drivers.blob": False,
    "storage_drivers.snapshot_controller": True,
    "addons.azure_policy": False,
    "addons.web_app_routing.dns_zone_ids": [],
    "addons.keda": False,
    "addons.vertical_pod_autoscaler": False,
    "windows.licence": "None",
}
"""By our dotted path, in our form."""

ONE_WAY = frozenset({"access.entra", "security.oidc_issuer", "network.plugin_mode", "network.dataplane"})
"""What Azure has taken it keeps: it cannot be switched off or taken back."""

CAN_BE_RESET = frozenset(DEFAULTS) | frozenset(
    each.ours for each in CLUSTER_FIELDS if each.form is Form.PRESENT and not each.fixed and each.ours not in ONE_WAY
)
"""The settings that can be null again after they were set."""
