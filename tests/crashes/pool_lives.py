"""The ways of jobs about node pools."""

from tests.crashes.lives import FAILING, Life, Scenario

CLINGING = "clinging"
STALLING = "stalling"
"""The pool in this one's place fails: Azure's name for it begins like this one's."""
NOT_OFFERED = "Standard_B2s"
POOL_SIZE = "Standard_D4s_v5"


async def node_pool(life: Life, kinds: frozenset[str]) -> None:
    """A pool that is added, taken over from the autoscaler and removed, in a cluster of its own."""
    await life.create()
    pools = f"/v1/clusters/{life.name}/node-pools"
    scaling = {"min_count": 1, "max_count": 2}
    await life.job("POST", pools, {"name": "workers", "size": POOL_SIZE, "autoscaling": scaling})
    if "node_pool.update" in kinds:
        await life.job("PATCH", f"{pools}/workers", {"autoscaling": None, "count": 2})
    if "node_pool.delete" in kinds:
        await life.job("DELETE", f"{pools}/workers?drain=true")
    await life.delete()


async def clinging_pool(life: Life, kinds: frozenset[str]) -> None:
    """Azure changes nothing of it, though it says so, and does not remove it, though its nodes are drained."""
    await life.create()
    pools = f"/v1/clusters/{life.name}/node-pools"
    await life.job("POST", pools, {"name": CLINGING, "size": POOL_SIZE, "count": 1})
    if "node_pool.update" in kinds:
        await life.job("PATCH", f"{pools}/{CLINGING}", {"scale_down_mode": "Deallocate"})
    await life.job("DELETE", f"{pools}/{CLINGING}?drain=true")
    await life.delete()


async def failing_pool(life: Life, _kinds: frozenset[str]) -> None:
    """Azure fails to make it, and what it left shall be removed."""
    await life.create()
    asked = {"name": FAILING, "size": POOL_SIZE, "count": 1, "options": {"on_failure": "delete"}}
    await life.job("POST", f"/v1/clusters/{life.name}/node-pools", asked)
    await life.delete()


async def accepted_pool(life: Life, _kinds: frozenset[str]) -> None:
    """The caller is content with Azure's acceptance."""
    await life.create()
    asked = {"name": "workers", "size": POOL_SIZE, "count": 1, "options": {"wait_for": "accepted"}}
    await life.job("POST", f"/v1/clusters/{life.name}/node-pools", asked)
    await life.delete()


async def rotated_pool(life: Life, _kinds: frozenset[str]) -> None:
    """A pool that is taken from its autoscaler and gets another size, by a pool in its place."""
    await life.create()
    pools = f"/v1/clusters/{life.name}/node-pools"
    scaling = {"min_count": 1, "max_count": 2}
    await life.job("POST", pools, {"name": "workers", "size": POOL_SIZE, "autoscaling": scaling})
    await life.job("POST", f"{pools}/workers:rotate", {"size": "Standard_D8s_v5"})
    await life.delete()


async def unrotated_pool(life: Life, _kinds: frozenset[str]) -> None:
    """Azure fails to make the pool in its place, and what it left shall be removed."""
    await life.create()
    pools = f"/v1/clusters/{life.name}/node-pools"
    await life.job("POST", pools, {"name": STALLING, "size": POOL_SIZE, "count": 1})
    asked = {"size": "Standard_D8s_v5", "options": {"on_failure": "delete"}}
    await life.job("POST", f"{pools}/{STALLING}:rotate", asked)
    await life.delete()


async def elsewhere(life: Life, _kinds: frozenset[str]) -> None:
    """The first size is not offered to the subscription, and the caller takes another."""
    await life.create(node_size=NOT_OFFERED, fallbacks=[{"size": POOL_SIZE}])
    asked = {"name": "workers", "size": NOT_OFFERED, "zones": ["1"], "count": 1, "fallbacks": [{"size": POOL_SIZE}]}
    await life.job("POST", f"/v1/clusters/{life.name}/node-pools", asked)
    await life.delete()


async def sealed(life: Life, _kinds: frozenset[str]) -> None:
    """A cluster with Windows nodes, whose password the caller gave: it is erased once Azure has it."""
    pools = [
        {"name": "system", "mode": "System", "size": POOL_SIZE, "count": 1},
        {"name": "win", "os_type": "Windows", "size": POOL_SIZE, "count": 1},
    ]
    given = {"node_count": None, "node_size": None, "node_pools": pools, "windows_password": "Str0ng-enough-for-it"}
    await life.create(**given)
    await life.delete()


POOL_SCENARIOS = (
    Scenario("sealed", sealed),
    Scenario("pooled", node_pool),
    Scenario("unpooled", failing_pool),
    Scenario("unremoved", clinging_pool),
    Scenario("poolwanted", accepted_pool),
    Scenario("repooled", rotated_pool),
    # What is remembered of a refusal is a subscription's.
    Scenario("elsewhere", elsewhere, own_subscription=True),
    Scenario("unrepooled", unrotated_pool),
)
