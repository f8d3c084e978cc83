"""What a storage class may ask of the drivers (docs/driver-parameters.md of both)."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.emulator.providers.containerservice.csi.errors import Code, DriverError

GIB = 1 << 30
_DEFAULT_GIB = 100  # of a share for which no size is asked
_PREMIUM_GIB = 100
_PROTOCOLS = ("smb", "nfs")
_SHARE_TIERS = ("TransactionOptimized", "Hot", "Cool", "Premium")
_SIDECAR = "csi.storage.k8s.io/"
_FILE_NAMES = """
skuname storageaccounttype location storageaccount resourcegroup shareaccesstier accesstier accountaccesstier
accountquota tags matchtags subscriptionid secretname secretnamespace protocol networkendpointtype fsgroupchangepolicy
diskname sharename sharenameprefix foldername createfolderifnotexist server storeaccountkey usedataplaneapi
getaccountkeyfromsecret getlatestaccountkey enablelargefileshares enablemultichannel allowblobpublicaccess
allowsharedkeyaccess publicnetworkaccess requireinfraencryption storageendpointsuffix vnetresourcegroup vnetname
subnetname vnetlinkname rootsquashtype mountpermissions mountoptions fstype selectrandommatchingaccount createaccount
disabledeleteretentionpolicy encryptintransit clientid tenantid mountwithmanagedidentity provisionedbandwidth
provisionediops
"""
_DISK_NAMES = """
skuname storageaccounttype kind cachingmode fstype resourcegroup diskiopsreadwrite diskmbpsreadwrite logicalsectorsize
tags diskencryptionsetid diskencryptiontype diskname location maxshares writeacceleratorenabled perfprofile
networkaccesspolicy publicnetworkaccess diskaccessid enablebursting useragent zoned subscriptionid
attachdiskinitialdelay enableasyncattach enableperformanceplus devicesettings
"""
_FILE, _DISK = frozenset(_FILE_NAMES.split()), frozenset(_DISK_NAMES.split())
_DISK_SKUS = (
    *("Premium_LRS", "PremiumV2_LRS", "Premium_ZRS", "Standard_LRS", "StandardSSD_LRS", "StandardSSD_ZRS"),
    "UltraSSD_LRS",
)


@dataclass(frozen=True)
class FileParameters:
    """What a class asks for a share; names that are empty are for the driver to choose."""

    sku: str
    location: str
    nfs: bool
    account: str
    group: str
    share: str
    tier: str
    secret: str
    secret_namespace: str
    store_key: bool
    root_squash: str
    match_tags: bool
    tags: Mapping[str, str]

    @property
    def kind(self) -> str:
        """The kind of account that such shares lie in."""
        return "FileStorage" if self.sku.startswith("Premium") else "StorageV2"


def read_file_parameters(given: Mapping[str, str]) -> FileParameters:
    """Read a class's parameters, whose names have no case; refuse what the driver does not know."""
    lower = _known(given, _FILE)
    protocol = lower.get("protocol", "")
    if protocol and protocol not in _PROTOCOLS:
        text = f"protocol({protocol}) is not supported, supported protocol list: [smb nfs]"
        raise DriverError(Code.INVALID_ARGUMENT, text)
    nfs = protocol == "nfs"
    sku = lower.get("skuname") or lower.get("storageaccounttype") or ("Premium_LRS" if nfs else "Standard_LRS")
    if nfs and not sku.startswith("Premium"):
        text = f"nfs protocol only supports premium storage, current account type: {sku}"
        raise DriverError(Code.INVALID_ARGUMENT, text)
    tier = lower.get("shareaccesstier") or lower.get("accesstier") or ""
    if tier and tier not in _SHARE_TIERS:
        text = f"shareAccessTier({tier}) is not supported, supported ShareAccessTier list: [{' '.join(_SHARE_TIERS)}]"
        raise DriverError(Code.INVALID_ARGUMENT, text)
    return FileParameters(
        sku=sku,
        location=lower.get("location", ""),
        nfs=nfs,
        account=lower.get("storageaccount", ""),
        group=lower.get("resourcegroup", ""),
        share=lower.get("sharename", ""),
        tier=tier,
        secret=lower.get("secretname", ""),
        secret_namespace=lower.get("secretnamespace", ""),
        store_key=lower.get("storeaccountkey", "true").lower() != "false" and not nfs,
        root_squash=lower.get("rootsquashtype", ""),
        match_tags=lower.get("matchtags", "").lower() == "true",
        tags=_tags(lower.get("tags", "")),
    )


@dataclass(frozen=True)
class DiskParameters:
    """What a class asks for a disk."""

    sku: str
    group: str
    tags: Mapping[str, str]


def read_disk_parameters(given: Mapping[str, str]) -> DiskParameters:
    """Read a class's parameters, whose names have no case; refuse what the driver does not know."""
    lower = _known(given, _DISK)
    if lower.get("kind", "managed").lower() != "managed":
        raise DriverError(Code.INVALID_ARGUMENT, f"azureDisk - {lower['kind']} is not supported")
    asked = lower.get("skuname") or lower.get("storageaccounttype") or "StandardSSD_LRS"
    sku = next((name for name in _DISK_SKUS if name.lower() == asked.lower()), None)
    if sku is None:
        text = f"azureDisk - {asked} is not supported sku type. Supported values are [{' '.join(_DISK_SKUS)}]"
        raise DriverError(Code.INVALID_ARGUMENT, text)
    return DiskParameters(sku, lower.get("resourcegroup", ""), _tags(lower.get("tags", "")))


def _known(given: Mapping[str, str], known: frozenset[str]) -> dict[str, str]:
    for name in given:
        if name.lower() not in known and not name.startswith(_SIDECAR):
            raise DriverError(Code.INVALID_ARGUMENT, f'invalid parameter "{name}" in storage class')
    return {name.lower(): value for name, value in given.items()}


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            said = f"Tags '{text}' are invalid, the format should like: 'key1=value1,key2=value2'"
            raise DriverError(Code.INVALID_ARGUMENT, said)
        tags[name.strip()] = value.strip()
    return tags


def share_gib(asked_bytes: float, parameters: FileParameters) -> int:
    """The size of a share: whole GiB, and of premium accounts no fewer than they sell."""
    gib = rounded_gib(asked_bytes) or _DEFAULT_GIB
    return max(gib, _PREMIUM_GIB) if parameters.kind == "FileStorage" else gib


def rounded_gib(asked_bytes: float) -> int:
    """Bytes as GiB, rounded up."""
    return -(-int(asked_bytes) // GIB)
