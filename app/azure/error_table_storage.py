"""What Microsoft.Storage says of accounts, shares and snapshots."""

from app.azure.error_row import Action, Row, row
from app.core.errors import ErrorClass

_TRANSIENT = ErrorClass.TRANSIENT
_QUOTA = ErrorClass.QUOTA
_CONFIGURATION = ErrorClass.CONFIGURATION
_PERMISSION = ErrorClass.PERMISSION
_CONFLICT = ErrorClass.CONFLICT
_GONE = ErrorClass.GONE
_STORAGE = "Microsoft.Storage"

# fmt: off
STORAGE_ROWS: tuple[Row, ...] = (
    row("azure_storage_account_full", _QUOTA, Action.FAIL,
        "The storage account has no room for a share of this size; deleted shares that can still be restored count.",
        "Take another account, or leave the choice to Slipway; deleted shares stop counting when their days are over.",
        codes="TotalSharesProvisionedCapacityExceedsAccountLimit TotalSharesCountExceedsAccountLimit "
              "TotalSharesProvisionedIopsExceedsAccountLimit"),
    row("azure_storage_account_limit", _QUOTA, Action.FAIL,
        "The subscription has as many storage accounts in this location as Azure allows.",
        "Put the share into an account that exists, remove one, or ask Azure for a higher limit.",
        codes="MaxStorageAccountsCountPerSubscriptionExceeded StorageAccountCountQuotaExceeded"),
    row("azure_share_snapshot_limit", _QUOTA, Action.FAIL,
        "The share has 200 snapshots, as many as Azure allows.",
        "Delete a snapshot first.",
        codes="ShareSnapshotCountExceeded"),
    row("azure_share_being_deleted", _TRANSIENT, Action.RETRY_SLOWLY,
        "A share of this name is just being deleted.",
        "Wait some minutes, or take another name.", minutes=10,
        codes="ShareBeingDeleted"),
    row("azure_share_snapshot_in_progress", _TRANSIENT, Action.RETRY_SLOWLY,
        "Another snapshot of the share is being made.", minutes=10,
        codes="ShareSnapshotInProgress"),
    row("azure_share_has_leased_snapshots", _CONFLICT, Action.FAIL,
        "Snapshots of the share have leases; most often, a backup holds them.",
        "Stop the backup, or delete with snapshots=leased.",
        message=r"snapshots? ha(ve|s) (an )?active leases?", provider=_STORAGE),
    row("azure_share_has_snapshots", _CONFLICT, Action.FAIL,
        "The share has snapshots, so Azure does not delete it without them.",
        "Delete with snapshots=delete to remove them too.",
        codes="ShareHasSnapshots"),
    row("azure_share_leased", _CONFLICT, Action.FAIL,
        "Somebody holds a lease on the share.",
        "Release the lease, or delete with break_lease=true.",
        codes="LeaseIdMissing LeaseAlreadyPresent LeaseIdMismatchWithLeaseOperation "
              "LeaseIdMismatchWithContainerOperation"),
    row("azure_share_exists", _CONFLICT, Action.FAIL,
        "The account has a living share of this name.",
        "Take another name, or another account.",
        codes="ShareAlreadyExists"),
    row("azure_storage_account_name_taken", _CONFLICT, Action.FAIL,
        "Somebody else in the world has a storage account of this name, or had one until just now.",
        "Take another name, or leave the name to Slipway.",
        codes="StorageAccountAlreadyTaken StorageAccountInAnotherResourceGroup AccountAlreadyExists"),
    row("azure_storage_account_busy", _CONFLICT, Action.WAIT_TURN,
        "Another operation works on the storage account.",
        codes="StorageAccountOperationInProgress StorageAccountIsNotProvisioned StorageAccountNotProvisioned "
              "ConcurrentOperationInProgress"),
    row("azure_storage_account_not_found", _GONE, Action.TREAT_AS_GONE,
        "Azure does not have the storage account.",
        codes="StorageAccountNotFound AccountNotFound"),
    row("azure_share_not_found", _GONE, Action.TREAT_AS_GONE,
        "Azure does not have the share, or not this snapshot of it.",
        codes="ShareNotFound ShareSnapshotNotFound"),
    row("azure_share_size_invalid", _CONFIGURATION, Action.FAIL,
        "The account cannot have a share of this size, tier or protocol.",
        "Premium shares have 100 to 102,400 GiB, standard ones 1 to 102,400; NFS is premium only.",
        codes="InvalidHeaderValue ShareSizeLimitReached", provider=_STORAGE),
    row("azure_share_protocol_unsupported", _CONFIGURATION, Action.FAIL,
        "The account does not have this feature; NFS is for premium accounts only.",
        "Take a premium account for NFS, or SMB.",
        codes="FeatureNotSupportedForAccount"),
    row("azure_share_name_invalid", _CONFIGURATION, Action.FAIL,
        "Azure does not take this name.",
        "Shares have 3 to 63 lower-case letters, digits and single hyphens; accounts 3 to 24 letters and digits.",
        codes="InvalidResourceName AccountNameInvalid", provider=_STORAGE),
    row("azure_storage_subnet_has_no_endpoint", _CONFIGURATION, Action.FAIL,
        "The subnet has no service endpoint for storage, so the account cannot admit it.",
        "Add the service endpoint Microsoft.Storage to the subnet, or use a private endpoint.",
        codes="NetworkAclsValidationFailure SubnetsHaveNoServiceEndpointsConfigured",
        message="ServiceEndpoints"),
    row("azure_storage_network_rules_invalid", _CONFIGURATION, Action.FAIL,
        "Azure found the account's network rules wrong.",
        "Name subnets that exist, and public addresses only.",
        codes="NetworkAclsValidationFailure SubnetsHaveNoServiceEndpointsConfigured"),
    row("azure_storage_account_form_invalid", _CONFIGURATION, Action.FAIL,
        "The kind and the redundancy of the account do not fit each other, or the region lacks them.",
        "Take another redundancy, or another location.",
        codes="InvalidAccountType SkuNotSupported AccountPropertyCannotBeUpdated InvalidValuesForRequestParameters",
        provider=_STORAGE),
    row("azure_storage_refused", _PERMISSION, Action.FAIL,
        "The storage account does not let the caller in: its firewall, or the identity's rights.",
        "Admit the network in the account's rules, or grant the role that Azure names.",
        codes="AuthorizationFailure AuthorizationPermissionMismatch", provider=_STORAGE),
    row("azure_storage_keys_disabled", _PERMISSION, Action.FAIL,
        "The storage account does not take keys.",
        "Allow shared key access on the account, or mount with an identity.",
        codes="KeyBasedAuthenticationNotPermitted"),
)
# fmt: on
