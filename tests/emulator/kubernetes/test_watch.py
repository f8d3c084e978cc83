import json
from typing import Any

from app.emulator.kubernetes import store
from app.emulator.kubernetes.host import ClusterHost, ClusterSpec, Endpoint
from tests.emulator.kubernetes.client import TABLE, Client, connect

_MAPS = "/api/v1/namespaces/default/configmaps"


def _map(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


async def _version(client: Client) -> str:
    version: str = (await client.ask("GET", _MAPS)).body["metadata"]["resourceVersion"]
    return version


async def test_a_watch_without_a_version_begins_with_what_is_there(client: Client) -> None:
    async with client.watching(f"{_MAPS}?watch=true") as events:
        first = await anext(events)
        assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "kube-root-ca.crt")
        await client.ask("POST", _MAPS, _map("new"))
        second = await anext(events)
        assert (second["type"], second["object"]["kind"]) == ("ADDED", "ConfigMap")


async def test_a_watch_from_a_version_replays_what_came_after_it(client: Client) -> None:
    version = await _version(client)
    await client.ask("POST", _MAPS, _map("new"))
    await client.ask("DELETE", f"{_MAPS}/new")
    async with client.watching(f"{_MAPS}?watch=true&resourceVersion={version}") as events:
        seen = [await anext(events) for _ in range(2)]
    assert [event["type"] for event in seen] == ["ADDED", "DELETED"]
    assert int(seen[0]["object"]["metadata"]["resourceVersion"]) > int(version)


async def test_what_leaves_a_selection_is_deleted_to_its_watcher(client: Client) -> None:
    version = await _version(client)
    async with client.watching(f"{_MAPS}?watch=true&labelSelector=in&resourceVersion={version}") as events:
        await client.ask("POST", _MAPS, _map("moving"))
        for labels in ({"in": "1"}, {"in": "2"}, {"in": None}):
            await client.ask(
                "PATCH",
                f"{_MAPS}/moving",
                {"metadata": {"labels": labels}},
                content_type="application/merge-patch+json",
            )
        seen = [(await anext(events))["type"] for _ in range(3)]
    assert seen == ["ADDED", "MODIFIED", "DELETED"]


async def test_a_watch_of_tables_says_its_columns_once(client: Client) -> None:
    async with client.watching("/api/v1/nodes?watch=true", accept=TABLE) as events:
        seen = [(await anext(events))["object"] for _ in range(2)]
    assert [len(table["columnDefinitions"]) for table in seen] == [10, 0]
    assert [len(table["rows"]) for table in seen] == [1, 1]


async def test_a_watch_ends_after_its_seconds_with_a_bookmark(client: Client) -> None:
    version = await _version(client)
    query = f"watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={version}"
    reply = await client.ask("GET", f"{_MAPS}?{query}")
    assert [event["type"] for event in reply.body] == ["BOOKMARK"]
    assert reply.body[0]["object"]["metadata"]["resourceVersion"] == version


async def test_initial_events_end_with_their_bookmark(client: Client) -> None:
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with client.watching(f"{_MAPS}?{query}") as events:
        seen = [await anext(events) for _ in range(2)]
    assert [event["type"] for event in seen] == ["ADDED", "BOOKMARK"]
    assert seen[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_version_that_the_history_has_lost_is_told_as_410(
    host: ClusterHost, client: Client, cluster: Endpoint, spec: ClusterSpec
) -> None:
    version = await _version(client)
    await client.ask("POST", _MAPS, _map("busy"))
    body = (await client.ask("GET", f"{_MAPS}?limit=1")).body
    for index in range(store.HISTORY + 1):
        host._clusters[spec.key]._store.replace("configmaps", _numbered(host, spec, index))
    reply = await client.ask("GET", f"{_MAPS}?watch=true&resourceVersion={version}")
    assert [event["type"] for event in reply.body] == ["ERROR"]
    assert (reply.body[0]["object"]["code"], reply.body[0]["object"]["reason"]) == (410, "Expired")
    expired = await client.ask("GET", f"{_MAPS}?limit=1&continue={body['metadata']['continue']}")
    assert expired.status == 410


async def test_a_busy_resource_does_not_cost_the_watchers_of_another_their_place(
    host: ClusterHost, client: Client, cluster: Endpoint, spec: ClusterSpec
) -> None:
    version = (await client.ask("GET", "/api/v1/namespaces/default/services")).body["metadata"]["resourceVersion"]
    await client.ask("POST", _MAPS, _map("busy"))
    for index in range(store.HISTORY + 1):
        host._clusters[spec.key]._store.replace("configmaps", _numbered(host, spec, index))
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    await client.ask("POST", "/api/v1/namespaces/default/services", service)
    path = f"/api/v1/namespaces/default/services?watch=true&resourceVersion={version}"
    async with client.watching(path) as events:
        seen = await anext(events)
    assert (seen["type"], seen["object"]["metadata"]["name"]) == ("ADDED", "web")


def _numbered(host: ClusterHost, spec: ClusterSpec, index: int) -> dict[str, Any]:
    document = host._clusters[spec.key]._store.get("configmaps", "default", "busy")
    assert document is not None
    return {**document, "data": {"index": str(index)}}


async def test_a_version_from_before_a_restart_is_told_as_410(
    host: ClusterHost, client: Client, cluster: Endpoint, spec: ClusterSpec
) -> None:
    version = await _version(client)
    await client.ask("POST", _MAPS, _map("new"))
    saved = json.loads(host.snapshot(spec.key))
    await host.remove(spec.key)
    await host.start(spec, saved)
    async with connect(cluster.user_kubeconfig) as again:
        reply = await again.ask("GET", f"{_MAPS}?watch=true&resourceVersion={version}")
        assert reply.body[0]["object"]["code"] == 410
        current = await _version(again)
        async with again.watching(f"{_MAPS}?watch=true&resourceVersion={current}") as events:
            await again.ask("DELETE", f"{_MAPS}/new")
            assert (await anext(events))["type"] == "DELETED"


async def test_a_watcher_that_leaves_leaves_nothing_behind(
    host: ClusterHost, client: Client, spec: ClusterSpec
) -> None:
    subscriptions = host._clusters[spec.key]._store._subscriptions
    async with client.watching(f"{_MAPS}?watch=true") as events:
        await anext(events)
        assert len(subscriptions) == 1
    # Any later answer comes after the server has seen the watcher's connection end.
    for _ in range(100):
        await client.ask("GET", "/healthz")
        if not subscriptions:
            break
    assert not subscriptions
