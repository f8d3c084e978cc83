"""The tables of a workspace: those that Container Insights fills, and those that the workspace itself does.

https://learn.microsoft.com/azure/azure-monitor/reference/tables-index
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.log_ingestion import customer_id
from app.emulator.core.store import Resource
from app.emulator.providers.operational_insights.kql import Column, Relation

_BYTES_PER_MB = 1_000_000
_DEFAULTS: Mapping[str, Any] = {"string": ""}
"""What a row has where nothing came: a string is never null."""


def _columns(text: str, *, of_cluster: bool = False) -> tuple[Column, ...]:
    """`Name:type` by spaces, a string where no type stands, between those that every table has."""
    named = [part.partition(":") for part in text.split()]
    own = [Column(name, type_ or "string") for name, _, type_ in named]
    cluster = [Column(name, "string") for name in ("ClusterId", "ClusterName")] if of_cluster else []
    ends = [Column(name, "string") for name in ("SourceSystem", "TenantId", "Type", "_ResourceId")]
    return (Column("TimeGenerated", "datetime"), *cluster, *own, *ends)


SCHEMAS: Mapping[str, tuple[Column, ...]] = {
    "ContainerLogV2": _columns(
        "Computer ContainerId ContainerName PodName PodNamespace LogMessage:dynamic LogSource LogLevel "
        "KubernetesMetadata:dynamic"
    ),
    "KubePodInventory": _columns(
        "Computer Name Namespace PodUid PodLabel PodStatus PodStatusReason PodIp PodCreationTimeStamp:datetime "
        "PodStartTime:datetime PodRestartCount:int ContainerID ContainerName ContainerStatus ContainerStatusReason "
        "ContainerLastStatus:dynamic ContainerRestartCount:int ContainerCreationTimeStamp:datetime ControllerKind "
        "ControllerName ServiceName InstanceName",
        of_cluster=True,
    ),
    "KubeNodeInventory": _columns(
        "Computer Status Labels KubeletVersion KubeProxyVersion CreationTimeStamp:datetime "
        "LastTransitionTimeReady:datetime OperatingSystem KernelVersion KubernetesProviderID DockerVersion",
        of_cluster=True,
    ),
    "KubeEvents": _columns(
        "Computer ObjectKind Namespace Name Reason Message KubeEventType SourceComponent FirstSeen:datetime "
        "LastSeen:datetime Count:real",
        of_cluster=True,
    ),
    "KubeServices": _columns(
        "ServiceName Namespace SelectorLabels ClusterIP ServiceType",
        of_cluster=True,
    ),
    "KubePVInventory": _columns(
        "PVName PVStatus PVType PVCapacityBytes:real PVAccessModes PVStorageClassName PVCName PVCNamespace "
        "PVCreationTimeStamp:datetime PVTypeInfo:dynamic",
        of_cluster=True,
    ),
    # Nothing of these is sent here; in Azure they may be empty too.
    "KubeMonAgentEvents": _columns("Computer Category Level Message Tags", of_cluster=True),
    "ContainerInventory": _columns("Computer Name Image ImageTag ContainerState ContainerID"),
    "ContainerNodeInventory": _columns("Computer OperatingSystem DockerVersion"),
    "InsightsMetrics": _columns("Computer Origin Namespace Name Val:real Tags"),
    "Perf": _columns("Computer ObjectName CounterName InstanceName CounterValue:real"),
    "Operation": _columns("Computer OperationCategory OperationStatus Detail Solution"),
    "Usage": _columns(
        "StartTime:datetime EndTime:datetime DataType Quantity:real QuantityUnit IsBillable:bool Solution ResourceUri"
    ),
}


def table_of(cloud: Cloud, workspace: Resource, name: str) -> Relation | None:
    """A table as a query finds it now; none for one that is not known here. Names have their case."""
    columns = SCHEMAS.get(name)
    if columns is None:
        return None
    if name == "Usage":
        rows = _usage(cloud, workspace)
    else:
        rows = [dict(values) for values in cloud.logs.rows(customer_id(workspace), name, cloud.now())]
    common = {"TenantId": customer_id(workspace), "Type": name}
    filled = [
        {column.name: row.get(column.name, _DEFAULTS.get(column.type)) for column in columns}
        for row in ({**common, **row} for row in rows)
    ]
    return Relation(columns, filled)


def _usage(cloud: Cloud, workspace: Resource) -> list[dict[str, Any]]:
    """One row for each hour and table, as far as the hour has come."""
    now = cloud.now()
    return [
        {
            "TimeGenerated": min(now, each.hour + timedelta(hours=1)),
            "StartTime": each.hour,
            "EndTime": min(now, each.hour + timedelta(hours=1)),
            "DataType": each.table,
            "Quantity": each.size / _BYTES_PER_MB,
            "QuantityUnit": "MBytes",
            "IsBillable": each.table != "Operation",
            "Solution": "LogManagement" if each.table == "Operation" else "ContainerInsights",
            "ResourceUri": workspace.id,
        }
        for each in cloud.logs.ingested(customer_id(workspace))
    ]
