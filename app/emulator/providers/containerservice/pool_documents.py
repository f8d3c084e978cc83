"""Agent pools: what a PUT may say, and what AKS makes of it."""

import re

from app.emulator.core.documents import Document, clone, overlay, said, section
from app.emulator.core.locations import find_location
from app.emulator.core.vm_sizes import VM_SIZES, find_vm_size
from app.emulator.providers.containerservice.errors import (
    change_not_allowed,
    flat,
    invalid_parameter,
    size_not_allowed,
    version_not_supported,
)
from app.emulator.providers.containerservice.pool_rules import check_fixed, check_rules, check_scaling, with_spot
from app.emulator.providers.containerservice.versions import LARGEST_SKEW, Offer, may_join, numbers

LINUX_NAME = re.compile(r"^[a-z][a-z0-9]{0,11}$")
WINDOWS_NAME = re.compile(r"^[a-z][a-z0-9]{0,5}$")
LARGEST_POOL = 1000
SMALLEST_SYSTEM_CORES, SMALLEST_SYSTEM_GIB = 2, 4
"""Cores and GiB that a system pool's size needs."""
IMAGES = {
    "Ubuntu": "AKSUbuntu-2204gen2containerd-202601.07.0",
    "Ubuntu2204": "AKSUbuntu-2204gen2containerd-202601.07.0",
    "Ubuntu2404": "AKSUbuntu-2404gen2containerd-202601.07.0",
    "AzureLinux": "AKSAzureLinux-V3gen2-202601.07.0",
    "AzureLinux3": "AKSAzureLinux-V3gen2-202601.07.0",
    "AzureContainerLinux": "AKSAzureContainerLinux-202601.07.0",
    "CBLMariner": "AKSCBLMariner-V2gen2-202601.07.0",
    "Windows2019": "AKSWindows-2019-containerd-17763.8276.260107",
    "Windows2022": "AKSWindows-2022-containerd-20348.4529.260107",
    "Windows2025": "AKSWindows-2025-containerd-26100.7462.260107",
}
DEFAULT_SIZE = "Standard_DS2_v2"
"""AKS chooses one where a pool names none, as `az aks create` does."""
DEFAULT_SKU = {"Linux": "Ubuntu", "Windows": "Windows2022"}
IMMUTABLE = (
    "vmSize",
    "osType",
    "osDiskSizeGB",
    "osDiskType",
    "kubeletDiskType",
    "maxPods",
    "type",
    "enableNodePublicIP",
    "enableFIPS",
)
SHOWN_UNLESS_EMPTY = ("nodeLabels", "nodeTaints", "tags")
READ_ONLY = ("provisioningState", "currentOrchestratorVersion", "nodeImageVersion", "powerState", "eTag")


def _check_range(properties: Document, name: str, lowest: int, highest: int) -> None:
    value: int = properties[name]
    if not lowest <= value <= highest:
        raise invalid_parameter(f"agentPoolProfile.{name}", f"{value} is out of the range {lowest} to {highest}")


def check_name(name: object, os_type: str) -> str:
    """The pool's name. Linux: 12 characters at most, Windows: 6."""
    pattern = WINDOWS_NAME if os_type == "Windows" else LINUX_NAME
    if not isinstance(name, str) or not pattern.match(name):
        raise invalid_parameter(
            "agentPoolProfile.name",
            f"Invalid agent pool name '{name}'. A name must start with a lower case letter and hold only lower "
            f"case letters and digits, at most {6 if os_type == 'Windows' else 12} of them for {os_type}",
        )
    return name


def _usual_pods(network: Document) -> int:
    """https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning: pods a node, by kind of network."""
    if network.get("networkPlugin") == "kubenet":
        return 110
    flat = network.get("networkPlugin") == "azure" and network.get("networkPluginMode") != "overlay"
    return 30 if flat else 250


def new_pool(name: object, asked: Document, *, location: str, cluster: Document, offer: Offer) -> Document:
    """The properties of a new pool in a cluster with these properties, defaults filled in. Raises AKS's refusals."""
    asked = said(asked, but=READ_ONLY)
    os_type = asked.get("osType", "Linux")
    if os_type not in DEFAULT_SKU:
        raise invalid_parameter("agentPoolProfile.osType", f"'{os_type}' is neither Linux nor Windows")
    check_name(name, os_type)
    mode = asked.get("mode", "User")
    version = asked.get("orchestratorVersion") or cluster["kubernetesVersion"]
    sku = asked.get("osSKU") or DEFAULT_SKU[os_type]
    if sku not in IMAGES or sku.startswith("Windows") != (os_type == "Windows"):
        raise invalid_parameter("agentPoolProfile.osSKU", f"osSKU '{sku}' is invalid for OS type {os_type}")
    pool: Document = {
        "count": 1,
        "vmSize": DEFAULT_SIZE,
        "osDiskSizeGB": 128,
        "osDiskType": "Managed",
        "kubeletDiskType": "OS",
        "maxPods": _usual_pods(section(cluster, "networkProfile")),
        "type": "VirtualMachineScaleSets",
        "enableAutoScaling": False,
        "scaleDownMode": "Delete",
        "provisioningState": "Creating",
        "powerState": {"code": "Running"},
        "orchestratorVersion": version,
        "currentOrchestratorVersion": "",
        "enableNodePublicIP": False,
        "mode": mode,
        "osType": os_type,
        "osSKU": sku,
        "nodeImageVersion": IMAGES[sku],
        "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
        "enableFIPS": False,
        "securityProfile": {"sshAccess": "LocalUser", "enableVTPM": False, "enableSecureBoot": False},
    }
    if asked.get("scaleSetPriority") == "Spot":
        pool["upgradeSettings"] = {"maxUnavailable": "1"}
    pool = overlay(pool, with_spot(asked))
    pool["currentOrchestratorVersion"] = _resolved(version, offer, cluster["currentKubernetesVersion"])
    check_pool(pool, location=location, control_plane=cluster["currentKubernetesVersion"])
    check_rules(pool, asked)
    if mode == "Gateway" and not section(cluster, "networkProfile", "staticEgressGatewayProfile").get("enabled"):
        raise invalid_parameter("agentPoolProfile.mode", "the cluster has no static egress gateway enabled")
    return pool


def changed_pool(known: Document, asked: Document, *, location: str, control_plane: str, offer: Offer) -> Document:
    """An existing pool's properties with what a PUT asks. Raises AKS's refusals."""
    asked = said(asked, but=READ_ONLY)
    for field in IMMUTABLE:
        if field in asked and field in known and not _same(asked[field], known[field]):
            raise change_not_allowed(f"agentPoolProfile.{field}")
    check_fixed(known, asked)
    check_scaling(known, asked)
    pool = overlay(known, asked)
    if asked.get("enableAutoScaling") is False:
        for field in ("minCount", "maxCount"):
            pool.pop(field, None)
    elif known.get("enableAutoScaling"):
        # The autoscaler keeps to new bounds by itself: its --enforce-node-group-min-size; no recording shows it.
        pool["count"] = min(max(pool["count"], pool.get("minCount") or 0), pool.get("maxCount") or pool["count"])
    for field in ("nodeLabels", "tags"):
        if field in asked:
            pool[field] = asked[field]
    if "nodeTaints" in asked:
        pool["nodeTaints"] = asked["nodeTaints"]
    pool = with_spot(pool)
    there = known["currentOrchestratorVersion"], control_plane
    pool["currentOrchestratorVersion"] = _resolved(pool["orchestratorVersion"], offer, *there)
    if pool["orchestratorVersion"] != known["orchestratorVersion"]:
        _check_pool_upgrade(known["currentOrchestratorVersion"], pool["currentOrchestratorVersion"])
    check_pool(pool, location=location, control_plane=control_plane)
    check_rules(pool, {**asked, "upgradeSettings": _said_anew(known, asked)})
    return pool


def _said_anew(known: Document, asked: Document) -> Document:
    """The upgrade settings that differ: clients send back what they read."""
    before = section(known, "upgradeSettings")
    return {name: value for name, value in section(asked, "upgradeSettings").items() if before.get(name) != value}


def _same(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return one == other


def _resolved(version: object, offer: Offer, *there: str) -> str:
    full = offer.resolve(str(version), there=there)
    if full is None:
        raise version_not_supported(str(version))
    return full


def _check_pool_upgrade(current: str, wanted: str) -> None:
    if numbers(wanted) < numbers(current) or numbers(wanted)[1] - numbers(current)[1] > LARGEST_SKEW:
        # The text: https://github.com/nebari-dev/nebari/issues/524
        raise flat(
            400,
            "AgentPoolUpgradeVersionNotAllowed",
            f"Upgrade agent pool version from {current} to {wanted} is not allowed, you can only upgrade one minor "
            "version at a time. Please use [az aks get-upgrades] command to get the supported upgrade paths. For more "
            "information, please check https://aka.ms/version-skew-policy",
        )


def check_pool(pool: Document, *, location: str, control_plane: str) -> None:
    """Everything that one pool alone must satisfy."""
    system = pool["mode"] == "System"
    if pool["mode"] not in {"System", "User", "Gateway"}:
        raise invalid_parameter("agentPoolProfile.mode", f"'{pool['mode']}' is not among System, User, Gateway")
    if system and pool["osType"] == "Windows":
        raise invalid_parameter("agentPoolProfile.mode", "a system agent pool must run Linux")
    _check_range(pool, "count", 1 if system else 0, LARGEST_POOL)
    _check_range(pool, "maxPods", 10, 250)
    if pool["osDiskSizeGB"]:
        _check_range(pool, "osDiskSizeGB", 30, 2048)
    size = find_vm_size(pool["vmSize"])
    if size is None:
        offered = ",".join(sorted(size.name for size in VM_SIZES.values()))
        raise size_not_allowed(str(pool["vmSize"]), location, offered)
    if system and (size.cores < SMALLEST_SYSTEM_CORES or size.memory_gib < SMALLEST_SYSTEM_GIB):
        # The text: https://github.com/MicrosoftDocs/azure-dev-docs/issues/216
        raise flat(
            400, "SystemPoolSkuTooLow", "System node pool must use VM sku with more than 2 cores and 4GB memory."
        )
    region = find_location(location)
    zones = pool.get("availabilityZones") or []
    known_zones = {str(zone) for zone in range(1, (region.zones if region else 0) + 1)}
    if not set(zones) <= known_zones:
        raise flat(
            400,
            "AvailabilityZoneNotSupported",
            f"Preflight validation check for resource(s) for container service failed. Message: The zone(s) "
            f"'{','.join(zones)}' for resource 'agentpool' is not supported. The supported zones for location "
            f"'{location}' are '{','.join(sorted(known_zones))}'. Details: ",
        )
    full = pool["currentOrchestratorVersion"]
    if not may_join(full, control_plane):
        raise flat(
            400,
            "NodePoolMcVersionIncompatible",
            f"Node pool version {full} and control plane version {control_plane} are incompatible. Minor version "
            "of node pool cannot be bigger than control plane version, and at most 3 behind it. For more "
            "information, please check https://aka.ms/version-skew-policy",
        )


def shown_properties(properties: Document) -> Document:
    """A copy of what AKS shows of a pool: labels, taints and tags only where there are any."""
    return {name: value for name, value in clone(properties).items() if value or name not in SHOWN_UNLESS_EMPTY}


def profile(name: str, properties: Document) -> Document:
    """A pool as it stands in its cluster's `agentPoolProfiles`."""
    return {"name": name, **properties}


def split_profile(document: Document) -> tuple[object, Document]:
    """Name and properties of an entry of `agentPoolProfiles`."""
    properties = dict(document)
    return properties.pop("name", None), properties


def split_resource(document: Document) -> Document:
    """The properties of an agent pool's PUT body."""
    return section(document, "properties")
