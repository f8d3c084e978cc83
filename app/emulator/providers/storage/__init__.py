"""Microsoft.Storage: accounts with their keys, the file service, and shares with snapshots and soft deletion."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.registry import Provider, ResourceType
from app.emulator.core.store import Resource
from app.emulator.providers.storage import accounts, file_services, keys, shares
from app.emulator.providers.storage.names import ACCOUNT_TYPE, NAMESPACE

_API_VERSIONS = ("2026-09-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01", "2023-01-01", "2022-09-01")


def provider() -> Provider:
    """The provider, ready to be joined."""
    return Provider(
        namespace=NAMESPACE,
        resource_types=[
            ResourceType("storageAccounts", _API_VERSIONS),
            ResourceType("storageAccounts/fileServices", _API_VERSIONS),
            ResourceType("storageAccounts/fileServices/shares", _API_VERSIONS),
            ResourceType("locations/usages", _API_VERSIONS),
            ResourceType("locations/asyncoperations", _API_VERSIONS),
            ResourceType("checkNameAvailability", _API_VERSIONS, regional=False),
        ],
        routes=[*accounts.routes(), *keys.routes(), *file_services.routes(), *shares.routes()],
        transitions={accounts.TRANSITION: accounts.transition()},
        removers={ACCOUNT_TYPE: _remove},
    )


async def _remove(cloud: Cloud, account: Resource) -> None:
    for operation in cloud.operations.running_on(account.key):
        await cloud.cancel(operation, "Canceled", None)
    accounts.remove(cloud, account)
