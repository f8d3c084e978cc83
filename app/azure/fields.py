"""Azure's JSON read with suspicion: a value of the wrong type is Azure's fault and says so, never a traceback."""

from collections.abc import Mapping
from datetime import UTC, datetime

from app.azure import errors
from app.azure.error_body import plain
from app.azure.errors import AzureError


class Fields:
    """A JSON object. What is absent or null is None or empty; what has another type raises `AzureError`."""

    def __init__(self, value: object, where: str = "answer") -> None:
        if not isinstance(value, Mapping):
            raise _malformed(where, "an object")
        self._value: Mapping[str, object] = value
        self._where = where

    @property
    def empty(self) -> bool:
        """Whether nothing is in it, or it was absent."""
        return not self._value

    def text(self, key: str) -> str:
        """A string that must be there."""
        value = self.maybe(key)
        if value is None:
            raise _malformed(self._path(key), "a string")
        return value

    def maybe(self, key: str) -> str | None:
        """A string, or None."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, str):
            raise _malformed(self._path(key), "a string")
        return value

    def number(self, key: str) -> int | None:
        """A whole number, or None."""
        value = self._value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise _malformed(self._path(key), "a whole number")
        return value

    def decimal(self, key: str) -> float | None:
        """A number, or None."""
        value = self._value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _malformed(self._path(key), "a number")
        return float(value)

    def flag(self, key: str) -> bool:
        """A boolean; absent is False."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, bool):
            raise _malformed(self._path(key), "a boolean")
        return bool(value)

    def moment(self, key: str) -> datetime | None:
        """A time in ISO 8601, to any number of digits after the second; without a zone it is UTC."""
        text = self.maybe(key)
        if text is None:
            return None
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            raise _malformed(self._path(key), "a time") from None
        return when if when.tzinfo is not None else when.replace(tzinfo=UTC)

    def lacks(self, key: str) -> bool:
        """Whether Azure says nothing of it."""
        return self._value.get(key) is None

    def part(self, key: str) -> "Fields":
        """An object; absent is empty."""
        value = self._value.get(key)
        return Fields({} if value is None else value, self._path(key))

    def parts(self, key: str) -> list["Fields"]:
        """A list of objects; absent is empty."""
        return [Fields(item, self._path(key)) for item in self._list(key)]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; absent is empty."""
        found = self._list(key)
        if not all(isinstance(item, str) for item in found):
            raise _malformed(self._path(key), "a list of strings")
        return tuple(str(item) for item in found)

    def names(self, key: str) -> tuple[str, ...]:
        """The keys of an object; absent is empty."""
        return tuple(self.part(key)._value)  # noqa: SLF001 - of this very class

    def text_map(self, key: str) -> dict[str, str]:
        """An object of strings, like tags; absent is empty."""
        part = self.part(key)
        return {name: part.maybe(name) or "" for name in part._value}  # noqa: SLF001 - of this very class

    def _list(self, key: str) -> list[object]:
        value = self._value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise _malformed(self._path(key), "a list")
        return value

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}"


def _malformed(where: str, wanted: str) -> AzureError:
    return AzureError(errors.MALFORMED, azure_message=plain(f"{where} is not {wanted}"))
