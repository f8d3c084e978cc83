"""What tests of the controllers share: a cluster whose time a test moves, and objects to put into it."""

from collections.abc import Callable
from typing import Any

from app.emulator.kubernetes.host import ClusterHost, ClusterSpec, NodeSpec
from tests.emulator.kubernetes.client import Client

APPS = "/apis/apps/v1/namespaces/default"
CORE = "/api/v1/namespaces/default"
MERGE = "application/merge-patch+json"


class Later:
    """What the clusters have planned; a test lets it happen."""

    def __init__(self) -> None:
        self.actions: dict[tuple[str, ...], Callable[[], None]] = {}

    def plan(self, key: tuple[str, ...], _seconds: float, action: Callable[[], None]) -> None:
        self.actions[key] = action


class Driver:
    """A client, and the hands that move what would move by itself."""

    def __init__(self, client: Client, host: ClusterHost, spec: ClusterSpec, later: Later) -> None:
        self.client = client
        self._host = host
        self._spec = spec
        self._later = later

    @property
    def cluster(self) -> Any:
        return self._host._clusters[self._spec.key]

    def drain(self) -> None:
        """Let the controllers do what they can without time."""
        self.cluster._controllers.work.drain()

    def step(self) -> bool:
        """Let all happen that is planned now; say whether anything was."""
        self.drain()
        actions, self._later.actions = self._later.actions, {}
        for action in actions.values():
            action()
        self.drain()
        return bool(actions)

    def settle(self) -> None:
        """Let all happen that follows."""
        while self.step():
            pass

    async def set_nodes(self, *nodes: NodeSpec) -> None:
        await self._host.set_nodes(self._spec.key, nodes)

    async def create(self, path: str, document: dict[str, Any]) -> Any:
        reply = await self.client.ask("POST", path, document)
        assert reply.status == 201, reply.body
        return reply.body

    async def merge(self, path: str, patch: dict[str, Any]) -> Any:
        reply = await self.client.ask("PATCH", path, patch, content_type=MERGE)
        assert reply.status == 200, reply.body
        return reply.body

    async def get(self, path: str) -> Any:
        return (await self.client.ask("GET", path)).body

    async def items(self, path: str) -> list[Any]:
        found: list[Any] = (await self.get(path))["items"]
        return found

    async def pods(self, selector: str = "app=web") -> list[Any]:
        return await self.items(f"{CORE}/pods?labelSelector={selector}")


def workload(image: str = "nginx:1.27", **spec: Any) -> dict[str, Any]:
    """A deployment, or whatever else has its shape."""
    containers = [{"name": "web", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    wanted = {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    return {"metadata": {"name": "web"}, "spec": wanted}


def ready(pods: list[Any]) -> int:
    """How many are ready and stay."""
    return sum(
        {"type": "Ready", "status": "True"}.items() <= condition.items()
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        for condition in pod["status"].get("conditions", ())
    )
