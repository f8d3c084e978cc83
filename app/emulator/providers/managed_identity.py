"""Microsoft.ManagedIdentity: reading of the identities that AKS makes for its nodes."""

from app.emulator.core.registry import Provider, ResourceType
from app.emulator.core.stored_reads import read_routes

NAMESPACE = "Microsoft.ManagedIdentity"
_LISTS = ("ListByResourceGroup", "ListBySubscription")


def provider() -> Provider:
    """The provider, ready to be joined."""
    return Provider(
        namespace=NAMESPACE,
        resource_types=[ResourceType("userAssignedIdentities", ("2024-11-30", "2023-01-31"))],
        routes=read_routes(f"{NAMESPACE}/userAssignedIdentities", "UserAssignedIdentities", lists=_LISTS),
    )
