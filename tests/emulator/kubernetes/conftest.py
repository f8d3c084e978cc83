from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.emulator.kubernetes.host import ClusterHost, ClusterSpec, Endpoint
from tests.emulator.kubernetes.client import Client, cluster_spec, connect, node_spec, windows_node


def aware_now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def host() -> AsyncIterator[ClusterHost]:
    host = ClusterHost(now=aware_now)
    yield host
    await host.close()


@pytest.fixture
def spec() -> ClusterSpec:
    return cluster_spec()


@pytest.fixture
async def cluster(host: ClusterHost, spec: ClusterSpec) -> Endpoint:
    endpoint = await host.start(spec)
    await host.set_nodes(spec.key, [node_spec(0), node_spec(1, zone=None), windows_node(2)])
    return endpoint


@pytest.fixture
async def client(cluster: Endpoint) -> AsyncIterator[Client]:
    async with connect(cluster.user_kubeconfig) as client:
        yield client
