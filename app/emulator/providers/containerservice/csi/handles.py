"""How the drivers name volumes."""

from dataclasses import dataclass

_PARTS = 3  # a handle of the file driver has no fewer


@dataclass(frozen=True)
class ShareHandle:
    """`group#account#share#disk#uuid#namespace#subscription`, of which the first three have to be there."""

    group: str
    account: str
    share: str
    namespace: str


def parse_share_handle(handle: str) -> ShareHandle | None:
    """Read a handle; None for one that says nothing to the driver, which then goes by the volume's attributes."""
    parts = handle.split("#")
    if len(parts) < _PARTS:
        return None
    padded = [*parts, "", "", "", ""]
    return ShareHandle(padded[0], padded[1], padded[2], padded[5])
