"""When the cloud controller of each cluster does what: on changes of Services and nodes, again after failures."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.inside import ArmError, LaterError, LostAnswerError, StuckError
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.host import Change, ClusterHost, Store
from app.emulator.providers.containerservice.cloud_controller import reconcile
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.events import SERVICE_CONTROLLER, Recorder
from app.emulator.providers.containerservice.cloud_controller.members import EXCLUDED
from app.emulator.providers.containerservice.cloud_controller.place import Place, place_of
from app.emulator.providers.containerservice.cloud_controller.service import FINALIZER, has_finalizer, wants_balancer

logger = logging.getLogger(__name__)

WORK_SECONDS = 10
"""From a change of a Service to its end in Azure."""
NODES_SECONDS = 5
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 5, 300
STUCK_SECONDS = 60
_REFUSALS = (ArmError, LostAnswerError, SyncError)


@dataclass(frozen=True)
class ServiceKey:
    """One Service of one cluster: the key of its appointment."""

    cluster: str
    namespace: str
    name: str


@dataclass(frozen=True)
class NodesKey:
    """The nodes of one cluster: the key of their appointment."""

    cluster: str


class CloudController:
    """All clusters' cloud controllers. What it knows it reads from the clusters and from Azure, so nothing is saved."""

    def __init__(self, host: ClusterHost) -> None:
        """Work for the clusters of `host`, once it was given a cloud by `start`."""
        self._host = host
        self._cloud: Cloud | None = None
        self._failures: dict[ServiceKey, int] = {}

    def start(self, cloud: Cloud) -> None:
        """Begin; to be called before the first cluster is brought back."""
        if self._cloud is None:
            self._host.observe(self)
        self._cloud = cloud

    def opened(self, key: str) -> None:
        """Look at all Services of a cluster: what changed while nobody looked is not known."""
        store = self._host.serving(key)
        if store is None:
            return
        for document in store.list_("services"):
            self._soon(key, document)
        self._look_at_nodes(key)

    def changed(self, key: str, change: Change) -> None:
        """Act on Services that changed in what matters, and on nodes that came or went."""
        document, before = change.object, change.previous
        if change.resource == "nodes" and (change.type != "MODIFIED" or _excluded(document) != _excluded(before)):
            self._look_at_nodes(key)
        elif change.resource != "services" or change.type == "DELETED":
            return
        elif before is None or _what_matters(before) != _what_matters(document):
            self._soon(key, document)

    def _soon(self, key: str, document: Object) -> None:
        if wants_balancer(document) or has_finalizer(document):
            metadata = document["metadata"]
            service = ServiceKey(key, metadata["namespace"], metadata["name"])
            asyncio.get_running_loop().call_soon(self._begin, service)

    def _begin(self, key: ServiceKey) -> None:
        """Say what is going to be done, and plan it; a retry that was planned for later gives way."""
        cloud, found = self._cloud, self._find(key)
        if cloud is None or found is None or (cloud.agenda.has(key) and key not in self._failures):
            return
        self._failures.pop(key, None)
        self._announce(*found)
        cloud.plan(key, cloud.now() + cloud.scaled(WORK_SECONDS), self._worker(key))

    def _worker(self, key: ServiceKey) -> Callable[[datetime], Awaitable[None]]:
        async def work(at: datetime) -> None:
            await self._work(key, at)

        return work

    def _find(self, key: ServiceKey) -> tuple[Store, Object] | None:
        store = self._host.serving(key.cluster)
        document = store.get("services", key.namespace, key.name) if store is not None else None
        if store is None or document is None or not (wants_balancer(document) or has_finalizer(document)):
            return None
        return store, document

    def _announce(self, store: Store, document: Object) -> None:
        recorder = Recorder(store, document)
        if not wants_balancer(document):
            recorder.normal("DeletingLoadBalancer", "Deleting load balancer")
            return
        recorder.normal("EnsuringLoadBalancer", "Ensuring load balancer")
        if not has_finalizer(document):
            metadata = document["metadata"]
            finalizers = [*(metadata.get("finalizers") or ()), FINALIZER]
            store.replace("services", {**document, "metadata": {**metadata, "finalizers": finalizers}})

    async def _work(self, key: ServiceKey, at: datetime) -> None:
        cloud, found = self._cloud, self._find(key)
        if cloud is None or found is None:
            self._failures.pop(key, None)
            return
        store, document = found
        if key in self._failures:
            self._announce(store, document)
        try:
            await self._sync(key, store)
        except LaterError as later:
            cloud.plan(key, at + timedelta(seconds=later.seconds), self._worker(key))
        except StuckError:
            cloud.plan(key, at + cloud.scaled(STUCK_SECONDS), self._worker(key))
        except _REFUSALS as error:
            self._failed(key, store, document, error, at)
        else:
            self._failures.pop(key, None)

    def _failed(self, key: ServiceKey, store: Store, document: Object, error: Exception, at: datetime) -> None:
        verb = "ensure" if wants_balancer(document) else "delete"
        said = f"Error syncing load balancer: failed to {verb} load balancer: {error}"
        Recorder(store, document).warning("SyncLoadBalancerFailed", said, component=SERVICE_CONTROLLER)
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        seconds = min(FIRST_RETRY_SECONDS * 2**failures, LAST_RETRY_SECONDS)
        if self._cloud is not None:
            self._cloud.plan(key, at + self._cloud.scaled(seconds), self._worker(key))

    async def _sync(self, key: ServiceKey, store: Store) -> None:
        document = store.get("services", key.namespace, key.name)
        place = self._place(key.cluster, store, document) if document is not None else None
        if document is None or place is None:
            return
        services = store.list_("services")
        if wants_balancer(document):
            addresses = await reconcile.ensure(place, document, store.list_("nodes"), services)
            _show(store, document, addresses)
            place.recorder.normal("EnsuredLoadBalancer", "Ensured load balancer")
        else:
            await reconcile.remove(place, document, services)
            place.recorder.normal("DeletedLoadBalancer", "Deleted load balancer")
            _let_go(store, document)

    def _place(self, key: str, store: Store, document: Object) -> Place | None:
        cluster = self._cloud.store.get(key) if self._cloud is not None else None
        if cluster is None or self._cloud is None:
            return None
        return place_of(self._cloud, cluster, Recorder(store, document))

    def _look_at_nodes(self, key: str) -> None:
        cloud = self._cloud
        if cloud is None:
            return

        async def work(_at: datetime) -> None:
            store = self._host.serving(key)
            if store is not None:
                await self._sync_nodes(key, store)

        cloud.plan(NodesKey(key), cloud.now() + cloud.scaled(NODES_SECONDS), work)

    async def _sync_nodes(self, key: str, store: Store) -> None:
        services = [service for service in store.list_("services") if wants_balancer(service) and _served(service)]
        if not services:
            return
        place = self._place(key, store, services[0])
        nodes = store.list_("nodes")
        if place is None or not await reconcile.join_nodes(place, nodes, services):
            return
        for service in services:
            recorder = Recorder(store, service)
            if nodes:
                recorder.normal("UpdatedLoadBalancer", "Updated load balancer with new hosts")
            else:
                said = "There are no available nodes for LoadBalancer"
                recorder.warning("UnAvailableLoadBalancer", said, component=SERVICE_CONTROLLER)

    def removed(self, key: str) -> None:
        """Leave what is planned for a cluster that is gone."""
        if self._cloud is not None:
            self._cloud.agenda.drop(lambda planned: getattr(planned, "cluster", None) == key)
        self._failures = {service: count for service, count in self._failures.items() if service.cluster != key}


def _what_matters(document: Object) -> tuple[Any, ...]:  # parts of an open document
    metadata = document["metadata"]
    return document["spec"], metadata.get("annotations"), metadata.get("deletionTimestamp")


def _excluded(node: Object | None) -> bool:
    return node is not None and EXCLUDED in (node["metadata"].get("labels") or {})


def _served(service: Object) -> bool:
    return bool(service.get("status", {}).get("loadBalancer", {}).get("ingress"))


def _show(store: Store, document: Object, addresses: tuple[str, ...]) -> None:
    current = store.get("services", document["metadata"]["namespace"], document["metadata"]["name"])
    ingress = [{"ip": address, "ipMode": "VIP"} for address in addresses]
    if current is not None:
        status = {**current.get("status", {}), "loadBalancer": {"ingress": ingress}}
        store.replace("services", {**current, "status": status})


def _let_go(store: Store, document: Object) -> None:
    metadata = document["metadata"]
    rest = [finalizer for finalizer in metadata["finalizers"] if finalizer != FINALIZER]
    kept = {name: value for name, value in metadata.items() if name != "finalizers"}
    if rest:
        kept["finalizers"] = rest
    store.replace("services", {**document, "metadata": kept, "status": {**document["status"], "loadBalancer": {}}})
    if metadata.get("deletionTimestamp") and not rest:
        store.delete("services", metadata["namespace"], metadata["name"])
