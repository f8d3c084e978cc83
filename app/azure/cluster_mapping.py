"""Azure's managed clusters and agent pools to ours, and ours to Azure's."""

import re
from dataclasses import replace

from app.azure.cluster_settings import SERVICE_PRINCIPAL, settings_body
from app.azure.fields import Fields
from app.azure.pool_mapping import NO_STATE, pool_body, pool_in
from app.azure.types.cluster import (
    ManagedCluster,
    ManagedClusterSpec,
    NetworkProfile,
    OutboundProfile,
)
from app.azure.types.monitoring import MonitoringAddon
from app.core.json import JsonObject, overlay

_GROUP = re.compile(r"/resourcegroups/([^/]+)/", re.IGNORECASE)
MONITORING = "omsagent"
"""The add-on's name in Azure, from before it was called monitoring."""
_WORKSPACE = "logAnalyticsWorkspaceResourceID"
_IDENTITY = "useAADAuth"


def cluster_of(value: object) -> ManagedCluster:
    """A managed cluster from Azure's JSON."""
    body = Fields(value, "managedCluster")
    properties = body.part("properties")
    network = properties.part("networkProfile")
    balancer = network.part("loadBalancerProfile")
    resource_id = body.text("id")
    group = _GROUP.search(resource_id)
    failure = properties.part("status").part("provisioningError")
    override = properties.part("upgradeSettings").part("overrideSettings")
    code, message = failure.maybe("code"), failure.maybe("message")
    return ManagedCluster(
        id=resource_id,
        name=body.text("name"),
        resource_group=group[1] if group else "",
        location=body.text("location"),
        provisioning_state=properties.maybe("provisioningState") or NO_STATE,
        power_state=properties.part("powerState").maybe("code"),
        kubernetes_version=properties.maybe("kubernetesVersion"),
        current_kubernetes_version=properties.maybe("currentKubernetesVersion"),
        fqdn=properties.maybe("fqdn"),
        private_fqdn=properties.maybe("privateFQDN"),
        oidc_issuer_url=properties.part("oidcIssuerProfile").maybe("issuerURL"),
        node_resource_group=properties.maybe("nodeResourceGroup"),
        dns_prefix=properties.maybe("dnsPrefix"),
        tags=body.text_map("tags"),
        etag=body.maybe("eTag"),
        pools=tuple(pool_in(part, part) for part in properties.parts("agentPoolProfiles")),
        network=NetworkProfile(
            plugin=network.maybe("networkPlugin"),
            plugin_mode=network.maybe("networkPluginMode"),
            pod_cidr=network.maybe("podCidr"),
            service_cidr=network.maybe("serviceCidr"),
            dns_service_ip=network.maybe("dnsServiceIP"),
            outbound_type=network.maybe("outboundType"),
            load_balancer_sku=network.maybe("loadBalancerSku"),
        ),
        outbound=_outbound(balancer) if not balancer.empty else None,
        outbound_ip_ids=tuple(part.text("id") for part in balancer.parts("effectiveOutboundIPs")),
        identity_principal_id=_principal(body.part("identity")),
        kubelet_identity_object_id=properties.part("identityProfile").part("kubeletidentity").maybe("objectId"),
        local_accounts_disabled=properties.flag("disableLocalAccounts"),
        commands_disabled=properties.part("apiServerAccessProfile").flag("disableRunCommand"),
        sku_tier=body.part("sku").maybe("tier"),
        provisioning_error=(code, message) if code or message else None,
        monitoring=_monitoring(properties),
        forced_upgrades_until=override.moment("until") if override.flag("forceUpgrade") else None,
    )


def _principal(identity: Fields) -> str | None:
    """The identity's object id: the system's own, or that of the one that the caller has assigned."""
    assigned = identity.part("userAssignedIdentities")
    given = [assigned.part(name).maybe("principalId") for name in identity.names("userAssignedIdentities")]
    return identity.maybe("principalId") or next((each for each in given if each), None)


def _outbound(balancer: Fields) -> OutboundProfile:
    managed = balancer.part("managedOutboundIPs").number("count")
    ports, idle = balancer.number("allocatedOutboundPorts"), balancer.number("idleTimeoutInMinutes")
    own, prefixes = balancer.part("outboundIPs"), balancer.part("outboundIPPrefixes")
    return OutboundProfile(
        managed_count=managed,
        public_ip_ids=tuple(part.text("id") for part in own.parts("publicIPs")),
        prefix_ids=tuple(part.text("id") for part in prefixes.parts("publicIPPrefixes")),
        allocated_ports=ports or 0,
        idle_timeout_minutes=30 if idle is None else idle,
    )


def _monitoring(properties: Fields) -> MonitoringAddon | None:
    addons = properties.part("addonProfiles")
    # Azure answers with the names in whichever case they were given.
    for name in properties.names("addonProfiles"):
        if name.lower() == MONITORING and addons.part(name).flag("enabled"):
            config = {key.lower(): value for key, value in addons.part(name).text_map("config").items()}
            by_identity = config.get(_IDENTITY.lower(), "").lower() == "true"
            return MonitoringAddon(config.get(_WORKSPACE.lower(), ""), by_identity)
    return None


def monitoring_body(addon: MonitoringAddon) -> JsonObject:
    """The add-on's profile, switched on."""
    config = {_WORKSPACE: addon.workspace_id, _IDENTITY: "true" if addon.managed_identity else "false"}
    return {"enabled": True, "config": config}


def outbound_body(outbound: OutboundProfile) -> JsonObject:
    """A cluster's `loadBalancerProfile`. One of the three kinds of address is named, as AKS asks."""
    body: JsonObject = {
        "allocatedOutboundPorts": outbound.allocated_ports,
        "idleTimeoutInMinutes": outbound.idle_timeout_minutes,
    }
    if outbound.public_ip_ids:
        body["outboundIPs"] = {"publicIPs": [{"id": each} for each in outbound.public_ip_ids]}
    elif outbound.prefix_ids:
        body["outboundIPPrefixes"] = {"publicIPPrefixes": [{"id": each} for each in outbound.prefix_ids]}
    else:
        body["managedOutboundIPs"] = {"count": outbound.managed_count or 1}
    return body


def cluster_body(spec: ManagedClusterSpec) -> JsonObject:
    """What is PUT for a cluster. What the spec leaves open is left out, so that Azure's defaults hold."""
    subnet = (spec.settings.get("network") or {}).get("subnet_id")
    pools = [replace(pool, subnet_id=pool.subnet_id or subnet) for pool in spec.pools]
    properties: JsonObject = {
        "dnsPrefix": spec.dns_prefix,
        "enableRBAC": True,
        "agentPoolProfiles": [{"name": pool.name, **pool_body(pool)} for pool in pools],
        "linuxProfile": {
            "adminUsername": spec.admin_username,
            "ssh": {"publicKeys": [{"keyData": spec.ssh_public_key}]},
        },
    }
    if spec.kubernetes_version is not None:
        properties["kubernetesVersion"] = spec.kubernetes_version
    if spec.outbound is not None:
        properties["networkProfile"] = {"loadBalancerProfile": outbound_body(spec.outbound)}
    if spec.monitoring is not None:
        properties["addonProfiles"] = {MONITORING: monitoring_body(spec.monitoring)}
    if spec.windows_admin_username is not None:
        windows: JsonObject = {"adminUsername": spec.windows_admin_username}
        if spec.windows_admin_password is not None:
            windows["adminPassword"] = spec.windows_admin_password.reveal()
        properties["windowsProfile"] = windows
    body: JsonObject = {"location": spec.location, "tags": dict(spec.tags), "properties": properties}
    if (spec.settings.get("identity") or {}).get("type") != SERVICE_PRINCIPAL:
        body["identity"] = {"type": "SystemAssigned"}
    elif spec.service_principal_secret is not None:
        properties["servicePrincipalProfile"] = {"secret": spec.service_principal_secret.reveal()}
    put = overlay(body, settings_body(spec.settings))
    if put["properties"].get("fqdnSubdomain") is not None:
        # AKS takes either of the two.
        del put["properties"]["dnsPrefix"]
    return put
