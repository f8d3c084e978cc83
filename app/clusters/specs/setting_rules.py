"""The rules between a cluster's settings, which no single field can say. The sources are AKS's own pages."""

from app.api.in_part import unless_refused
from app.clusters.schemas.identity import IdentityType
from app.clusters.schemas.security import KmsAccess
from app.clusters.schemas.settings import ClusterSettings, ClusterTier, SupportPlan
from app.clusters.schemas.upkeep import NodeImageChannel, UpgradeChannel
from app.clusters.specs.network_rules import check_network
from app.clusters.specs.property_rules import check_azure_properties
from app.clusters.specs.rejections import Rejections

# https://learn.microsoft.com/azure/virtual-machines/windows/faq: names that Azure gives to no administrator.
_RESERVED_USERS = frozenset(
    (
        *(
            "1",
            "123",
            "a",
            "actuser",
            "adm",
            "admin",
            "admin1",
            "admin2",
            "administrator",
            "aspnet",
            "backup",
            "console",
        ),
        *("david", "guest", "john", "owner", "root", "server", "sql", "support", "support_388945a0", "sys"),
        *("test", "test1", "test2", "test3", "user", "user1", "user2", "user3", "user4", "user5"),
    )
)


def check_settings(settings: ClusterSettings, *, windows: bool, rejections: Rejections) -> None:
    """Note every rule that the settings break. `windows`: a pool of the cluster runs Windows."""
    _check_support(settings, rejections)
    check_network(settings, windows=windows, rejections=rejections)
    _check_api_server(settings, rejections)
    _check_identity(settings, rejections)
    _check_access(settings, rejections)
    _check_security(settings, rejections)
    _check_upgrades(settings, rejections)
    _check_windows_user(settings, rejections)
    with unless_refused():
        check_azure_properties(settings.azure_properties or {}, rejections)


@unless_refused()
def _check_support(settings: ClusterSettings, rejections: Rejections) -> None:
    if settings.support_plan is SupportPlan.LONG_TERM and settings.tier is not ClusterTier.PREMIUM:
        rejections.add("tier_too_low", "/tier", "Long-term support takes `tier: Premium`.")


@unless_refused()
def _check_access(settings: ClusterSettings, rejections: Rejections) -> None:
    access = settings.access
    if access is not None and access.local_accounts is False and access.entra is None:
        rejections.add("nobody_could_log_in", "/access/local_accounts", "Without local accounts, give `access.entra`.")


@unless_refused()
def _check_windows_user(settings: ClusterSettings, rejections: Rejections) -> None:
    user = settings.windows.username if settings.windows is not None else None
    if user is not None and user.lower() in _RESERVED_USERS:
        rejections.add("reserved_name", "/windows/username", "Azure reserves this name; choose another.")


@unless_refused()
def _check_api_server(settings: ClusterSettings, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/private-clusters
    server = settings.api_server
    if server is None or server.private is None:
        return
    if server.authorized_ip_ranges:
        rejections.add(
            "private_and_authorized",
            "/api_server/authorized_ip_ranges",
            "A private cluster's API server is reached from its network only. Give either of the two.",
        )
    zone = server.private.dns_zone
    if server.private.fqdn_subdomain is not None:
        if not zone.startswith("/"):
            rejections.add(
                "contradiction", "/api_server/private/fqdn_subdomain", "It takes a zone of your own: `dns_zone`."
            )
        if server.dns_prefix is not None:
            rejections.add("contradiction", "/api_server/dns_prefix", "AKS takes it or `private.fqdn_subdomain`.")
    if zone.startswith("/") and _identity_type(settings) is IdentityType.SYSTEM_ASSIGNED:
        rejections.add(
            "identity_needed",
            "/api_server/private/dns_zone",
            "A zone of your own takes `identity.type: UserAssigned`, with rights on the zone.",
        )
    if zone == "none" and not server.private.public_fqdn:
        rejections.add(
            "no_name", "/api_server/private/public_fqdn", "Without a private zone it takes `public_fqdn: true`."
        )


def _identity_type(settings: ClusterSettings) -> IdentityType:
    return IdentityType.SYSTEM_ASSIGNED if settings.identity is None else settings.identity.type


@unless_refused()
def _check_identity(settings: ClusterSettings, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/use-managed-identity
    identity = settings.identity
    if identity is None:
        return
    takes = {
        "user_assigned_id": (identity.user_assigned_id, IdentityType.USER_ASSIGNED),
        "service_principal": (identity.service_principal, IdentityType.SERVICE_PRINCIPAL),
    }
    for name, (given, kind) in takes.items():
        if given is None and identity.type is kind:
            rejections.add("required", f"/identity/{name}", f"`type: {kind}` takes it.")
        elif given is not None and identity.type is not kind:
            rejections.add("contradiction", f"/identity/{name}", f"It takes `type: {kind}`.")
    if identity.kubelet_id is not None and identity.type is not IdentityType.USER_ASSIGNED:
        rejections.add("contradiction", "/identity/kubelet_id", "It takes `type: UserAssigned` for the cluster.")


@unless_refused()
def _check_security(settings: ClusterSettings, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption, …/workload-identity-overview
    security = settings.security
    if security is None:
        return
    kms = security.key_vault_kms
    if kms is not None:
        if kms.network_access is KmsAccess.PRIVATE and kms.vault_id is None:
            rejections.add("required", "/security/key_vault_kms/vault_id", "`network_access: Private` takes it.")
        if kms.network_access is KmsAccess.PUBLIC and kms.vault_id is not None:
            rejections.add("contradiction", "/security/key_vault_kms/vault_id", "It is for `network_access: Private`.")
        if "/keys/" not in kms.key_id:
            rejections.add("wrong_kind", "/security/key_vault_kms/key_id", "This is no key's id: …/keys/<name>.")
        if _identity_type(settings) is not IdentityType.USER_ASSIGNED:
            rejections.add(
                "identity_needed",
                "/security/key_vault_kms",
                "It takes `identity.type: UserAssigned`, with rights on the vault's keys before the cluster is made.",
            )
    if security.workload_identity and not security.oidc_issuer:
        rejections.add("oidc_issuer_needed", "/security/workload_identity", "It takes `security.oidc_issuer: true`.")
    vault = security.key_vault_secrets
    if vault is not None and vault.rotation_interval_minutes is not None and not vault.rotation:
        rejections.add(
            "contradiction", "/security/key_vault_secrets/rotation_interval_minutes", "It takes `rotation: true`."
        )


@unless_refused()
def _check_upgrades(settings: ClusterSettings, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/auto-upgrade-cluster, …/planned-maintenance
    upgrades = settings.upgrades
    if upgrades is None:
        return
    if upgrades.cluster_window is not None and upgrades.channel in {None, UpgradeChannel.NONE}:
        rejections.add("contradiction", "/upgrades/cluster_window", "It says when `channel` works; give that.")
    idle = {None, NodeImageChannel.NONE, NodeImageChannel.UNMANAGED}
    if upgrades.node_image_window is not None and upgrades.node_image_channel in idle:
        rejections.add("contradiction", "/upgrades/node_image_window", "It says when `node_image_channel` works.")
    if upgrades.channel is UpgradeChannel.NODE_IMAGE and upgrades.node_image_channel not in {
        None,
        NodeImageChannel.NODE_IMAGE,
    }:
        rejections.add(
            "contradiction", "/upgrades/node_image_channel", "With `channel: node-image` it can only be NodeImage."
        )
    if upgrades.cluster_window is not None and upgrades.cluster_window.interval_days is not None:
        rejections.add(
            "daily_for_node_images", "/upgrades/cluster_window/interval_days", "AKS has it for node images only."
        )
    for name in ("cluster_window", "node_image_window"):
        window = getattr(upgrades, name)
        for index, span in enumerate((window and window.not_allowed) or ()):
            if span.start > span.end:
                rejections.add("start_after_end", f"/upgrades/{name}/not_allowed/{index}", "It ends before it starts.")
