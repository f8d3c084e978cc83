"""Storage accounts and file shares, as Azure has them and as they shall be.

Sizes are in GiB but where a name says bytes; times are in UTC. None means that Azure did not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.azure.types.operation import Operation
from app.azure.types.provisioning import Provisioned
from app.azure.types.secret import Secret

STANDARD_KIND = "StorageV2"
PREMIUM_KIND = "FileStorage"
KEY_NAMES = ("key1", "key2")


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """From where an account can be reached. `allow_all`: from everywhere, whatever else is named.

    `subnet_ids` are ARM ids; `ip_ranges` are public addresses or CIDR ranges.
    """

    allow_all: bool = True
    subnet_ids: tuple[str, ...] = ()
    ip_ranges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Provisioned):
    """A storage account. `key_created_at`: when each of its keys was last made, by the key's name.

    `kind`: StorageV2, FileStorage, ...; `sku`: Standard_LRS, Premium_ZRS, ... `public_network`: False where only
    private endpoints reach it.
    """

    id: str
    name: str
    resource_group: str
    location: str
    tags: Mapping[str, str] = field(default_factory=dict)
    provisioning_state: str = "Unknown"
    kind: str = STANDARD_KIND
    sku: str = "Standard_LRS"
    minimum_tls: str | None = None
    https_only: bool = True
    public_blobs: bool = False
    shared_keys: bool = True
    public_network: bool = True
    private_endpoints: int = 0
    networks: NetworkRules = NetworkRules()
    file_endpoint: str | None = None
    created_at: datetime | None = None
    key_created_at: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def premium(self) -> bool:
        """Whether its shares lie on SSDs and are paid for by their size."""
        return self.kind == PREMIUM_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """An account as it shall be: always with TLS 1.2 and without public blobs.

    `https_only` is False only for NFS, whose mounts Azure refuses otherwise.
    """

    location: str
    tags: Mapping[str, str]
    kind: str = STANDARD_KIND
    sku: str = "Standard_LRS"
    https_only: bool = True
    networks: NetworkRules = NetworkRules()


@dataclass(frozen=True, slots=True)
class AccountPutAnswer:
    """What Azure answered to a PUT: `operation` where it goes on, `account` where it was done at once."""

    account: Account | None
    operation: Operation | None


@dataclass(frozen=True, slots=True)
class NameAvailability:
    """Whether an account may have a name, in all the world. `reason`: AlreadyExists or AccountNameInvalid."""

    available: bool
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class AccountKey:
    """One of an account's two keys: whoever has it has all of the account's data. Never kept, never logged."""

    name: str
    value: Secret
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShare:
    """A share, a snapshot of one (`snapshot`: the moment that names it), or one that was deleted and can come back.

    `protocol`: SMB or NFS. `used_bytes` is only known where it was asked for. Of a deleted one, `version` is what a
    restore needs.
    """

    id: str
    name: str
    quota_gib: int
    protocol: str = "SMB"
    tier: str | None = None
    root_squash: str | None = None
    used_bytes: int | None = None
    provisioned_iops: int | None = None
    leased: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    changed_at: datetime | None = None
    snapshot: str | None = None
    deleted: bool = False
    deleted_at: datetime | None = None
    days_left: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSpec:
    """A share as it shall be made. `tier`: TransactionOptimized, Hot or Cool; None: the account's own."""

    quota_gib: int
    protocol: str = "SMB"
    tier: str | None = None
    root_squash: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
