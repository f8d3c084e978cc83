"""What travels: JSON documents, and Kubernetes objects as the open documents that they are."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"

# An object of any kind. The engine stores kinds that it knows only as data, so no type can name their fields.
Object: TypeAlias = dict[str, Any]


def at(document: Object, path: str, default: Any = None) -> Any:
    """Return what lies at a dotted path (`spec.type`), or the default where a step is missing."""
    value: Any = document
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            return default
        value = value[step]
    return value


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with whole seconds, the form of metav1.Time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> datetime:
    """Read RFC 3339, with or without a fraction."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
