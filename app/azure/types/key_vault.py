"""Secrets of Key Vault: how an id names one, and what a vault gives out."""

import re
from dataclasses import dataclass
from datetime import datetime

from app.azure.types.secret import Secret

_ID = re.compile(
    r"https://(?=[a-z0-9-]{3,24}\.)(?P<vault>[a-z](?:-?[a-z0-9])+)\.(?P<suffix>[a-z0-9.-]+)"
    r"/secrets/(?P<name>[A-Za-z0-9-]{1,127})(?:/(?P<version>[0-9a-f]{32}))?"
)
"""https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers"""


@dataclass(frozen=True, slots=True)
class VaultSecretId:
    """Which secret of which vault; `version` None: the newest."""

    vault: str
    name: str
    version: str | None


@dataclass(frozen=True, slots=True)
class VaultSecret:
    """What a vault gave out. `ends_at`: when it should not be used any more, where its owner has said so."""

    value: Secret
    ends_at: datetime | None


def vault_secret_id(text: str, *, dns_suffix: str) -> VaultSecretId | None:
    """What an id names. None: it is no id of a secret in a vault under this suffix ("vault.azure.net")."""
    found = _ID.fullmatch(text)
    if found is None or found["suffix"] != dns_suffix:
        return None
    return VaultSecretId(found["vault"], found["name"], found["version"])
