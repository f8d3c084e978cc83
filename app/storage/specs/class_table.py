"""The parameters that the drivers of Azure Files and Disk know, and what each may be.

https://github.com/kubernetes-sigs/azurefile-csi-driver/blob/master/docs/driver-parameters.md
https://github.com/kubernetes-sigs/azuredisk-csi-driver/blob/master/docs/driver-parameters.md
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text of a form. `words` say which."""

    form: re.Pattern[str]
    words: str


Allowed: TypeAlias = tuple[str, ...] | Pattern


def _pattern(form: str, words: str) -> Pattern:
    return Pattern(re.compile(form), words)


_BOOL = ("true", "false")
_NUMBER = _pattern(r"[1-9][0-9]{0,8}", "a whole number above 0")
_NAME = _pattern(r"[A-Za-z0-9]([A-Za-z0-9_.()-]{0,88}[A-Za-z0-9_()-])?", "a name in Azure")
_ACCOUNT = _pattern(r"[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits")
_SHARE = _pattern(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits and single hyphens")
_OBJECT = _pattern(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "a name in Kubernetes")
_UUID = _pattern(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a UUID")
_RESOURCE = _pattern(r"/subscriptions/[^\s]+", "a resource id")
_TAGS = _pattern(r"[^,=]+=[^,=]*(,[^,=]+=[^,=]*)*", "tags like a=b,c=d")
_FOLDER = _pattern(r"[^/\\:|<>*?\"]+(/[^/\\:|<>*?\"]+)*", "a path without a slash at its beginning")
_HOST = _pattern(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "a host name")

FILES_SKUS = (
    "Standard_LRS",
    "Standard_ZRS",
    "Standard_GRS",
    "Standard_GZRS",
    "Standard_RAGRS",
    "Standard_RAGZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "PremiumV2_LRS",
    "PremiumV2_ZRS",
    "StandardV2_LRS",
    "StandardV2_ZRS",
)

FILES: Mapping[str, Allowed] = {
    "skuName": FILES_SKUS,
    "accountAccessTier": ("Hot", "Cool", "Premium"),
    "accountQuota": _NUMBER,
    "allowBlobPublicAccess": _BOOL,
    "allowSharedKeyAccess": _BOOL,
    "createAccount": _BOOL,
    "disableDeleteRetentionPolicy": _BOOL,
    "enableLargeFileShares": _BOOL,
    "enableMultichannel": _BOOL,
    "encryptInTransit": _BOOL,
    "folderName": _FOLDER,
    "fsGroupChangePolicy": ("None", "Always", "OnRootMismatch"),
    "location": _NAME,
    "matchTags": _BOOL,
    "mountPermissions": _pattern(r"0[0-7]{3,4}", "an octal number like 0777"),
    "networkEndpointType": ("privateEndpoint",),
    "protocol": ("smb", "nfs"),
    "requireInfraEncryption": _BOOL,
    "resourceGroup": _NAME,
    "rootSquashType": ("AllSquash", "NoRootSquash", "RootSquash"),
    "secretName": _OBJECT,
    "secretNamespace": _OBJECT,
    "selectRandomMatchingAccount": _BOOL,
    "server": _HOST,
    "shareAccessTier": ("TransactionOptimized", "Hot", "Cool", "Premium"),
    "shareName": _SHARE,
    "shareNamePrefix": _pattern(r"[a-z0-9][a-z0-9-]{0,20}", "at most 21 lower-case letters, digits and hyphens"),
    "storageAccount": _ACCOUNT,
    "storageEndpointSuffix": _HOST,
    "storeAccountKey": _BOOL,
    "subnetName": _NAME,
    "subscriptionID": _UUID,
    "tags": _TAGS,
    "useDataPlaneAPI": _BOOL,
    "vnetName": _NAME,
    "vnetResourceGroup": _NAME,
}

DISK: Mapping[str, Allowed] = {
    "skuName": (
        "Standard_LRS",
        "StandardSSD_LRS",
        "StandardSSD_ZRS",
        "Premium_LRS",
        "Premium_ZRS",
        "PremiumV2_LRS",
        "UltraSSD_LRS",
    ),
    "cachingMode": ("None", "ReadOnly", "ReadWrite"),
    "csi.storage.k8s.io/fstype": ("ext4", "ext3", "ext2", "xfs", "btrfs", "ntfs"),
    "fsType": ("ext4", "ext3", "ext2", "xfs", "btrfs", "ntfs"),
    "DiskIOPSReadWrite": _NUMBER,
    "DiskMBpsReadWrite": _NUMBER,
    "LogicalSectorSize": ("512", "4096"),
    "diskAccessID": _RESOURCE,
    "diskEncryptionSetID": _RESOURCE,
    "diskEncryptionType": ("EncryptionAtRestWithCustomerKey", "EncryptionAtRestWithPlatformAndCustomerKeys"),
    "enableBursting": _BOOL,
    "enablePerformancePlus": _BOOL,
    "location": _NAME,
    "maxShares": _NUMBER,
    "networkAccessPolicy": ("AllowAll", "AllowPrivate", "DenyAll"),
    "publicNetworkAccess": ("Enabled", "Disabled"),
    "resourceGroup": _NAME,
    "subscriptionID": _UUID,
    "tags": _TAGS,
    "writeAcceleratorEnabled": _BOOL,
}


def fits(value: str, allowed: Allowed) -> bool:
    """Whether a parameter may have this value."""
    if isinstance(allowed, Pattern):
        return allowed.form.fullmatch(value) is not None
    return value in allowed


def words_of(allowed: Allowed) -> str:
    """What it may be, for a person."""
    return allowed.words if isinstance(allowed, Pattern) else f"one of {', '.join(allowed)}"
