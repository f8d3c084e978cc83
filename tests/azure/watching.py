"""A pretended Azure for the watcher: its lists and operations, in virtual time."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.azure.errors import AzureError
from app.azure.feed import Sharing
from app.azure.types.agent_pool import AgentPool
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.azure.types.network import PublicIpAddress
from app.azure.types.operation import Operation, OperationKind, OperationStatus
from app.azure.types.resource import ResourceGroup
from app.azure.types.storage import Account
from app.azure.types.watch import Goal, Progress, TargetKind, Usual, Watch, WatchEnd
from app.azure.watch import Watcher
from tests.azure.virtual_time import VirtualTime

GROUP = "/subscriptions/s/resourceGroups/g"
EXPECTED = timedelta(seconds=300)
POOL = AgentPool("pool", "System", "Linux", "Standard_D2s_v5", 1, "Succeeded")


def cluster(name: str, state: str, *, pool_state: str = "Succeeded") -> ManagedCluster:
    # As AKS gives ids back: lower case in the middle.
    resource_id = f"/subscriptions/s/resourcegroups/g/providers/Microsoft.ContainerService/managedClusters/{name}"
    pools = (replace(POOL, provisioning_state=pool_state),)
    return ManagedCluster(resource_id, name, "g", "westeurope", provisioning_state=state, pools=pools)


def cluster_id(name: str) -> str:
    return f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/{name}"


@dataclass
class FakeAzure:
    """Clusters that end at a time, operations that say so, and how often each was asked."""

    time: VirtualTime
    ends: dict[str, tuple[float, str | None]] = field(default_factory=dict)
    statuses: dict[str, OperationStatus | AzureError] = field(default_factory=dict)
    running: str = "Creating"
    lists: list[datetime] = field(default_factory=list)
    asked: list[datetime] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    pool_state: str = "Succeeded"
    open_lists: int = 0

    async def list_clusters(self, *, call: Call) -> tuple[ManagedCluster, ...]:
        self.lists.append(self.time.now())
        self.open_lists += 1
        try:
            await self.time.sleep(1)
        finally:
            self.open_lists -= 1
        if self.failures:
            raise self.failures.pop(0)
        now = self.time.clock.monotonic()
        states = {name: end if now >= at else self.running for name, (at, end) in self.ends.items()}
        return tuple(
            cluster(name, state, pool_state=self.pool_state) for name, state in states.items() if state is not None
        )

    async def list_groups(self, *, call: Call) -> tuple[ResourceGroup, ...]:
        self.lists.append(self.time.now())
        now = self.time.clock.monotonic()
        return tuple(
            ResourceGroup(f"/subscriptions/s/resourceGroups/{name}", name, "westeurope", {}, "Deleting")
            for name, (at, _) in self.ends.items()
            if now < at
        )

    async def list_public_ips(self, *, call: Call) -> tuple[PublicIpAddress, ...]:
        self.lists.append(self.time.now())
        now = self.time.clock.monotonic()
        group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses"
        return tuple(
            PublicIpAddress(
                id=f"{group}/{name}",
                name=name,
                resource_group="g",
                location="westeurope",
                provisioning_state=end or "Deleting",
            )
            for name, (at, end) in self.ends.items()
            if now < at or end is not None
        )

    async def list_storage_accounts(self, *, call: Call) -> tuple[Account, ...]:
        self.lists.append(self.time.now())
        now = self.time.clock.monotonic()
        group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts"
        return tuple(
            Account(
                id=f"{group}/{name}",
                name=name,
                resource_group="g",
                location="westeurope",
                provisioning_state="Creating" if now < at else end or "Creating",
            )
            for name, (at, end) in self.ends.items()
            if now < at or end is not None
        )

    async def status(self, operation: Operation, *, call: Call) -> OperationStatus:
        self.asked.append(self.time.now())
        status = self.statuses[operation.target_id.rpartition("/")[2]]
        if isinstance(status, AzureError):
            raise status
        return status


class WatchBench:
    """A watcher over a pretended Azure, in virtual time."""

    def __init__(self) -> None:
        self.time = VirtualTime()
        self.azure = FakeAzure(self.time)
        self.progress: list[Progress] = []
        self.watcher = Watcher(
            list_clusters=self.azure.list_clusters,
            list_groups=self.azure.list_groups,
            list_public_ips=self.azure.list_public_ips,
            list_storage_accounts=self.azure.list_storage_accounts,
            operation_status=self.azure.status,
            sharing=Sharing(self.time.clock, timedelta(seconds=1), self.time.sleep),
        )

    def watch(self, name: str, *, goal: Goal = Goal.SUCCEEDED, operation: bool = True) -> Watch:
        target = cluster_id(name)
        return Watch(
            target_id=target,
            kind=TargetKind.MANAGED_CLUSTER,
            operation=Operation("https://x/operation", OperationKind.ASYNC_OPERATION, target) if operation else None,
            goal=goal,
            started_at=self.time.now(),
            usual=Usual(EXPECTED),
        )

    async def until_done(self, watch: Watch, *, wanted: bool = False, hours: float = 2) -> WatchEnd:
        return await self.watcher.until_done(
            watch,
            call=Call(deadline=self.time.now() + timedelta(hours=hours)),
            on_progress=self.progress.append,
            wanted=lambda: wanted,
        )
