"""What a volume's row wants, and how the column keeps it."""

from dataclasses import dataclass
from typing import cast

from pydantic import TypeAdapter

from app.core.json import JsonObject

SMB, NFS = "SMB", "NFS"
KEY, IDENTITY, NONE = "key", "identity", "none"


@dataclass(frozen=True, slots=True)
class WantedVolume:
    """What `volumes.wanted` holds. `auth`: how nodes prove themselves to the account; NFS knows no proof (`none`).

    `share_made`: the share was asked for with the volume.
    """

    access_modes: tuple[str, ...] = ("ReadWriteMany",)
    read_only: bool = False
    subdirectory: str | None = None
    mount_options: tuple[str, ...] = ()
    auth: str = KEY
    protocol: str = SMB
    share_made: bool = False

    def as_json(self) -> JsonObject:
        """The column's form."""
        return cast("JsonObject", _ADAPTER.dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, stored: JsonObject) -> "WantedVolume":
        """What `as_json` wrote."""
        return _ADAPTER.validate_python(stored)


_ADAPTER = TypeAdapter(WantedVolume)
