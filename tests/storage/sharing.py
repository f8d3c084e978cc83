"""What the tests of shares do again and again."""

from typing import Any

import httpx2

from app.emulator.core.store import Resource
from app.storage.observe.accounts import observe_accounts
from tests.support.local_azure import LocalAzureForTests
from tests.support.whole import Slipway

SHARES = "/v1/shares"
ACCOUNTS = "/v1/storage-accounts"
PUT_ACCOUNT, PUT_SHARE, DELETE_SHARE = "StorageAccounts_Create", "FileShares_Create", "FileShares_Delete"
_SHARE_TYPE = "Microsoft.Storage/storageAccounts/fileServices/shares"
_ACCOUNT_TYPE = "Microsoft.Storage/storageAccounts"


async def make(slipway: Slipway, name: str = "uploads", **body: Any) -> dict[str, Any]:
    """Ask for a share; its job at its end, good or bad."""
    asked = {"name": name, "location": "westeurope", "quota_gib": 5, **body}
    return await slipway.ended(await slipway.accepted("POST", SHARES, asked))


async def made(slipway: Slipway, name: str = "uploads", **body: Any) -> dict[str, Any]:
    """A share that is ready."""
    job = await make(slipway, name, **body)
    assert job["state"] == "succeeded", job
    return await shown(slipway, name)


async def shown(slipway: Slipway, reference: str = "uploads") -> dict[str, Any]:
    """A share as the API shows it."""
    answer = await slipway.ask("GET", f"{SHARES}/{reference}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(slipway: Slipway, query: str = "", path: str = SHARES) -> list[dict[str, Any]]:
    """The items of a list, in its order."""
    answer = await slipway.ask("GET", f"{path}{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def of_type(azure: LocalAzureForTests, kind: str) -> list[Resource]:
    """What the local Azure holds of a type."""

    async def find() -> list[Resource]:
        return list(azure.azure.cloud.store.of_type(kind))

    return azure.call(find())


def accounts_in(azure: LocalAzureForTests) -> list[Resource]:
    """The storage accounts in Azure."""
    return of_type(azure, _ACCOUNT_TYPE)


def shares_in(azure: LocalAzureForTests) -> list[Resource]:
    """The living shares in Azure."""
    return of_type(azure, _SHARE_TYPE)


def share_in(azure: LocalAzureForTests, name: str = "uploads") -> Resource | None:
    """A share as the local Azure holds it."""
    return next((each for each in shares_in(azure) if each.name == name), None)


def change(azure: LocalAzureForTests, resource: Resource, **properties: Any) -> None:
    """What somebody changes in Azure's portal."""

    async def write() -> None:
        cloud = azure.azure.cloud
        kept = cloud.store.get(resource.id)
        assert kept is not None
        kept.body["properties"] = {**kept.body["properties"], **properties}
        cloud.store.touch(kept)

    azure.call(write())


def use(azure: LocalAzureForTests, used_bytes: int, name: str = "uploads") -> None:
    """Pods write so much into a share."""

    async def write() -> None:
        cloud = azure.azure.cloud
        found = share_in_store(cloud, name)
        found.internal["used_bytes"] = used_bytes
        cloud.store.touch(found)

    azure.call(write())


def share_in_store(cloud: Any, name: str) -> Resource:
    """A share in the store; to be called on the local Azure's loop."""
    found: Resource = next(each for each in cloud.store.of_type(_SHARE_TYPE) if each.name == name)
    return found


async def by_hand(slipway: Slipway, method: str, path: str, body: Any = None, **query: str) -> Any:
    """What somebody else sends to Azure; `path` is below the subscription."""
    azure = slipway.azure
    async with httpx2.AsyncClient() as http:
        answer = await http.request(
            method,
            f"{azure.url}/subscriptions/{azure.subscription_id}/{path}",
            params={"api-version": "2025-06-01", **query},
            json=body,
            headers={"Authorization": f"Bearer {azure.token()}"},
        )
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def make_account(slipway: Slipway, name: str, group: str = "files", **body: Any) -> None:
    """An account that somebody else has made; it is there at once."""
    await by_hand(slipway, "PUT", f"resourceGroups/{group}", {"location": "westeurope"})
    document = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, **body}
    path = f"resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
    await by_hand(slipway, "PUT", path, document)
    azure = slipway.azure

    async def settle() -> None:
        cloud = azure.azure.cloud
        for account in cloud.store.of_type(_ACCOUNT_TYPE):
            for operation in cloud.operations.running_on(account.key):
                await cloud.hurry(operation)

    azure.call(settle())


async def observe(slipway: Slipway) -> None:
    """What a worker does every few minutes."""
    parts = slipway.parts
    await observe_accounts(parts.database, parts.gateways.azure, parts.clock)
