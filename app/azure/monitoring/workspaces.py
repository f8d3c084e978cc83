"""Log Analytics workspaces of a subscription. Every method is one call."""

from azure.mgmt.loganalytics.aio import LogAnalyticsManagementClient
from azure.mgmt.loganalytics.models import Workspace as SdkWorkspace
from azure.mgmt.loganalytics.models import WorkspacePatch

from app.azure.clients import operation_of, read_all, settled, whole_answer
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.resource_fields import resource_of
from app.azure.types.call import Call
from app.azure.types.monitoring import LogWorkspace, LogWorkspaceSpec, WorkspacePutAnswer
from app.core.json import JsonObject

_CREATED = 201
_UNCAPPED = -1.0


class Workspaces:
    """`Microsoft.OperationalInsights/workspaces`."""

    def __init__(self, client: LogAnalyticsManagementClient, subscription_id: str) -> None:
        self._workspaces = client.workspaces
        self._deleted = client.deleted_workspaces
        self._subscription_id = subscription_id

    def id_of(self, group: str, name: str) -> str:
        """The resource id of a workspace of this name; compare ids with `same_id`."""
        return (
            f"/subscriptions/{self._subscription_id}/resourceGroups/{group}"
            f"/providers/Microsoft.OperationalInsights/workspaces/{name}"
        )

    async def get(self, group: str, name: str, *, call: Call) -> LogWorkspace | None:
        """The workspace, or None when there is none, or no such group."""
        try:
            model = await self._workspaces.get(group, name, slipway_call=call)
        except AzureError as error:
            if error.gone:
                return None
            raise
        return workspace_of(model)

    async def list_(self, *, call: Call) -> tuple[LogWorkspace, ...]:
        """All workspaces of the subscription."""
        return tuple(await read_all(self._workspaces.list(slipway_call=call), workspace_of))

    async def list_deleted(self, *, call: Call) -> tuple[LogWorkspace, ...]:
        """Those that were deleted and can still be brought back: Azure keeps them for 14 days."""
        return tuple(await read_all(self._deleted.list(slipway_call=call), workspace_of))

    async def put(self, group: str, name: str, spec: LogWorkspaceSpec, *, call: Call) -> WorkspacePutAnswer:
        """Make the workspace, or make it as the spec says.

        One that was deleted from this place in the last 14 days comes back with its data.
        """
        answer = await settled(
            self._workspaces.begin_create_or_update(
                group, name, SdkWorkspace(_body(spec)), polling=False, cls=whole_answer, slipway_call=call
            )
        )
        return WorkspacePutAnswer(
            workspace=workspace_of(answer.json()),
            operation=operation_of(answer, self.id_of(group, name)),
            created=answer.status_code == _CREATED,
        )

    async def patch(
        self, group: str, name: str, *, retention_days: int, daily_cap_gb: float | None, call: Call
    ) -> LogWorkspace:
        """Change how long rows stay and how much may come in a day, and nothing else."""
        body = WorkspacePatch({"properties": _limits(retention_days, daily_cap_gb)})
        return workspace_of(await self._workspaces.update(group, name, body, slipway_call=call))

    async def delete(self, group: str, name: str, *, call: Call) -> bool:
        """Delete the workspace, so that it can be brought back for 14 days; False when there is none."""
        try:
            answer = await settled(
                self._workspaces.begin_delete(group, name, polling=False, cls=whole_answer, slipway_call=call)
            )
        except AzureError as error:
            if error.gone:
                return False
            raise
        return answer.status_code == 200  # noqa: PLR2004 - 204: there was nothing to remove


def workspace_of(value: object) -> LogWorkspace:
    """A workspace from Azure's JSON."""
    body = Fields(value, "workspace")
    properties = body.part("properties")
    capping = properties.part("workspaceCapping")
    cap = capping.decimal("dailyQuotaGb")
    return LogWorkspace(
        **resource_of(body),
        customer_id=properties.maybe("customerId"),
        sku=properties.part("sku").maybe("name"),
        retention_days=properties.number("retentionInDays"),
        daily_cap_gb=None if cap is None or cap < 0 else cap,
        ingestion_status=capping.maybe("dataIngestionStatus"),
        cap_resets_at=capping.maybe("quotaNextResetTime"),
    )


def _body(spec: LogWorkspaceSpec) -> JsonObject:
    return {
        "location": spec.location,
        "tags": dict(spec.tags),
        "properties": {"sku": {"name": "PerGB2018"}, **_limits(spec.retention_days, spec.daily_cap_gb)},
    }


def _limits(retention_days: int, daily_cap_gb: float | None) -> JsonObject:
    return {
        "retentionInDays": retention_days,
        "workspaceCapping": {"dailyQuotaGb": _UNCAPPED if daily_cap_gb is None else daily_cap_gb},
    }
