"""Microsoft.OperationalInsights: Log Analytics workspaces, their keys, tables and life after deletion."""

from app.emulator.core.registry import Provider, ResourceType
from app.emulator.providers.operational_insights import keys, queries, workspaces
from app.emulator.providers.operational_insights.names import NAMESPACE

_API_VERSIONS = ("2025-07-01", "2025-02-01", "2023-09-01", "2022-10-01", "2021-12-01-preview", "2020-08-01")


def provider() -> Provider:
    """The provider, ready to be joined."""
    return Provider(
        namespace=NAMESPACE,
        resource_types=[
            ResourceType("workspaces", _API_VERSIONS),
            ResourceType("deletedWorkspaces", _API_VERSIONS),
            ResourceType("locations/operationStatuses", (*_API_VERSIONS, "2015-11-01-preview")),
        ],
        routes=[*workspaces.routes(), *keys.routes(), *queries.routes()],
        transitions={workspaces.TRANSITION: workspaces.transition()},
    )
