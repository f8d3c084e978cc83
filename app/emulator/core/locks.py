"""Management locks: what they keep from being changed or removed, whoever asks."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Call
from app.emulator.core.paths import key_of

LOCK = "Microsoft.Authorization/locks"
CAN_NOT_DELETE, READ_ONLY = "CanNotDelete", "ReadOnly"
LEVELS = (CAN_NOT_DELETE, READ_ONLY)
_READS = {"GET", "HEAD"}


def scope_of(lock_id: str) -> str:
    """What a lock is on: its id before its own provider."""
    return lock_id[: key_of(lock_id).rindex("/providers/microsoft.authorization/locks/")]


def refuse_locked(cloud: Cloud, call: Call) -> None:
    """409 `ScopeLocked` where a lock forbids `call`; locks themselves are changed in spite of any."""
    if call.method in _READS or "/providers/microsoft.authorization/locks" in key_of(call.path):
        return
    error = locked(cloud, call.path, deletes=call.method == "DELETE")
    if error is not None:
        raise error


def locked(cloud: Cloud, path: str, *, deletes: bool) -> AzureError | None:
    """What a lock at, above or (for a removal) below `path` says; none where no lock minds."""
    key, found = f"{key_of(path)}/", []
    for lock in cloud.store.of_type(LOCK):
        scope = f"{key_of(scope_of(lock.id))}/"
        concerns = key.startswith(scope) or (deletes and scope.startswith(key))
        if concerns and (deletes or lock.body["properties"]["level"] == READ_ONLY):
            found.append(scope_of(lock.id))
    if not found:
        return None
    verb = "delete" if deletes else "write"
    return AzureError(
        409,
        "ScopeLocked",
        f"The scope '{path}' cannot perform {verb} operation because following scope(s) are locked: "
        f"'{','.join(dict.fromkeys(found))}'. Please remove the lock and try again.",
    )
