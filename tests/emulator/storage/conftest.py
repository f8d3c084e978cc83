"""Storage accounts by hand, at a clock that stands still."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.conftest import Arm, Reply
from tests.support.local_azure import LocalAzureForTests

API_VERSION = "2025-06-01"
STANDARD: dict[str, Any] = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
PREMIUM: dict[str, Any] = {"location": "westeurope", "kind": "FileStorage", "sku": {"name": "Premium_LRS"}}


@dataclass
class Storage:
    """Paths are below an account where they do not begin with `resourceGroups` or a provider."""

    arm: Arm
    azure: LocalAzureForTests

    async def send(
        self, method: str, path: str = "", body: Any = None, *, account: str = "files1", **more: Any
    ) -> Reply:
        if not path.startswith(("resourceGroups", "providers", "http")):
            path = f"{self.account(account)}{'/' if path else ''}{path}"
        return await self.arm.send(method, path, body, **{"api-version": API_VERSION, **more})

    def account(self, name: str, group: str = "g1") -> str:
        return f"resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"

    async def make(self, name: str = "files1", body: dict[str, Any] | None = None) -> None:
        reply = await self.send("PUT", account=name, body=body or STANDARD)
        assert reply.status == 202, reply.text
        self.azure.advance(26)

    async def put_share(self, name: str, *, account: str = "files1", query: Any = None, **properties: Any) -> Reply:
        path = f"fileServices/default/shares/{name}"
        return await self.send("PUT", path, {"properties": properties}, account=account, **(query or {}))

    async def shares(self, *expand: str) -> list[dict[str, Any]]:
        query = {"$expand": ",".join(expand)} if expand else {}
        reply = await self.send("GET", "fileServices/default/shares", **query)
        found: list[dict[str, Any]] = reply.body["value"]
        return found


@pytest.fixture
async def storage(arm: Arm, stopped_azure: LocalAzureForTests) -> Storage:
    await arm.make_group()
    return Storage(arm, stopped_azure)


def refusal(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.body["error"]["code"]
