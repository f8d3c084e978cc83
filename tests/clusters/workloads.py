"""What runs in a cluster of the local Azure, put there as a client of its Kubernetes API would."""

from dataclasses import dataclass
from typing import Any

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.store import Store
from tests.support.whole import Slipway


@dataclass
class Workloads:
    """The objects of one cluster, in the namespace `default`."""

    slipway: Slipway
    azure_id: str

    @classmethod
    async def of(cls, slipway: Slipway, name: str = "blue") -> "Workloads":
        """Those of a cluster that is there."""
        return cls(slipway, (await slipway.cluster(name))["observed"]["azure_id"])

    def deploy(self, name: str, replicas: int) -> None:
        """A deployment, running."""
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        self._create("deployments.apps", {"metadata": {"name": name}, "spec": spec})

    def protect(self, name: str, **bound: Any) -> None:
        """A disruption budget for a deployment."""
        spec = {"selector": {"matchLabels": {"app": name}}, **bound}
        self._create("poddisruptionbudgets.policy", {"metadata": {"name": name}, "spec": spec})

    def unprotect(self, name: str) -> None:
        """Without its budget."""

        async def write() -> None:
            self._store().delete("poddisruptionbudgets.policy", "default", name)
            await self.slipway.azure.azure.host.settled(self._key)

        self.slipway.azure.call(write())

    def objects(self, resource: str) -> list[dict[str, Any]]:
        """All of a resource, of all namespaces."""

        async def read() -> list[dict[str, Any]]:
            return self._store().list_(resource)

        return self.slipway.azure.call(read())

    def pod(self, name: str) -> dict[str, Any]:
        """The one pod of a deployment."""
        (found,) = [pod for pod in self.objects("pods") if pod["metadata"]["name"].startswith(f"{name}-")]
        return found

    def versions(self) -> dict[str, str]:
        """The kubelets' versions by node."""
        return {
            node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"].removeprefix("v")
            for node in self.objects("nodes")
        }

    def drains(self) -> list[str]:
        """The nodes that were drained, a name for each time."""
        return [
            event["involvedObject"]["name"]
            for event in self.objects("events")
            if event["message"].startswith("Draining node")
            for _ in range(event.get("count") or 1)
        ]

    async def act(self, name: str, **document: Any) -> dict[str, Any]:
        """What `/_local/acts` lets happen to the cluster."""
        cloud = self.slipway.azure.azure.cloud
        acts = {known: act for provider in cloud.providers.values() for known, act in provider.acts.items()}

        async def happen() -> dict[str, Any]:
            return await acts[name](cloud, {"cluster": self.azure_id, **document})

        return self.slipway.azure.call(happen())

    @property
    def _key(self) -> str:
        return self.azure_id.lower()

    def _store(self) -> Store:
        store = self.slipway.azure.azure.host.serving(self._key)
        assert store is not None
        return store

    def _create(self, resource: str, document: dict[str, Any]) -> None:
        async def write() -> None:
            writes.create(self._store(), BY_RESOURCE[resource], "default", document)
            await self.slipway.azure.azure.host.settled(self._key)

        self.slipway.azure.call(write())
