"""Microsoft.KeyVault: vaults with their life after deletion, and the secrets in them."""

from app.emulator.core.registry import Provider, ResourceType
from app.emulator.providers.key_vault import secrets, vaults
from app.emulator.providers.key_vault.names import NAMESPACE, VAULT_TYPE

_API_VERSIONS = ("2026-02-01", "2025-05-01", "2024-11-01", "2023-07-01")


def provider() -> Provider:
    """The provider, ready to be joined."""
    return Provider(
        namespace=NAMESPACE,
        resource_types=[
            ResourceType("vaults", _API_VERSIONS),
            ResourceType("deletedVaults", _API_VERSIONS, regional=False),
            ResourceType("locations/deletedVaults", _API_VERSIONS),
        ],
        routes=[*vaults.routes(), *secrets.routes()],
        removers={VAULT_TYPE: vaults.remove},
    )
