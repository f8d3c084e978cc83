"""Scale, log, eviction, and what would need containers."""

from typing import Any

import pytest

from tests.emulator.kubernetes.client import Client
from tests.emulator.kubernetes.workloads import APPS, CORE, MERGE, Driver, ready, workload

_BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


def _eviction(name: str, **options: Any) -> dict[str, Any]:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, "deleteOptions": options}


async def test_a_scale_is_read_and_set(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload())
    driver.settle()
    scale = await driver.get(f"{APPS}/deployments/web/scale")
    assert scale["spec"] == {"replicas": 1}
    assert scale["status"] == {"replicas": 1, "selector": "app=web"}
    reply = await driver.client.ask("PUT", f"{APPS}/deployments/web/scale", {**scale, "spec": {"replicas": 2}})
    assert reply.body["spec"] == {"replicas": 2}
    stale = await driver.client.ask("PUT", f"{APPS}/deployments/web/scale", {**scale, "spec": {"replicas": 5}})
    assert stale.status == 409
    wrong = await driver.client.ask(
        "PATCH", f"{APPS}/deployments/web/scale", {"spec": {"replicas": -1}}, content_type=MERGE
    )
    assert wrong.status == 422
    driver.settle()
    assert ready(await driver.pods()) == 2


async def test_a_log_says_that_nothing_runs(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload())
    driver.drain()
    (pod,) = await driver.pods()
    path = f"{CORE}/pods/{pod['metadata']['name']}/log"
    waiting = await driver.client.ask("GET", path)
    assert (waiting.status, "is waiting to start" in waiting.body["message"]) == (400, True)
    driver.settle()
    reply = await driver.client.ask("GET", f"{path}?follow=true&container=web")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert reply.body.startswith("No containers run in the local Azure")
    assert (await driver.client.ask("GET", f"{path}?container=other")).status == 400


@pytest.mark.parametrize("what", ["exec", "attach", "portforward", "proxy"])
async def test_what_needs_a_container_is_refused_with_a_word(driver: Driver, what: str) -> None:
    await driver.create(f"{APPS}/deployments", workload())
    driver.settle()
    (pod,) = await driver.pods()
    for method in ("GET", "POST"):
        reply = await driver.client.ask(method, f"{CORE}/pods/{pod['metadata']['name']}/{what}?command=ls")
        assert (reply.status, reply.body["reason"]) == (501, "NotImplemented")
        assert "no containers run" in reply.body["message"]


async def test_an_eviction_ends_a_pod_that_a_budget_can_spare(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    await driver.create(_BUDGETS, {"metadata": {"name": "web"}, "spec": budget})
    driver.settle()
    first, second = [pod["metadata"]["name"] for pod in await driver.pods()]
    spared = await driver.client.ask("POST", f"{CORE}/pods/{first}/eviction", _eviction(first))
    assert (spared.status, spared.body["status"]) == (201, "Success")
    kept = await driver.client.ask("POST", f"{CORE}/pods/{second}/eviction", _eviction(second))
    assert (kept.status, kept.body["reason"]) == (429, "TooManyRequests")
    assert kept.body["details"]["causes"][0]["reason"] == "DisruptionBudget"
    driver.settle()
    assert second in [pod["metadata"]["name"] for pod in await driver.pods()]
    again = await driver.client.ask("POST", f"{CORE}/pods/{second}/eviction", _eviction(second))
    assert again.status == 201


async def test_an_eviction_ends_the_pod_that_was_meant_and_no_other_of_its_name(driver: Driver) -> None:
    await driver.create(f"{CORE}/pods", {"metadata": {"name": "one"}, "spec": workload()["spec"]["template"]["spec"]})
    driver.settle()
    path = f"{CORE}/pods/one/eviction"
    other = await driver.client.ask("POST", path, _eviction("one", preconditions={"uid": "another"}))
    assert (other.status, other.body["reason"]) == (409, "Conflict")
    uid = (await driver.get(f"{CORE}/pods/one"))["metadata"]["uid"]
    assert (await driver.client.ask("POST", path, _eviction("one", preconditions={"uid": uid}))).status == 201


async def test_a_pod_of_two_budgets_is_not_evicted(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    for name in ("one", "two"):
        spec = {"minAvailable": 0, "selector": {"matchLabels": {"app": "web"}}}
        await driver.create(_BUDGETS, {"metadata": {"name": name}, "spec": spec})
    driver.settle()
    pod = (await driver.pods())[0]["metadata"]["name"]
    reply = await driver.client.ask("POST", f"{CORE}/pods/{pod}/eviction", _eviction(pod))
    assert (reply.status, "more than one PodDisruptionBudget" in reply.body["message"]) == (500, True)


async def test_a_pod_is_given_its_grace_unless_it_is_forced(driver: Driver) -> None:
    await driver.create(f"{CORE}/pods", {"metadata": {"name": "one"}, "spec": workload()["spec"]["template"]["spec"]})
    driver.settle()
    reply = await driver.client.ask("DELETE", f"{CORE}/pods/one")
    assert reply.body["metadata"]["deletionGracePeriodSeconds"] == 30
    assert (await driver.client.ask("GET", f"{CORE}/pods/one")).status == 200
    await driver.client.ask("DELETE", f"{CORE}/pods/one", {"gracePeriodSeconds": 0})
    assert (await driver.client.ask("GET", f"{CORE}/pods/one")).status == 404


async def test_a_service_accounts_token_works_until_its_account_is_gone(client: Client) -> None:
    path = f"{CORE}/serviceaccounts"
    await client.ask("POST", path, {"metadata": {"name": "robot"}})
    issued = await client.ask("POST", f"{path}/robot/token", {"spec": {"expirationSeconds": 600}})
    assert issued.status == 201
    bearer = {"authorization": f"Bearer {issued.body['status']['token']}"}
    reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    review = await client.ask("POST", reviews, {}, headers=bearer)
    assert review.body["status"]["userInfo"]["username"] == "system:serviceaccount:default:robot"
    short = await client.ask("POST", f"{path}/robot/token", {"spec": {"expirationSeconds": 1}})
    assert (short.status, short.body["reason"]) == (422, "Invalid")
    await client.ask("DELETE", f"{path}/robot")
    assert (await client.ask("GET", path, headers=bearer)).status == 401


async def test_custom_resources_are_refused_with_a_word(client: Client) -> None:
    groups = (await client.ask("GET", "/apis")).body["groups"]
    assert "apiextensions.k8s.io" in [group["name"] for group in groups]
    for method in ("GET", "POST"):
        reply = await client.ask(method, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {})
        assert (reply.status, "no custom resource definitions" in reply.body["message"]) == (501, True)


async def test_openapi_describes_every_kind_down_to_its_last_field(client: Client) -> None:
    index = (await client.ask("GET", "/openapi/v3")).body["paths"]
    for path in index.values():
        document = (await client.ask("GET", path["serverRelativeURL"])).body
        schemas = document["components"]["schemas"]
        for schema in schemas.values():
            for known in schema.get("properties", {}).values():
                inner = known.get("items") or known.get("additionalProperties") or known
                for reference in inner.get("allOf", ()):
                    assert reference["$ref"].removeprefix("#/components/schemas/") in schemas
    apps = (await client.ask("GET", "/openapi/v3/apis/apps/v1")).body["components"]["schemas"]
    assert apps["PodSpec"]["properties"]["containers"]["x-kubernetes-patch-merge-key"] == "name"


async def test_openapi_2_comes_in_protobuf_only(client: Client) -> None:
    media = "application/com.github.proto-openapi.spec.v2"
    reply = await client.ask("GET", "/openapi/v2", accept=f"{media}@v1.0+protobuf")
    assert (reply.status, reply.headers["content-type"]) == (200, f"{media}.v1.0+protobuf")
    assert (await client.ask("GET", "/openapi/v2")).status == 406
