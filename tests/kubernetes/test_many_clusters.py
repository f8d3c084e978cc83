"""One dead cluster delays nobody: what the others see comes while the dead one is still being waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.reader import ClusterReader
from app.kubernetes.types import Login
from app.kubernetes.types.seen import Seen
from tests.kubernetes.test_gateway import node
from tests.support.kubeconfigs import FQDN, dump
from tests.support.kubernetes_server import Answer, Request, Server
from tests.support.reading import EVENTS, NODES, SERVICES, SETTINGS, STORAGE, Time, listed, service

CLUSTERS = [f"c{number}" for number in range(40)]
DEAD = "c17"
# httpx2 leaves the socket of a handshake that is cancelled to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
async def login(document: dict[str, Any], server: Server) -> Login:
    document["clusters"][0]["cluster"] |= {"server": f"https://127.0.0.1:{server.port}", "tls-server-name": FQDN}
    server.answers |= {SERVICES: listed(service("web")), NODES: listed(node("aks-1")), EVENTS: listed()}
    server.answers |= dict.fromkeys(STORAGE, listed())
    server.answers["/version"] = Answer.of({"gitVersion": "v1.33.5"})
    server.silent = {DEAD}
    return Login(await KubernetesGateway.open(SETTINGS).read_kubeconfig(dump(document), fqdns=[FQDN]))


@asynccontextmanager
async def reading_all(login: Login) -> AsyncIterator[asyncio.Queue[str]]:
    """40 readers; the names of clusters whose Services were handed on."""
    time, seen = Time(), asyncio.Queue[str]()
    settings = SETTINGS.model_copy(update={"call_timeout_seconds": 120, "max_clients": len(CLUSTERS)})
    gateway = KubernetesGateway.open(settings, time.clock)
    async with AsyncExitStack() as stack:
        tasks = []
        for name in CLUSTERS:

            async def log_in(name: str = name) -> Login:
                return replace(login, kubeconfig=replace(login.kubeconfig, token=name))

            async def deliver(what: Seen, name: str = name) -> None:
                if what.services:
                    seen.put_nowait(name)

            client = await stack.enter_async_context(gateway.client(name, log_in))
            tasks.append(asyncio.create_task(ClusterReader(client, time.timing).run(deliver)))
        try:
            yield seen
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    await gateway.close()


def of_the_dead(request: Request) -> bool:
    return request.headers.get("authorization") == f"Bearer {DEAD}"


async def test_39_clusters_are_read_while_one_is_being_waited_for(login: Login, server: Server) -> None:
    async with reading_all(login) as seen, asyncio.timeout(100):
        told = {await seen.get() for _ in range(39)}
        # Its eleven first calls hang, and no deadline has passed: nothing of the others' has waited for them.
        assert sum(of_the_dead(request) for request in server.requests) <= 11
    assert told == set(CLUSTERS) - {DEAD}


async def test_each_cluster_costs_the_same_few_calls(login: Login, server: Server) -> None:
    async with reading_all(login) as seen, asyncio.timeout(100):
        for _ in range(39):
            await seen.get()
    by_cluster: dict[str, int] = {}
    for request in server.requests:
        token = request.headers["authorization"]
        by_cluster[token] = by_cluster.get(token, 0) + 1
    # Eleven lists, and eleven watches that begin.
    assert max(by_cluster.values()) <= 22
