"""Clients are shared, bounded, dropped when idle, and logged in anew when the old login is not taken any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.breaker import NotAnsweringError
from app.core.clock import ManualClock
from app.core.settings import KubernetesSettings
from app.kubernetes.errors import (
    ClientsUsedUpError,
    ClusterIdentityError,
    ClusterPrivateError,
    ClusterUnauthorizedError,
    ClusterUnreachableError,
)
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types import Login
from tests.support.kubeconfigs import FQDN, Authority, dump
from tests.support.kubernetes_server import Answer, Server, kubernetes_server

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SETTINGS = KubernetesSettings(
    allowed_server_hosts=["127.0.0.1"], call_timeout_seconds=5, max_clients=2, idle_seconds=60
)
VERSION = Answer.of({"gitVersion": "v1.33.5"})


@dataclass
class Source:
    """Gives logins out, one after the other; the last one again and again."""

    logins: list[Login]
    asked: int = 0

    async def __call__(self) -> Login:
        self.asked += 1
        return self.logins[min(self.asked, len(self.logins)) - 1]


@dataclass
class Bench:
    gateway: KubernetesGateway
    clock: ManualClock
    login: Login
    server: Server
    source: Source = field(init=False)

    def __post_init__(self) -> None:
        self.source = Source([self.login])

    def with_token(self, token: str) -> Login:
        return replace(self.login, kubeconfig=replace(self.login.kubeconfig, token=token))


@pytest.fixture
async def bench(document: dict[str, Any], server: Server) -> AsyncIterator[Bench]:
    document["clusters"][0]["cluster"] |= {"server": f"https://127.0.0.1:{server.port}", "tls-server-name": FQDN}
    clock = ManualClock(NOW)
    gateway = KubernetesGateway.open(SETTINGS, clock)
    kubeconfig = await gateway.read_kubeconfig(dump(document), fqdns=[FQDN])
    server.answers["/version"] = VERSION
    yield Bench(gateway, clock, Login(kubeconfig), server)
    await gateway.close()


async def _all_are_closed(server: Server) -> None:
    async with asyncio.timeout(5):
        for writer in server.writers:
            await writer.wait_closed()


async def test_a_cluster_has_one_client_whoever_asks(bench: Bench) -> None:
    async with bench.gateway.client("a", bench.source) as one, bench.gateway.client("a", bench.source) as two:
        await asyncio.gather(one.version(), two.version(), one.version())
    async with bench.gateway.client("a", bench.source) as later:
        await later.version()
    assert bench.source.asked == 1
    assert len(bench.gateway.clients) == 1
    assert len(bench.server.writers) <= 3


async def test_what_is_idle_is_dropped_with_its_connections(bench: Bench) -> None:
    async with bench.gateway.client("a", bench.source) as client:
        await client.version()
        bench.clock.advance(timedelta(seconds=61))
        await bench.gateway.clients.sweep()
        assert len(bench.gateway.clients) == 1
    bench.clock.advance(timedelta(seconds=59))
    await bench.gateway.clients.sweep()
    assert len(bench.gateway.clients) == 1
    bench.clock.advance(timedelta(seconds=1))
    await bench.gateway.clients.sweep()
    assert len(bench.gateway.clients) == 0
    await _all_are_closed(bench.server)


async def test_the_number_of_clients_is_bounded(bench: Bench) -> None:
    gateway = KubernetesGateway.open(SETTINGS.model_copy(update={"call_timeout_seconds": 0.05}), bench.clock)
    async with AsyncExitStack() as stack:
        for key in ("a", "b"):
            await stack.enter_async_context(gateway.client(key, bench.source))
        with pytest.raises(ClientsUsedUpError):
            await stack.enter_async_context(gateway.client("c", bench.source))
        await stack.enter_async_context(gateway.client("b", bench.source))
    async with gateway.client("c", bench.source):
        assert len(gateway.clients) == 2


async def test_who_waits_for_a_place_gets_the_next(bench: Bench) -> None:
    async def third() -> None:
        async with bench.gateway.client("c", bench.source) as client:
            await client.version()

    async with bench.gateway.client("a", bench.source):
        async with bench.gateway.client("b", bench.source):
            waiting = asyncio.create_task(third())
            await asyncio.sleep(0)
            assert not waiting.done()
        await waiting
    assert len(bench.gateway.clients) == 2


async def test_a_refused_login_is_renewed_once_for_all(bench: Bench) -> None:
    """trouble 35: certificates were rotated between two calls."""
    new = bench.with_token("new")
    bench.server.tokens = {"new"}
    bench.source.logins = [bench.with_token("old"), new]
    async with bench.gateway.client("a", bench.source) as client:
        assert await asyncio.gather(*(client.version() for _ in range(5))) == ["1.33.5"] * 5
        assert bench.source.asked == 2
        bench.server.tokens = set()
        with pytest.raises(ClusterUnauthorizedError):
            await client.version()
    assert bench.source.asked == 3


async def test_what_is_opened_after_the_retirement_is_closed_at_its_end(bench: Bench) -> None:
    """Somebody has got the connection, and is about to ask, when another one's login takes its place."""
    async with bench.gateway.clients.slot("a") as slot:
        old = await slot.connection(bench.source)
        assert await slot.renewed(old, bench.source) is not old
        for _ in range(2):
            async with old.used():
                assert (await old.raw.get("/version")).is_success
        assert bench.server.writers
        await _all_are_closed(bench.server)


async def test_what_a_login_makes_after_the_end_is_closed(bench: Bench) -> None:
    """The process ends while a cluster is being logged in to."""
    async with bench.gateway.client("a", bench.source) as client:
        await bench.gateway.close()
        assert await client.version() == "1.33.5"
    assert bench.server.writers
    await _all_are_closed(bench.server)


async def test_rotated_authorities_are_asked_for(bench: Bench, tmp_path: Path) -> None:
    other = Authority()
    async with kubernetes_server(other, FQDN, tmp_path) as rotated:
        rotated.answers["/version"] = VERSION
        url = f"https://127.0.0.1:{rotated.port}"
        old = replace(bench.login, kubeconfig=replace(bench.login.kubeconfig, server=url))
        new = replace(old, kubeconfig=replace(old.kubeconfig, ca_pem=other.pair.certificate))
        bench.source.logins = [old, new]
        async with bench.gateway.client("a", bench.source) as client:
            assert await client.version() == "1.33.5"
        bench.source.logins, bench.source.asked = [old], 0
        async with bench.gateway.client("b", bench.source) as client:
            with pytest.raises(ClusterIdentityError):
                await client.version()


async def test_a_login_is_renewed_before_it_ends(bench: Bench) -> None:
    bench.source.logins = [replace(bench.login, expires_at=NOW + timedelta(hours=1)), bench.login]
    async with bench.gateway.client("a", bench.source) as client:
        await client.version()
        bench.clock.advance(timedelta(minutes=57))
        await client.version()
        assert bench.source.asked == 1
        bench.clock.advance(timedelta(minutes=1))
        await client.version()
    assert bench.source.asked == 2


async def test_a_call_under_way_outlives_the_renewal(bench: Bench) -> None:
    bench.source.logins = [bench.with_token("old"), bench.with_token("new")]
    async with bench.gateway.client("a", bench.source) as client:
        slow = asyncio.create_task(client.ready())
        await bench.server.until_asked("/readyz")
        bench.server.tokens = {"new"}
        assert await client.version() == "1.33.5"
        await bench.server.release("/readyz", Answer(b"ok"))
        assert await slow is True


async def test_an_address_that_is_dead_is_asked_for_again_but_not_often(bench: Bench) -> None:
    dead = replace(bench.login, kubeconfig=replace(bench.login.kubeconfig, server="https://127.0.0.1:1"))
    bench.source.logins = [dead, bench.login]
    async with bench.gateway.client("a", bench.source) as client:
        for _ in range(2):
            with pytest.raises(ClusterUnreachableError):
                await client.version()
        assert bench.source.asked == 1
        bench.clock.advance(timedelta(seconds=60))
        assert await client.version() == "1.33.5"
    assert bench.source.asked == 2


async def test_a_dead_cluster_is_left_alone_and_tried_again(bench: Bench) -> None:
    dead = replace(bench.login, kubeconfig=replace(bench.login.kubeconfig, server="https://127.0.0.1:1"))
    bench.source.logins = [dead]
    async with bench.gateway.client("a", bench.source) as client:
        for _ in range(3):
            with pytest.raises(ClusterUnreachableError):
                await client.version()
        with pytest.raises(NotAnsweringError):
            await client.version()
        async with bench.gateway.client("b", Source([bench.login])) as other:
            assert await other.version() == "1.33.5"
        bench.clock.advance(timedelta(seconds=10))
        with pytest.raises(ClusterUnreachableError):
            await client.version()


async def test_a_private_cluster_says_that_it_is_private(bench: Bench) -> None:
    config = replace(bench.login.kubeconfig, server="https://127.0.0.1:1")
    bench.source.logins = [Login(config, private=True)]
    async with bench.gateway.client("a", bench.source) as client:
        with pytest.raises(ClusterPrivateError) as caught:
            await client.services()
    assert "virtual network" in (caught.value.problem.remedy or "")
