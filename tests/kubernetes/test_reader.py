"""The one reader of a cluster against a server that ends, resets, forgets and lies."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.kubernetes import streams
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types import Login
from tests.kubernetes.test_gateway import node
from tests.support.kubeconfigs import FQDN, dump
from tests.support.kubernetes_server import CLAIM_EVENTS, Answer, Server, Stream
from tests.support.reading import (
    CLAIMS,
    CLASSES,
    EVENTS,
    LIMIT,
    NODES,
    NOW,
    SERVICES,
    SETTINGS,
    VOLUMES,
    Bench,
    event,
    listed,
    service,
)

# httpx2 leaves the socket of a handshake that is cancelled to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
async def bench(document: dict[str, Any], server: Server) -> Bench:
    document["clusters"][0]["cluster"] |= {"server": f"https://127.0.0.1:{server.port}", "tls-server-name": FQDN}
    kubeconfig = await KubernetesGateway.open(SETTINGS).read_kubeconfig(dump(document), fqdns=[FQDN])
    bench = Bench(server, Login(kubeconfig))
    bench.serves(SERVICES, listed(service("web"), service("api")))
    bench.serves(NODES, listed(node("aks-1")))
    bench.serves(EVENTS, listed(event("e1", "1")))
    server.answers["/version"] = Answer.of({"gitVersion": "v1.33.5"})
    return bench


async def test_all_is_told_first_and_then_what_changes(bench: Bench) -> None:
    async with bench.reading() as reader:
        await bench.until(lambda: bool(bench.seen) and reader.status().live)
        first = bench.seen[0]
        told = [name for seen in bench.seen for name in (found.name for found in seen.services or ())]
        assert told == ["api", "web"]
        before = len(bench.seen)
        bench.streams[SERVICES].event("ADDED", service("new", "11"))
        bench.streams[SERVICES].event("DELETED", service("api", "12"))
        await bench.until(lambda: bench.names() == ["new", "web"])
        assert bench.seen[-1].nodes is None
        assert bench.seen[-1].events == ()
        assert len(bench.seen) - before <= 2
        assert first.services is not None or first.nodes is not None or first.events
    assert reader.status().positions["services"] == "12"


async def test_what_says_nothing_new_is_not_told(bench: Bench) -> None:
    async with bench.reading():
        await bench.until(lambda: any(seen.nodes for seen in bench.seen))
        beat, late = node("aks-1"), NOW.replace(hour=10, second=12)
        beat["metadata"] |= {"resourceVersion": "11"}
        beat["status"]["conditions"][1]["lastHeartbeatTime"] = "2026-11-26T10:00:00Z"
        bench.streams[NODES].event("MODIFIED", beat)
        bench.streams[EVENTS].event("ADDED", event("e2", "12"))
        await bench.until(lambda: any(found.last_seen == late for seen in bench.seen for found in seen.events))
        assert sum(seen.nodes is not None for seen in bench.seen) == 1


async def test_many_changes_are_few_batches(bench: Bench) -> None:
    async with bench.reading():
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        before = len(bench.seen)
        for number in range(200):
            bench.streams[SERVICES].event(
                "MODIFIED", service("web", str(20 + number), externalTrafficPolicy=str(number))
            )
        await bench.until(lambda: _policy(bench) == "199")
        assert len(bench.seen) - before < 100


def _policy(bench: Bench, name: str = "web") -> str | None:
    return next(
        (f.external_traffic_policy for s in reversed(bench.seen) for f in s.services or () if f.name == "web"), None
    )


@pytest.mark.parametrize("last", [None, b"", b'{"type": "MODIFIED", "object": {"metadata": {"resou'])
async def test_a_watch_goes_on_from_where_it_was(bench: Bench, last: bytes | None) -> None:
    """It ended in good order, was reset, or was cut in the middle of a line."""
    async with bench.reading():
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        again = Stream()
        bench.server.watches[SERVICES, "11"] = again
        bench.streams[SERVICES].event("ADDED", service("new", "11"))
        bench.streams[SERVICES].put(last)
        if last:
            bench.streams[SERVICES].put(None)
        again.event("MODIFIED", service("new", "12", externalTrafficPolicy="Local"))
        await bench.until(
            lambda: (
                bench.seen[-1].services is not None and bench.seen[-1].services[1].external_traffic_policy == "Local"
            )
        )
        assert bench.watched_from(SERVICES) == ["10", "11"]
    assert sum(LIMIT in request.path for request in bench.server.requests if request.path.startswith(SERVICES)) == 1


async def test_a_bookmark_moves_the_place(bench: Bench) -> None:
    async with bench.reading():
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        again = Stream()
        bench.server.watches[SERVICES, "99"] = again
        bench.streams[SERVICES].event("BOOKMARK", {"kind": "Service", "metadata": {"resourceVersion": "99"}})
        bench.streams[SERVICES].put(None)
        again.event("ADDED", service("new", "100"))
        await bench.until(lambda: bench.names() == ["api", "new", "web"])
        assert bench.watched_from(SERVICES) == ["10", "99"]


@pytest.mark.parametrize("said", ["in the stream", "as the answer"])
async def test_what_the_server_has_forgotten_is_listed_anew(bench: Bench, said: str) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired"}
    async with bench.reading():
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        bench.server.answers[SERVICES] = listed(service("web"), service("late"), version="50")
        fresh = bench.server.watches[SERVICES, "50"] = Stream()
        if said == "in the stream":
            bench.streams[SERVICES].event("ERROR", gone)
        else:
            bench.server.watches[SERVICES, "10"] = Answer.of(gone, 410)
            bench.streams[SERVICES].put(None)
        await bench.until(lambda: bench.names() == ["late", "web"])
        fresh.event("DELETED", service("late", "51"))
        await bench.until(lambda: bench.names() == ["web"])


async def test_rotated_certificates_cost_one_login(bench: Bench) -> None:
    async with bench.reading() as reader:
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        assert bench.logins == 1
        bench.server.tokens = {"token-2"}
        again = bench.server.watches[SERVICES, "11"] = Stream()
        bench.streams[SERVICES].event("ADDED", service("new", "11"))
        for stream in bench.streams.values():
            stream.put(None)
        again.event("ADDED", service("newer", "12"))
        await bench.until(lambda: "newer" in bench.names())
        assert bench.logins == 2
        assert reader.status().live


@pytest.mark.parametrize(
    "poison", [b"<html>\n", b"[]\n", b'{"type": "ADDED", "object": {"metadata": {}}}\n', b"x" * 3000]
)
async def test_a_line_that_cannot_be_read_is_a_problem_and_not_an_end(
    bench: Bench, poison: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_LINE_BYTES", 2000)
    async with bench.reading() as reader:
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        again = Stream()
        bench.streams[SERVICES].put(poison)
        bench.server.watches[SERVICES, "10"] = Answer(b"", 503)
        await bench.server.until_asked(SERVICES, 4)
        assert not reader.status().live
        bench.server.watches[SERVICES, "10"] = again
        again.event("ADDED", service("new", "11"))
        await bench.until(lambda: "new" in bench.names())
        assert reader.status().live
        assert reader.status().problem is None


async def test_what_fails_is_tried_more_and_more_rarely(bench: Bench) -> None:
    for path in (SERVICES, NODES, EVENTS):
        bench.server.answers[path] = Answer(b"", 500 if path != NODES else 403)
    async with bench.reading() as reader:
        await bench.server.until_asked(NODES, 9)
        status = reader.status()
    assert not status.live
    assert status.problem is not None
    assert status.problem.code in {"cluster_not_serving", "not_answering"}
    assert max(bench.time.pauses) == 60.0
    assert sorted(bench.time.pauses)[:1] == [2.0]


async def test_a_throttled_reader_comes_when_it_may(bench: Bench) -> None:
    bench.server.answers[SERVICES] = Answer(b"", 429, {"Retry-After": "77"})
    async with bench.reading():
        await bench.server.until_asked(SERVICES, 2)
    assert 77.0 in bench.time.slept


async def test_what_could_not_be_delivered_is_delivered_later(bench: Bench) -> None:
    bench.refuse = 3
    async with bench.reading():
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        await bench.until(lambda: any(seen.events for seen in bench.seen))
        await bench.until(lambda: any(seen.nodes for seen in bench.seen))


async def test_a_next_reader_is_told_only_newer_events(bench: Bench) -> None:
    later = bench.server.watches[EVENTS, "40"] = Stream()
    later.event("ADDED", event("e9", "41", "SyncLoadBalancerFailed"))
    async with bench.reading({"events": "40", "claim_events": "40", "services": "40"}):
        await bench.until(lambda: any(seen.events for seen in bench.seen))
        await bench.until(lambda: any(seen.services for seen in bench.seen))
    told = [found.reason for seen in bench.seen for found in seen.events]
    assert told == ["SyncLoadBalancerFailed"]
    assert set(bench.watched_from(EVENTS)) == {"40"}


async def test_a_silent_watch_is_not_taken_for_a_living_cluster(bench: Bench) -> None:
    async with bench.reading() as reader:
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        bench.server.answers["/version"] = Answer(b"", 500)
        bench.time.pulse.set()
        await bench.server.until_asked("/version")
        await _until(lambda: not reader.status().live)
        bench.server.answers["/version"] = Answer.of({"gitVersion": "v1.33.5"})
        bench.time.clock.advance(timedelta(seconds=60))
        bench.time.pulse.set()
        await _until(lambda: reader.status().live)
        assert reader.status().seen_at == bench.time.clock.now()


async def _until(fine: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not fine():  # noqa: ASYNC110 - another task of this loop makes it so
            await asyncio.sleep(0)


async def test_only_events_about_services_and_claims_are_asked_for(bench: Bench) -> None:
    async with bench.reading():
        await bench.server.until_asked(EVENTS, 4)
    asked = [request.query for request in bench.server.requests if request.path.startswith(EVENTS)]
    assert {query["fieldSelector"] for query in asked} == {
        "involvedObject.kind=Service",
        "involvedObject.kind=PersistentVolumeClaim",
    }


async def test_a_reader_holds_few_connections(bench: Bench) -> None:
    async with bench.reading():
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        for path in (SERVICES, NODES, CLAIMS, VOLUMES, CLASSES):
            await bench.server.until_asked(path, 2)
        await bench.server.until_asked(EVENTS, 4)
        # A watch that begins while a list still ends may open one of its own.
        assert len(bench.server.writers) <= 11


def claim(name: str, phase: str, version: str = "5") -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": name, "uid": f"uid-{name}", "resourceVersion": version},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "5Gi"}}},
        "status": {"phase": phase},
    }


async def test_claims_and_what_is_said_of_them_are_told(bench: Bench) -> None:
    claims = bench.serves(CLAIMS, listed(claim("data", "Pending")))
    said = bench.serves(CLAIM_EVENTS, listed())
    async with bench.reading():
        await bench.until(lambda: any(seen.claims for seen in bench.seen))
        about = {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data", "uid": "uid-data"}
        said.event("ADDED", event("e1", "11", "ProvisioningFailed") | {"involvedObject": about})
        await bench.until(lambda: any(found.name == "data" for seen in bench.seen for found in seen.events))
        claims.event("MODIFIED", claim("data", "Bound", "12"))
        await bench.until(lambda: any(found.phase == "Bound" for seen in bench.seen for found in seen.claims or ()))


async def test_storage_that_may_not_be_read_leaves_the_rest_alive(bench: Bench) -> None:
    for path in (CLAIMS, VOLUMES, CLASSES):
        bench.server.answers[path] = Answer(b"", 403)
    async with bench.reading() as reader:
        await bench.until(lambda: any(seen.services for seen in bench.seen))
        await bench.server.until_asked(CLASSES)
        await _until(lambda: reader.status().live)
        assert reader.status().problem is None
