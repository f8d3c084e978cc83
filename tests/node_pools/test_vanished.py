"""A pool that somebody else removes while Slipway has an operation on it."""

import asyncio

from tests.clusters.azure_by_itself import go_at
from tests.node_pools.test_pools import PATH, WORKERS, beside_slipway, puts
from tests.support.local_azure import FAST
from tests.support.whole import Slipway, start_worker


async def test_a_job_whose_pool_vanished_says_so_and_the_cluster_is_not_lost(slipway: Slipway) -> None:
    """Trouble 10: while no worker looked; the cluster itself is not lost."""
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    await go_at(slipway, FAST / 100)
    job_id = await slipway.accepted("PATCH", f"{PATH}/workers", {"count": 2})
    await slipway.until_step(job_id, "await_change")
    for _ in range(200):
        if len(puts(slipway)) == 2:  # noqa: PLR2004 - the pool's creation, and the change
            break
        await asyncio.sleep(0.05)
    assert slipway.worker is not None
    await slipway.worker.stop()

    await go_at(slipway, FAST)
    pools, group, call = await beside_slipway(slipway)
    for _ in range(200):
        if (present := await pools.get(group, "blue", "workers", call=call)) is not None and present.settled:
            break
        await asyncio.sleep(0.05)
    await pools.delete(group, "blue", "workers", call=call)
    for _ in range(200):
        if await pools.get(group, "blue", "workers", call=call) is None:
            break
        await asyncio.sleep(0.05)

    slipway.worker = await start_worker(slipway.parts)
    job = await slipway.ended(job_id)
    assert (job["state"], job["problem"]["code"]) == ("failed", "node_pool_missing")
    assert job["problem"]["detail"] == "The node pool vanished from Azure while its operation ran."
    # It serves, without that pool.
    assert (await slipway.cluster())["state"] == "degraded"
