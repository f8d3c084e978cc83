"""Who may do what: the table that the routes are held against. A route that it lacks is a red test."""

from collections.abc import Mapping

from app.models import Role

ROLES: Mapping[str, Role] = {
    "get_me": Role.READER,
    "create_project": Role.PLATFORM_ADMIN,
    "list_projects": Role.PLATFORM_ADMIN,
    "get_project": Role.READER,
    "update_project": Role.PLATFORM_ADMIN,
    "create_api_key": Role.ADMIN,
    "list_api_keys": Role.ADMIN,
    "revoke_api_key": Role.ADMIN,
    "create_cluster": Role.OPERATOR,
    "list_clusters": Role.READER,
    "get_cluster_by_id_or_name": Role.READER,
    "update_cluster": Role.OPERATOR,
    "delete_cluster": Role.OPERATOR,
    "scale_cluster": Role.OPERATOR,
    "upgrade_cluster": Role.OPERATOR,
    "sync_cluster": Role.OPERATOR,
    "create_public_ip": Role.OPERATOR,
    "adopt_public_ip": Role.OPERATOR,
    "sweep_public_ips": Role.OPERATOR,
    "list_public_ips": Role.READER,
    "get_public_ip": Role.READER,
    "delete_public_ip": Role.OPERATOR,
    "get_outbound": Role.READER,
    "update_outbound": Role.OPERATOR,
    "create_credential": Role.OPERATOR,
    "list_credentials": Role.READER,
    "create_exposure": Role.OPERATOR,
    "list_exposures": Role.READER,
    "get_exposure": Role.READER,
    "update_exposure": Role.OPERATOR,
    "delete_exposure": Role.OPERATOR,
    "get_infrastructure": Role.READER,
    "list_load_balancers": Role.READER,
    "list_cluster_load_balancers": Role.READER,
    "list_jobs": Role.READER,
    "get_job": Role.READER,
    "list_job_steps": Role.READER,
    "cancel_job": Role.OPERATOR,
    "retry_job": Role.OPERATOR,
    "list_events": Role.READER,
    "list_locations": Role.READER,
    "list_kubernetes_versions": Role.READER,
    "list_vm_sizes": Role.READER,
    "get_provider": Role.READER,
    "register_provider": Role.OPERATOR,
    "create_resource_group": Role.OPERATOR,
    "list_resource_groups": Role.READER,
    "get_resource_group": Role.READER,
    "delete_resource_group": Role.OPERATOR,
}
"""The smallest role of each operation; each role includes those before it."""

PUBLIC = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json", "/docs"})
"""Paths that are served to everybody."""
