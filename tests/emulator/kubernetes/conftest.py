from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.emulator.kubernetes.host import ClusterHost, ClusterSpec, Endpoint
from tests.emulator.kubernetes.client import Client, cluster_spec, connect, node_spec, windows_node
from tests.emulator.kubernetes.workloads import Driver, Later


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


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    """Two nodes, and time that passes when the test says so."""
    later, spec = Later(), cluster_spec("driven")
    host = ClusterHost(now=aware_now, plan=later.plan)
    endpoint = await host.start(spec)
    await host.set_nodes(spec.key, [node_spec(0), node_spec(1)])
    async with connect(endpoint.admin_kubeconfig) as client:
        yield Driver(client, host, spec, later)
    await host.close()
