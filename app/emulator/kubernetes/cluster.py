"""One cluster: its objects, its credentials, its listener."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.emulator.kubernetes import machines, system, writes
from app.emulator.kubernetes.api import Api
from app.emulator.kubernetes.controllers import Controllers
from app.emulator.kubernetes.credentials import LOOPBACK, Account, Credentials, kubeconfig
from app.emulator.kubernetes.documents import JSON, Object, timestamp
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.listener import Listener
from app.emulator.kubernetes.specs import ClusterSpec, Endpoint, NodeSpec
from app.emulator.kubernetes.store import Store

_LEASES, _LEASE_NAMESPACE = "leases.coordination.k8s.io", "kube-node-lease"
_LEASE_SECONDS = 40  # kubelet's default


class Cluster:
    """A cluster from its spec, or from what an earlier one dumped."""

    def __init__(self, spec: ClusterSpec, now: Callable[[], datetime], saved: Mapping[str, Any] | None) -> None:
        self.spec = spec
        self._store = Store(now)
        if saved is None:
            self._credentials = Credentials.create(spec.fqdn)
            self._listener = Listener(self._credentials, 0)
            self._set_labels: dict[str, list[str]] = {}
        else:
            self._set_labels = saved["node_labels"]
            self._credentials = Credentials.restore(saved["credentials"])
            self._listener = Listener(self._credentials, saved["port"])
            self._store.load(saved["store"])
        self._controllers = Controllers(self._store, self._credentials.ca.certificate)
        address = f"{LOOPBACK}:{self._listener.port}"
        self._api = Api(self._store, self._credentials, spec.kubernetes_version, address)
        if saved is None:
            self._found()

    @property
    def store(self) -> Store:
        """All its objects."""
        return self._store

    @property
    def is_open(self) -> bool:
        """Whether its API serves."""
        return self._listener.is_open

    async def open(self) -> None:
        """Serve; a cluster that serves stays as it is."""
        if not self._listener.is_open:
            self._controllers.resume()
            await self._listener.open(self._api)

    async def close(self) -> None:
        """Refuse connections."""
        await self._listener.close()

    def upgrade(self, version: str) -> None:
        """Become another version of Kubernetes."""
        self.spec = replace(self.spec, kubernetes_version=version)
        self._api.version = version

    def endpoint(self) -> Endpoint:
        """Return where the cluster answers, and its kubeconfigs."""
        url = f"https://{LOOPBACK}:{self._listener.port}"
        spec = self.spec

        def config(account: Account, role: str) -> bytes:
            return kubeconfig(
                account,
                self._credentials.ca,
                cluster=spec.name,
                user=f"{role}_{spec.resource_group}_{spec.name}",
                server=url,
                tls_server_name=spec.fqdn,
            )

        return Endpoint(
            url=url,
            port=self._listener.port,
            ca_pem=self._credentials.ca.certificate.encode(),
            user_kubeconfig=config(self._credentials.user, "clusterUser"),
            admin_kubeconfig=config(self._credentials.admin, "clusterAdmin"),
        )

    def dump(self) -> dict[str, JSON]:
        """Return all that a restart needs."""
        return {
            "port": self._listener.port,
            "credentials": self._credentials.dump(),
            "store": self._store.dump(),
            "node_labels": {name: [*labels] for name, labels in self._set_labels.items()},
        }

    def set_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        """Make the nodes, their leases and the system pods on them what they should be, and nothing else."""
        now = timestamp(self._store.now())
        wanted_nodes = [machines.node(spec, now) for spec in nodes]
        set_labels = {node["metadata"]["name"]: [*node["metadata"]["labels"]] for node in wanted_nodes}
        for node in wanted_nodes:
            # A label that a pool no longer has goes; one that a user has set stays.
            before = self._set_labels.get(node["metadata"]["name"], [])
            node["metadata"]["labels"] = {**dict.fromkeys(before), **node["metadata"]["labels"]}
        self._set_labels = set_labels
        self._reconcile("nodes", "", wanted_nodes)
        self._reconcile(_LEASES, _LEASE_NAMESPACE, [_lease(spec) for spec in nodes])
        names = {spec.name for spec in nodes}
        wanted = list(system.pods(nodes, now))
        places = {pod["metadata"]["name"]: pod["spec"].get("nodeName") for pod in wanted}
        for pod in self._store.list_("pods"):
            # A pod whose machine is gone goes too, whoever made it; and none moves: it is made anew elsewhere.
            bound, metadata = pod["spec"].get("nodeName"), pod["metadata"]
            moved = metadata["namespace"] == system.SYSTEM and places.get(metadata["name"], bound) != bound
            if moved or (bound and bound not in names):
                self._store.delete("pods", metadata["namespace"], metadata["name"])
        for pod in wanted:
            self._put("pods", pod)

    def _reconcile(self, resource: str, namespace: str, wanted: list[Object]) -> None:
        names = {document["metadata"]["name"] for document in wanted}
        for document in self._store.list_(resource, namespace):
            if document["metadata"]["name"] not in names:
                self._store.delete(resource, namespace, document["metadata"]["name"])
        for document in wanted:
            self._put(resource, document)

    def _put(self, resource: str, document: Object) -> None:
        metadata = document["metadata"]
        previous = self._store.get(resource, metadata.get("namespace", ""), metadata["name"])
        if previous is None:
            self._store.create(resource, _over({"metadata": metadata}, document))
        else:
            self._store.replace(resource, _over(previous, document))

    def _found(self) -> None:
        """Fill a new cluster with what AKS puts into it."""
        for name in system.NAMESPACES:
            writes.create(self._store, BY_RESOURCE["namespaces"], "", {"metadata": {"name": name}})
        for resource, document in self._platform_objects():
            namespace = document["metadata"]["namespace"]
            writes.create(self._store, BY_RESOURCE[resource], namespace, document)
        self.set_nodes([])

    def _platform_objects(self) -> Iterator[tuple[str, Object]]:
        for service in system.services():
            yield "services", service
        for config_map in system.config_maps(self.spec.kubernetes_version):
            yield "configmaps", config_map


def _lease(spec: NodeSpec) -> Object:
    return {
        "metadata": {"name": spec.name, "namespace": _LEASE_NAMESPACE},
        "spec": {"holderIdentity": spec.name, "leaseDurationSeconds": _LEASE_SECONDS},
    }


def _over(previous: Object, wanted: Object) -> Object:
    """Lay what the platform wants over an object; a label of None goes.

    What users have set besides stays, as do the times of what lasts.
    """
    metadata = dict(previous["metadata"])
    for name in ("labels", "annotations"):
        if name in wanted["metadata"]:
            both = {**(metadata.get(name) or {}), **wanted["metadata"][name]}
            metadata[name] = {key: value for key, value in both.items() if value is not None}
    spec = {**previous.get("spec", {}), **wanted.get("spec", {})}
    result = {**previous, "metadata": metadata, "spec": spec}
    if "status" in wanted and _timeless(wanted["status"]) != _timeless(previous.get("status")):
        result["status"] = wanted["status"]
    return result


_TIMES = {"lastHeartbeatTime", "lastTransitionTime", "startTime", "startedAt", "containerID"}


def _timeless(value: Any) -> Any:  # any part of a status
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in _TIMES}
    return [_timeless(item) for item in value] if isinstance(value, list) else value
