"""The adapter against the local Azure's Kubernetes API."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.core.settings import KubernetesSettings
from app.emulator.kubernetes.host import ClusterHost, ClusterSpec, Endpoint, NodeSpec
from app.kubernetes.errors import ClusterIdentityError, ClusterUnauthorizedError, ClusterUnreachableError
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.kubeconfig import parse, rebuild
from tests.support.kubeconfigs import FQDN

LOOPBACK = ["127.0.0.1"]
GATEWAY = KubernetesGateway.open(KubernetesSettings(allowed_server_hosts=LOOPBACK))


def spec(key: str, fqdn: str) -> ClusterSpec:
    return ClusterSpec(
        key=key, name=key, resource_group="group", location="westeurope", fqdn=fqdn, kubernetes_version="1.33.5"
    )


def machine(name: str, *, pool: str, os_type: str, ready: bool = True) -> NodeSpec:
    return NodeSpec(
        name=name,
        pool=pool,
        mode="System",
        vm_size="Standard_D2s_v5",
        os_type=os_type,
        os_sku="Ubuntu" if os_type == "Linux" else "Windows2022",
        kubernetes_version="1.33.5",
        location="westeurope",
        zone=None,
        provider_id=f"azure:///subscriptions/x/{name}",
        internal_ip="10.224.0.4",
        cpu=2,
        memory_gib=8,
        max_pods=250,
        ready=ready,
        node_resource_group="MC_group_prod_westeurope",
        labels={},
    )


@pytest.fixture
async def host() -> AsyncIterator[ClusterHost]:
    host = ClusterHost(now=lambda: datetime.now(UTC))
    yield host
    await host.close()


@pytest.fixture
async def endpoint(host: ClusterHost) -> Endpoint:
    endpoint = await host.start(spec("prod", FQDN))
    await host.set_nodes(
        "prod",
        [
            machine("aks-system-0", pool="system", os_type="Linux"),
            machine("akswin000000", pool="win", os_type="Windows", ready=False),
        ],
    )
    return endpoint


@pytest.mark.parametrize("kind", ["user", "admin"])
@pytest.mark.parametrize("by", ["token", "certificate"])
async def test_a_cluster_is_proven(endpoint: Endpoint, kind: str, by: str) -> None:
    document = endpoint.user_kubeconfig if kind == "user" else endpoint.admin_kubeconfig
    kubeconfig = await GATEWAY.read_kubeconfig(document, fqdns=[FQDN])
    if by == "certificate":
        kubeconfig = replace(kubeconfig, token=None)

    async with GATEWAY.connect(kubeconfig) as client:
        assert await client.ready()
        facts = await client.facts()

    assert facts.version == "1.33.5"
    linux, windows = facts.nodes
    assert (linux.name, linux.pool, linux.ready, linux.os) == ("aks-system-0", "system", True, "linux")
    assert (linux.kubernetes_version, linux.internal_ip, linux.not_fine) == ("1.33.5", "10.224.0.4", ())
    assert (windows.pool, windows.ready, windows.os) == ("win", False, "windows")
    assert [condition.type for condition in windows.not_fine] == ["Ready"]
    assert facts.system_pods.total > 0


async def test_a_rebuilt_kubeconfig_works(endpoint: Endpoint) -> None:
    first = parse(endpoint.user_kubeconfig, fqdns=[FQDN], allowed_server_hosts=LOOPBACK)
    again = await GATEWAY.read_kubeconfig(rebuild(first, context_name="prod"), fqdns=[FQDN])
    async with GATEWAY.connect(again) as client:
        assert await client.version() == "1.33.5"


async def test_a_credential_of_one_cluster_opens_no_other(host: ClusterHost, endpoint: Endpoint) -> None:
    other_name = "other-1a2b3c4d.hcp.westeurope.azmk8s.io"
    other = await host.start(spec("other", other_name))
    ours = await GATEWAY.read_kubeconfig(endpoint.user_kubeconfig, fqdns=[FQDN])
    theirs = await GATEWAY.read_kubeconfig(other.user_kubeconfig, fqdns=[other_name])

    async with GATEWAY.connect(replace(ours, server=other.url)) as client:
        with pytest.raises(ClusterIdentityError):
            await client.version()
    async with GATEWAY.connect(replace(theirs, token=ours.token)) as client:
        with pytest.raises(ClusterUnauthorizedError):
            await client.nodes()


async def test_a_stopped_cluster_is_unreachable(host: ClusterHost, endpoint: Endpoint) -> None:
    kubeconfig = await GATEWAY.read_kubeconfig(endpoint.user_kubeconfig, fqdns=[FQDN])
    await host.stop("prod")
    async with GATEWAY.connect(kubeconfig) as client:
        with pytest.raises(ClusterUnreachableError):
            await client.ready()
