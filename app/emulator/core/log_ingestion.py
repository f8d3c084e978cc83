"""How data comes into a workspace: late as in Azure, up to the daily cap, through the faults that name it."""

from collections.abc import Sequence
from datetime import timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.data_collection import WORKSPACE
from app.emulator.core.documents import Document, arm_time
from app.emulator.core.faults import FaultKind
from app.emulator.core.inner_faults import draw_inner
from app.emulator.core.log_tables import Values, next_midnight
from app.emulator.core.paths import key_of
from app.emulator.core.store import Resource

INGEST = "Logs_Ingest"
"""The operation of a fault on data that comes in; its path is `<workspace>/tables/<table>`. `delay` makes it late by
so many seconds more, an error with the code `OverQuota` stands for the daily cap, any other loses the rows."""
LATENCY_SECONDS = 120
"""From a row's birth until a query finds it."""
OVER_QUOTA, WITHIN_QUOTA = "OverQuota", "RespectQuota"
_BYTES_PER_GB = 1_000_000_000


def take_in(cloud: Cloud, workspace_id: str, table: str, rows: Sequence[Values]) -> None:
    """Let rows arrive in a workspace; what Azure would not keep is lost. No error: an agent hears of none."""
    workspace = cloud.store.get(workspace_id)
    if workspace is None or key_of(workspace.type) != key_of(WORKSPACE) or not rows:
        return
    fault = draw_inner(cloud, INGEST, f"{workspace.key}/tables/{table}")
    late = 0.0
    if fault is not None:
        if fault.kind is not FaultKind.DELAY:
            if fault.code == OVER_QUOTA:
                _tell_of_quota(cloud, workspace, OVER_QUOTA)
            return
        late = fault.seconds
    if _is_over_quota(cloud, workspace):
        _tell_of_quota(cloud, workspace, OVER_QUOTA)
        return
    _tell_of_quota(cloud, workspace, WITHIN_QUOTA)
    now = cloud.now()
    visible = now + cloud.scaled(LATENCY_SECONDS) + timedelta(seconds=late)
    cloud.logs.add(customer_id(workspace), table, rows, now=now, visible=visible)


def customer_id(workspace: Resource) -> str:
    """The id under which a workspace is queried."""
    return str(workspace.body["properties"]["customerId"])


def _capping(workspace: Resource) -> Document:
    capping: Document = workspace.body["properties"]["workspaceCapping"]
    return capping


def _is_over_quota(cloud: Cloud, workspace: Resource) -> bool:
    quota = _capping(workspace).get("dailyQuotaGb", -1)
    size = cloud.logs.size_of_day(customer_id(workspace), cloud.now())
    return bool(0 <= quota * _BYTES_PER_GB <= size)


def _tell_of_quota(cloud: Cloud, workspace: Resource, status: str) -> None:
    capping = _capping(workspace)
    if capping.get("dataIngestionStatus") == status:
        return
    capping["dataIngestionStatus"] = status
    capping["quotaNextResetTime"] = arm_time(next_midnight(cloud.now()))
    cloud.store.touch(workspace)
    if status == OVER_QUOTA:
        now = cloud.now()
        said = {
            "TimeGenerated": now,
            "OperationCategory": "Data Collection Status",
            "OperationStatus": "Warning",
            "Detail": "OverQuota",
        }
        cloud.logs.add(customer_id(workspace), "Operation", [said], now=now, visible=now)
