"""Steps that find the pods that mount an account's shares, and restart them one by one."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.clusters.workflow.inside import note_change
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import EvictionBlockedError
from app.kubernetes.types.pod import PodState
from app.storage.specs.mounts import Done, Evict, HeldMounts, Mount, Wait, mount_of, next_restart
from app.storage.specs.rotation import SecretPlace
from app.storage.workflow.key_errors import MountNotRestartedError
from app.storage.workflow.secrets import by_cluster, in_cluster

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Restarted:
    """How many pods were restarted, and which mounts have the old key all the same."""

    pods: int
    still: list[Mount]


@cloud_step
async def find_mounts(cloud: Cloud, places: list[SecretPlace]) -> list[Mount]:
    """The pods that mount the account's claims now, with whether each could be restarted."""
    found: list[Mount] = []
    for group in by_cluster(places):
        async with in_cluster(cloud, group[0]) as client:
            for place in group:
                at = {"cluster_id": place.cluster.cluster_id, "cluster_name": place.cluster_name}
                pods = await client.pods.mounting(place.namespace, place.claims)
                found += [mount_of(pod, place.claims, **at) for pod in pods if not pod.deleting]
    return found


@cloud_step
async def restart_mounts(cloud: Cloud, places: list[SecretPlace], mounts: list[Mount], wait_seconds: int) -> Restarted:
    """Evict pod after pod, as budgets allow, each when the one before it has a successor that is ready.

    `wait_seconds`: the longest wait for one pod; then MountNotRestartedError, or with `on_blocked: wait` on and on.
    """
    total, still = 0, list[Mount]()
    by_place = {(place.cluster.cluster_id, place.namespace): place for place in places}
    for key, group in _by_namespace(mounts):
        turn = _Turn(cloud, by_place[key], group, timedelta(seconds=wait_seconds))
        still += await turn.restart_all()
        total += turn.restarted
    return Restarted(total, still)


def _by_namespace(mounts: Sequence[Mount]) -> Iterator[tuple[tuple[str, str], list[Mount]]]:
    def key(mount: Mount) -> tuple[str, str]:
        return mount.cluster_id, mount.namespace

    for found, group in itertools.groupby(sorted(mounts, key=key), key=key):
        yield found, list(group)


class _Turn:
    """The restarts in one namespace."""

    def __init__(self, cloud: Cloud, place: SecretPlace, old: list[Mount], patience: timedelta) -> None:
        self._cloud = cloud
        self._place = place
        self._old = old
        self._patience = patience
        self._held = HeldMounts(old)
        self._claims = frozenset(claim for mount in old for claim in mount.claims)
        self._waits_for = ""
        self._since = 0.0
        self._pause = _FIRST_PAUSE_SECONDS
        self.restarted = 0

    async def restart_all(self) -> Sequence[Mount]:
        """Restart what can be; return the mounts that are as old as before."""
        while True:
            async with in_cluster(self._cloud, self._place) as client:
                now = await client.pods.mounting(self._place.namespace, self._claims)
                self._held.look(now)
                step = next_restart(self._old, now)
                if isinstance(step, Done):
                    self.restarted = self._count(now)
                    return self._held.still(now, self._old)
                words = step.words if isinstance(step, Wait) else await self._evict(client, step)
            await self._wait(words)

    def _count(self, now: Sequence[PodState]) -> int:
        left = {pod.uid for pod in now}
        return sum(mount.uid not in left for mount in self._old)

    async def _evict(self, client: ClusterClient, step: Evict) -> str:
        pod = step.pod
        await self._cloud.context.fence()
        try:
            await client.pods.evict(pod)
        except EvictionBlockedError as blocked:
            return f"The pod {pod.namespace}/{pod.name} is kept by its budget: {blocked.problem.detail}"
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"
        note_change(self._cloud, "POST", path, self._place.cluster)
        return f"Restarting the pod {pod.namespace}/{pod.name}"

    async def _wait(self, words: str) -> None:
        now = self._cloud.clock.monotonic()
        if words != self._waits_for:
            self._waits_for, self._since, self._pause = words, now, _FIRST_PAUSE_SECONDS
        self._cloud.context.progress(words)
        endless = self._cloud.job.options.get("on_blocked") == "wait"
        if now - self._since >= self._patience.total_seconds() and not endless:
            raise MountNotRestartedError(f"{words}, for {self._patience.total_seconds():.0f} s.")
        await self._cloud.context.wait(asyncio.sleep(self._pause))
        self._pause = min(self._pause * 1.3, _LONGEST_PAUSE_SECONDS)
