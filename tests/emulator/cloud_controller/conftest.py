"""A cluster whose Services are served, with a clock that stands still until a test moves it."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.network.aio import NetworkManagementClient

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import Arm, LoopbackBearerPolicy, arm_for
from tests.emulator.kubernetes.client import Client, Reply, connect
from tests.support.local_azure import LocalAzureForTests, local_azure_running

GROUP = "MC_g1_c1_westus2"
BETA = "service.beta.kubernetes.io/azure-"
WORK = 10
"""Scaled seconds from a change of a Service to its end in Azure."""


def service(name: str, *ports: int, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A Service of type LoadBalancer; annotations without their common prefix."""
    listed = [{"name": f"p{port}", "port": port, "targetPort": 8080} for port in ports or (80,)]
    said = {key if "/" in key else BETA + key: value for key, value in (annotations or {}).items()}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "annotations": said},
        "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": listed, **spec},
    }


@dataclass
class Scene:
    """One cluster, seen from both sides."""

    azure: LocalAzureForTests
    arm: Arm
    kube: Client
    network: Any
    """The SDK, loosely typed."""

    async def advance(self, seconds: float = WORK) -> None:
        await asyncio.to_thread(self.azure.advance, seconds)

    async def apply(self, document: dict[str, Any], namespace: str = "default", wait: float = WORK) -> dict[str, Any]:
        """Create a Service, let its time pass, and return it."""
        made = await self.kube.ask("POST", f"/api/v1/namespaces/{namespace}/services", document)
        assert made.status == 201, made.body
        await self.advance(wait)
        return await self.service(document["metadata"]["name"], namespace)

    async def service(self, name: str, namespace: str = "default") -> dict[str, Any]:
        reply = await self.find(name, namespace)
        assert reply.status == 200, reply.body
        body: dict[str, Any] = reply.body
        return body

    async def find(self, name: str, namespace: str = "default") -> Reply:
        return await self.kube.ask("GET", f"/api/v1/namespaces/{namespace}/services/{name}")

    async def patch(self, name: str, change: dict[str, Any], wait: float = WORK) -> dict[str, Any]:
        path = f"/api/v1/namespaces/default/services/{name}"
        reply = await self.kube.ask("PATCH", path, change, content_type="application/merge-patch+json")
        assert reply.status == 200, reply.body
        await self.advance(wait)
        return await self.service(name)

    async def annotate(self, name: str, wait: float = WORK, **annotations: str | None) -> dict[str, Any]:
        """Change annotations; underscores stand for dashes."""
        said = {BETA + key.replace("_", "-"): value for key, value in annotations.items()}
        return await self.patch(name, {"metadata": {"annotations": said}}, wait)

    async def delete(self, name: str, wait: float = WORK) -> None:
        reply = await self.kube.ask("DELETE", f"/api/v1/namespaces/default/services/{name}")
        assert reply.status == 200, reply.body
        await self.advance(wait)

    async def events(self, name: str) -> list[tuple[str, str, int]]:
        """Reason, message and count of a Service's events, in the order of their first time and writing."""
        body = (await self.kube.ask("GET", "/api/v1/namespaces/default/events")).body
        mine = [event for event in body["items"] if event["involvedObject"]["name"] == name]
        mine.sort(key=lambda event: (event["firstTimestamp"], int(event["metadata"]["resourceVersion"])))
        return [(event["reason"], event["message"], event["count"]) for event in mine]

    async def reasons(self, name: str) -> list[str]:
        return [reason for reason, _, _ in await self.events(name)]

    async def failure(self, name: str) -> str:
        """What its last failure says."""
        failures = [message for reason, message, _ in await self.events(name) if reason == "SyncLoadBalancerFailed"]
        assert failures, await self.events(name)
        return failures[-1]

    async def balancer(self, name: str = "kubernetes") -> dict[str, Any]:
        found = await self.network.load_balancers.get(GROUP, name)
        body: dict[str, Any] = found.as_dict()
        return body

    async def balancers(self) -> list[str]:
        return sorted([balancer.name async for balancer in self.network.load_balancers.list(GROUP)])

    async def parts(self, kind: str, name: str = "kubernetes") -> dict[str, dict[str, Any]]:
        """The properties of a load balancer's parts, by name."""
        found = (await self.balancer(name))["properties"].get(kind, [])
        return {part["name"]: part["properties"] for part in found}

    async def rules(self, name: str = "kubernetes") -> dict[str, dict[str, Any]]:
        return await self.parts("loadBalancingRules", name)

    async def probes(self, name: str = "kubernetes") -> dict[str, dict[str, Any]]:
        return await self.parts("probes", name)

    async def frontends(self, name: str = "kubernetes") -> dict[str, dict[str, Any]]:
        """Those of Services, without the one for outbound traffic."""
        found = await self.parts("frontendIPConfigurations", name)
        return {frontend: properties for frontend, properties in found.items() if "outboundRules" not in properties}

    async def members(self, name: str = "kubernetes", pool: str = "kubernetes") -> list[str]:
        """The machines of a backend pool, by number."""
        found = (await self.parts("backendAddressPools", name))[pool].get("backendIPConfigurations", [])
        return sorted(member["id"].split("/virtualMachines/")[1].split("/")[0] for member in found)

    async def addresses(self, group: str = GROUP) -> dict[str, dict[str, Any]]:
        """The public IPs of a group, but the outbound one."""
        found = [address.as_dict() async for address in self.network.public_ip_addresses.list(group)]
        managed = "aks-managed-type"
        return {address["name"]: address for address in found if managed not in (address.get("tags") or {})}

    async def security_rules(self) -> list[dict[str, Any]]:
        groups = [found.as_dict() async for found in self.network.network_security_groups.list(GROUP)]
        rules = groups[0]["properties"].get("securityRules", [])
        return [{"name": rule["name"], **rule["properties"]} for rule in rules]

    async def address(self, name: str, group: str = GROUP, **properties: Any) -> dict[str, Any]:
        """A public IP of a user's own."""
        body = {
            "location": "westus2",
            "sku": {"name": properties.pop("sku", "Standard")},
            "properties": {"publicIPAllocationMethod": "Static", **properties},
        }
        path = f"resourceGroups/{group}/providers/Microsoft.Network/publicIPAddresses/{name}"
        made = await self.arm.send("PUT", path, body)
        assert made.status == 201, made.text
        await self.advance(5)
        found: dict[str, Any] = (await self.addresses(group))[name]
        return found


def base_of(document: dict[str, Any]) -> str:
    """`a` and the uid, as it names what is a Service's own in Azure."""
    base: str = "a" + document["metadata"]["uid"].replace("-", "")
    return base[:32]


def ingress(document: dict[str, Any]) -> list[str]:
    return [entry["ip"] for entry in document["status"]["loadBalancer"].get("ingress", [])]


def ip_of(address: dict[str, Any]) -> str:
    """The address of a public IP."""
    text: str = address["properties"]["ipAddress"]
    return text


@contextlib.asynccontextmanager
async def scene_for(
    azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch, *, fresh: bool = True, **properties: Any
) -> AsyncIterator[Scene]:
    for name, value in azure.identity_env.items():
        monkeypatch.setenv(name, value)
    async with arm_for(azure) as arm, ManagedIdentityCredential() as credential:
        if fresh:
            assert (await arm.make_group()).status == 201
            assert (await arm.make_cluster(**properties)).status == 201
            await asyncio.to_thread(azure.advance, 400)
        answer = await arm.send("POST", f"{arm.cluster()}/listClusterUserCredential")
        config = base64.b64decode(answer.body["kubeconfigs"][0]["value"])
        where: dict[str, Any] = {
            "base_url": azure.url,
            "authentication_policy": LoopbackBearerPolicy(credential, "https://management.azure.com/.default"),
            "retry_total": 0,
        }
        async with (
            connect(config) as kube,
            NetworkManagementClient(credential, azure.subscription_id, **where) as network,
        ):
            yield Scene(azure, arm, kube, network)


@contextlib.asynccontextmanager
async def stopped(options: LocalAzureOptions | None = None) -> AsyncIterator[LocalAzureForTests]:
    """A local Azure with a manual clock and AKS registered."""
    async with local_azure_running(options or LocalAzureOptions(speed=1.0), clock=ManualClock()) as azure:
        azure.register()
        yield azure


@pytest.fixture
async def scene(stopped_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A cluster with one node."""
    async with scene_for(stopped_azure, monkeypatch) as found:
        yield found
