"""A management lock."""

from dataclasses import dataclass

_READ_ONLY = "readonly"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock at `scope`. `level`: CanNotDelete or ReadOnly."""

    name: str
    level: str
    scope: str

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed either."""
        return self.level.lower() == _READ_ONLY
