"""Node pools on the wire, in a cluster's request and in their own."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.clusters.schemas.azure_names import PrefixId, SnapshotId, SubnetId
from app.clusters.schemas.conditions import ConditionRead
from app.core.text import PLAIN
from app.subscriptions.schemas import Tags

DEFAULT_POOL = "system"
LONGEST_POOL_NAME = 40

SizeName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z]+_[A-Za-z0-9_-]*[A-Za-z0-9]$"),
    PLAIN,
    Field(examples=["Standard_D4s_v5"]),
]
PoolName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_POOL_NAME, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$"),
    PLAIN,
    Field(examples=["workers"]),
]
NodeCount = Annotated[int, Field(ge=0, le=1000)]
Zone = Annotated[str, StringConstraints(max_length=1, pattern=r"^[1-9]$"), Field(examples=["1"])]
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_PREFIX = r"([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/)?"
_WORD = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
LabelKey = Annotated[str, StringConstraints(max_length=317, pattern=rf"^{_PREFIX}{_WORD}$"), PLAIN]
LabelValue = Annotated[str, StringConstraints(max_length=63, pattern=rf"^({_WORD})?$"), PLAIN, Field(examples=["shop"])]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=64)]
# https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
Taint = Annotated[
    str,
    StringConstraints(
        max_length=400, pattern=rf"^{_PREFIX}{_WORD}(=({_WORD})?)?:(NoSchedule|PreferNoSchedule|NoExecute)$"
    ),
    PLAIN,
    Field(examples=["dedicated=batch:NoSchedule"]),
]
Taints = Annotated[list[Taint], Field(max_length=64)]
NodeShare = Annotated[
    str, StringConstraints(max_length=4, pattern=r"^([1-9][0-9]?|100)%$|^(0|[1-9][0-9]{0,2})$"), Field(examples=["33%"])
]
PropertyName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][A-Za-z0-9]*$"), PLAIN]
AzureProperties = Annotated[dict[PropertyName, Any], Field(max_length=40)]


class PoolMode(StrEnum):
    """System pools carry the cluster's own pods; there is always one. Gateway pools give fixed outbound addresses."""

    SYSTEM = "System"
    USER = "User"
    GATEWAY = "Gateway"


class OsType(StrEnum):
    """What the nodes run."""

    LINUX = "Linux"
    WINDOWS = "Windows"


class OsSku(StrEnum):
    """Which system the nodes run, of their `os_type`. Without a number: the release that AKS has for the version."""

    UBUNTU = "Ubuntu"
    UBUNTU_2204 = "Ubuntu2204"
    UBUNTU_2404 = "Ubuntu2404"
    AZURE_LINUX = "AzureLinux"
    AZURE_LINUX_3 = "AzureLinux3"
    AZURE_CONTAINER_LINUX = "AzureContainerLinux"
    CBL_MARINER = "CBLMariner"
    WINDOWS_2019 = "Windows2019"
    WINDOWS_2022 = "Windows2022"
    WINDOWS_2025 = "Windows2025"


class EvictionPolicy(StrEnum):
    """What becomes of a spot machine that Azure takes back."""

    DELETE = "Delete"
    DEALLOCATE = "Deallocate"


class OnEviction(StrEnum):
    """What Slipway does about spot machines that are gone, stopped or not Ready for ten minutes."""

    REPORT = "report"
    REPLACE = "replace"


class DiskType(StrEnum):
    """Where a node's system disk lies: in Azure Storage, or on the machine itself."""

    MANAGED = "Managed"
    EPHEMERAL = "Ephemeral"


class UndrainableNodes(StrEnum):
    """What an upgrade does with a node that it cannot drain: give up, or leave it cordoned and go on."""

    SCHEDULE = "Schedule"
    CORDON = "Cordon"


class ScaleDownMode(StrEnum):
    """What becomes of a machine that is scaled away: it is deleted, or kept without running, for its disk's price."""

    DELETE = "Delete"
    DEALLOCATE = "Deallocate"


class Autoscaling(RequestModel):
    """The bounds between which the cluster's autoscaler decides."""

    min_count: NodeCount
    max_count: Annotated[int, Field(ge=1, le=1000)]


class Spot(RequestModel):
    """Machines that are cheaper, and that Azure may take back at any time."""

    eviction_policy: Choice[EvictionPolicy] = EvictionPolicy.DELETE
    max_price: Annotated[float, Field(gt=0, le=100_000)] | None = None
    """In US dollars an hour; null: up to the price of a regular machine."""
    on_eviction: Choice[OnEviction] = OnEviction.REPORT
    """`report`: a condition and an event tell of it. `replace`: Slipway removes what is left and asks for others."""
    fallback_pool: PoolName | None = None
    """Another pool, of regular machines and a fixed count, that lends this one nodes while it lacks its own."""


class OsDisk(RequestModel):
    """A node's system disk."""

    size_gib: Annotated[int, Field(ge=30, le=2048)] | None = None
    type: Choice[DiskType] | None = None


class PoolUpgrades(RequestModel):
    """How an upgrade replaces the nodes."""

    max_surge: NodeShare | None = None
    """So many more nodes at a time, or a share: `1`, `33%`. `0`: none; give `max_unavailable` then."""
    max_unavailable: NodeShare | None = None
    """So many nodes, or a share, are drained at a time with none in their place. Not for system pools. Default: `0`."""
    drain_timeout_minutes: Annotated[int, Field(ge=5, le=1440)] | None = None
    node_soak_minutes: Annotated[int, Field(ge=0, le=30)] | None = None
    """The pause after each node."""
    undrainable_nodes: Choice[UndrainableNodes] | None = None


class NodePoolSettings(RequestModel):
    """What a pool may be given at its making, in a cluster's request or in its own."""

    mode: Choice[PoolMode] = PoolMode.USER
    os_type: Choice[OsType] = OsType.LINUX
    os_sku: Choice[OsSku] | None = None
    size: SizeName
    """A size of machine that the location offers, such as `Standard_D4s_v5`."""
    count: NodeCount | None = None
    """System pools have at least one node. With `autoscaling` it may be left out: its minimum."""
    autoscaling: Autoscaling | None = None
    zones: Annotated[list[Zone], Field(max_length=3)] | None = None
    spot: Spot | None = None
    labels: Annotated[Labels, Field(default_factory=dict)]
    taints: Annotated[Taints, Field(default_factory=list)]
    max_pods: Annotated[int, Field(ge=10, le=250)] | None = None
    """Pods a node."""
    os_disk: OsDisk | None = None
    subnet_id: SubnetId | None = None
    pod_subnet_id: SubnetId | None = None
    """Where the pods have their addresses, where that is not the nodes' subnet."""
    node_public_ips: bool = False
    node_public_ip_prefix_id: PrefixId | None = None
    """From which the nodes' public addresses come."""
    upgrades: PoolUpgrades | None = None
    fips: bool = False
    snapshot_id: SnapshotId | None = None
    """A snapshot of another pool, whose node image, Kubernetes version and system this one gets."""
    scale_down_mode: Choice[ScaleDownMode] | None = None
    """Default: Delete."""
    tags: Annotated[Tags, Field(default_factory=dict)]
    azure_properties: Annotated[AzureProperties, Field(default_factory=dict)]
    """What AKS has beyond these, under its own names; merged last, and refused where a field of ours says the same."""


class NodePoolCreate(NodePoolSettings):
    """A node pool."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "workers", "size": "Standard_D4s_v5", "count": 2}]}
    )

    name: PoolName
    """Unique in the cluster. Azure has this name where it fits (12 letters and digits, Windows 6), else a made one."""


class Fallback(RequestModel):
    """What is tried where Azure has no room, no quota or no such offer; what is not named is as asked at first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"size": "Standard_D4as_v5", "zones": ["2"]}]})

    size: SizeName | None = None
    zones: Annotated[list[Zone], Field(max_length=3)] | None = None


class LentNodes(ResponseModel):
    """Nodes that a pool has beyond its own count, while a spot pool lacks as many."""

    to: str
    """The spot pool's name."""
    count: int


class NodePoolRead(ResponseModel):
    """A node pool: what was asked, and what Azure last said."""

    id: str
    name: str
    azure_name: str
    state: str
    """creating, ready, updating, upgrading, stopping, stopped, starting, degraded, deleting, deleted, failed or lost;
    new states may come."""
    provisioning_state: str | None
    """Azure's own word, as last seen."""
    conditions: list[ConditionRead]
    """Provisioned, NodesReady and VersionSupported; of pools that scale or are of spot machines, that of them too."""
    summary: str
    """One plain sentence, as a cluster's."""
    mode: str
    os_type: str
    os_sku: str | None
    size: str
    replaces: str | None
    """The id of the pool that this one is taking the place of (`:rotate`)."""
    count: int
    """As asked; with `autoscaling` the autoscaler's own count stands in `observed`."""
    lent: list[LentNodes]
    """What it has beyond that for spot pools that name it (`spot.fallback_pool`)."""
    autoscaling: dict[str, Any] | None
    zones: list[str]
    spot: dict[str, Any] | None
    labels: dict[str, str]
    taints: list[str]
    max_pods: int | None
    os_disk: dict[str, Any] | None
    subnet_id: str | None
    pod_subnet_id: str | None
    node_public_ips: bool
    node_public_ip_prefix_id: str | None
    upgrades: dict[str, Any] | None
    fips: bool
    snapshot_id: str | None
    scale_down_mode: str | None
    tags: dict[str, str]
    azure_properties: dict[str, Any]
    observed: dict[str, Any] | None
    """Azure's count, state and version."""
    observed_at: datetime | None
    created_at: datetime
