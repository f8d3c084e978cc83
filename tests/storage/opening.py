"""Whether Secrets open their accounts, seen from inside of the local Azure."""

import base64
from dataclasses import dataclass, field
from typing import Any

from app.emulator.core.file_shares import ACCOUNT, opens
from app.emulator.kubernetes.store import Change
from app.kubernetes.types.volume import ACCOUNT_KEY, ACCOUNT_NAME
from app.storage.specs.volume_objects import ACCOUNT_LABEL
from tests.support.local_azure import LocalAzureForTests


@dataclass
class Opening:
    """Watches from inside of the local Azure whether each Secret of Slipway's opens its account, write by write."""

    azure: LocalAzureForTests
    writes: int = 0
    shut: list[str] = field(default_factory=list)

    def opened(self, _key: str) -> None:
        """A cluster serves."""

    def removed(self, _key: str) -> None:
        """A cluster is gone."""

    def changed(self, key: str, change: Change) -> None:
        """An object was written, on the local Azure's own loop."""
        labels = change.object["metadata"].get("labels") or {}
        if change.resource == "secrets" and ACCOUNT_LABEL in labels and change.type != "DELETED":
            self.writes += 1
            self._check(key, change.object)

    def look(self) -> list[str]:
        """All Secrets as they are now; what does not open its account. To be called from another thread."""

        async def all_() -> list[str]:
            host = self.azure.azure.host
            for key in list(host._clusters):
                store = host.serving(key)
                for secret in [] if store is None else store.list_("secrets"):
                    if ACCOUNT_LABEL in (secret["metadata"].get("labels") or {}):
                        self._check(key, secret)
            return self.shut

        return self.azure.call(all_())

    def _check(self, key: str, secret: dict[str, Any]) -> None:
        found = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
        accounts = self.azure.azure.cloud.store.of_type(ACCOUNT)
        account = next((each for each in accounts if each.name == found[ACCOUNT_NAME]), None)
        if account is not None and not opens(account, found[ACCOUNT_KEY]):
            self.shut.append(f"{secret['metadata']['namespace']}/{secret['metadata']['name']} of {key}")
