"""Whether Secrets open their accounts: from what the local Azure itself keeps, keys and clusters alike."""

import base64
import json
from pathlib import Path
from typing import Any

from app.kubernetes.types.volume import ACCOUNT_KEY, ACCOUNT_NAME
from app.storage.specs.volume_objects import ACCOUNT_LABEL


def shut_secrets(state_file: Path) -> tuple[int, list[str]]:
    """How many Secrets of Slipway's there are, and those that hold no key of their account."""
    state = json.loads(state_file.read_text())
    keys = {
        entry["body"]["name"]: set(entry["internal"]["keys"].values())
        for entry in state["resources"]
        if entry.get("type", "").lower() == "microsoft.storage/storageaccounts"
    }
    secrets = [secret for kept in state["kubernetes"].values() for secret in _secrets(kept)]
    return len(secrets), [text for secret in secrets if (text := _shut(secret, keys))]


def _secrets(kept: Any) -> list[dict[str, Any]]:
    """All objects anywhere in a cluster's snapshot that carry the label of an account's Secret."""
    if isinstance(kept, dict):
        labels = (kept.get("metadata") or {}).get("labels") or {}
        if ACCOUNT_LABEL in labels and ACCOUNT_KEY in (kept.get("data") or {}):
            return [kept]
        return [found for value in kept.values() for found in _secrets(value)]
    return [found for value in kept for found in _secrets(value)] if isinstance(kept, list) else []


def _shut(secret: dict[str, Any], keys: dict[str, set[str]]) -> str:
    account, key = (base64.b64decode(secret["data"][name]).decode() for name in (ACCOUNT_NAME, ACCOUNT_KEY))
    name = f"{secret['metadata']['namespace']}/{secret['metadata']['name']}"
    return "" if key in keys.get(account, ()) else f"{name} does not open the account {account}"
