"""Lives of clusters that are stopped and started, or in which something is aborted."""

from tests.crashes.lives import Life, Scenario


async def stopped_cluster(life: Life, kinds: frozenset[str]) -> None:
    """A cluster that is stopped, and runs again before it goes."""
    await life.create()
    own = f"/v1/clusters/{life.name}"
    if kinds & {"cluster.stop", "cluster.start"}:
        await life.job("POST", f"{own}:stop")
        await life.job("POST", f"{own}:start")
    await life.delete()


async def aborted_cluster(life: Life, _kinds: frozenset[str]) -> None:
    """What goes on in it is aborted; nothing does."""
    await life.create()
    await life.job("POST", f"/v1/clusters/{life.name}:abort")
    await life.delete()


POWER_SCENARIOS = (Scenario("stopped", stopped_cluster), Scenario("aborted", aborted_cluster))
