"""Log Analytics workspaces, what is collected into them, and what a query of them answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.azure.types.operation import Operation
from app.azure.types.provisioning import Provisioned

ASSOCIATION = "ContainerInsightsExtension"
"""The name that a cluster's association with its rule has, as AKS's own tools give it."""


@dataclass(frozen=True, slots=True)
class MonitoringAddon:
    """A cluster's monitoring add-on, switched on. It logs in with the cluster's identity unless that is False."""

    workspace_id: str
    managed_identity: bool = True


@dataclass(frozen=True, slots=True)
class LogWorkspace(Provisioned):
    """A Log Analytics workspace.

    `customer_id` is its id in queries. `daily_cap_gb` None: no cap. `ingestion_status`: RespectQuota, OverQuota, ...
    """

    id: str
    name: str
    resource_group: str
    location: str
    provisioning_state: str
    tags: Mapping[str, str] = field(default_factory=dict)
    customer_id: str | None = None
    sku: str | None = None
    retention_days: int | None = None
    daily_cap_gb: float | None = None
    ingestion_status: str | None = None
    cap_resets_at: str | None = None


@dataclass(frozen=True, slots=True)
class LogWorkspaceSpec:
    """A workspace as it shall be."""

    location: str
    tags: Mapping[str, str]
    retention_days: int
    daily_cap_gb: float | None = None


@dataclass(frozen=True, slots=True)
class WorkspacePutAnswer:
    """What Azure answered to a PUT of a workspace."""

    workspace: LogWorkspace
    operation: Operation
    created: bool


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """What a cluster's agents collect. `namespace_mode`: Off, Include or Exclude; `namespaces` are those it names."""

    interval_minutes: int
    namespace_mode: str
    namespaces: tuple[str, ...]
    streams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CollectionRule:
    """A data collection rule for containers. `settings` None: it has no part for containers."""

    id: str
    name: str
    resource_group: str
    location: str
    provisioning_state: str
    tags: Mapping[str, str] = field(default_factory=dict)
    workspace_ids: tuple[str, ...] = ()
    settings: CollectionSettings | None = None


@dataclass(frozen=True, slots=True)
class CollectionRuleSpec:
    """A data collection rule as it shall be."""

    location: str
    tags: Mapping[str, str]
    workspace_id: str
    settings: CollectionSettings


@dataclass(frozen=True, slots=True)
class LogColumn:
    """A column of an answer. `type` is Kusto's: string, datetime, long, real, bool, dynamic, ..."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class LogTable:
    """What a query answered. `partial`: why it is not all, in Azure's words; None when it is."""

    columns: tuple[LogColumn, ...]
    rows: tuple[tuple[object, ...], ...]
    partial: str | None = None
