import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ErrorClass
from app.core.settings import KubernetesSettings
from app.kubernetes import transport
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import (
    ClusterForbiddenError,
    ClusterIdentityError,
    ClusterNotServingError,
    ClusterUnauthorizedError,
    ClusterUnreachableError,
    KubernetesError,
    NotInClusterError,
)
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types import Kubeconfig, NodeCondition, NodeState, SystemPods
from tests.support.kubeconfigs import FQDN, TOKEN, Authority, dump
from tests.support.kubernetes_server import Answer, Server, kubernetes_server

SETTINGS = KubernetesSettings(allowed_server_hosts=["127.0.0.1"], call_timeout_seconds=5)


@pytest.fixture
async def kubeconfig(document: dict[str, Any], server: Server) -> Kubeconfig:
    document["clusters"][0]["cluster"] |= {"server": f"https://127.0.0.1:{server.port}", "tls-server-name": FQDN}
    return await KubernetesGateway.open(SETTINGS).read_kubeconfig(dump(document), fqdns=[FQDN])


@asynccontextmanager
async def connected(kubeconfig: Kubeconfig, settings: KubernetesSettings = SETTINGS) -> AsyncIterator[ClusterClient]:
    async with KubernetesGateway.open(settings).connect(kubeconfig) as client:
        yield client


def node(name: str, *, ready: str = "True", **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": labels},
        "status": {
            "addresses": [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": "10.224.0.4"}],
            "conditions": [
                {"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": ready, "reason": "KubeletReady", "message": "kubelet says so"},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "x",
                "containerRuntimeVersion": "containerd://2",
                "kernelVersion": "6",
                "kubeProxyVersion": "v1.33.5",
                "kubeletVersion": "v1.33.5",
                "machineID": "x",
                "operatingSystem": "linux",
                "osImage": "Ubuntu",
                "systemUUID": "x",
            },
        },
    }


def pod(name: str, *, ready: bool, phase: str = "Running") -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {"metadata": {"name": name}, "status": {"phase": phase, "conditions": [condition]}}


async def test_a_token_goes_before_the_certificate(kubeconfig: Kubeconfig, server: Server) -> None:
    server.answers["/version"] = Answer.of({"gitVersion": "v1.33.13"})
    async with connected(kubeconfig) as client:
        assert await client.version() == "1.33.13"
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert server.requests[0].client is None


def open_files() -> str:
    links = (path for path in Path("/proc/self/fd").iterdir() if path.is_symlink())
    return " ".join(os.readlink(path) for path in links if os.path.lexists(path))  # noqa: PTH115 - its target is no path


async def test_a_client_certificate_leaves_no_file(
    kubeconfig: Kubeconfig, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """trouble 36"""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "empty"))
    (tmp_path / "empty").mkdir()
    server.answers["/version"] = Answer.of({"gitVersion": "v1.33.13"})
    server.answers["/api/v1/nodes"] = Answer.of({"items": []})
    async with connected(replace(kubeconfig, token=None)) as client:
        assert await client.version() == "1.33.13"
        assert await client.nodes() == ()
    assert {request.client for request in server.requests} == {"clusterUser"}
    assert all("authorization" not in request.headers for request in server.requests)
    assert not list((tmp_path / "empty").iterdir())
    assert "client-certificate" not in open_files()


async def test_nodes_are_told_with_what_is_not_fine(kubeconfig: Kubeconfig, server: Server) -> None:
    windows = node("akswin000000", ready="Unknown", agentpool="win")
    windows["status"]["conditions"][0]["status"] = "True"
    server.answers["/api/v1/nodes"] = Answer.of({"items": [windows, node("aks-a", agentpool="system"), node("b")]})
    async with connected(kubeconfig) as client:
        first, second, third = await client.nodes()

    assert first == NodeState("aks-a", "system", True, "1.33.5", "linux", "10.224.0.4")
    assert (second.pool, second.ready) == ("win", False)
    assert second.not_fine == (
        NodeCondition("MemoryPressure", "True", None, None),
        NodeCondition("Ready", "Unknown", "KubeletReady", "kubelet says so"),
    )
    assert third.pool is None


async def test_a_long_list_is_read_page_by_page(kubeconfig: Kubeconfig, server: Server) -> None:
    server.answers["/api/v1/nodes?limit=500"] = Answer.of({"metadata": {"continue": "next"}, "items": [node("a")]})
    server.answers["/api/v1/nodes?limit=500&continue=next"] = Answer.of({"metadata": {}, "items": [node("b")]})
    async with connected(kubeconfig) as client:
        assert [found.name for found in await client.nodes()] == ["a", "b"]


async def test_pods_that_ended_well_need_not_be_ready(kubeconfig: Kubeconfig, server: Server) -> None:
    server.answers["/version"] = Answer.of({"gitVersion": "v1.33.13"})
    server.answers["/api/v1/nodes"] = Answer.of({"items": [node("a")]})
    server.answers["/api/v1/namespaces/kube-system/pods"] = Answer.of(
        {"items": [pod("dns", ready=True), pod("job", ready=False, phase="Succeeded"), pod("proxy", ready=False)]}
    )
    async with connected(kubeconfig) as client:
        facts = await client.facts()
    assert facts.system_pods == SystemPods(ready=1, total=2, not_ready=("proxy",))
    assert (facts.version, len(facts.nodes)) == ("1.33.13", 1)


@pytest.mark.parametrize(("status", "ready"), [(200, True), (500, False), (503, False), (404, False)])
async def test_readiness_is_what_readyz_says(kubeconfig: Kubeconfig, server: Server, status: int, ready: bool) -> None:
    server.answers["/readyz"] = Answer(b"ok", status)
    async with connected(kubeconfig) as client:
        assert await client.ready() is ready


@pytest.mark.parametrize(
    ("answer", "error", "error_class"),
    [
        (Answer.of({"kind": "Status", "message": "planted"}, 401), ClusterUnauthorizedError, ErrorClass.PERMISSION),
        (Answer.of({"kind": "Status", "message": "planted"}, 403), ClusterForbiddenError, ErrorClass.PERMISSION),
        (Answer.of({"kind": "Status", "message": "planted"}, 503), ClusterNotServingError, ErrorClass.TRANSIENT),
        (Answer(b"<html>", 502, {}), ClusterNotServingError, ErrorClass.TRANSIENT),
        (Answer(b"", 302, {"Location": "https://evil.example/"}), KubernetesError, ErrorClass.UNKNOWN),
        (Answer.of({"kind": "Status", "message": "planted"}, 404), NotInClusterError, ErrorClass.GONE),
        (Answer(b"no content type", 404, {}), NotInClusterError, ErrorClass.GONE),
        (Answer(b"{" * 100_000, 403), ClusterForbiddenError, ErrorClass.PERMISSION),
        (Answer(b"<html>"), KubernetesError, ErrorClass.UNKNOWN),
        (Answer(b'{"items": 1}'), KubernetesError, ErrorClass.UNKNOWN),
        (Answer(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}), KubernetesError, ErrorClass.UNKNOWN),
    ],
)
async def test_a_bad_answer_is_one_of_our_errors(
    kubeconfig: Kubeconfig, server: Server, answer: Answer, error: type[KubernetesError], error_class: ErrorClass
) -> None:
    server.answers |= {"/api/v1/nodes": answer, "/version": answer}
    async with connected(kubeconfig) as client:
        for call in (client.nodes, client.version):
            with pytest.raises(error) as caught:
                await call()
            assert type(caught.value) is error
            assert caught.value.error_class is error_class
            assert "planted" not in caught.value.problem.detail
            assert TOKEN not in repr(caught.value)
    assert len(server.requests) == 2


async def test_throttling_says_when_to_come_again(kubeconfig: Kubeconfig, server: Server) -> None:
    server.answers["/version"] = Answer(b"", 429, {"Retry-After": "7"})
    async with connected(kubeconfig) as client:
        with pytest.raises(ClusterNotServingError) as caught:
            await client.version()
    assert caught.value.problem.retry_after_seconds == 7


async def test_an_answer_has_a_largest_size(
    kubeconfig: Kubeconfig, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000)
    server.answers["/version"] = Answer(b"x" * 1001)
    async with connected(kubeconfig) as client:
        with pytest.raises(KubernetesError, match="larger"):
            await client.version()


async def test_a_server_that_never_answers_costs_the_deadline(kubeconfig: Kubeconfig) -> None:
    async with connected(kubeconfig, KubernetesSettings(call_timeout_seconds=0.1)) as client:
        async with asyncio.timeout(3):
            with pytest.raises(ClusterUnreachableError):
                await client.version()


async def test_a_port_that_nobody_listens_on_is_unreachable(kubeconfig: Kubeconfig) -> None:
    async with connected(replace(kubeconfig, server="https://127.0.0.1:1")) as client:
        with pytest.raises(ClusterUnreachableError):
            await client.ready()


async def test_a_server_of_another_authority_is_not_the_cluster(kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    async with kubernetes_server(Authority(), FQDN, tmp_path) as impostor:
        impostor.answers["/version"] = Answer.of({"gitVersion": "v1.33.13"})
        async with connected(replace(kubeconfig, server=f"https://127.0.0.1:{impostor.port}")) as client:
            with pytest.raises(ClusterIdentityError):
                await client.version()
            with pytest.raises(ClusterIdentityError):
                await client.nodes()
    assert not impostor.requests


async def test_a_server_of_another_name_is_not_the_cluster(
    kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path
) -> None:
    async with kubernetes_server(authority, "other.hcp.westeurope.azmk8s.io", tmp_path) as other:
        other.answers["/version"] = Answer.of({"gitVersion": "v1.33.13"})
        async with connected(replace(kubeconfig, server=f"https://127.0.0.1:{other.port}")) as client:
            with pytest.raises(ClusterIdentityError):
                await client.version()
    assert not other.requests


async def test_the_environment_changes_nothing(
    kubeconfig: Kubeconfig, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    server.answers["/version"] = Answer.of({"gitVersion": "v1.33.13"})
    async with connected(kubeconfig) as client:
        assert await client.version() == "1.33.13"


async def test_a_cluster_of_entra_users_needs_a_token_of_entra(kubeconfig: Kubeconfig, server: Server) -> None:
    bare = replace(kubeconfig, token=None, client_certificate=None)
    gateway = KubernetesGateway.open(SETTINGS)
    async with gateway.connect(bare) as client:
        with pytest.raises(ClusterUnauthorizedError):
            await client.version()
    assert not server.requests
    server.answers["/version"] = Answer.of({"gitVersion": "v1.33.13"})
    async with gateway.connect(bare, entra_token="entra") as client:
        await client.version()
    assert server.requests[0].headers["authorization"] == "Bearer entra"
