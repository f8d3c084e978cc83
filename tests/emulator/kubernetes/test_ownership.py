"""Who owns which field: as recorded from a real server, and as server-side apply needs it."""

import ast
from typing import Any

from app.emulator.kubernetes.host import ClusterHost
from tests.emulator.kubernetes.client import Client, cluster_spec, connect
from tests.emulator.kubernetes.test_replies import UNRECORDED, exchanges

_MAPS = "/api/v1/namespaces/default/configmaps"
_SERVICES = "/api/v1/namespaces/default/services"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
_APPLY, _MERGE = "application/apply-patch+yaml", "application/merge-patch+json"


async def _apply(client: Client, path: str, document: dict[str, Any], manager: str, *, force: bool = False) -> Any:
    query = f"fieldManager={manager}" + ("&force=true" if force else "")
    return await client.ask("PATCH", f"{path}?{query}", document, content_type=_APPLY)


def _map(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data}


async def test_managed_fields_are_those_that_a_real_server_recorded(host: ClusterHost) -> None:
    endpoint = await host.start(cluster_spec("recorded"))
    compared = 0
    async with connect(endpoint.admin_kubeconfig) as client:
        agent = {"user-agent": "python-httpx/0.28.1"}
        for exchange in exchanges():
            step, (method, path, *rest) = exchange["step"], exchange["request"]
            if step in {"svc delete", "svc table with ip"}:
                continue  # an apply before them was not recorded
            media, body, accept = ([None if item == "None" else item for item in rest] + [None] * 3)[:3]
            for patch_media, patch in UNRECORDED.get(step, []):
                web = "/api/v1/namespaces/cf/services/web"
                await client.ask("PATCH", web, patch, content_type=patch_media, headers=agent)
            sent = None if body is None else ast.literal_eval(body)
            reply = await client.ask(
                method, path, sent, content_type=media or "application/json", accept=accept or "*/*", headers=agent
            )
            ours, theirs = (_managers(answer) for answer in (reply.body, exchange["body"]))
            if theirs:
                assert (step, ours) == (step, theirs)
                compared += 1
    assert compared > 8


def _managers(body: Any) -> list[Any]:
    found = []
    if isinstance(body, dict):
        for key, value in body.items():
            if key == "managedFields":
                # The local controllers write without saying that they own anything.
                users = [entry for entry in value if not entry["manager"].startswith("kube-controller-manager")]
                found += [{name: item for name, item in entry.items() if name != "time"} for entry in users]
            else:
                found += _managers(value)
    elif isinstance(body, list):
        for item in body:
            found += _managers(item)
    return found


async def test_what_another_manager_set_stays(client: Client) -> None:
    await client.ask("POST", f"{_MAPS}?fieldManager=kubectl", _map(theirs="1"))
    await _apply(client, f"{_MAPS}/m", _map(ours="1"), "slipway")
    reply = await _apply(client, f"{_MAPS}/m", _map(ours="2"), "slipway")
    assert reply.body["data"] == {"theirs": "1", "ours": "2"}


async def test_what_a_manager_no_longer_names_goes_unless_another_owns_it(client: Client) -> None:
    await _apply(client, f"{_MAPS}/m", _map(a="1", b="1"), "one")
    await _apply(client, f"{_MAPS}/m", _map(b="1", c="1"), "two")
    reply = await _apply(client, f"{_MAPS}/m", {**_map(), "data": {}}, "one")
    assert reply.body["data"] == {"b": "1", "c": "1"}
    reply = await _apply(client, f"{_MAPS}/m", _map(c="1"), "two")
    assert reply.body["data"] == {"c": "1"}


async def test_a_conflict_names_the_other_manager_and_the_field_and_force_takes_it(client: Client) -> None:
    await client.ask("POST", f"{_MAPS}?fieldManager=kubectl", _map(a="1"))
    refused = await _apply(client, f"{_MAPS}/m", _map(a="2"), "slipway")
    assert (refused.status, refused.body["reason"]) == (409, "Conflict")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.a'
    assert refused.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl" using v1', "field": ".data.a"}
    ]
    forced = await _apply(client, f"{_MAPS}/m", _map(a="2"), "slipway", force=True)
    assert forced.body["data"] == {"a": "2"}
    owners = {entry["manager"]: entry["fieldsV1"] for entry in forced.body["metadata"]["managedFields"]}
    assert owners["slipway"] == {"f:data": {"f:a": {}}}
    assert owners["kubectl"] == {"f:data": {}}


async def test_the_same_value_is_shared_and_no_conflict(client: Client) -> None:
    await _apply(client, f"{_MAPS}/m", _map(a="1"), "one")
    reply = await _apply(client, f"{_MAPS}/m", _map(a="1"), "two")
    assert reply.status == 200
    assert [entry["manager"] for entry in reply.body["metadata"]["managedFields"]] == ["one", "two"]


async def test_a_manager_that_takes_over_a_client_side_apply_keeps_what_it_still_names(client: Client) -> None:
    """kubectl moves the fields of `kubectl-client-side-apply` by a patch of `managedFields`, and applies again."""
    created = (await client.ask("POST", f"{_MAPS}?fieldManager=kubectl", _map(a="1", b="1"))).body
    (entry,) = created["metadata"]["managedFields"]
    moved = [{"op": "replace", "path": "/metadata/managedFields", "value": [{**entry, "operation": "Apply"}]}]
    await client.ask("PATCH", f"{_MAPS}/m", moved, content_type="application/json-patch+json")
    reply = await _apply(client, f"{_MAPS}/m", _map(a="1"), "kubectl")
    assert reply.body["data"] == {"a": "1"}
    assert [one["operation"] for one in reply.body["metadata"]["managedFields"]] == ["Apply"]


async def test_an_apply_that_changes_nothing_is_no_write(client: Client) -> None:
    first = await _apply(client, f"{_MAPS}/m", _map(a="1"), "one")
    again = await _apply(client, f"{_MAPS}/m", _map(a="1"), "one")
    assert (first.status, again.status) == (201, 200)
    assert again.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]


async def test_items_of_a_list_are_owned_by_their_keys(client: Client) -> None:
    def service(*ports: dict[str, Any]) -> dict[str, Any]:
        spec = {"selector": {"a": "b"}, "ports": list(ports)}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    http, https = {"name": "http", "port": 80}, {"name": "https", "port": 443}
    await _apply(client, f"{_SERVICES}/web", service(http, https), "one")
    node_port = {"spec": {"ports": [{"name": "http", "port": 80, "nodePort": 30080}]}}
    await client.ask("PATCH", f"{_SERVICES}/web", node_port, content_type="application/strategic-merge-patch+json")
    reply = await _apply(client, f"{_SERVICES}/web", service({**http, "targetPort": 8080}), "one")
    (port,) = reply.body["spec"]["ports"]
    assert (port["port"], port["targetPort"], port["protocol"]) == (80, 8080, "TCP")
    (entry,) = [one for one in reply.body["metadata"]["managedFields"] if one["operation"] == "Apply"]
    assert 'k:{"port":80,"protocol":"TCP"}' in entry["fieldsV1"]["f:spec"]["f:ports"]


async def test_who_scales_takes_the_replicas_from_who_applied_them(client: Client) -> None:
    labels = {"app": "web"}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}},
    }
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    await _apply(client, f"{_DEPLOYMENTS}/web", document, "one")
    scaled = await client.ask(
        "PATCH", f"{_DEPLOYMENTS}/web/scale?fieldManager=hpa", {"spec": {"replicas": 3}}, content_type=_MERGE
    )
    assert (scaled.body["kind"], scaled.body["spec"]) == ("Scale", {"replicas": 3})
    refused = await _apply(client, f"{_DEPLOYMENTS}/web", document, "one")
    assert 'conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas' in refused.body["message"]
    del spec["replicas"]
    reply = await _apply(client, f"{_DEPLOYMENTS}/web", document, "one")
    assert (reply.status, reply.body["spec"]["replicas"]) == (200, 3)


async def test_an_object_that_nobody_was_said_to_own_keeps_what_it_has(client: Client) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}, "data": {"a": "b"}}
    reply = await _apply(client, f"{_MAPS}/kube-root-ca.crt", document, "one")
    assert sorted(reply.body["data"]) == ["a", "ca.crt"]
    assert [entry["manager"] for entry in reply.body["metadata"]["managedFields"]] == ["one", "before-first-apply"]
