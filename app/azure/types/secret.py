"""A string that no log, traceback or repr shows."""

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Secret:
    """Holds a secret on its way to Azure or from there; only `reveal()` and `reveal_bytes()` give it out."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    @classmethod
    def of_bytes(cls, value: bytes) -> Self:
        """A secret of any bytes: whether they are text is for the reader to find out."""
        return cls(value.decode("utf-8", "surrogateescape"))

    def reveal_bytes(self) -> bytes:
        """The secret's bytes."""
        return self._value.encode("utf-8", "surrogateescape")

    def __str__(self) -> str:
        return "**********"
