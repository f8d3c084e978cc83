"""Changes of node pools, and nodes, on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, Strict

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.clusters.schemas.pools import (
    Autoscaling,
    AzureProperties,
    Labels,
    NodeCount,
    NodePoolCreate,
    NodePoolRead,
    OsDisk,
    OsSku,
    OsType,
    PoolMode,
    PoolUpgrades,
    PrefixId,
    ScaleDownMode,
    SizeName,
    SnapshotId,
    Spot,
    SubnetId,
    Taints,
    Zone,
)
from app.jobs.schemas import DeleteOptions, JobRead, RunOptions
from app.subscriptions.schemas import Tags


class NodePoolAdd(NodePoolCreate):
    """A node pool for a cluster that is there."""

    options: RunOptions = RunOptions()


class NodePoolUpdate(RequestModel):
    """A JSON merge patch (RFC 7396): what is not named stays. What Azure cannot change in place is refused."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"autoscaling": {"min_count": 1, "max_count": 5}, "labels": {"team": "shop"}}]}
    )

    mode: Choice[PoolMode] | None = None
    count: NodeCount | None = None
    """Not for a pool whose autoscaler decides: `"autoscaling": null` takes it over."""
    autoscaling: Autoscaling | None = None
    """null ends it."""
    labels: Labels | None = None
    """The whole set of labels: one that is not named goes."""
    taints: Taints | None = None
    upgrades: PoolUpgrades | None = None
    scale_down_mode: Choice[ScaleDownMode] | None = None
    tags: Tags | None = None
    """The whole set of tags: one that is not named goes."""
    azure_properties: AzureProperties | None = None
    os_type: Choice[OsType] | None = None
    os_sku: Choice[OsSku] | None = None
    size: SizeName | None = None
    zones: Annotated[list[Zone], Field(max_length=3)] | None = None
    spot: Spot | None = None
    max_pods: Annotated[int, Field(ge=10, le=250)] | None = None
    os_disk: OsDisk | None = None
    subnet_id: SubnetId | None = None
    pod_subnet_id: SubnetId | None = None
    node_public_ips: bool | None = None
    node_public_ip_prefix_id: PrefixId | None = None
    fips: bool | None = None
    snapshot_id: SnapshotId | None = None
    options: RunOptions = RunOptions()


class NodePoolDeleteOptions(DeleteOptions):
    """How the deletion of a pool shall run."""

    ignore_disruption_budgets: Annotated[bool, Strict(False)] = False
    """Pods go even where a PodDisruptionBudget forbids it."""


class NodePoolsRead(ResponseModel):
    """The node pools of a cluster."""

    items: list[NodePoolRead]


class NodePoolAccepted(ResponseModel):
    """The job that does it, and the pool as it is now."""

    job: JobRead
    resource: NodePoolRead
    changes: list[dict[str, Any]] | None = None
    """Of a PATCH: what it changes of what was asked before, as a JSON Patch (RFC 6902)."""


class NodePoolUnchanged(ResponseModel):
    """The pool as it is: nothing was to be changed, and Azure was not asked."""

    job: None = None
    resource: NodePoolRead
    changes: list[dict[str, Any]]


class NodeConditionRead(ResponseModel):
    """A condition of a node that is not as it should be."""

    type: str
    status: str
    reason: str | None
    message: str | None


class ClusterNodeRead(ResponseModel):
    """A node, as the cluster last showed it."""

    name: str
    pool: str | None
    """The name of the pool; null where Slipway does not know the pool."""
    azure_pool: str | None
    ready: bool
    schedulable: bool
    """False: cordoned."""
    kubernetes_version: str
    os: str
    image: str | None
    """The node image's version."""
    zone: str | None
    internal_ip: str | None
    not_fine: list[NodeConditionRead]
    """Conditions that are not as they should be: not Ready, under pressure, …"""


class NodesRead(ResponseModel):
    """The nodes of a cluster."""

    items: list[ClusterNodeRead]
    state: str | None
    """How the cluster is read: connecting, watching, unreachable, private, stopped; null while no worker does."""
    observed_at: datetime | None
