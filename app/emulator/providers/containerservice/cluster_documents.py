"""Managed clusters: what a PUT may say, and what AKS makes of it."""

import re
from dataclasses import dataclass

from app.emulator.core.documents import Document, clone, overlay, said, section
from app.emulator.core.errors import invalid_request_content
from app.emulator.core.gateway import check_location, check_tags
from app.emulator.providers.containerservice.cluster_rules import check_cluster, check_fixed, with_lists
from app.emulator.providers.containerservice.dns_names import close, dns_label
from app.emulator.providers.containerservice.errors import (
    change_not_allowed,
    flat,
    invalid_parameter,
    version_not_supported,
)
from app.emulator.providers.containerservice.load_balancer_profile import changed_profile
from app.emulator.providers.containerservice.monitoring.addon import with_monitoring
from app.emulator.providers.containerservice.names import CLUSTER_TYPE
from app.emulator.providers.containerservice.versions import Offer, numbers

NAME = re.compile(r"^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$")
SSH_KEY = re.compile(r"^(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521)) AAAA[0-9A-Za-z+/]+={0,3}( [^\r\n]*)?\s*$")
LONGEST_NODE_GROUP = 80
SHORTEST_WINDOWS_PASSWORD = 14
LONGEST_WINDOWS_PASSWORD = 123
MOST_SSH_KEYS = 1
IMMUTABLE = (
    ("dnsPrefix",),
    ("nodeResourceGroup",),
    ("enableRBAC",),
    ("networkProfile", "networkPlugin"),
    ("networkProfile", "podCidr"),
    ("networkProfile", "serviceCidr"),
    ("networkProfile", "dnsServiceIP"),
    ("networkProfile", "loadBalancerSku"),
    ("apiServerAccessProfile", "enablePrivateCluster"),
    ("apiServerAccessProfile", "subnetId"),
    ("linuxProfile", "adminUsername"),
    ("windowsProfile", "adminUsername"),
)
FROM_THE_BEGINNING = (("diskEncryptionSetID",), ("fqdnSubdomain",), ("networkProfile", "networkMode"))
"""What cannot be given later either."""
_POD_CIDR = {"podCidr": "10.244.0.0/16", "podCidrs": ["10.244.0.0/16"]}
READ_ONLY = (
    "provisioningState",
    "powerState",
    "currentKubernetesVersion",
    "fqdn",
    "privateFQDN",
    "azurePortalFQDN",
    "maxAgentPools",
    "resourceUID",
    "identityProfile",
    "agentPoolProfiles",
)


@dataclass(frozen=True)
class Place:
    """Where a cluster stands."""

    id: str
    name: str
    group: str
    tenant_id: str


def check_name(name: str) -> None:
    """1 to 63 letters, digits, `-` and `_`, letters or digits at both ends."""
    if not NAME.match(name):
        raise invalid_parameter(
            "resourceName",
            f"Invalid resource name '{name}'. The name can contain only letters, numbers, underscores and hyphens, "
            "must start and end with a letter or a number, and must be at most 63 characters long",
        )


def _pod_network(plugin: str | None, mode: str | None) -> Document:
    """How pods get their addresses; an overlay where nothing is said, as recorded.

    Azure CNI that is named without a mode takes pods' addresses from the nodes' subnet: they have no range.
    https://learn.microsoft.com/azure/aks/concepts-network-cni-overview
    """
    if plugin is None:
        return {"networkPlugin": "azure", "networkPluginMode": "overlay", "networkDataplane": "azure", **_POD_CIDR}
    if plugin != "azure":
        return {"networkPlugin": plugin, **_POD_CIDR}
    return {"networkPlugin": "azure", "networkDataplane": "azure", **(_POD_CIDR if mode == "overlay" else {})}


def new_cluster(place: Place, document: Document, *, offer: Offer, suffix: str, guids: tuple[str, str]) -> Document:
    """The body of a new cluster without its pools, defaults filled in. Raises AKS's refusals."""
    check_name(place.name)
    location = check_location(document, CLUSTER_TYPE)
    asked = _asked(document)
    version = str(asked.get("kubernetesVersion") or offer.default)
    full = offer.resolve(version)
    if full is None:
        raise version_not_supported(version)
    prefix = dns_label(asked)
    node_group = asked.get("nodeResourceGroup") or f"MC_{place.group}_{place.name}_{location}"
    if len(node_group) > LONGEST_NODE_GROUP:
        raise invalid_parameter(
            "nodeResourceGroup",
            f"The length of the node resource group name is too long. The maximum length is {LONGEST_NODE_GROUP} "
            f"and the length of the value provided is {len(node_group)}",
        )
    network = section(asked, "networkProfile")
    host = f"{prefix}-{suffix}"
    usual: Document = {"managedOutboundIPs": {"count": 1}, "backendPoolType": "nodeIPConfiguration"}
    properties = overlay(
        {
            "provisioningState": "Creating",
            "powerState": {"code": "Running"},
            "kubernetesVersion": version,
            "currentKubernetesVersion": full,
            "fqdn": f"{host}.hcp.{location}.azmk8s.io",
            "azurePortalFQDN": f"{host}.portal.hcp.{location}.azmk8s.io",
            "servicePrincipalProfile": {"clientId": "msi"},
            "nodeResourceGroup": node_group,
            "enableRBAC": True,
            "supportPlan": "KubernetesOfficial",
            "networkProfile": {
                **_pod_network(network.get("networkPlugin"), network.get("networkPluginMode")),
                "networkPolicy": "none",
                "loadBalancerSku": "standard",
                "loadBalancerProfile": usual,
                "serviceCidr": "10.0.0.0/16",
                "dnsServiceIP": "10.0.0.10",
                "outboundType": "loadBalancer",
                "serviceCidrs": ["10.0.0.0/16"],
                "ipFamilies": ["IPv4"],
            },
            "maxAgentPools": 100,
            "autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"},
            "securityProfile": {},
            "storageProfile": {
                "diskCSIDriver": {"enabled": True},
                "fileCSIDriver": {"enabled": True},
                "snapshotController": {"enabled": True},
            },
            "oidcIssuerProfile": {"enabled": False},
            "workloadAutoScalerProfile": {},
            "resourceUID": guids[0].replace("-", "")[:24],
            "metricsProfile": {"costAnalysis": {"enabled": False}},
            "nodeProvisioningProfile": {"mode": "Manual", "defaultNodePools": "Auto"},
            "bootstrapProfile": {"artifactSource": "Direct"},
        },
        asked,
    )
    properties = with_monitoring({}, asked, properties)
    _take_outbound(properties, usual, asked)
    close(properties, host, location, guids[0])
    body: Document = {
        "id": place.id,
        "location": location,
        "name": place.name,
        "type": "Microsoft.ContainerService/ManagedClusters",
        "kind": "Base",
        "properties": properties,
        "sku": overlay({"name": "Base", "tier": "Free"}, section(document, "sku")),
    }
    if document.get("tags"):
        body["tags"] = check_tags(document)
    identity = section(document, "identity")
    managed = properties["servicePrincipalProfile"].get("clientId") == "msi"
    if identity.get("type", "SystemAssigned" if managed else None) == "SystemAssigned":
        body["identity"] = {"type": "SystemAssigned", "principalId": guids[1], "tenantId": place.tenant_id}
    elif identity:
        body["identity"] = identity
    entra = properties.get("aadProfile")
    if isinstance(entra, dict) and entra.get("managed"):
        entra.setdefault("tenantID", place.tenant_id)
    _check_profiles(properties)
    with_lists(properties["networkProfile"], section(asked, "networkProfile"))
    check_cluster(body, offer)
    return body


def changed_cluster(known: Document, document: Document, *, offer: Offer) -> Document:
    """An existing cluster's body with what a PUT asks, pools apart. Raises AKS's refusals."""
    check_location(document, CLUSTER_TYPE, known=known)
    before: Document = known["properties"]
    asked = _asked(document)
    for path in IMMUTABLE:
        now, then = _at(asked, path), _at(before, path)
        # What was never set and is not shown (a password, a profile) may be given later.
        if now is not None and then is not None and now != then:
            raise change_not_allowed(".".join(path))
    for path in FROM_THE_BEGINNING:
        now = _at(asked, path)
        if now is not None and now != _at(before, path):
            raise change_not_allowed(".".join(path))
    body = clone(known)
    body["properties"] = with_monitoring(before, asked, overlay(before, asked))
    _take_outbound(body["properties"], section(before, "networkProfile", "loadBalancerProfile"), asked)
    wanted, runs = str(body["properties"]["kubernetesVersion"]), str(before["currentKubernetesVersion"])
    # A control plane that has not come to the version that it shows, since its upgrade failed, is brought there again.
    if wanted != before["kubernetesVersion"] or not f"{runs}.".startswith(f"{wanted}."):
        body["properties"]["currentKubernetesVersion"] = _upgraded(runs, wanted, offer)
    body.pop("tags", None)
    if document.get("tags"):
        body["tags"] = check_tags(document)
    body["sku"] = overlay(known["sku"], section(document, "sku"))
    _check_profiles(body["properties"])
    check_fixed(before, body["properties"])
    check_cluster(body, offer)
    return body


def _upgraded(current: str, wanted: str, offer: Offer) -> str:
    full = offer.resolve(wanted, there=(current,))
    if full is None:
        raise version_not_supported(wanted)
    if full == current:
        return full
    offered = offer.upgrades_from(current)
    if numbers(full) < numbers(current) or full not in offered:
        raise flat(
            400,
            "OperationNotAllowed",
            f"Upgrading Kubernetes version {current} to {full} is not allowed. Available upgrades: "
            f"[{' '.join(offered)}]. Please see https://aka.ms/aks-supported-k8s-ver for version details.",
        )
    return full


def _asked(document: Document) -> Document:
    properties = document.get("properties") or {}
    if not isinstance(properties, dict):
        raise invalid_request_content("properties must be an object")
    asked = said(properties, but=READ_ONLY)
    for name in ("networkProfile", "linuxProfile", "windowsProfile"):
        if name in asked and not isinstance(asked[name], dict):
            raise invalid_request_content(f"properties.{name} must be an object")
    # AKS shows no empty one, and a cluster has none that was never asked for.
    return {name: value for name, value in asked.items() if name != "addonProfiles" or value}


def _take_outbound(properties: Document, known: Document, asked: Document) -> None:
    """The outbound profile is not merged as the rest is."""
    network = properties["networkProfile"]
    network["loadBalancerProfile"] = changed_profile(known, section(asked, "networkProfile", "loadBalancerProfile"))


def _at(document: Document, path: tuple[str, ...]) -> object:
    *parents, last = path
    return section(document, *parents).get(last)


def _check_profiles(properties: Document) -> None:
    """Check and, for what is secret, forget: a password or a client secret is never shown or kept."""
    linux = section(properties, "linuxProfile")
    if linux:
        keys = section(linux, "ssh").get("publicKeys") or []
        if not keys:
            raise invalid_parameter("linuxProfile.ssh.publicKeys", "an SSH public key is required")
        if len(keys) > MOST_SSH_KEYS:
            raise invalid_parameter("linuxProfile.ssh.publicKeys", "a maximum of 1 key may be specified")
        for key in keys:
            data = key.get("keyData") if isinstance(key, dict) else None
            if not isinstance(data, str) or not SSH_KEY.match(data):
                raise invalid_parameter(
                    "linuxProfile.ssh.publicKeys.keyData", "the key is no public SSH key in OpenSSH's form"
                )
    windows = properties.get("windowsProfile")
    if isinstance(windows, dict):
        password = windows.pop("adminPassword", None)
        if password is not None and not SHORTEST_WINDOWS_PASSWORD <= len(str(password)) <= LONGEST_WINDOWS_PASSWORD:
            raise invalid_parameter(
                "windowsProfile.adminPassword", "the password must be between 14 and 123 characters long"
            )
    principal = properties.get("servicePrincipalProfile")
    if isinstance(principal, dict):
        principal.pop("secret", None)
