"""Real kubectl with a kubeconfig that was written anew."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from app.emulator.kubernetes.host import ClusterHost, ClusterSpec
from app.kubernetes.kubeconfig import parse, rebuild
from tests.support.kubeconfigs import entra_login

KUBECTL = shutil.which("kubectl")
pytestmark = [pytest.mark.kubectl, pytest.mark.skipif(KUBECTL is None, reason="no kubectl is installed")]


@pytest.fixture
async def host() -> AsyncIterator[ClusterHost]:
    host = ClusterHost(now=lambda: datetime.now(UTC))
    yield host
    await host.close()


async def rebuilt(host: ClusterHost, name: str) -> bytes:
    fqdn = f"{name}-1a2b3c4d.hcp.westeurope.azmk8s.io"
    spec = ClusterSpec(
        key=name, name=name, resource_group="group", location="westeurope", fqdn=fqdn, kubernetes_version="1.33.5"
    )
    endpoint = await host.start(spec)
    kubeconfig = parse(endpoint.user_kubeconfig, fqdns=[fqdn], allowed_server_hosts=["127.0.0.1"])
    return rebuild(kubeconfig, context_name=f"context-{name}")


async def kubectl(home: Path, *arguments: str, kubeconfig: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        KUBECTL or "kubectl",
        *arguments,
        env={"PATH": f"{home}{os.pathsep}{os.defpath}", "HOME": str(home), "KUBECONFIG": kubeconfig},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, output.decode()


async def test_kubectl_takes_it(host: ClusterHost, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(await rebuilt(host, "prod"))
    code, output = await kubectl(tmp_path, "version", kubeconfig=str(file))
    assert code == 0, output
    assert "Server Version: v1.33.5" in output
    code, output = await kubectl(tmp_path, "get", "namespaces", kubeconfig=str(file))
    assert code == 0, output
    assert "kube-system" in output


async def test_kubectl_merges_those_of_two_clusters(host: ClusterHost, tmp_path: Path) -> None:
    """trouble 34"""
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        file.write_bytes(await rebuilt(host, file.name))
    both = os.pathsep.join(str(file) for file in files)
    for name in ("one", "two"):
        code, output = await kubectl(tmp_path, "--context", f"context-{name}", "get", "ns", kubeconfig=both)
        assert code == 0, output


PLUGIN = """#!/bin/sh
printf '%s' "$*" > "$HOME/arguments"
printf '{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": {"token": "TOKEN"}}'
"""


async def test_kubectl_calls_kubelogin_without_asking_a_person(host: ClusterHost, tmp_path: Path) -> None:
    """trouble 32"""
    document = yaml.safe_load(await rebuilt(host, "prod"))
    token = document["users"][0]["user"]["token"]
    document["users"][0]["user"] = entra_login()
    fqdn = document["clusters"][0]["cluster"]["tls-server-name"]
    kubeconfig = parse(yaml.safe_dump(document).encode(), fqdns=[fqdn], allowed_server_hosts=["127.0.0.1"])
    (tmp_path / "config").write_bytes(rebuild(kubeconfig, context_name="prod"))
    (tmp_path / "kubelogin").write_text(PLUGIN.replace("TOKEN", token))
    (tmp_path / "kubelogin").chmod(0o700)

    code, output = await kubectl(tmp_path, "get", "ns", kubeconfig=str(tmp_path / "config"))
    assert code == 0, output
    arguments = (tmp_path / "arguments").read_text()
    assert arguments.startswith("get-token --login azurecli --server-id ")
