"""Key Vaults of a local Azure, and secrets in them, as another program would put them there."""

import json
import urllib.request
from datetime import datetime
from typing import Any

from tests.support.local_azure import LocalAzureForTests

AUDIENCE = "https://vault.azure.net"


def make_vault(azure: LocalAzureForTests, name: str = "keys", group: str = "vaults", **properties: Any) -> str:
    """Make a vault in a resource group of its own; returns its ARM id."""
    azure.register("Microsoft.KeyVault")
    base = f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}"
    vault = f"{base}/providers/Microsoft.KeyVault/vaults/{name}"
    arm = azure.token()
    _send(azure, "PUT", f"{base}?api-version=2024-11-01", {"location": "westeurope"}, arm)
    body = {"location": "westeurope", "properties": properties}
    _send(azure, "PUT", f"{vault}?api-version=2024-11-01", body, arm)
    return vault


def delete_vault(azure: LocalAzureForTests, vault_id: str) -> None:
    """Delete a vault by its ARM id."""
    _send(azure, "DELETE", f"{vault_id}?api-version=2024-11-01", None, azure.token())


def delete_group(azure: LocalAzureForTests, group: str) -> None:
    """Delete a resource group with its vaults."""
    path = f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}?api-version=2024-11-01"
    _send(azure, "DELETE", path, None, azure.token())


def put_secret(  # noqa: PLR0913 - each says something of the secret
    azure: LocalAzureForTests,
    value: str,
    *,
    vault: str = "keys",
    name: str = "principal",
    ends_at: datetime | None = None,
    starts_at: datetime | None = None,
    enabled: bool = True,
) -> str:
    """Put a new version of a secret into a vault; returns the id of this version."""
    times = {"exp": ends_at, "nbf": starts_at}
    attributes = {key: int(when.timestamp()) for key, when in times.items() if when is not None}
    body = {"value": value, "attributes": {"enabled": enabled, **attributes}}
    path = f"/vaults/{vault}/secrets/{name}?api-version=2026-04-01"
    return str(_send(azure, "PUT", path, body, azure.token(AUDIENCE))["id"])


def secret_id(vault: str = "keys", name: str = "principal") -> str:
    """The id of the newest version of a secret, whichever it is."""
    return f"https://{vault}.vault.azure.net/secrets/{name}"


def _send(azure: LocalAzureForTests, method: str, path: str, body: Any, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(azure.url + path, data, headers, method=method)  # noqa: S310 - our own loopback URL
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
        return json.loads(answer.read() or b"null")
