"""What schemathesis must not do to itself."""

import os

import schemathesis
from schemathesis import HookContext

OWN_KEYS = frozenset(os.environ.get("SLIPWAY_OWN_KEYS", "").split())


@schemathesis.hook
def filter_path_parameters(context: HookContext, path_parameters: dict[str, str] | None) -> bool:
    """Keep the keys with which it asks."""
    return path_parameters is None or path_parameters.get("key") not in OWN_KEYS
