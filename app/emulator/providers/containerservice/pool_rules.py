"""What the fields of one pool may say, alone and together."""

import re
from collections.abc import Mapping

from app.emulator.core.documents import Document, section
from app.emulator.providers.containerservice.errors import change_not_allowed, flat, invalid_parameter

SPOT_TAINT, SPOT_LABEL = (
    "kubernetes.azure.com/scalesetpriority=spot:NoSchedule",
    "kubernetes.azure.com/scalesetpriority",
)
FIXED_UNLESS_ABSENT: Mapping[str, object] = {
    "scaleSetPriority": "Regular",
    "scaleSetEvictionPolicy": "Delete",
    "spotMaxPrice": -1,
    "availabilityZones": [],
    "vnetSubnetID": "",
    "podSubnetID": "",
    "proximityPlacementGroupID": "",
    "nodePublicIPPrefixID": "",
    "capacityReservationGroupID": "",
    "hostGroupID": "",
    "gpuInstanceProfile": "",
    "enableEncryptionAtHost": False,
    "enableUltraSSD": False,
}
"""What a pool has where it says nothing, and cannot change afterwards."""
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "osDiskType": ("Managed", "Ephemeral"),
    "kubeletDiskType": ("OS", "Temporary"),
    "scaleDownMode": ("Delete", "Deallocate"),
    "scaleSetPriority": ("Regular", "Spot"),
    "scaleSetEvictionPolicy": ("Delete", "Deallocate"),
}
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_TAINT = re.compile(rf"^([a-z0-9.-]{{1,253}}/)?{_NAME}(=[-A-Za-z0-9_.]{{0,63}})?:(\w+)$")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_LABEL_NAME = re.compile(rf"^([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NAME}$")
_LABEL_VALUE = re.compile(rf"^({_NAME})?$")
_SHARE = re.compile(r"^(\d+)(%?)$")
_LARGEST_SHARE = 100
_SETTINGS: Mapping[str, range] = {"drainTimeoutInMinutes": range(5, 1441), "nodeSoakDurationInMinutes": range(31)}


def with_spot(asked: Document) -> Document:
    """What a spot pool has beside what it says: its eviction, its price, its taint and label."""
    if asked.get("scaleSetPriority") != "Spot":
        return asked
    taints, labels = list(asked.get("nodeTaints") or ()), dict(asked.get("nodeLabels") or {})
    if SPOT_TAINT not in taints:
        taints.append(SPOT_TAINT)
    labels[SPOT_LABEL] = "spot"
    usual: Document = {"scaleSetEvictionPolicy": "Delete", "spotMaxPrice": -1.0}
    return {**usual, **asked, "nodeTaints": taints, "nodeLabels": labels}


def check_fixed(known: Document, asked: Document) -> None:
    """400 `PropertyChangeNotAllowed` for what a pool cannot change though it may not have said it."""
    for field, usual in FIXED_UNLESS_ABSENT.items():
        if field in asked and _plain(asked[field] or usual) != _plain(known.get(field) or usual):
            raise change_not_allowed(f"agentPoolProfile.{field}")


def _plain(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def check_rules(pool: Document, asked: Document) -> None:
    """Everything that is wrong with a pool whatever its cluster is like; `asked` is what the request said itself."""
    for field, allowed in _CHOICES.items():
        if field in pool and pool[field] not in allowed:
            raise invalid_parameter(f"agentPoolProfile.{field}", f"'{pool[field]}' is not among {', '.join(allowed)}")
    _check_spot(pool, asked)
    _check_gateway(pool)
    _check_autoscaler(pool)
    _check_labels(pool)
    _check_upgrade(section(pool, "upgradeSettings"), system=pool["mode"] == "System")


def _check_spot(pool: Document, asked: Document) -> None:
    if pool.get("scaleSetPriority") != "Spot":
        for field in ("spotMaxPrice", "scaleSetEvictionPolicy"):
            if field in asked and asked[field] != FIXED_UNLESS_ABSENT[field]:
                raise invalid_parameter(f"agentPoolProfile.{field}", f"{field} can only be set for spot pools")
        return
    if pool["mode"] == "System":
        raise invalid_parameter("agentPoolProfile.scaleSetPriority", "Spot pools can't be system pools")
    if section(asked, "upgradeSettings").get("maxSurge"):
        # The text: https://github.com/Azure/bicep/issues/14517
        raise invalid_parameter("agentPoolProfile.upgrade.maxSurge", "Spot pools can't set max surge")
    price = pool["spotMaxPrice"]
    if price != -1 and not price > 0:
        raise invalid_parameter("agentPoolProfile.spotMaxPrice", f"{price} is neither -1 nor greater than 0")


def _check_gateway(pool: Document) -> None:
    """https://learn.microsoft.com/azure/aks/configure-static-egress-gateway; the words are ours."""
    if pool["mode"] != "Gateway":
        if "gatewayProfile" in pool:
            raise invalid_parameter("agentPoolProfile.gatewayProfile", "only pools in Gateway mode have it")
        return
    if pool["osType"] == "Windows":
        raise invalid_parameter("agentPoolProfile.mode", "a gateway agent pool must run Linux")
    if pool.get("enableAutoScaling"):
        raise invalid_parameter("agentPoolProfile.enableAutoScaling", "a gateway agent pool does not scale by itself")
    size = section(pool, "gatewayProfile").get("publicIPPrefixSize") or 31
    if size not in range(28, 32):
        raise invalid_parameter(
            "agentPoolProfile.gatewayProfile.publicIPPrefixSize", f"{size} is out of the range 28 to 31"
        )
    if pool["count"] > 2 ** (32 - size):
        raise invalid_parameter("agentPoolProfile.count", f"a prefix /{size} has addresses for fewer nodes")


def _check_autoscaler(pool: Document) -> None:
    lowest, highest = pool.get("minCount"), pool.get("maxCount")
    if not pool.get("enableAutoScaling"):
        if lowest is not None or highest is not None:
            field = "minCount" if lowest is not None else "maxCount"
            raise invalid_parameter(f"agentPoolProfile.{field}", f"{field} needs enableAutoScaling")
        return
    for field in ("minCount", "maxCount"):
        if pool.get(field) is None:
            raise invalid_parameter(f"agentPoolProfile.{field}", f"{field} is required where enableAutoScaling is true")
    least = 1 if pool["mode"] == "System" else 0
    if pool["minCount"] < least:
        raise invalid_parameter("agentPoolProfile.minCount", f"minCount:{lowest} must be greater or equal to {least}")
    if pool["maxCount"] < max(1, pool["minCount"]):
        raise invalid_parameter(
            "agentPoolProfile.maxCount", f"maxCount:{highest} must be greater or equal to minCount:{lowest}"
        )
    if pool["count"] < pool["minCount"]:
        raise invalid_parameter(
            "agentPoolProfile.count", f"count:{pool['count']} must be greater or equal to minCount:{lowest}"
        )
    if pool["count"] > pool["maxCount"]:
        raise invalid_parameter(
            "agentPoolProfile.count", f"count:{pool['count']} must be less or equal to maxCount:{highest}"
        )


def _check_labels(pool: Document) -> None:
    for name, value in (pool.get("nodeLabels") or {}).items():
        target = f"agentPoolProfile.nodeLabels.{name}"
        if not _LABEL_NAME.match(name) or not _LABEL_VALUE.match(value or ""):
            raise invalid_parameter(target, f"'{name}={value}' is no label of Kubernetes")
        if name.partition("/")[0] == "kubernetes.azure.com" and name != SPOT_LABEL and "/" in name:
            raise invalid_parameter(target, "the prefix kubernetes.azure.com is reserved")
    for taint in pool.get("nodeTaints") or ():
        found = _TAINT.match(taint)
        if found is None or found.groups()[-1] not in _EFFECTS:
            raise invalid_parameter("agentPoolProfile.nodeTaints", f"'{taint}' has not the form key=value:Effect")
        if (
            pool["mode"] == "System"
            and not taint.startswith("CriticalAddonsOnly")
            and found.groups()[-1] != "PreferNoSchedule"
        ):
            # The text: https://github.com/Azure/AKS/issues/2578
            raise flat(
                400,
                "SystemPoolHasRestrictedTaint",
                "Operation failed due to insufficient nodes for system pod scheduling. Placing custom taints on "
                "system pool is not supported(except 'CriticalAddonsOnly' taint or taint effect is "
                "'PreferNoSchedule'). Please refer to https://aka.ms/aks/system-taints for detail",
            )


def _check_upgrade(settings: Document, *, system: bool) -> None:
    for field in ("maxSurge", "maxUnavailable"):
        said = _SHARE.match(str(settings.get(field, "0")))
        if said is None or (said[2] and int(said[1]) > _LARGEST_SHARE):
            raise invalid_parameter(
                f"agentPoolProfile.upgradeSettings.{field}", f"'{settings[field]}' is neither a number nor a percentage"
            )
    in_place = bool(str(settings.get("maxUnavailable", "0")).strip("0%"))
    if str(settings.get("maxSurge", "10%")).strip("%") == "0" and not in_place:
        raise invalid_parameter("agentPoolProfile.upgradeSettings", "maxSurge and maxUnavailable cannot both be 0")
    if in_place and system:
        # https://learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling#customize-unavailable-nodes; our words.
        raise invalid_parameter(
            "agentPoolProfile.upgradeSettings.maxUnavailable", "maxUnavailable cannot be set for system node pools"
        )
    for field, allowed in _SETTINGS.items():
        if settings.get(field) is not None and settings[field] not in allowed:
            raise invalid_parameter(
                f"agentPoolProfile.upgradeSettings.{field}",
                f"{settings[field]} is out of the range {allowed[0]} to {allowed[-1]}",
            )
    if settings.get("undrainableNodeBehavior", "Schedule") not in {"Schedule", "Cordon"}:
        raise invalid_parameter(
            "agentPoolProfile.upgradeSettings.undrainableNodeBehavior", "neither Schedule nor Cordon"
        )


def check_scaling(known: Document, asked: Document) -> None:
    """Who sets the number of nodes: the autoscaler or the caller, and not both in one request."""
    counted = asked.get("count", known["count"]) != known["count"]
    before, after = known.get("enableAutoScaling"), asked.get("enableAutoScaling", known.get("enableAutoScaling"))
    if counted and before and after:
        raise flat(400, "OperationNotAllowed", "Cannot scale cluster autoscaler enabled node pool.")
    if counted and after and not before:
        raise flat(
            400,
            "OperationNotAllowed",
            "Cannot manually scale and enable cluster autoscaler in the same update.",
        )
    if counted and section(known, "powerState").get("code") == "Stopped":
        raise flat(400, "OperationNotAllowed", "Cannot scale an agent pool that is stopped.")
