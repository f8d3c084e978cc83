"""An agent pool of a cluster: as observed, and as desired."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from app.azure.types.operation import Operation
from app.azure.types.provisioning import Provisioned
from app.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class AgentPool(Provisioned):
    """An agent pool as Azure has it. `provisioning_state` is free text; unknown words mean that work goes on."""

    name: str
    mode: str
    os_type: str
    vm_size: str
    count: int
    provisioning_state: str
    power_state: str | None = None
    orchestrator_version: str | None = None
    current_orchestrator_version: str | None = None
    node_image_version: str | None = None
    zones: tuple[str, ...] = ()
    max_pods: int | None = None
    os_disk_size_gib: int | None = None
    os_sku: str | None = None
    max_surge: str | None = None
    max_unavailable: str | None = None
    undrainable_nodes: str | None = None
    spot: bool = False
    auto_scaling: bool = False
    min_count: int | None = None
    max_count: int | None = None
    id: str | None = None
    etag: str | None = None
    subnet_id: str | None = None
    pod_subnet_id: str | None = None
    fips: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentPoolSpec:
    """An agent pool as it shall be, under Azure's name. What is None or empty is left to Azure's default.

    `mode`: System or User. `os_type`: Linux or Windows. With `min_count` and `max_count` the cluster's autoscaler
    decides about the count. `spot_max_price` -1: up to the price of a regular machine. `more`: properties under Azure's
    own names, which go before all others. `resets`: settings (of `POOL_DEFAULTS`) that were given up, and that Azure
    may still have.
    """

    name: str
    mode: str
    os_type: str
    vm_size: str
    count: int
    orchestrator_version: str | None = None
    os_sku: str | None = None
    min_count: int | None = None
    max_count: int | None = None
    zones: tuple[str, ...] = ()
    spot_eviction_policy: str | None = None
    spot_max_price: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()
    max_pods: int | None = None
    os_disk_size_gib: int | None = None
    os_disk_type: str | None = None
    subnet_id: str | None = None
    pod_subnet_id: str | None = None
    node_public_ips: bool = False
    node_public_ip_prefix_id: str | None = None
    max_surge: str | None = None
    max_unavailable: str | None = None
    drain_timeout_minutes: int | None = None
    node_soak_minutes: int | None = None
    undrainable_nodes: str | None = None
    fips: bool = False
    snapshot_id: str | None = None
    scale_down_mode: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    more: JsonObject = field(default_factory=dict)
    resets: tuple[str, ...] = ()

    @property
    def auto_scaling(self) -> bool:
        """Whether the cluster's autoscaler decides about the count."""
        return self.max_count is not None

    def as_json(self) -> JsonObject:
        """The form in which rows keep it; `from_json` reads it back."""
        return {**asdict(self), **{name: list(getattr(self, name)) for name in _LISTS}}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "AgentPoolSpec":
        """What `as_json` wrote, also before this had all the fields that it has now."""
        known = {name: stored[name] for name in _NAMES if name in stored}
        return cls(**{**known, **{name: tuple(stored.get(name, ())) for name in _LISTS}})


# Found once: every list of clusters asks for them, once a pool.
_NAMES = tuple(each.name for each in fields(AgentPoolSpec))
_LISTS = ("zones", "taints", "resets")


@dataclass(frozen=True, slots=True)
class PoolDifference:
    """One property, under Azure's name, in which a pool differs from what it shall be."""

    name: str
    wanted: object
    present: object


@dataclass(frozen=True, slots=True)
class PoolPutAnswer:
    """What Azure answered to a PUT of an agent pool."""

    pool: AgentPool
    operation: Operation
    created: bool = False
