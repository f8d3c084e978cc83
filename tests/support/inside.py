"""What others do in a cluster of Slipway's, with the cluster's own API."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.azure.types.call import Call
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow.reach import reach
from app.kubernetes.types.service import ServiceState
from app.models import Cluster
from tests.support.whole import Slipway


class Inside:
    """One cluster, seen by somebody who has its kubeconfig."""

    def __init__(self, slipway: Slipway, place: Place) -> None:
        self._slipway = slipway
        self._place = place

    @classmethod
    async def of(cls, slipway: Slipway, name: str = "blue") -> "Inside":
        """The cluster of this name."""
        async with slipway.parts.database.read() as session:
            row = (
                await session.scalars(select(Cluster).where(Cluster.name == name).order_by(Cluster.id.desc()))
            ).first()
        assert row is not None
        return cls(slipway, place_of(row))

    def _call(self) -> Call:
        return Call(deadline=self._slipway.parts.clock.now() + timedelta(seconds=30))

    async def send(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """Send to the cluster's API; return what it answered."""
        async with reach(self._slipway.parts.gateways, self._place, call=self._call()) as client:

            async def ask(connection: Any) -> Any:
                headers = {"Content-Type": content_type}
                answer = await connection.raw.request(method, path, json=body, headers=headers)
                return answer.json()

            return await client._ask(ask)

    async def service(self, name: str, namespace: str = "default") -> ServiceState | None:
        """A Service."""
        async with reach(self._slipway.parts.gateways, self._place, call=self._call()) as client:
            return await client.service(namespace, name)

    async def services(self) -> list[str]:
        """Names of the Services with an address."""
        async with reach(self._slipway.parts.gateways, self._place, call=self._call()) as client:
            return [each.name for each in await client.services() if each.type == "LoadBalancer"]

    async def add_namespace(self, name: str) -> None:
        """`kubectl create namespace`."""
        await self.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    async def run_pods(self, app: str, count: int = 2) -> None:
        """`kubectl create deployment`."""
        labels = {"app": app}
        container = {"name": "main", "image": "registry.k8s.io/pause:3.10"}
        spec = {
            "replicas": count,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        }
        path = "/apis/apps/v1/namespaces/default/deployments"
        await self.send("POST", path, {"metadata": {"name": app}, "spec": spec})

    async def pods(self, app: str, namespace: str = "default") -> list[dict[str, Any]]:
        """The pods of an app."""
        found = await self.send("GET", f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}")
        items: list[dict[str, Any]] = found["items"]
        return items

    async def until_ready(self, app: str, count: int) -> None:
        """Wait until so many pods of an app are Ready."""
        async with asyncio.timeout(20):
            while sum(_is_ready(pod) for pod in await self.pods(app)) < count:  # noqa: ASYNC110 - without a watch
                await asyncio.sleep(0.02)

    async def add_service(self, name: str, type_: str = "LoadBalancer", **spec: Any) -> None:
        """`kubectl apply` of a Service."""
        ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
        body = {
            "metadata": {"name": name},
            "spec": {"type": type_, "selector": {"app": name}, "ports": ports, **spec},
        }
        await self.send("POST", "/api/v1/namespaces/default/services", body)

    async def delete_service(self, name: str) -> None:
        """`kubectl delete svc`."""
        await self.send("DELETE", f"/api/v1/namespaces/default/services/{name}")


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
