"""The ways of upgrades: of one pool, and of a cluster with what the caller chose beforehand."""

from tests.crashes.lives import Life, Scenario

OLD = "1.32.9"


async def upgraded_pool(life: Life, _kinds: frozenset[str]) -> None:
    """The control plane goes first and alone, then its pool."""
    await life.create(kubernetes_version=OLD)
    own = f"/v1/clusters/{life.name}"
    await life.job("POST", f"{own}:upgrade", {"kubernetes_version": "1.33", "scope": "control_plane"})
    await life.job("POST", f"{own}/node-pools/system:upgrade", {"kubernetes_version": "latest"})
    await life.delete()


async def forced_upgrade(life: Life, _kinds: frozenset[str]) -> None:
    """Through two minors, with nodes left behind that cannot be drained, and in spite of old APIs."""
    await life.create(kubernetes_version=OLD)
    asked = {
        "kubernetes_version": "1.34",
        "through_minors": True,
        "undrainable": "skip",
        "ignore": ["deprecated_api_used"],
    }
    await life.job("POST", f"/v1/clusters/{life.name}:upgrade", asked)
    await life.delete()


async def fresh_images(life: Life, _kinds: frozenset[str]) -> None:
    """The nodes have the newest image already: it is looked at, and nothing is asked."""
    await life.create()
    await life.job("POST", f"/v1/clusters/{life.name}/node-pools/system:upgrade", {"node_image": True})
    await life.delete()


UPGRADE_SCENARIOS = (
    Scenario("poolup", upgraded_pool),
    Scenario("forced", forced_upgrade),
    Scenario("images", fresh_images),
)
