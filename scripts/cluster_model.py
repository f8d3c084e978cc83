"""Write `app/azure/types/cluster_model.json`: what a managed cluster's `properties` may hold, by the installed SDK.

`--check` says whether it is stale.
"""

import json
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from azure.mgmt.containerservice import models

FILE = Path(__file__).parents[1] / "app" / "azure" / "types" / "cluster_model.json"
_KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def _members(model: Any, above: tuple[Any, ...] = ()) -> Mapping[str, Any]:
    hints = get_type_hints(model, {"_models": models})
    # The SDK tells its names on the wire nowhere else.
    fields = model({})._attr_to_rest_field  # noqa: SLF001
    return {
        field._rest_name: _seen_as(field._visibility) or _kind(hints[name], (*above, model))  # noqa: SLF001
        for name, field in fields.items()
    }


def _seen_as(visibility: list[str] | None) -> str | None:
    """What Azure alone says is read-only; what it takes and never shows again is a secret."""
    if visibility == ["read"]:
        return "read-only"
    return "secret" if visibility and "read" not in visibility else None


def _kind(hint: Any, above: tuple[Any, ...]) -> Any:
    kinds = [each for each in get_args(hint) if each is not type(None)]
    if get_origin(hint) is list:
        return [_kind(kinds[0], above)]
    if get_origin(hint) is dict:
        return {"*": _kind(kinds[1], above)}
    if kinds:
        # An enum comes as "text or that enum".
        return _kind(kinds[0], above)
    if hint in _KINDS:
        return _KINDS[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "text"
    return _members(hint, above) if hint.__module__.startswith("azure.") and hint not in above else "anything"


def main() -> int:
    """Write the file, or say that it is stale."""
    text = json.dumps(_members(models.ManagedClusterProperties), indent=1, sort_keys=True) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(text)
    elif FILE.read_text() != text:
        print(f"{FILE.name} is stale: run python scripts/cluster_model.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
