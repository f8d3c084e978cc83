"""JSON documents that only pass through: what a column keeps, what a callee sends on."""

from typing import Any, TypeAlias

# Values are Any: a recursive type would have to be narrowed at every read, and nothing is decided on these.
JsonObject: TypeAlias = dict[str, Any]
JsonList: TypeAlias = list[Any]
