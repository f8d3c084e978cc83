"""The kinds of jobs about an account's keys."""

from datetime import timedelta

from app.engine.kinds import JobKind

ROTATE = JobKind(
    "storage_account.rotate_key",
    doing="Rotating the key of the storage account {target}",
    done="The key of the storage account {target} is rotated",
    deadline=timedelta(hours=2),
    expected="key_rotate",
    target_type="storage_account",
)
REPAIR = JobKind(
    "storage_account.repair_key",
    doing="Repairing the Secrets of the storage account {target}",
    done="Each Secret opens the storage account {target}",
    deadline=timedelta(hours=1),
    expected="key_repair",
    target_type="storage_account",
)
