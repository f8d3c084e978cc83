"""How far the upgrade of a pool is, read from the cluster's nodes while Azure is at work on it (trouble 15)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.clusters.specs.rehearsal import keeper
from app.clusters.specs.upgrade_path import Stage
from app.clusters.specs.wanted import Place
from app.clusters.workflow.reach import reach
from app.core.errors import SlipwayError
from app.core.text import counted
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.client import ClusterClient
from app.kubernetes.types import NodeState

# In real Azure; less where all goes faster.
_EVERY_SECONDS = 10.0


class Follower:
    """Says how far it is. With `force` it deletes the pods that keep a node from being drained.

    `where`: the step, and the pool under the name that people know.
    `image`: the one that nodes get, where it is an image's step. `count`: how many nodes the pool has, without those
    that are there for the time of the upgrade; None where Azure has not told.
    """

    def __init__(
        self,
        cloud: Cloud,
        place: Place,
        stage: Stage,
        *,
        where: str,
        force: bool,
        image: str | None = None,
        count: int | None = None,
    ) -> None:
        self._cloud = cloud
        self._place = place
        self._stage = stage
        self._where = where
        self._force = force
        self._image = image
        self._count = count
        self._nodes = ""
        self._word = ""
        self._removed: list[str] = []

    @property
    def removed(self) -> tuple[str, ...]:
        """The pods that were deleted, as `namespace/name`."""
        return tuple(self._removed)

    def heard(self, word: str) -> None:
        """Azure's own word."""
        self._word = word
        self._say()

    async def run(self) -> None:
        """Look at the nodes now and then, until it is cancelled. A cluster that does not answer is asked again."""
        every = _EVERY_SECONDS * self._cloud.gateways.azure.pace
        while True:
            await asyncio.sleep(every)
            try:
                async with reach(self._cloud.gateways, self._place, call=azure_call(self._cloud)) as client:
                    await self._look(client)
            except SlipwayError:
                continue

    async def _look(self, client: ClusterClient) -> None:
        nodes = [node for node in await client.nodes() if node.pool == self._stage.pool]
        draining = [node for node in nodes if not node.schedulable and not node.quarantined]
        old = sum(not self._done(node) for node in nodes)
        # Nodes for the time of the upgrade are new from the beginning: what is done is what is not old any more.
        total = self._count if self._count is not None else len(nodes)
        known = self._stage.version or self._image
        self._nodes = f": {max(0, total - old)} of {counted(total, 'node')} done" if known else ""
        if draining:
            self._nodes += f", draining {draining[0].name}"
        self._say()
        if self._force and draining:
            await self._clear(client, {node.name for node in draining})

    def _done(self, node: NodeState) -> bool:
        if self._stage.version is not None:
            return node.kubernetes_version == self._stage.version
        return node.image is not None and node.image == self._image

    async def _clear(self, client: ClusterClient, draining: set[str]) -> None:
        budgets = await client.drains.budgets()
        for pod in await client.drains.pods():
            if pod.node in draining and not pod.daemon and not pod.deleting and keeper(pod, budgets) is not None:
                await self._cloud.context.fence()
                if await client.drains.remove(pod):
                    self._removed.append(f"{pod.namespace}/{pod.name}")

    def _say(self) -> None:
        goal = f"to {self._stage.version}" if self._stage.version else "to its newest node image"
        azure = f". Azure: {self._word}" if self._word else ""
        self._cloud.context.progress(f"{self._where} {goal}{self._nodes}{azure}")


@asynccontextmanager
async def following(follower: Follower) -> AsyncIterator[None]:
    """It looks as long as the block runs."""
    looking = asyncio.create_task(follower.run())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
