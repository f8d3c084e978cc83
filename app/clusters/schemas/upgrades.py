"""Upgrades on the wire: what is asked, what would happen, and what is offered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.api.in_part import unless_refused
from app.api.schemas import Choice, RequestModel, ResponseModel
from app.clusters.schemas.plans import PlanId
from app.clusters.schemas.pools import PoolName
from app.core.text import PLAIN
from app.jobs.schemas import RunOptions

UpgradeVersion = Annotated[
    str,
    StringConstraints(max_length=16, pattern=r"^(latest|[0-9]{1,2}\.[0-9]{1,3}(\.[0-9]{1,3})?)$"),
    PLAIN,
    Field(examples=["1.34"]),
]
FindingCode: TypeAlias = Literal[
    "auto_upgrade_channel",
    "cluster_busy",
    "cluster_failed",
    "cluster_not_read",
    "cluster_stopped",
    "deprecated_api_used",
    "locked",
    "node_pool_failed",
    "node_pool_stopped",
    "nodes_not_ready",
    "nodes_quarantined",
    "pdb_blocks_drain",
    "pdb_blocks_drain_now",
    "subnet_too_small",
    "surge_exceeds_quota",
    "workspace_gone",
]


class UpgradeScope(StrEnum):
    """What an upgrade concerns."""

    ALL = "all"
    CONTROL_PLANE = "control_plane"
    NODE_POOLS = "node_pools"


class Undrainable(StrEnum):
    """What becomes of a node whose pods cannot be evicted until the pool's drain timeout is over."""

    FAIL = "fail"
    SKIP = "skip"
    FORCE = "force"


class Upgrade(RequestModel):
    """What all upgrades can be told."""

    undrainable: Choice[Undrainable] = Undrainable.FAIL
    """`fail`: the pool's own setting holds, and the job fails at the node. `skip`: the node is cordoned and left as it
    is, and a surge node stays in its place. `force`: pods that keep a node from being drained are deleted, whatever
    their PodDisruptionBudgets say."""
    ignore: Annotated[list[FindingCode], Field(default_factory=list, max_length=20)]
    """Codes of findings that shall not keep it from beginning, such as `deprecated_api_used`."""
    plan_id: PlanId | None = None
    options: RunOptions = RunOptions()


class ClusterUpgrade(Upgrade):
    """Which version the cluster shall have."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kubernetes_version": "1.34.1"}]})

    kubernetes_version: UpgradeVersion | None = None
    """Exact (`1.34.1`), a minor (`1.34`: its newest patch), or `latest`; previews only by their exact name."""
    node_images: Annotated[bool, Field()] = False
    """The newest node images, at the versions that the pools have; without `kubernetes_version`."""
    scope: Choice[UpgradeScope] = UpgradeScope.ALL
    """What is upgraded: the control plane and then its pools, or one of them."""
    node_pools: Annotated[list[PoolName], Field(min_length=1, max_length=100)] | None = None
    """The pools that are upgraded; all when left out."""
    through_minors: Annotated[bool, Field()] = False
    """Go through several minor versions, one after the other: each with the control plane first, then the pools."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        with unless_refused():
            if (self.kubernetes_version is None) is not self.node_images:
                raise PydanticCustomError(
                    "version_or_node_images", "Give either `kubernetes_version` or `node_images: true`"
                )
            if self.scope is UpgradeScope.CONTROL_PLANE and (self.node_pools is not None or self.node_images):
                raise PydanticCustomError("no_pools_meant", "With `scope: control_plane` no pool is upgraded")
        return self


class NodePoolUpgrade(Upgrade):
    """Which version a pool shall have, or that it shall have its newest node image."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"node_image": True}]})

    kubernetes_version: UpgradeVersion | None = None
    """Exact, a minor, or `latest`: that of the control plane."""
    node_image: Annotated[bool, Field()] = False

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        with unless_refused():
            if (self.kubernetes_version is None) is not self.node_image:
                raise PydanticCustomError(
                    "version_or_node_image", "Give either `kubernetes_version` or `node_image: true`"
                )
        return self


class UpgradeFindingRead(ResponseModel):
    """One thing that was found beforehand."""

    code: str
    severity: str
    """blocking, warning or info; new ones may come."""
    subject: str
    """What it is about: `cluster`, `node_pools/workers`, `budgets/shop/web`."""
    detail: str
    remedy: str | None


class UpgradeStepRead(ResponseModel):
    """One operation of Azure's."""

    node_pool: str | None
    """null: the control plane."""
    kubernetes_version: str | None
    """null: the newest node image."""
    expected_seconds: float


class BlockedPodRead(ResponseModel):
    """A pod that would keep its node from being drained."""

    namespace: str
    pod: str
    owner: str
    budget: str
    bound: str
    """What the budget says."""


class NodeRehearsalRead(ResponseModel):
    """What draining one node would do."""

    node: str
    node_pool: str
    evicted: list[str]
    """Pods, as `namespace/name`."""
    blocked: list[BlockedPodRead]


class UpgradePlanRead(ResponseModel):
    """What the upgrade would do. Nothing has been changed."""

    plan_id: str
    """An upgrade that names it is refused when the world has changed since."""
    expires_at: datetime
    steps: list[UpgradeStepRead]
    expected_seconds: float
    findings: list[UpgradeFindingRead]
    would_begin: bool
    """Whether no finding is in the way."""
    nodes: list[NodeRehearsalRead]
    """In the order in which they are drained."""


class UpgradeOfferRead(ResponseModel):
    """A version to which the control plane can go in one step."""

    kubernetes_version: str
    is_preview: bool
    expected_seconds: float
    findings: list[UpgradeFindingRead]


class PoolOfferRead(ResponseModel):
    """What a pool can be brought to."""

    name: str
    kubernetes_version: str
    kubernetes_versions: list[str]
    """Newer ones that do not go beyond the control plane."""
    node_image: str | None
    newest_node_image: str | None
    expected_seconds: float
    quarantined_nodes: list[str]
    """Nodes that an upgrade could not drain and left behind."""


class PlannedActRead(ResponseModel):
    """What Azure will do by itself."""

    kind: str
    """kubernetes or node_image."""
    channel: str
    opens_at: datetime | None
    """When the next window opens; null: no window was set, so it may happen at any time."""
    closes_at: datetime | None
    detail: str
    """Why it does not happen sooner, as far as that is known."""


class UpgradesRead(ResponseModel):
    """What is offered to a cluster."""

    kubernetes_version: str
    offers: list[UpgradeOfferRead]
    node_pools: list[PoolOfferRead]
    planned: list[PlannedActRead]
    observed_at: datetime
