"""An API server that wishes Slipway ill."""

import gzip
from typing import Any

import pytest

from app.core.settings import KubernetesSettings
from app.kubernetes.errors import ClusterUnreachableError, KubernetesError
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.refusals import refusal
from app.kubernetes.types import Kubeconfig
from tests.support.kubeconfigs import FQDN, Authority, dump
from tests.support.kubernetes_server import Answer, Server, Stream, kubernetes_server

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


@pytest.mark.parametrize("end", [b"", None])
async def test_half_an_answer_is_none(kubeconfig: Kubeconfig, server: Server, end: bytes | None) -> None:
    half = Stream()
    half.put(b'{"items": [{"metadata": {"name": "we')
    half.put(end)
    server.answers["/api/v1/services"] = half
    async with KubernetesGateway.open(SETTINGS).connect(kubeconfig) as client:
        with pytest.raises(KubernetesError):
            await client.services()


async def test_an_answer_that_trickles_costs_the_time_of_one_call(kubeconfig: Kubeconfig, server: Server) -> None:
    slow = Stream()
    slow.put(b" " * 100)
    server.answers["/api/v1/services"] = slow
    short = SETTINGS.model_copy(update={"call_timeout_seconds": 0.2})
    async with KubernetesGateway.open(short).connect(kubeconfig) as client:
        with pytest.raises(ClusterUnreachableError):
            await client.services()


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 429, 500])
async def test_a_refusal_whose_words_are_cut_is_still_that_refusal(
    kubeconfig: Kubeconfig, server: Server, status: int
) -> None:
    cut = Stream()
    cut.status = status
    cut.put(b'{"kind": "Status", "mess')
    cut.put(b"")
    server.answers["/api/v1/nodes"] = cut
    async with KubernetesGateway.open(SETTINGS).connect(kubeconfig) as client:
        with pytest.raises(KubernetesError) as caught:
            await client.nodes()
    assert type(caught.value) is type(refusal(status, b""))
