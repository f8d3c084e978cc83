"""A cluster with Linux and Windows nodes beside a workspace, as the tests of monitoring want it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.kinds import BY_RESOURCE
from tests.emulator.conftest import Arm, Reply
from tests.support.local_azure import LocalAzureForTests

_AUDIENCE = "https://api.loganalytics.io"
RULES, ENDPOINTS = "Microsoft.Insights/dataCollectionRules", "Microsoft.Insights/dataCollectionEndpoints"
ASSOCIATION = "providers/Microsoft.Insights/dataCollectionRuleAssociations/ContainerInsightsExtension"
STREAMS = ["Microsoft-ContainerInsights-Group-Default"]
LINUX = {"name": "linux", "mode": "System", "count": 3, "vmSize": "Standard_D4s_v5", "osType": "Linux"}
WINDOWS = {"name": "win", "mode": "User", "count": 1, "vmSize": "Standard_D4s_v5", "osType": "Windows"}


@dataclass
class Site:
    """One group with a workspace `logs` and a cluster `c1`; the clock stands still until it is moved."""

    arm: Arm
    azure: LocalAzureForTests

    async def send(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        return await self.arm.send(
            method, f"resourceGroups/g1/providers/{path}", body, **{"api-version": "2023-03-11", **query}
        )

    @property
    def workspace_id(self) -> str:
        return self.arm.path("resourceGroups/g1/providers/Microsoft.OperationalInsights/workspaces/logs")

    @property
    def cluster_id(self) -> str:
        return self.arm.path("resourceGroups/g1/providers/Microsoft.ContainerService/managedClusters/c1")

    @property
    def rule_id(self) -> str:
        return self.arm.path(f"resourceGroups/g1/providers/{RULES}/MSCI-westus2-c1")

    async def make_workspace(self, **properties: Any) -> dict[str, Any]:
        path = "Microsoft.OperationalInsights/workspaces/logs"
        body = {"location": "westus2", "properties": {"sku": {"name": "PerGB2018"}, **properties}}
        assert (await self.send("PUT", path, body)).status in {200, 201}
        self.azure.advance(18)
        made: dict[str, Any] = (await self.send("GET", path)).body
        return made

    async def make_cluster(self, *pools: dict[str, Any], **properties: Any) -> dict[str, Any]:
        await self.put_cluster(agentPoolProfiles=list(pools or (LINUX, WINDOWS)), **properties)
        return await self.read_cluster()

    async def put_cluster(self, **properties: Any) -> None:
        reply = await self.arm.make_cluster(**{"agentPoolProfiles": [], **properties})
        assert reply.status in {200, 201}, reply.body
        self.azure.advance(310)
        self.azure.advance(2)  # what is taken away takes a moment to end

    async def read_cluster(self) -> dict[str, Any]:
        properties: dict[str, Any] = (await self.arm.send("GET", self.arm.cluster())).body["properties"]
        return properties

    def addon(self, *, enabled: bool = True) -> dict[str, Any]:
        config = {"logAnalyticsWorkspaceResourceID": self.workspace_id, "useAADAuth": "true"}
        return {"omsagent": {"enabled": enabled, "config": config}}

    def rule(self, streams: list[str] | None = None, **settings: Any) -> dict[str, Any]:
        extension = {
            "name": "ContainerInsightsExtension",
            "streams": streams or STREAMS,
            "extensionName": "ContainerInsights",
            "extensionSettings": {"dataCollectionSettings": {"enableContainerLogV2": True, **settings}},
        }
        return {
            "location": "westus2",
            "kind": "Linux",
            "properties": {
                "dataSources": {"extensions": [extension]},
                "dataFlows": [{"streams": streams or STREAMS, "destinations": ["la-workspace"]}],
                "destinations": {"logAnalytics": [{"workspaceResourceId": self.workspace_id, "name": "la-workspace"}]},
            },
        }

    async def associate(self, rule: dict[str, Any] | None = None) -> None:
        made = await self.send("PUT", f"{RULES}/MSCI-westus2-c1", rule or self.rule())
        assert made.status == 200, made.body
        body = {"properties": {"dataCollectionRuleId": self.rule_id, "description": "of the cluster"}}
        version: dict[str, Any] = {"api-version": "2023-03-11"}
        tied = await self.arm.send("PUT", f"{self.cluster_id}/{ASSOCIATION}", body, **version)
        assert tied.status == 200, tied.body

    def objects(self, resource: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """What the cluster's API holds."""

        async def read() -> list[dict[str, Any]]:
            store = self.azure.azure.host.serving(self.cluster_id.lower())
            assert store is not None
            return store.list_(resource) if namespace is None else store.list_(resource, namespace)

        return self.azure.call(read())

    def agents(self) -> dict[str, dict[str, Any]]:
        """The pods of the agents, by node; that of the whole cluster as `*`."""
        found = {}
        for pod in self.objects("pods", "kube-system"):
            labels = pod["metadata"]["labels"]
            if labels.get("component", "").startswith("ama-logs"):
                found["*" if "rsName" in labels else pod["spec"]["nodeName"]] = pod
        return found


class Monitored:
    """A site whose cluster is monitored, and the queries of its workspace."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.workspace = ""

    async def begin(self, rule: dict[str, Any] | None = None, *, associated: bool = True, **workspace: Any) -> None:
        made = await self.site.make_workspace(**workspace)
        self.workspace = made["properties"]["customerId"]
        await self.site.make_cluster(addonProfiles=self.site.addon())
        if associated:
            await self.site.associate(rule)

    def wait(self, minutes: int) -> None:
        for _ in range(minutes):
            self.site.azure.advance(60)

    async def post(self, body: Any, *, workspace: str | None = None, audience: str = _AUDIENCE) -> Reply:
        url = f"{self.site.azure.url}/v1/workspaces/{workspace or self.workspace}/query"
        headers = {"Authorization": f"Bearer {self.site.azure.token(audience)}"} if audience else {}
        async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, headers, await answer.text(), await answer.json(content_type=None))

    async def rows(self, query: str, **more: Any) -> list[dict[str, Any]]:
        reply = await self.post({"query": query, **more})
        assert reply.status == 200, reply.body
        (table,) = reply.body["tables"]
        names = [column["name"] for column in table["columns"]]
        return [dict(zip(names, row, strict=True)) for row in table["rows"]]

    async def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = ("ContainerLogV2", "KubePodInventory", "KubeNodeInventory", "KubeEvents", "Perf")
        return {name: (await self.rows(f"{name} | count"))[0]["Count"] for name in tables}

    def run_pods(self, *names: str, namespace: str = "default", **spec: Any) -> None:
        """Pods as users have them."""
        for name in names:
            container = {"name": "main", "image": "nginx"}
            self.add("pods", namespace, {"metadata": {"name": name}, "spec": {"containers": [container], **spec}})

    def add(self, resource: str, namespace: str, document: dict[str, Any]) -> None:
        """An object, through the rules of the cluster's API."""

        async def make() -> None:
            store = self.site.azure.azure.host.serving(self.site.cluster_id.lower())
            assert store is not None
            writes.create(store, BY_RESOURCE[resource], namespace, document)

        self.site.azure.call(make())


@pytest.fixture
async def site(stopped_azure: LocalAzureForTests) -> AsyncIterator[Site]:
    async with aiohttp.ClientSession() as session:
        arm = Arm(stopped_azure, session, stopped_azure.token())
        await arm.make_group()
        yield Site(arm, stopped_azure)


@pytest.fixture
def monitored(site: Site) -> Monitored:
    return Monitored(site)
