"""Names that the files of this provider share, and what it refuses."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError, Envelope, resource_not_found
from app.emulator.core.exchange import Call
from app.emulator.core.gateway import require_group
from app.emulator.core.paths import group_id
from app.emulator.core.store import Resource

NAMESPACE = "Microsoft.OperationalInsights"
WORKSPACE_TYPE = "Microsoft.OperationalInsights/workspaces"
DELETED_TYPE = "Microsoft.OperationalInsights/deletedWorkspaces"
IN_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{NAMESPACE}"
IN_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{NAMESPACE}"
WORKSPACE = f"{IN_GROUP}/workspaces/{{workspace}}"


def workspace_id(subscription: str, group: str, workspace: str) -> str:
    """A workspace's ARM id."""
    return f"{group_id(subscription, group)}/providers/{WORKSPACE_TYPE}/{workspace}"


def workspace_of(cloud: Cloud, call: Call) -> Resource:
    """The workspace that a call names; 404 without it."""
    require_group(cloud, call)
    subscription, group, name = (call.parameter(part) for part in ("subscription", "group", "workspace"))
    workspace = cloud.store.get(workspace_id(subscription, group, name))
    if workspace is None:
        raise resource_not_found(WORKSPACE_TYPE, name, group)
    return workspace


def refused(status: int, code: str, message: str) -> AzureError:
    """A refusal in the provider's own envelope."""
    return AzureError(status, code, message, envelope=Envelope.WRAPPED)
