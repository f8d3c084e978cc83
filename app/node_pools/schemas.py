"""Changes of node pools, and nodes, on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, Strict, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.clusters.schemas.azure_names import PrefixId, SnapshotId, SubnetId
from app.clusters.schemas.plans import PlanId
from app.clusters.schemas.pools import (
    Autoscaling,
    AzureProperties,
    Fallback,
    Labels,
    NodeCount,
    NodePoolCreate,
    NodePoolRead,
    OsDisk,
    OsSku,
    OsType,
    PoolMode,
    PoolUpgrades,
    ScaleDownMode,
    SizeName,
    Spot,
    Taints,
    Zone,
)
from app.core.text import PLAIN
from app.jobs.schemas import DeleteOptions, JobRead, RunOptions
from app.subscriptions.schemas import Tags

DrainSeconds = Annotated[
    int,
    Field(ge=1, le=86_400, description="The longest wait for one node to be empty, and for the pods to be up again."),
]
DRAIN_SECONDS = 1800
_NODE: dict[str, Any] = {
    "name": "aks-workers-12345678-vmss000000",
    "pool": "workers",
    "azure_pool": "workers",
    "ready": True,
    "schedulable": True,
    "kubernetes_version": "1.33.5",
    "os": "linux",
    "image": "AKSUbuntu-2204gen2containerd-202611.10.0",
    "zone": "westeurope-1",
    "internal_ip": "10.224.0.5",
    "pods": 23,
    "max_pods": 110,
    "not_fine": [],
    "machine": {
        "id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/mc_demo_blue_westeurope/providers"
        "/Microsoft.Compute/virtualMachineScaleSets/aks-workers-12345678-vmss/virtualMachines/0",
        "power_state": "running",
        "provisioning_state": "Succeeded",
        "observed_at": "2026-11-27T12:00:00Z",
    },
}


class NodePoolAdd(NodePoolCreate):
    """A node pool for a cluster that is there."""

    fallbacks: Annotated[list[Fallback], Field(max_length=10, default_factory=list)]
    """Tried in this order; each try is an event and stands in the job's outcome (`tried`)."""

    options: RunOptions = RunOptions()


class NodePoolUpdate(RequestModel):
    """A JSON merge patch (RFC 7396): what is not named stays. What Azure cannot change in place is refused."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"autoscaling": {"min_count": 1, "max_count": 5}, "labels": {"team": "shop"}}]}
    )

    fixed: ClassVar[Mapping[str, str]] = {
        "name": "A node pool keeps its name: add a pool of the other name, then delete this one.",
        "fallbacks": "They are for the pool's creation only.",
        "kubernetes_version": "POST /v1/clusters/{id}/node-pools/{pool}:upgrade brings a pool to a version.",
    }

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
    """Merged into those that were given before; null takes one away, which AKS has to have a default for."""
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
    drain: Annotated[bool, Strict(False)] = False
    """Slipway empties the nodes first, says what stays and why, and waits until the pods are up again elsewhere."""
    drain_timeout_seconds: Annotated[DrainSeconds, Strict(False)] = DRAIN_SECONDS


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
    """The pool as it is: nothing was to be changed in Azure, which was not asked."""

    job: None = None
    resource: NodePoolRead
    changes: list[dict[str, Any]]


class NodeConditionRead(ResponseModel):
    """A condition of a node that is not as it should be."""

    type: str
    status: str
    reason: str | None
    message: str | None


class NodeMachineRead(ResponseModel):
    """The machine under a node, as Azure's lists last showed it."""

    id: str
    """In Azure: an instance of a scale set, or a virtual machine of an availability set."""
    power_state: str | None
    """running, starting, stopped, deallocating, deallocated, …; null where Azure did not say."""
    provisioning_state: str
    """Succeeded, Updating, Deleting, Failed, …"""
    observed_at: datetime


class ClusterNodeRead(ResponseModel):
    """A node, as the cluster last showed it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NODE]})

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
    pods: int | None
    """How many pods are on it that have not ended; null where they have not been counted."""
    max_pods: int | None
    """How many pods it takes."""
    not_fine: list[NodeConditionRead]
    """Conditions that are not as they should be: not Ready, under pressure, …"""
    machine: NodeMachineRead | None
    """Null where Azure's lists have shown none of this name."""


class NodesRead(ResponseModel):
    """The nodes of a cluster."""

    items: list[ClusterNodeRead]
    state: str | None
    """How the cluster is read: connecting, watching, unreachable, private, stopped; null while no worker does."""
    observed_at: datetime | None


class NodePoolRotate(RequestModel):
    """What the new pool has that the old one has not: what is not named stays, and null takes it away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"size": "Standard_D8s_v5", "zones": ["1", "2"]}]})

    size: SizeName | None = None
    zones: Annotated[list[Zone], Field(max_length=3)] | None = None
    os_sku: Choice[OsSku] | None = None
    os_disk: OsDisk | None = None
    max_pods: Annotated[int, Field(ge=10, le=250)] | None = None
    subnet_id: SubnetId | None = None
    pod_subnet_id: SubnetId | None = None
    spot: Spot | None = None
    node_public_ips: bool | None = None
    node_public_ip_prefix_id: PrefixId | None = None
    fips: bool | None = None
    snapshot_id: SnapshotId | None = None
    azure_properties: AzureProperties | None = None
    """Merged into those of the old pool: null takes one away."""
    drain_timeout_seconds: DrainSeconds = DRAIN_SECONDS
    ignore_disruption_budgets: bool = False
    """Pods go even where a PodDisruptionBudget forbids it."""
    plan_id: PlanId | None = None
    options: RunOptions = RunOptions()
    """`on_failure: delete` removes the new pool, as long as the old one is there."""

    def changes(self) -> dict[str, Any]:
        """What the new pool is to have, by the names of a pool's members."""
        not_the_pools = {"drain_timeout_seconds", "ignore_disruption_budgets", "plan_id", "options"}
        return self.model_dump(mode="json", exclude_unset=True, exclude=not_the_pools)


class NodePoolRotationPlan(ResponseModel):
    """What a rotation would do, from what Slipway knows; Azure and the cluster are not asked."""

    plan_id: str
    expires_at: datetime
    changes: list[dict[str, Any]]
    """As a JSON Patch of the pool (RFC 6902)."""
    steps: list[str]
    nodes: list[str]
    """That are emptied, in this order; none where the cluster's reader has not seen them."""


class NodePoolAct(RequestModel):
    """How the job shall run."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"options": {"on_busy": "fail"}}]})

    options: RunOptions = RunOptions()


MachineName = Annotated[
    str,
    StringConstraints(max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
    PLAIN,
    Field(examples=["aks-workers-12345678-vmss000001"]),
]


class NodePoolMachines(RequestModel):
    """Which machines shall go."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"machines": ["aks-workers-12345678-vmss000001"]}]})

    machines: Annotated[list[MachineName], Field(min_length=1, max_length=100)]
    """By the names of their nodes."""
    options: RunOptions = RunOptions()
