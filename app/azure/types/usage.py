"""A limit of Azure's and how much of it is used, the same for all resource providers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit of a location is used: `name` is Azure's ("PublicIPAddresses")."""

    name: str
    used: int
    limit: int

    @property
    def free(self) -> int:
        """How many more there may be."""
        return max(0, self.limit - self.used)
