"""The rules of a volume that its schema cannot say. All that is broken is told at once."""

from collections.abc import Sequence

from app.core.errors import FieldError, InvalidRequestError
from app.storage.schemas.volumes import AccessMode, MountAuth, VolumeCreate
from app.storage.specs.volume_wanted import IDENTITY, KEY, NFS, NONE, WantedVolume

# They would put a secret, or another identity, where everybody reads it.
_SECRET = frozenset({"username", "user", "password", "pass", "password2", "credentials", "cred", "domain", "dom"})
_OWN_FIELD = {"ro": "read_only", "rw": "read_only", "sec": "auth", "nfsvers": "", "source": ""}
_SMB_ONLY = frozenset(
    {"dir_mode", "file_mode", "mfsymlinks", "nosharesock", "nobrl", "uid", "gid", "cache", "serverino", "noserverino"}
)
_NFS_ONLY = frozenset({"nconnect", "noresvport", "nolock", "lookupcache"})


def check_volume(body: VolumeCreate, protocol: str | None, against: Sequence[FieldError] = ()) -> WantedVolume:
    """Check a volume and say what it wants. `protocol`: the share's, None where there is no such share.

    `against`: what rows have against it. Raises InvalidRequestError with every rule that it breaks.
    """
    errors = [*against, *_modes(body), *_mount_options(body, protocol), *_subdirectory(body)]
    if protocol == NFS and body.auth is MountAuth.IDENTITY:
        errors.append(
            FieldError("auth_with_nfs", "/auth", "NFS knows no identity: who may mount is a matter of the network.")
        )
    if errors:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    return WantedVolume(
        access_modes=tuple(mode.value for mode in body.access_modes),
        read_only=body.read_only,
        subdirectory=body.subdirectory,
        mount_options=tuple(body.mount_options),
        auth=NONE if protocol == NFS else IDENTITY if body.auth is MountAuth.IDENTITY else KEY,
        protocol=protocol or "SMB",
    )


def _modes(body: VolumeCreate) -> list[FieldError]:
    errors = [
        FieldError("duplicate_value", f"/access_modes/{index}", "It is there twice.")
        for index, mode in enumerate(body.access_modes)
        if mode in body.access_modes[:index]
    ]
    if set(body.access_modes) == {AccessMode.READ_ONLY_MANY} and not body.read_only:
        detail = "Kubernetes itself does not keep pods from writing to it: say `read_only: true` as well."
        errors.append(FieldError("read_only_missing", "/read_only", detail))
    if body.read_only and AccessMode.READ_WRITE_ONCE in body.access_modes:
        detail = "A volume that nobody writes through is for many: ReadOnlyMany or ReadWriteMany."
        errors.append(FieldError("read_only_once", "/access_modes", detail))
    return errors


def _mount_options(body: VolumeCreate, protocol: str | None) -> list[FieldError]:
    errors = []
    names = [option.partition("=")[0] for option in body.mount_options]
    for index, name in enumerate(names):
        at = f"/mount_options/{index}"
        if name in names[:index]:
            errors.append(FieldError("duplicate_value", at, "The option is there twice."))
        if name in _SECRET:
            detail = "Who mounts is a matter of `auth`: a mount option is readable for everybody."
            errors.append(FieldError("mount_option_secret", at, detail))
        if name in _OWN_FIELD:
            instead = f"Say it by `{_OWN_FIELD[name]}`." if _OWN_FIELD[name] else "The driver sets it."
            errors.append(FieldError("mount_option_reserved", at, instead))
        other = {"SMB": _NFS_ONLY - {"nconnect"}, "NFS": _SMB_ONLY}.get(protocol or "", frozenset())
        if name in other:
            errors.append(FieldError("mount_option_of_other_protocol", at, f"The share is {protocol}."))
    return errors


def _subdirectory(body: VolumeCreate) -> list[FieldError]:
    parts = (body.subdirectory or "x").split("/")
    if any(part in {".", ".."} or part != part.strip() or part.endswith(".") for part in parts):
        detail = "Each part is a plain name: no `.` or `..`, no space around it, no point at its end."
        return [FieldError("invalid_subdirectory", "/subdirectory", detail)]
    return []
