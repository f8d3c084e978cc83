"""The kinds of jobs about shares, their snapshots and their accounts."""

from datetime import timedelta

from app.engine.kinds import JobKind

CREATE = JobKind(
    "share.create",
    doing="Making the share {target}",
    done="The share {target} is ready",
    deadline=timedelta(minutes=30),
    expected="share_create",
    target_type="share",
)
UPDATE = JobKind(
    "share.update",
    doing="Changing the share {target}",
    done="The share {target} is changed",
    deadline=timedelta(minutes=10),
    expected="share_update",
    target_type="share",
)
DELETE = JobKind(
    "share.delete",
    doing="Deleting the share {target}",
    done="The share {target} is deleted",
    deadline=timedelta(minutes=15),
    expected="share_update",
    target_type="share",
)
RESTORE = JobKind(
    "share.restore",
    doing="Restoring the share {target}",
    done="The share {target} is back",
    deadline=timedelta(minutes=15),
    expected="share_update",
    target_type="share",
)
SNAPSHOT = JobKind(
    "share.snapshot",
    doing="Taking a snapshot of the share {target}",
    done="A snapshot of the share {target} is taken",
    deadline=timedelta(minutes=15),
    expected="share_update",
    target_type="share",
)
DELETE_SNAPSHOT = JobKind(
    "share.delete_snapshot",
    doing="Deleting a snapshot of the share {target}",
    done="A snapshot of the share {target} is deleted",
    deadline=timedelta(minutes=10),
    expected="share_update",
    target_type="share",
)
DELETE_ACCOUNT = JobKind(
    "storage_account.delete",
    doing="Deleting the storage account {target}",
    done="The storage account {target} is deleted",
    deadline=timedelta(minutes=15),
    expected="storage_account_delete",
    target_type="storage_account",
)
