"""The rules of the wire: statuses, Tables, selectors, paging, concurrency, namespaces, patches."""

from typing import Any

import pytest

from tests.emulator.kubernetes.client import TABLE, Client

_MAPS = "/api/v1/namespaces/default/configmaps"
_SVC = "/api/v1/namespaces/default/services"


def _map(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "data": {"a": "b"}}


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/api/v1/nodes/none", 404, "NotFound"),
        ("GET", "/api/v1/nothings", 404, "NotFound"),
        ("GET", "/apis/unknown.example/v1", 404, "NotFound"),
        ("GET", "/apis/unknown.example/v1/things", 404, "NotFound"),
        ("GET", "/elsewhere", 404, "NotFound"),
        ("DELETE", "/api/v1/namespaces", 405, "MethodNotAllowed"),
        ("POST", "/api/v1/configmaps", 405, "MethodNotAllowed"),
        ("PUT", _MAPS, 405, "MethodNotAllowed"),
        ("GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews", 405, "MethodNotAllowed"),
        ("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", 501, "NotImplemented"),
        ("GET", f"{_MAPS}?labelSelector=a%3D%3D%3Db,,", 400, "BadRequest"),
        ("GET", f"{_MAPS}?fieldSelector=data.a%3Db", 400, "BadRequest"),
        ("GET", f"{_MAPS}?limit=many", 400, "BadRequest"),
        ("GET", f"{_MAPS}?continue=forged", 400, "BadRequest"),
        ("GET", f"{_MAPS}?resourceVersion=99999999", 504, "Timeout"),
        ("GET", f"{_MAPS}?resourceVersion=1&resourceVersionMatch=Exact", 410, "Expired"),
        ("GET", f"{_MAPS}?watch=1&sendInitialEvents=true", 422, "Invalid"),
        ("DELETE", "/api/v1/namespaces/kube-system", 403, "Forbidden"),
    ],
)
async def test_what_is_refused_has_its_status(client: Client, method: str, path: str, status: int, reason: str) -> None:
    reply = await client.ask(method, path, {} if method in {"POST", "PUT"} else None)
    assert (reply.status, reply.body["reason"], reply.body["code"]) == (status, reason, status)
    assert reply.body["kind"] == "Status"


async def test_an_accept_that_cannot_be_met_is_406(client: Client) -> None:
    assert (await client.ask("GET", _MAPS, accept="text/html")).status == 406
    protobuf_first = "application/vnd.kubernetes.protobuf,application/json"
    assert (await client.ask("GET", _MAPS, accept=protobuf_first)).status == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"not json", "application/json", 400),
        (b'{"metadata": {"name": "a"}, "data": {"x": NaN}}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"<a/>", "application/xml", 415),
        (b"k8s\x00\xff", "application/vnd.kubernetes.protobuf", 400),
        (b'{"kind": "Secret", "metadata": {"name": "a"}}', "application/json", 400),
        (b'{"metadata": {"name": 1}}', "application/json", 400),
        (b'{"metadata": {"name": "a", "namespace": "other"}}', "application/json", 400),
        (b'{"metadata": {"name": "a", "resourceVersion": "5"}}', "application/json", 400),
        (b'{"metadata": {"name": "Big"}}', "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"metadata": {"name": "a"}, "data": {"no spaces": "x"}}', "application/json", 422),
        (b" " * (3 * 1024 * 1024 + 1), "application/json", 413),
    ],
)
async def test_a_bad_body_is_refused_with_a_status(client: Client, body: bytes, content_type: str, status: int) -> None:
    reply = await client.ask("POST", _MAPS, body, content_type=content_type)
    assert (reply.status, reply.body["code"]) == (status, status)


async def test_an_unknown_field_is_dropped_with_a_warning_unless_it_is_strict(client: Client) -> None:
    body = {**_map("loose"), "typo": 1}
    assert (await client.ask("POST", f"{_MAPS}?fieldValidation=Strict", body)).status == 400
    reply = await client.ask("POST", _MAPS, body)
    assert reply.status == 201
    assert "typo" not in reply.body
    assert 'unknown field \\"typo\\"' in reply.headers["warning"]


async def test_a_service_that_breaks_rules_is_told_all_of_them(client: Client) -> None:
    ports = [{"port": 0}, {"port": 80, "protocol": "ICMP", "name": "a", "nodePort": 80}]
    reply = await client.ask("POST", _SVC, {"metadata": {"name": "web"}, "spec": {"type": "Odd", "ports": ports}})
    assert reply.status == 422
    assert [cause["field"] for cause in reply.body["details"]["causes"]] == [
        "spec.type",
        "spec.ports[0].name",
        "spec.ports[0].port",
        "spec.ports[0].targetPort",
        "spec.ports[1].protocol",
        "spec.ports[1].nodePort",
    ]


async def test_a_stale_write_is_a_conflict_and_a_fresh_one_is_not(client: Client) -> None:
    first = (await client.ask("POST", _MAPS, _map("plain"))).body
    second = (await client.ask("PUT", f"{_MAPS}/plain", {**first, "data": {"a": "c"}})).body
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    stale = await client.ask("PUT", f"{_MAPS}/plain", {**first, "data": {"a": "d"}})
    assert (stale.status, stale.body["reason"]) == (409, "Conflict")
    for conditions in ({"uid": "other"}, {"resourceVersion": "1"}):
        refused = await client.ask("DELETE", f"{_MAPS}/plain", {"preconditions": conditions})
        assert (refused.status, refused.body["reason"]) == (409, "Conflict")


async def test_the_same_state_written_again_is_no_new_version(client: Client) -> None:
    first = (await client.ask("POST", _MAPS, _map("plain"))).body
    assert (await client.ask("PUT", f"{_MAPS}/plain", first)).body == first


async def test_generated_names_differ(client: Client) -> None:
    body = {"metadata": {"generateName": "web-"}}
    names = {(await client.ask("POST", _MAPS, body)).body["metadata"]["name"] for _ in range(5)}
    assert len(names) == 5
    assert all(name.startswith("web-") and len(name) == 9 for name in names)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("labelSelector=tier%3Dweb", ["one", "two"]),
        ("labelSelector=tier%3Dweb,env!%3Dtest", ["one"]),
        ("labelSelector=env+in+(test,prod)", ["one", "two"]),
        ("labelSelector=env+notin+(prod),tier", ["two"]),
        ("labelSelector=!tier,!env", ["kube-root-ca.crt", "three"]),
        ("fieldSelector=metadata.name%3Dthree", ["three"]),
        ("fieldSelector=metadata.name!%3Dthree,metadata.name!%3Dkube-root-ca.crt", ["one", "two"]),
    ],
)
async def test_selectors_choose(client: Client, query: str, found: list[str]) -> None:
    await client.ask("POST", _MAPS, _map("one", labels={"tier": "web", "env": "prod"}))
    await client.ask("POST", _MAPS, _map("two", labels={"tier": "web", "env": "test"}))
    await client.ask("POST", _MAPS, _map("three"))
    items = (await client.ask("GET", f"{_MAPS}?{query}")).body["items"]
    assert [item["metadata"]["name"] for item in items] == found


async def test_pages_cover_a_list_once(client: Client) -> None:
    for index in range(7):
        await client.ask("POST", _MAPS, _map(f"map-{index}"))
    seen: list[str] = []
    query = "limit=3"
    while True:
        body = (await client.ask("GET", f"{_MAPS}?{query}")).body
        assert len(body["items"]) <= 3
        seen += [item["metadata"]["name"] for item in body["items"]]
        if "continue" not in body["metadata"]:
            break
        assert body["metadata"]["remainingItemCount"] == 8 - len(seen)
        query = f"limit=3&continue={body['metadata']['continue']}"
    assert seen == ["kube-root-ca.crt", *(f"map-{index}" for index in range(7))]


async def test_a_table_has_the_kinds_columns_and_as_much_of_the_object_as_asked(client: Client) -> None:
    whole = (await client.ask("GET", "/api/v1/nodes?includeObject=Object", accept=TABLE)).body
    assert [column["name"] for column in whole["columnDefinitions"] if column["priority"] == 0] == [
        "Name",
        "Status",
        "Roles",
        "Age",
        "Version",
    ]
    assert whole["rows"][0]["object"]["kind"] == "Node"
    none = (await client.ask("GET", "/api/v1/nodes?includeObject=None", accept=TABLE)).body
    assert "object" not in none["rows"][0]


async def test_metadata_alone_can_be_asked_for(client: Client) -> None:
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    body = (await client.ask("GET", "/api/v1/nodes", accept=accept)).body
    assert body["kind"] == "PartialObjectMetadataList"
    assert set(body["items"][0]) == {"metadata"}


async def test_a_finalizer_holds_what_is_deleted_until_it_is_taken_away(client: Client) -> None:
    await client.ask("POST", _MAPS, _map("held", finalizers=["example.com/hold"]))
    held = await client.ask("DELETE", f"{_MAPS}/held")
    assert held.status == 200
    assert held.body["metadata"]["deletionTimestamp"]
    assert (await client.ask("GET", f"{_MAPS}/held")).status == 200
    released = await client.ask(
        "PATCH",
        f"{_MAPS}/held",
        {"metadata": {"finalizers": None}},
        content_type="application/merge-patch+json",
    )
    assert released.status == 200
    assert (await client.ask("GET", f"{_MAPS}/held")).status == 404


async def test_what_a_deleted_object_owned_goes_unless_it_is_orphaned(client: Client) -> None:
    for policy, left in (("Background", 404), ("Foreground", 404), ("Orphan", 200)):
        owner = (await client.ask("POST", _MAPS, _map("owner"))).body["metadata"]
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"]}
        await client.ask("POST", _MAPS, _map("owned", ownerReferences=[reference]))
        await client.ask("DELETE", f"{_MAPS}/owner?propagationPolicy={policy}")
        assert (await client.ask("GET", f"{_MAPS}/owned")).status == left


async def test_a_namespace_that_ends_takes_nothing_new(client: Client) -> None:
    body = {"metadata": {"name": "ending"}}
    await client.ask("POST", "/api/v1/namespaces", body)
    inside = "/api/v1/namespaces/ending/configmaps"
    await client.ask("POST", inside, _map("held", finalizers=["example.com/hold"]))
    ended = await client.ask("DELETE", "/api/v1/namespaces/ending")
    assert ended.body["status"]["phase"] == "Terminating"
    refused = await client.ask("POST", inside, _map("late"))
    assert (refused.status, refused.body["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    assert (await client.ask("POST", "/api/v1/namespaces", body)).status == 409
    await client.ask(
        "PATCH", f"{inside}/held", {"metadata": {"finalizers": []}}, content_type="application/merge-patch+json"
    )
    assert (await client.ask("GET", "/api/v1/namespaces/ending")).status == 404


async def test_a_dry_run_stores_nothing(client: Client) -> None:
    assert (await client.ask("POST", f"{_MAPS}?dryRun=All", _map("dry"))).status == 201
    assert (await client.ask("GET", f"{_MAPS}/dry")).status == 404
    assert (await client.ask("POST", f"{_MAPS}?dryRun=Some", _map("dry"))).status == 400


async def test_a_collection_can_be_deleted_by_a_selector(client: Client) -> None:
    await client.ask("POST", _MAPS, _map("one", labels={"gone": "yes"}))
    await client.ask("POST", _MAPS, _map("two"))
    assert (await client.ask("DELETE", f"{_MAPS}?labelSelector=gone")).status == 200
    names = [item["metadata"]["name"] for item in (await client.ask("GET", _MAPS)).body["items"]]
    assert names == ["kube-root-ca.crt", "two"]


async def test_a_services_address_is_its_own_and_stays(client: Client) -> None:
    bodies = [{"metadata": {"name": f"web-{index}"}, "spec": {"ports": [{"port": 80}]}} for index in range(3)]
    created = [(await client.ask("POST", _SVC, body)).body for body in bodies]
    assert len({service["spec"]["clusterIP"] for service in created}) == 3
    replaced = (await client.ask("PUT", f"{_SVC}/web-0", {**bodies[0], "spec": {"ports": [{"port": 81}]}})).body
    assert replaced["spec"]["clusterIP"] == created[0]["spec"]["clusterIP"]
    moved = {**created[0], "spec": {**created[0]["spec"], "clusterIP": "10.0.9.9", "clusterIPs": ["10.0.9.9"]}}
    moved["metadata"].pop("resourceVersion")
    assert (await client.ask("PUT", f"{_SVC}/web-0", moved)).status == 422


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.0.1", "somewhere", "::1"])
async def test_an_address_that_a_service_cannot_have_is_refused(client: Client, address: str) -> None:
    spec = {"clusterIP": address, "ports": [{"port": 80}]}
    reply = await client.ask("POST", _SVC, {"metadata": {"name": "web"}, "spec": spec})
    assert (reply.status, reply.body["details"]["causes"][0]["field"]) == (422, "spec.clusterIPs[0]")


async def test_services_of_each_type_are_stored_and_shown(client: Client) -> None:
    specs: dict[str, dict[str, Any]] = {
        "headless": {"clusterIP": "None"},
        "chosen": {"clusterIP": "10.0.7.7", "ports": [{"port": 80, "targetPort": "http"}]},
        "away": {"type": "ExternalName", "externalName": "example.com"},
        "node": {"type": "NodePort", "ports": [{"port": 53, "protocol": "UDP", "nodePort": 30053}]},
    }
    for name, spec in specs.items():
        reply = await client.ask("POST", _SVC, {"metadata": {"name": name}, "spec": spec})
        assert reply.status == 201, reply.body
    rows = (await client.ask("GET", _SVC, accept=TABLE)).body["rows"]
    shown = {row["cells"][0]: row["cells"][1:5] for row in rows}
    assert shown["headless"] == ["ClusterIP", "None", "<none>", "<none>"]
    assert shown["chosen"] == ["ClusterIP", "10.0.7.7", "<none>", "80/TCP"]
    assert shown["away"] == ["ExternalName", "<none>", "example.com", "<none>"]
    assert shown["node"][3] == "53:30053/UDP"


@pytest.mark.parametrize(
    ("content_type", "patch", "status"),
    [
        ("application/json-patch+json", [{"op": "test", "path": "/data/a", "value": "z"}], 422),
        ("application/json-patch+json", [{"op": "remove", "path": "/data/none"}], 422),
        ("application/json-patch+json", {"op": "remove"}, 400),
        ("application/merge-patch+json", [], 400),
        ("application/json", {}, 415),
        ("application/apply-patch+yaml", {}, 422),
        ("application/strategic-merge-patch+json", {"metadata": {"name": "other"}}, 400),
    ],
)
async def test_a_patch_that_does_not_fit_is_refused(client: Client, content_type: str, patch: Any, status: int) -> None:
    await client.ask("POST", _MAPS, _map("plain"))
    reply = await client.ask("PATCH", f"{_MAPS}/plain", patch, content_type=content_type)
    assert (reply.status, reply.body["kind"]) == (status, "Status")
    assert (await client.ask("GET", f"{_MAPS}/plain")).body["data"] == {"a": "b"}
