"""A cluster in a local Azure whose clock stands still, and what runs in it."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.store import Store
from tests.emulator.conftest import Arm, Reply
from tests.support.local_azure import LocalAzureForTests

POOL = {"vmSize": "Standard_D2s_v5", "mode": "User", "count": 1}


@dataclass(frozen=True)
class Aks:
    """One cluster `c1` with a system pool `pool1`."""

    arm: Arm
    azure: LocalAzureForTests

    async def put_pool(self, name: str, **properties: Any) -> Reply:
        return await self.arm.send("PUT", f"{self.arm.cluster()}/agentPools/{name}", {"properties": properties})

    async def change(self, **properties: Any) -> Reply:
        """A PUT of the cluster that says nothing of its pools."""
        return await self.arm.send("PUT", self.arm.cluster(), {"location": "westus2", "properties": properties})

    async def pool(self, name: str) -> dict[str, Any]:
        body = (await self.arm.send("GET", f"{self.arm.cluster()}/agentPools/{name}")).body
        properties: dict[str, Any] = body["properties"]
        return properties

    async def cluster(self) -> dict[str, Any]:
        properties: dict[str, Any] = (await self.arm.send("GET", self.arm.cluster())).body["properties"]
        return properties

    async def post(self, path: str, body: Any = None) -> Reply:
        return await self.arm.send("POST", f"{self.arm.cluster()}/{path}", body)

    async def has_pool(self, name: str, **properties: Any) -> None:
        """A pool that is there."""
        assert (await self.put_pool(name, **{**POOL, **properties})).status == 201
        self.azure.advance(191)
        assert (await self.pool(name))["provisioningState"] == "Succeeded"

    def nodes(self, pool: str) -> dict[str, tuple[str, bool]]:
        """The pool's nodes by the last digits of their names: kubelet's version, and whether pods may come."""
        return {
            node["metadata"]["name"][-2:]: (
                node["status"]["nodeInfo"]["kubeletVersion"],
                not node["spec"].get("unschedulable"),
            )
            for node in self.objects("nodes")
            if node["metadata"]["labels"]["agentpool"] == pool
        }

    def objects(self, resource: str) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            return self._store().list_(resource)

        return self.azure.call(read())

    def create(self, resource: str, document: dict[str, Any]) -> None:
        """An object in `default`, as a client would create it."""

        async def write() -> None:
            writes.create(self._store(), BY_RESOURCE[resource], "default", document)
            await self.azure.azure.host.settled(self._key())

        self.azure.call(write())

    def remove(self, resource: str, name: str) -> None:
        async def write() -> None:
            self._store().delete(resource, "default", name)
            await self.azure.azure.host.settled(self._key())

        self.azure.call(write())

    def deploy(self, name: str, replicas: int, pool: str) -> None:
        """A deployment on the nodes of one pool, running."""
        labels = {"app": name}
        spec = {"nodeSelector": {"agentpool": pool}, "containers": [{"name": "web", "image": "web:1"}]}
        template = {"metadata": {"labels": labels}, "spec": spec}
        document = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        self.create("deployments.apps", {"metadata": {"name": name}, "spec": document})
        self.azure.advance(5)

    def protect(self, name: str, **bound: Any) -> None:
        """A disruption budget for a deployment."""
        spec = {"selector": {"matchLabels": {"app": name}}, **bound}
        self.create("poddisruptionbudgets.policy", {"metadata": {"name": name}, "spec": spec})

    def _key(self) -> str:
        return self.arm.path(self.arm.cluster()).lower()

    def _store(self) -> Store:
        store = self.azure.azure.host.serving(self._key())
        assert store is not None
        return store


def act(aks: Aks, name: str, **document: Any) -> dict[str, Any]:
    """Let Azure do something by itself; returns what it did, or why it did not."""
    request = urllib.request.Request(  # noqa: S310 - our own loopback URL
        f"{aks.azure.url}/_local/acts/{name}", json.dumps(document).encode(), method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            done: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as refused:
        done = json.load(refused)
    return done


@pytest.fixture
async def aks(arm: Arm, stopped_azure: LocalAzureForTests) -> Aks:
    await arm.make_group()
    assert (await arm.make_cluster(kubernetesVersion="1.32.8")).status == 201
    stopped_azure.advance(301)
    return Aks(arm, stopped_azure)
