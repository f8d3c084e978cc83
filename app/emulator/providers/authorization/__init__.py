"""Microsoft.Authorization: role assignments, role definitions, management locks."""

from app.emulator.core.registry import Provider, ResourceType
from app.emulator.providers.authorization import locks, role_assignments

NAMESPACE = role_assignments.NAMESPACE


def provider() -> Provider:
    """The provider, ready to be joined."""
    versions = role_assignments.VERSIONS
    return Provider(
        namespace=NAMESPACE,
        resource_types=[
            ResourceType("roleAssignments", versions),
            ResourceType("roleDefinitions", versions),
            ResourceType("locks", ("2020-05-01", "2016-09-01")),
        ],
        routes=[*role_assignments.routes(), *locks.routes()],
    )
