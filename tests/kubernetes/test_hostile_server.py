"""An API server that wishes Slipway ill."""

import gzip
from typing import Any

import pytest

from app.core.settings import KubernetesSettings
from app.kubernetes.errors import ClusterUnreachableError, KubernetesError
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types import Kubeconfig
from tests.support.kubeconfigs import FQDN, Authority, dump
from tests.support.kubernetes_server import Answer, Server, kubernetes_server

BOMB = gzip.compress(b" " * 16 * 1024 * 1024)
SETTINGS = KubernetesSettings(allowed_server_hosts=["127.0.0.1"], call_timeout_seconds=5)


@pytest.fixture
async def kubeconfig(document: dict[str, Any], server: Server) -> Kubeconfig:
    document["clusters"][0]["cluster"] |= {"server": f"https://127.0.0.1:{server.port}", "tls-server-name": FQDN}
    return await KubernetesGateway.open(SETTINGS).read_kubeconfig(dump(document), fqdns=[FQDN])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
async def test_what_was_not_asked_to_be_packed_is_not_unpacked(
    kubeconfig: Kubeconfig, server: Server, encoding: str
) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    server.answers["/version"] = Answer(BOMB, headers=headers)
    async with KubernetesGateway.open(SETTINGS).connect(kubeconfig) as client:
        with pytest.raises(KubernetesError, match="compressed"):
            await client.version()
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_token_follows_no_redirect(
    kubeconfig: Kubeconfig, server: Server, authority: Authority, tmp_path_factory: pytest.TempPathFactory, status: int
) -> None:
    async with kubernetes_server(authority, FQDN, tmp_path_factory.mktemp("elsewhere")) as elsewhere:
        for path in ("/version", "/api/v1/nodes"):
            location = f"https://127.0.0.1:{elsewhere.port}{path}"
            server.answers[path] = Answer(b"", status=status, headers={"Location": location})
        async with KubernetesGateway.open(SETTINGS).connect(kubeconfig) as client:
            for ask in (client.version, client.nodes):
                with pytest.raises(KubernetesError, match="redirects are not followed"):
                    await ask()
        assert not elsewhere.requests


async def test_a_list_whose_pages_never_end_costs_the_time_of_one_call(kubeconfig: Kubeconfig, server: Server) -> None:
    server.answers["/api/v1/nodes"] = Answer.of({"metadata": {"continue": "again"}, "items": []})
    short = SETTINGS.model_copy(update={"call_timeout_seconds": 0.5})
    async with KubernetesGateway.open(short).connect(kubeconfig) as client:
        with pytest.raises(ClusterUnreachableError):
            await client.nodes()
    assert len(server.requests) > 1
