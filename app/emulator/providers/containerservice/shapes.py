"""JSON types that AKS expects, as data; anything else is its `UnmarshalError`, before any rule is looked at."""

from collections.abc import Mapping
from typing import Any

from app.emulator.providers.containerservice.errors import flat

ANY_NAME = "*"
"""In a shape: every field that the shape does not name."""

Shape = type | Mapping[str, Any] | list[Any]
"""`str`, `int`, `bool`; a mapping of fields; or a list with the shape of its items. Null fits everywhere."""

_STRINGS = {ANY_NAME: str}
_DNS_OVERRIDE = {
    "cacheDurationInSeconds": int,
    "forwardDestination": str,
    "forwardPolicy": str,
    "maxConcurrent": int,
    "protocol": str,
    "queryLogging": str,
    "serveStale": str,
    "serveStaleDurationInSeconds": int,
}

POOL: Mapping[str, Shape] = {
    "count": int,
    "vmSize": str,
    "osDiskSizeGB": int,
    "osDiskType": str,
    "kubeletDiskType": str,
    "maxPods": int,
    "type": str,
    "mode": str,
    "osType": str,
    "osSKU": str,
    "orchestratorVersion": str,
    "enableAutoScaling": bool,
    "minCount": int,
    "maxCount": int,
    "enableNodePublicIP": bool,
    "enableFIPS": bool,
    "vnetSubnetID": str,
    "scaleDownMode": str,
    "availabilityZones": [str],
    "nodeTaints": [str],
    "nodeLabels": _STRINGS,
    "tags": _STRINGS,
    "scaleSetPriority": str,
    "scaleSetEvictionPolicy": str,
    "spotMaxPrice": float,
    "powerState": {"code": str},
    "creationData": {"sourceResourceId": str},
    "upgradeSettings": {
        "maxSurge": str,
        "maxUnavailable": str,
        "drainTimeoutInMinutes": int,
        "nodeSoakDurationInMinutes": int,
        "undrainableNodeBehavior": str,
    },
    "podSubnetID": str,
    "podIPAllocationMode": str,
    "workloadRuntime": str,
    "messageOfTheDay": str,
    "gpuInstanceProfile": str,
    "hostGroupID": str,
    "capacityReservationGroupID": str,
    "proximityPlacementGroupID": str,
    "nodePublicIPPrefixID": str,
    "enableEncryptionAtHost": bool,
    "enableUltraSSD": bool,
    "artifactStreamingProfile": {"enabled": bool},
    "gatewayProfile": {"publicIPPrefixSize": int},
    "gpuProfile": {"driver": str, "nvidia": {"managementMode": str}},
    "kubeletConfig": {
        "allowedUnsafeSysctls": [str],
        "containerLogMaxFiles": int,
        "containerLogMaxSizeMB": int,
        "cpuCfsQuota": bool,
        "cpuCfsQuotaPeriod": str,
        "cpuManagerPolicy": str,
        "failSwapOn": bool,
        "imageGcHighThreshold": int,
        "imageGcLowThreshold": int,
        "podMaxPids": int,
        "topologyManagerPolicy": str,
    },
    "linuxOSConfig": {
        "swapFileSizeMB": int,
        "sysctls": {"netIpv4IpLocalPortRange": str, "netIpv4TcpTwReuse": bool, ANY_NAME: int},
        "transparentHugePageDefrag": str,
        "transparentHugePageEnabled": str,
    },
    "localDNSProfile": {
        "mode": str,
        "kubeDNSOverrides": {ANY_NAME: _DNS_OVERRIDE},
        "vnetDNSOverrides": {ANY_NAME: _DNS_OVERRIDE},
    },
    "networkProfile": {
        "allowedHostPorts": [{"portStart": int, "portEnd": int, "protocol": str}],
        "applicationSecurityGroups": [str],
        "nodePublicIPTags": [{"ipTagType": str, "tag": str}],
    },
    "securityProfile": {"enableSecureBoot": bool, "enableVTPM": bool, "sshAccess": str},
    "windowsProfile": {"disableOutboundNat": bool},
}
POOL_RESOURCE: Mapping[str, Shape] = {"properties": POOL}
CLUSTER: Mapping[str, Shape] = {
    "location": str,
    "tags": _STRINGS,
    "sku": {"name": str, "tier": str},
    "identity": {"type": str},
    "properties": {
        "kubernetesVersion": str,
        "dnsPrefix": str,
        "fqdnSubdomain": str,
        "nodeResourceGroup": str,
        "enableRBAC": bool,
        "disableLocalAccounts": bool,
        "agentPoolProfiles": [{"name": str, **POOL}],
        "linuxProfile": {"adminUsername": str, "ssh": {"publicKeys": [{"keyData": str}]}},
        "windowsProfile": {"adminUsername": str, "adminPassword": str},
        "servicePrincipalProfile": {"clientId": str, "secret": str},
        "networkProfile": {
            "networkPlugin": str,
            "networkPluginMode": str,
            "networkPolicy": str,
            "podCidr": str,
            "serviceCidr": str,
            "dnsServiceIP": str,
            "outboundType": str,
            "loadBalancerSku": str,
            "loadBalancerProfile": {
                "managedOutboundIPs": {"count": int},
                "outboundIPs": {"publicIPs": [{"id": str}]},
                "outboundIPPrefixes": {"publicIPPrefixes": [{"id": str}]},
                "allocatedOutboundPorts": int,
                "idleTimeoutInMinutes": int,
                "backendPoolType": str,
            },
        },
        "addonProfiles": {ANY_NAME: {"enabled": bool, "config": _STRINGS}},
        "azureMonitorProfile": {
            "metrics": {"enabled": bool},
            "containerInsights": {"enabled": bool, "logAnalyticsWorkspaceResourceId": str, "syslogPort": int},
        },
        "autoUpgradeProfile": {},
        "securityProfile": {},
        "storageProfile": {},
        "oidcIssuerProfile": {},
        "workloadAutoScalerProfile": {},
        "metricsProfile": {},
        "nodeProvisioningProfile": {},
        "bootstrapProfile": {},
    },
}
_NAMES = {str: "string", int: "int32", float: "float64", bool: "bool"}


def check_shape(value: Any, shape: Shape, path: str = "") -> None:
    """Raise 400 `UnmarshalError` where `value` is not of `shape`. Fields that no shape names may be anything."""
    if value is None:
        return
    if isinstance(shape, type):
        # In JSON true is no number, though Python's bool is an int.
        # And a number without a fraction is one, too.
        if type(value) is not shape and not (shape is float and type(value) is int):
            raise _mismatch(value, path, _NAMES[shape])
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise _mismatch(value, path, "[]")
        for item in value:
            if item is None:
                raise _mismatch(item, path, "[] item")
            check_shape(item, shape[0], path)
    else:
        _check_fields(value, shape, path)


def _check_fields(value: Any, shape: Mapping[str, Any], path: str) -> None:
    if not isinstance(value, dict):
        raise _mismatch(value, path, "struct")
    for name, inner in value.items():
        expected = shape.get(name, shape.get(ANY_NAME))
        if expected is not None:
            check_shape(inner, expected, f"{path}.{name}" if path else name)


def _mismatch(value: object, path: str, wanted: str) -> Exception:
    return flat(
        400,
        "UnmarshalError",
        f"UnmarshalEntity encountered error: json: cannot unmarshal {type(value).__name__} into Go struct field "
        f"{path} of type {wanted}.",
        target=path,
    )
