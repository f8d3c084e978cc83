"""What keeps an account's keys and Secrets as they are."""

from app.core.errors import ConflictError, ErrorClass, SlipwayError


class AccountGoneError(ConflictError):
    """The storage account of this job is deleted, or is being deleted."""

    code = "storage_account_deleted"


class AccountLostError(SlipwayError):
    """Azure has no such account any more."""

    code = "storage_account_lost"
    status = 404
    title = "The storage account is gone from Azure"
    error_class = ErrorClass.GONE
    remedy = "Somebody removed it outside Slipway, and its shares with it."


class AccountNotManagedError(ConflictError):
    """Slipway did not make the account, so it does not change its keys."""

    code = "storage_account_not_managed"
    title = "Slipway did not make this storage account"
    remedy = (
        "Rotate its keys where it is looked after; Slipway then finds the Secrets that are stale: "
        "POST /v1/shares/{id}:repair-key puts them right."
    )


class SharedKeysOffError(ConflictError):
    """The account lets nobody in by a key."""

    code = "shared_keys_disabled"
    title = "The storage account takes no keys"
    remedy = "Allow access by account key (allowSharedKeyAccess), or mount with a managed identity."


class SecretsBehindError(SlipwayError):
    """Somebody keeps writing another key into Secrets, or turns the account's keys meanwhile."""

    code = "secrets_behind"
    status = 409
    title = "Secrets do not keep the key that they were given"
    error_class = ErrorClass.TRANSIENT
    retryable = True
    remedy = "Find out who else writes these Secrets, or turns the account's keys; then retry the job."


class SecretNotOursError(ConflictError):
    """A Secret has the name of Slipway's, and is not: it is never touched."""

    code = "secret_not_ours"
    remedy = "Have that Secret renamed or removed by whoever made it, then retry the job."


class MountNotRestartedError(ConflictError):
    """A pod was to be restarted, and could not be. Nothing was broken: its mount has a key that opens the account."""

    code = "mount_not_restarted"
    title = "A pod that mounts the account could not be restarted"
    remedy = (
        "Give the pod's budget or its successor what it needs and retry the job, which takes up here; "
        "or rotate without `restart`: the pods to be restarted are then listed."
    )
