"""When the drivers of each cluster do what: on changes of claims and volumes, again after failures."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.inside import ArmError, LaterError, LostAnswerError, StuckError
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.host import Change, ClusterHost
from app.emulator.kubernetes.status import StatusError
from app.emulator.providers.containerservice.csi.errors import DriverError
from app.emulator.providers.containerservice.csi.site import Site, site_of
from app.emulator.providers.containerservice.csi.tasks import RESOURCES, Task, due

FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 1, 300
STUCK_SECONDS = 60
_REFUSALS = (ArmError, DriverError, LostAnswerError, StatusError)


@dataclass(frozen=True)
class ObjectKey:
    """One claim or volume of one cluster: the key of its appointment."""

    cluster: str
    resource: str
    namespace: str
    name: str


class CsiController:
    """All clusters' drivers, as far as they work beside the nodes. What is due follows from the objects."""

    def __init__(self, host: ClusterHost) -> None:
        """Work for the clusters of `host`, once it was given a cloud by `start`."""
        self._host = host
        self._cloud: Cloud | None = None
        self._failures: dict[ObjectKey, int] = {}

    def start(self, cloud: Cloud) -> None:
        """Begin; to be called before the first cluster is brought back."""
        if self._cloud is None:
            self._host.observe(self)
        self._cloud = cloud

    def opened(self, key: str) -> None:
        """Look at all claims and volumes of a cluster."""
        store = self._host.serving(key)
        for resource in RESOURCES if store is not None else ():
            for document in store.list_(resource) if store is not None else ():
                self._soon(key, resource, document)

    def changed(self, key: str, change: Change) -> None:
        """Act on what may have to be done now."""
        if change.resource in RESOURCES and change.type != "DELETED":
            self._soon(key, change.resource, change.object)

    def removed(self, key: str) -> None:
        """Leave what is planned for a cluster that is gone."""
        if self._cloud is not None:
            self._cloud.agenda.drop(lambda planned: isinstance(planned, ObjectKey) and planned.cluster == key)
        self._failures = {one: count for one, count in self._failures.items() if one.cluster != key}

    def _soon(self, key: str, resource: str, document: Object) -> None:
        metadata = document["metadata"]
        place = ObjectKey(key, resource, metadata.get("namespace", ""), metadata["name"])
        asyncio.get_running_loop().call_soon(self._begin, place)

    def _begin(self, key: ObjectKey) -> None:
        cloud, found = self._cloud, self._find(key)
        if cloud is None or found is None or cloud.agenda.has(key):
            return
        site, document, task = found
        self._plan(key, task.seconds)
        task.announce(site, document)

    def _find(self, key: ObjectKey) -> tuple[Site, Object, Task] | None:
        store = self._host.serving(key.cluster)
        cluster = self._cloud.store.get(key.cluster) if self._cloud is not None else None
        document = store.get(key.resource, key.namespace, key.name) if store is not None else None
        if self._cloud is None or store is None or cluster is None or document is None:
            return None
        task = due(store, key.resource, document)
        return (site_of(self._cloud, cluster, store), document, task) if task is not None else None

    def _plan(self, key: ObjectKey, seconds: float, since: datetime | None = None) -> None:
        if self._cloud is not None:
            self._cloud.plan(key, (since or self._cloud.now()) + self._cloud.scaled(seconds), self._worker(key))

    def _worker(self, key: ObjectKey) -> Callable[[datetime], Awaitable[None]]:
        async def work(at: datetime) -> None:
            await self._work(key, at)

        return work

    async def _work(self, key: ObjectKey, at: datetime) -> None:
        cloud, found = self._cloud, self._find(key)
        if cloud is None or found is None:
            self._failures.pop(key, None)
            return
        site, document, task = found
        if key in self._failures:
            task.announce(site, document)
        try:
            await task.work(site, document)
        except LaterError as later:
            cloud.plan(key, at + timedelta(seconds=later.seconds), self._worker(key))
        except StuckError:
            self._plan(key, STUCK_SECONDS, at)
        except _REFUSALS as error:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            self._plan(key, min(FIRST_RETRY_SECONDS * 2.0 ** (failures - 1), LAST_RETRY_SECONDS), at)
            task.fail(site, document, error)
        else:
            self._failures.pop(key, None)
