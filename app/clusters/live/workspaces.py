"""The Log Analytics workspace that a cluster's monitoring sends to."""

import re
from datetime import timedelta

from app.azure.errors import AzureError
from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.core.errors import ErrorClass, SlipwayError

WORKSPACE_KEPT = timedelta(days=14)
"""https://learn.microsoft.com/azure/azure-monitor/logs/delete-workspace: so long a deleted workspace can come back."""
_WORKSPACE = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/microsoft\.operationalinsights/workspaces/(?P<name>[^/]+)$",
    re.IGNORECASE,
)


class WorkspaceGoneError(SlipwayError):
    """The workspace of the cluster's monitoring is not in Azure; until that is mended Azure refuses changes."""

    code = "workspace_gone"
    status = 409
    title = "The cluster's Log Analytics workspace is gone"
    error_class = ErrorClass.GONE


async def require_workspace(azure: AzureGateway, present: ManagedCluster, *, call: Call) -> None:
    """Raise WorkspaceGoneError where the cluster's monitoring sends to a workspace that is not there."""
    named = None if present.monitoring is None else _WORKSPACE.match(present.monitoring.workspace_id)
    if named is None:
        return
    workspaces = azure.subscription(named["subscription"]).monitoring.workspaces
    try:
        if await workspaces.get(named["group"], named["name"], call=call) is not None:
            return
        deleted = await workspaces.list_deleted(call=call)
    except AzureError as error:
        # Another team's, which Slipway may not read: only a certain no keeps a cluster from being changed.
        if error.problem.error_class is ErrorClass.PERMISSION:
            return
        raise
    place = named["group"].lower(), named["name"].lower()
    off = "turn monitoring off: DELETE /v1/clusters/{id}/monitoring"
    if any((each.resource_group.lower(), each.name.lower()) == place for each in deleted):
        raise WorkspaceGoneError(
            f"The workspace {named['name']} was deleted; Azure keeps it for {WORKSPACE_KEPT.days} days.",
            remedy="Bring it back: PUT /v1/clusters/{id}/monitoring with `recover: true` in its `workspace`; or "
            f"{off}. Then retry the job.",
        )
    raise WorkspaceGoneError(
        f"The workspace {named['name']} is not in Azure, and cannot be brought back.",
        remedy=f"Name another workspace: PUT /v1/clusters/{{id}}/monitoring; or {off}. Then retry the job.",
    )
