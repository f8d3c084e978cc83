"""What is said of an account's keys."""

from app.models import StorageAccount
from app.storage.schemas.rotation import KeysRead


def keys_read(row: StorageAccount) -> KeysRead:
    """The keys of an account as callers see them: never a key."""
    return KeysRead(
        id=row.id,
        name=row.name,
        managed=row.managed,
        active_key=row.active_key,
        rotation=None if row.rotation is None else row.rotation["phase"],
        stale_secrets=[] if row.key_check is None else [each["words"] for each in row.key_check["stale"]],
    )
