"""One cluster: its objects, its credentials, its listener."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from starlette.types import ASGIApp

from app.emulator.kubernetes import draining, storage_classes, system, writes
from app.emulator.kubernetes.api import Api
from app.emulator.kubernetes.controllers import Controllers, Plan
from app.emulator.kubernetes.credentials import LOOPBACK, Credentials, entra_user, kubeconfig, local_user
from app.emulator.kubernetes.documents import JSON, Object
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.listener import Listener
from app.emulator.kubernetes.logins import AKS_CLIENT_ID, AKS_SERVER_ID, Door
from app.emulator.kubernetes.node_sync import NodeSync
from app.emulator.kubernetes.outside import Outside
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.specs import ClusterSpec, Endpoint, Held, NodeSpec
from app.emulator.kubernetes.store import Store


class Cluster:
    """A cluster from its spec, or from what an earlier one dumped."""

    def __init__(
        self,
        spec: ClusterSpec,
        now: Callable[[], datetime],
        plan: Plan,
        saved: Mapping[str, Any] | None,
        outside: Outside,
    ) -> None:
        self.spec = spec
        self._store = Store(now, spec.ip_families)
        if saved is None:
            self._credentials = Credentials.create(spec.fqdn)
            self._listener = Listener(self._credentials, 0)
        else:
            self._credentials = Credentials.restore(saved["credentials"])
            self._listener = Listener(self._credentials, saved["port"])
            self._store.load(saved["store"])
        self._is_open = False
        self._nodes = NodeSync(self._store, saved)
        self._controllers = Controllers(
            self._store,
            self._credentials.ca.certificate,
            lambda key, seconds, action: plan((spec.key, *key), seconds, action),
            lambda mount: outside.mounts.refusal(spec.key, mount),
        )
        self._outside = outside
        self._api = self._new_api()
        if saved is None:
            self._found()

    def _new_api(self) -> Api:
        address = f"{LOOPBACK}:{self._listener.port}"
        door = Door(self._credentials, self.spec.key, lambda: self._outside.logins)
        return Api(self._store, door, self.spec.kubernetes_version, address)

    @property
    def store(self) -> Store:
        """All its objects."""
        return self._store

    @property
    def is_open(self) -> bool:
        """Whether its API serves, be it to its own network alone."""
        return self._is_open

    async def open(self) -> None:
        """Serve; a cluster that serves stays as it is."""
        if self._is_open:
            return
        self._is_open = True
        self._controllers.resume()
        if not self.spec.private:
            await self._serve()

    async def _serve(self) -> None:
        await self._listener.open(self._outside.guard(self.spec.key, cast("ASGIApp", self._api)))

    def forget(self) -> None:
        """Let nothing more happen: the cluster is removed."""
        self._controllers.work.stop()

    async def close(self) -> None:
        """Refuse connections."""
        self._is_open = False
        await self._listener.close()

    def hold_pods_by(self, hold: Callable[[Object], Held | None]) -> None:
        """Ask `hold` of every pod that is about to start why it does not."""
        self._controllers.hold_pods_by(hold)

    def upgrade(self, version: str) -> None:
        """Become another version of Kubernetes."""
        self.spec = replace(self.spec, kubernetes_version=version)
        self._api.version = version

    async def rotate(self) -> None:
        """Take new keys, all of them, at the same address."""
        await self._listener.close()
        self._credentials = Credentials.create(self.spec.fqdn)
        self._listener = Listener(self._credentials, self._listener.port)
        self._api = self._new_api()
        self._controllers.trust(self._credentials.ca.certificate)
        if not self._is_open:
            await self._listener.close()
        elif not self.spec.private:
            await self._serve()

    def tell_of_node(self, name: str, message: str, *, warning: bool) -> None:
        """Let AKS's upgrader say something of a node."""
        draining.tell(self._store, self._controllers.recorder, name, message, warning=warning)

    async def settled(self) -> None:
        """Return when the controllers have nothing left to be done at once."""
        await self._controllers.work.settled()

    def endpoint(self) -> Endpoint:
        """Return where the cluster answers, and its kubeconfigs."""
        return Endpoint(
            url=self._url,
            port=self._listener.port,
            ca_pem=self._credentials.ca.certificate.encode(),
            user_kubeconfig=self._kubeconfig(local_user(self._credentials.user), "clusterUser"),
            admin_kubeconfig=self._kubeconfig(local_user(self._credentials.admin), "clusterAdmin"),
        )

    def entra_kubeconfig(self, tenant_id: str) -> bytes:
        """Return the kubeconfig of users who log in through Entra."""
        login = entra_user(server_id=AKS_SERVER_ID, client_id=AKS_CLIENT_ID, tenant_id=tenant_id)
        return self._kubeconfig(login, "clusterUser")

    @property
    def _url(self) -> str:
        return f"https://{LOOPBACK}:{self._listener.port}"

    def _kubeconfig(self, login: Mapping[str, JSON], role: str) -> bytes:
        spec = self.spec
        return kubeconfig(
            login,
            self._credentials.ca,
            cluster=spec.name,
            user=f"{role}_{spec.resource_group}_{spec.name}",
            server=self._url,
            tls_server_name=spec.fqdn,
        )

    def dump(self) -> str:
        """Return all that a restart needs, as JSON."""
        rest = {"port": self._listener.port, "credentials": self._credentials.dump(), **self._nodes.dump()}
        return f'{json.dumps(rest, separators=(",", ":"))[:-1]},"store":{self._store.dump()}}}'

    async def set_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        """Make these the nodes, and let all that follows from it happen: the system's pods run when this returns."""
        self._nodes.set_nodes(nodes)
        await self._controllers.work.settled()

    async def set_platform(self, objects: Sequence[tuple[str, Object]], *, present: bool) -> None:
        """Make those objects that are missing, or remove those that are there, and let what follows happen."""
        for resource, document in objects:
            namespace, name = document["metadata"].get("namespace", ""), document["metadata"]["name"]
            known = self._store.get(resource, namespace, name)
            if present and known is None:
                writes.create(self._store, BY_RESOURCE[resource], namespace, copy.deepcopy(document))
            elif not present and known is not None:
                remove(self._store, resource, known)
        await self._controllers.work.settled()

    def _found(self) -> None:
        """Fill a new cluster with what AKS puts into it."""
        for name in system.NAMESPACES:
            writes.create(self._store, BY_RESOURCE["namespaces"], "", {"metadata": {"name": name}})
        for resource, document in self._platform_objects():
            namespace = document["metadata"].get("namespace", "")
            writes.create(self._store, BY_RESOURCE[resource], namespace, document)
        self._controllers.work.drain()

    def _platform_objects(self) -> Iterator[tuple[str, Object]]:
        for service in system.services():
            yield "services", service
        for config_map in system.config_maps(self.spec.kubernetes_version):
            yield "configmaps", config_map
        yield from system.workloads(self.spec.kubernetes_version)
        for storage_class in storage_classes.storage_classes():
            yield "storageclasses.storage.k8s.io", storage_class
        for driver in storage_classes.drivers():
            yield "csidrivers.storage.k8s.io", driver
