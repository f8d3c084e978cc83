"""A cluster and the shares that its pods mount, with a clock that stands still until a test moves it."""

import base64
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.cloud_controller.conftest import Scene, scene_for
from tests.emulator.kubernetes.volumes import CLAIMS, PODS, VOLUMES, claim, pod, volume
from tests.support.local_azure import LocalAzureForTests

MERGE = "application/merge-patch+json"
SECRETS = "/api/v1/namespaces/default/secrets"
STORAGE_VERSION = "2025-06-01"
START = 5
"""Scaled seconds in which a pod whose volumes can be mounted starts."""
RETRIES = 130
"""Scaled seconds in which the kubelet has tried once more, however often it has failed."""
STANDARD: dict[str, Any] = {"location": "westus2", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
PREMIUM: dict[str, Any] = {"location": "westus2", "kind": "FileStorage", "sku": {"name": "Premium_LRS"}}


@dataclass
class Files:
    """A cluster with accounts beside it."""

    scene: Scene

    def account(self, name: str = "files1", group: str = "g1") -> str:
        return f"resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"

    async def azure(self, method: str, path: str, body: Any = None, version: str = STORAGE_VERSION) -> Any:
        query: dict[str, Any] = {"api-version": version}
        reply = await self.scene.arm.send(method, path, body, **query)
        assert reply.status < 300, reply.text
        return reply.body

    async def make_account(self, name: str = "files1", body: dict[str, Any] | None = None, **properties: Any) -> None:
        await self.azure("PUT", self.account(name), {**(body or STANDARD), "properties": properties})
        await self.scene.advance(30)

    async def make_share(self, name: str = "shop", account: str = "files1", **properties: Any) -> None:
        path = f"{self.account(account)}/fileServices/default/shares/{name}"
        await self.azure("PUT", path, {"properties": properties})

    async def key(self, name: str = "key1", account: str = "files1") -> str:
        found = await self.azure("POST", f"{self.account(account)}/listKeys")
        return str(next(key["value"] for key in found["keys"] if key["keyName"] == name))

    async def regenerate(self, name: str = "key1", account: str = "files1") -> None:
        await self.azure("POST", f"{self.account(account)}/regenerateKey", {"keyName": name})

    async def create(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        reply = await self.scene.kube.ask("POST", path, document)
        assert reply.status == 201, reply.body
        body: dict[str, Any] = reply.body
        return body

    async def get(self, path: str) -> Any:
        return (await self.scene.kube.ask("GET", path)).body

    async def secret(self, key: str, name: str = "files", account: str = "files1") -> None:
        plain = {"azurestorageaccountname": account, "azurestorageaccountkey": key}
        data = {field: base64.b64encode(value.encode()).decode() for field, value in plain.items()}
        if (await self.scene.kube.ask("GET", f"{SECRETS}/{name}")).status == 200:
            await self.scene.kube.ask("PATCH", f"{SECRETS}/{name}", {"data": data}, content_type=MERGE)
        else:
            await self.create(SECRETS, {"metadata": {"name": name}, "data": data})

    async def bind(self, name: str = "data", share: str = "shop", account: str = "files1", **spec: Any) -> None:
        """A volume with a claim that has it."""
        csi = {
            "driver": "file.csi.azure.com",
            "volumeHandle": f"g1#{account}#{share}#{name}",
            "volumeAttributes": {"shareName": share},
            "nodeStageSecretRef": {"name": "files", "namespace": "default"},
        }
        csi = {key: value for key, value in {**csi, **spec.pop("csi", {})}.items() if value is not None}
        await self.create(VOLUMES, volume(name, csi=csi, **spec))
        await self.create(CLAIMS, claim(name, volumeName=name))

    async def run(self, name: str = "web", claim_name: str = "data", wait: float = START, **spec: Any) -> str:
        """Let a pod start that mounts a claim; its phase then."""
        await self.create(PODS, pod(name, claim_name, **spec))
        await self.scene.advance(wait)
        return await self.phase(name)

    async def phase(self, name: str = "web") -> str:
        return str((await self.get(f"{PODS}/{name}"))["status"]["phase"])

    async def phase_after(self, seconds: float, name: str = "web") -> str:
        await self.scene.advance(seconds)
        return await self.phase(name)

    async def pass_time(self, times: int = 10, seconds: float = 15) -> None:
        """Let what follows from each other happen: a clock that jumps lets only that happen which was planned."""
        for _ in range(times):
            await self.scene.advance(seconds)

    async def failure(self, name: str = "web") -> str:
        """What the last event about a mount says."""
        found = [message for reason, message, _ in await self.scene.events(name) if reason == "FailedMount"]
        assert found, await self.scene.events(name)
        return found[-1]


@pytest.fixture
async def files(stopped_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cluster with one node, registered for storage."""
    async with scene_for(stopped_azure, monkeypatch) as scene:
        yield Files(scene)
