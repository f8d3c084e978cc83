import asyncio
import base64
import json
import resource
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import yaml
from cryptography import x509
from lightkube import KubeConfig
from lightkube.core.async_client import AsyncClient
from lightkube.resources.core_v1 import Node

from app.emulator.kubernetes.host import ClusterHost, ClusterSpec, Endpoint
from tests.emulator.kubernetes.client import Client, cluster_spec, connect, node_spec

_NODE_INFO = [
    "architecture",
    "bootID",
    "containerRuntimeVersion",
    "kernelVersion",
    "kubeProxyVersion",
    "kubeletVersion",
    "machineID",
    "operatingSystem",
    "osImage",
    "systemUUID",
]
_SVC = "/api/v1/namespaces/default/services"
_SERVICE = {"metadata": {"name": "web"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}}


async def test_a_kubeconfig_has_the_names_that_aks_gives(cluster: Endpoint, spec: ClusterSpec) -> None:
    user, admin = (yaml.safe_load(text) for text in (cluster.user_kubeconfig, cluster.admin_kubeconfig))
    assert user["current-context"] == user["contexts"][0]["name"] == "one"
    assert user["users"][0]["name"] == "clusterUser_group_one"
    assert admin["current-context"] == admin["contexts"][0]["name"] == "one"
    assert admin["users"][0]["name"] == "clusterAdmin_group_one"
    assert user["clusters"][0]["cluster"]["server"] == cluster.url
    assert user["clusters"][0]["cluster"]["tls-server-name"] == spec.fqdn
    assert user["users"][0]["user"]["token"] != admin["users"][0]["user"]["token"]


@pytest.mark.parametrize("use", ["token", "certificate"])
async def test_users_are_told_apart(cluster: Endpoint, use: str) -> None:
    found = []
    for kubeconfig in (cluster.user_kubeconfig, cluster.admin_kubeconfig):
        async with connect(kubeconfig, use=use) as client:
            reply = await client.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
            assert reply.status == 201
            found.append(reply.body["status"]["userInfo"]["username"])
    assert found == ["clusterUser", "masterclient"]


async def test_without_credentials_only_health_and_version_are_told(cluster: Endpoint) -> None:
    async with connect(cluster.user_kubeconfig, use="nothing") as client:
        refused = await client.ask("GET", "/api/v1/namespaces")
        assert (refused.status, refused.body["reason"]) == (401, "Unauthorized")
        for path in ("/version", "/version/", "/healthz", "/livez", "/readyz?verbose"):
            assert (await client.ask("GET", path)).status == 200


async def test_a_wrong_token_is_refused_everywhere(cluster: Endpoint) -> None:
    async with connect(cluster.user_kubeconfig, use="nothing") as client:
        for path in ("/version", "/api/v1/nodes"):
            reply = await client.ask("GET", path, headers={"authorization": "Bearer guessed"})
            assert reply.status == 401


async def test_a_verified_certificate_does_not_excuse_a_wrong_token(cluster: Endpoint) -> None:
    async with connect(cluster.user_kubeconfig, use="certificate") as client:
        reply = await client.ask("GET", "/api/v1/nodes", headers={"authorization": "Bearer guessed"})
        assert reply.status == 401


async def test_another_clusters_credentials_are_refused(host: ClusterHost, cluster: Endpoint) -> None:
    other = await host.start(cluster_spec("other"))
    document = yaml.safe_load(cluster.user_kubeconfig)
    authority = base64.b64encode(other.ca_pem).decode()
    document["clusters"][0]["cluster"] |= {"server": other.url, "certificate-authority-data": authority}
    mixed = yaml.safe_dump(document).encode()
    async with connect(mixed, use="token") as client:
        assert (await client.ask("GET", "/api/v1/nodes")).status == 401
    async with connect(mixed, use="certificate") as client:
        with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
            await client.ask("GET", "/api/v1/nodes")


async def test_the_authority_is_one_that_strict_clients_take(cluster: Endpoint, spec: ClusterSpec) -> None:
    authority = x509.load_pem_x509_certificate(cluster.ca_pem)
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    authority.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    context = ssl.create_default_context(cadata=cluster.ca_pem.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("127.0.0.1", "localhost", spec.fqdn, "kubernetes.default.svc"):
        _, writer = await asyncio.open_connection("127.0.0.1", cluster.port, ssl=context, server_hostname=name)
        writer.close()
        await writer.wait_closed()


async def test_a_typed_client_reads_the_nodes(cluster: Endpoint) -> None:
    config = KubeConfig.from_dict(yaml.safe_load(cluster.user_kubeconfig))
    client = AsyncClient(config=config, trust_env=False)
    nodes = [node async for node in client.list(Node)]
    await client.close()
    assert len(nodes) == 3
    for node in nodes:
        assert node.status is not None
        assert node.status.nodeInfo is not None
        assert all(getattr(node.status.nodeInfo, name) for name in _NODE_INFO)
        assert node.status.capacity is not None
        assert node.status.capacity["cpu"] == "4"


async def test_a_restart_from_a_snapshot_keeps_port_authority_tokens_and_objects(
    host: ClusterHost, cluster: Endpoint, client: Client, spec: ClusterSpec
) -> None:
    created = (await client.ask("POST", _SVC, _SERVICE)).body
    saved = json.loads(host.snapshot(spec.key))
    await host.close()
    again = ClusterHost(now=lambda: datetime.now(UTC))
    try:
        assert await again.start(spec, saved) == cluster
        for use in ("token", "certificate"):
            async with connect(cluster.user_kubeconfig, use=use) as reconnected:
                assert (await reconnected.ask("GET", f"{_SVC}/web")).body == created
        async with connect(cluster.user_kubeconfig) as reconnected:
            later = (await reconnected.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "later"}})).body
            assert int(later["metadata"]["resourceVersion"]) > int(created["metadata"]["resourceVersion"])
    finally:
        await again.close()


async def test_a_saved_port_that_is_taken_is_an_error_and_no_other_port(
    host: ClusterHost, cluster: Endpoint, spec: ClusterSpec
) -> None:
    saved = json.loads(host.snapshot(spec.key))
    other = ClusterHost(now=lambda: datetime.now(UTC))
    with pytest.raises(OSError, match="in use"):
        await other.start(spec, saved)


async def test_a_stopped_cluster_refuses_and_comes_back_on_its_port(
    host: ClusterHost, cluster: Endpoint, spec: ClusterSpec
) -> None:
    async with connect(cluster.user_kubeconfig) as client, client.watching("/api/v1/nodes?watch=1") as events:
        await anext(events)
        await host.stop(spec.key)
        with pytest.raises(aiohttp.ClientError):
            await _drained(events)
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.ask("GET", "/version")
        assert host.endpoint(spec.key) == cluster
        assert await host.start(spec) == cluster
        assert (await client.ask("GET", "/version")).status == 200


async def _drained(events: AsyncIterator[Any]) -> None:
    async for _ in events:
        pass


async def test_a_removed_cluster_is_forgotten(host: ClusterHost, cluster: Endpoint, spec: ClusterSpec) -> None:
    await host.remove(spec.key)
    await host.remove(spec.key)
    with pytest.raises(KeyError):
        host.endpoint(spec.key)


async def test_an_upgrade_is_told_by_version_at_once(host: ClusterHost, client: Client, spec: ClusterSpec) -> None:
    await host.update(spec.key, kubernetes_version="1.34.1")
    said = (await client.ask("GET", "/version")).body
    assert (said["gitVersion"], said["minor"]) == ("v1.34.1", "34")


async def test_watchers_see_nodes_come_change_and_go_and_nothing_else(
    host: ClusterHost, client: Client, spec: ClusterSpec
) -> None:
    nodes = [node_spec(0), node_spec(1)]
    await host.set_nodes(spec.key, nodes)
    version = (await client.ask("GET", "/api/v1/nodes")).body["metadata"]["resourceVersion"]
    async with client.watching(f"/api/v1/nodes?watch=1&resourceVersion={version}") as events:
        await host.set_nodes(spec.key, nodes)
        await host.set_nodes(spec.key, [node_spec(0, ready=False), node_spec(1)])
        await host.set_nodes(spec.key, [node_spec(1), node_spec(7)])
        seen = [await anext(events) for _ in range(3)]
    assert [(event["type"], event["object"]["metadata"]["name"][-1]) for event in seen] == [
        ("MODIFIED", "0"),
        ("DELETED", "0"),
        ("ADDED", "7"),
    ]


async def test_labels_follow_the_pool_and_keep_what_users_set(
    host: ClusterHost, client: Client, spec: ClusterSpec
) -> None:
    path = f"/api/v1/nodes/{node_spec(0).name}"
    patch = {"metadata": {"labels": {"mine": "yes"}}}
    await client.ask("PATCH", path, patch, content_type="application/merge-patch+json")
    saved = json.loads(host.snapshot(spec.key))
    await host.remove(spec.key)
    await host.start(spec, saved)
    await host.set_nodes(spec.key, [node_spec(0, labels={"tier": "web"})])
    labels = (await client.ask("GET", path)).body["metadata"]["labels"]
    assert labels["mine"] == "yes"
    assert labels["tier"] == "web"
    assert "team" not in labels


async def test_system_pods_run_where_nodes_are_ready(host: ClusterHost, client: Client, spec: ClusterSpec) -> None:
    async def pods() -> list[Any]:
        found: list[Any] = (await client.ask("GET", "/api/v1/namespaces/kube-system/pods")).body["items"]
        return found

    await host.set_nodes(spec.key, [])
    assert {pod["status"]["phase"] for pod in await pods()} == {"Pending"}
    await host.set_nodes(spec.key, [node_spec(0), node_spec(1)])
    running = await pods()
    assert {pod["status"]["phase"] for pod in running} == {"Running"}
    names = " ".join(pod["metadata"]["name"] for pod in running)
    for workload in ("coredns", "konnectivity", "kube-proxy", "cloud-node-manager", "csi-azurefile-node"):
        assert workload in names
    await host.set_nodes(spec.key, [node_spec(1)])
    assert {pod["spec"]["nodeName"] for pod in await pods()} == {node_spec(1).name}


async def test_a_hundred_clusters_share_one_process(host: ClusterHost) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    endpoints = [await host.start(cluster_spec(f"cluster-{index}")) for index in range(100)]
    seconds = time.process_time() - started
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert len({endpoint.port for endpoint in endpoints}) == 100
    assert seconds / 100 < 0.1
    assert grown / 100 < 1024, "KiB a cluster"
    for endpoint in (endpoints[0], endpoints[99]):
        async with connect(endpoint.user_kubeconfig) as client:
            assert (await client.ask("GET", "/api/v1/namespaces")).status == 200
