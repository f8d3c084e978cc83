"""Lives in which Azure takes what is asked and fails at it, and fails again when it is sent again."""

from tests.crashes.lives import Life, Scenario, failing_cluster
from tests.crashes.pool_lives import POOL_SIZE

FALTERING = "falter"
"""The beginning of their names."""
_NO_DOWNLOAD = "VM has reported a failure when processing extension 'vmssCSE'. Error message: exit status=31"


def _falter(life: Life, operation: str, path: str) -> None:
    """Have Azure fail from now on at what it takes there."""
    said = {"code": "VMExtensionProvisioningError", "message": _NO_DOWNLOAD}
    life.slipway.azure.add_fault("fail_operation", operation=operation, path=path, count=None, **said)


async def faltering_cluster(life: Life, kinds: frozenset[str]) -> None:
    """Its nodes do not start, at the second time neither, and it shall then be removed."""
    _falter(life, "ManagedClusters_CreateOrUpdate", f"/{life.name}$")
    await failing_cluster(life, kinds)


async def faltering_changes(life: Life, kinds: frozenset[str]) -> None:
    """Azure takes each change and fails at it, and fails again when it is sent again."""
    await life.create()
    own = f"/v1/clusters/{life.name}"
    _falter(life, "ManagedClusters_CreateOrUpdate", f"/{life.name}$")
    _falter(life, "AgentPools_CreateOrUpdate", f"/{life.name}/agentPools/")
    if "cluster.update" in kinds:
        await life.job("PATCH", own, {"tags": {"cost": "42"}})
    if "cluster.scale" in kinds:
        await life.job("POST", f"{own}:scale", {"count": 2})
    if "node_pool.create" in kinds:
        asked = {"name": "workers", "size": POOL_SIZE, "count": 1, "options": {"on_failure": "delete"}}
        await life.job("POST", f"{own}/node-pools", asked)
    await life.delete()


FALTERING_SCENARIOS = (
    Scenario(f"{FALTERING}ing", faltering_cluster),
    Scenario(f"{FALTERING}ed", faltering_changes),
)
