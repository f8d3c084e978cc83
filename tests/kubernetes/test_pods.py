"""Pods that mount claims, and their eviction, at a server that says what a test wants and at the local Azure's own."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.settings import KubernetesSettings
from app.emulator.kubernetes.host import ClusterHost
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import AdmissionDeniedError, ClusterNotServingError, EvictionBlockedError, ObjectRefusedError
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types.pod import Eviction, PodController, PodState
from app.kubernetes.types.volume import AccountSecretSpec
from tests.kubernetes.test_local_azure import host, machine, spec
from tests.support.kubeconfigs import FQDN, dump
from tests.support.kubernetes_server import Answer, Server

__all__ = ["host"]

SETTINGS = KubernetesSettings(allowed_server_hosts=["127.0.0.1"], call_timeout_seconds=5)
PODS = "/api/v1/namespaces/shop/pods"
WEB = PodState("shop", "web-1", "u-1", "aks-0", ready=True)


def pod(name: str, *claims: str, **status: Any) -> dict[str, Any]:
    """A pod as the API server lists it."""
    volumes = [{"name": f"v{number}", "persistentVolumeClaim": {"claimName": it}} for number, it in enumerate(claims)]
    return {
        "metadata": {
            "namespace": "shop",
            "name": name,
            "uid": f"u-{name}",
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n"},
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs", "controller": True},
            ],
        },
        "spec": {"containers": [], "nodeName": "aks-0", "volumes": [{"name": "tmp", "emptyDir": {}}, *volumes]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], **status},
    }


@pytest.fixture
async def client(document: dict[str, Any], server: Server) -> AsyncIterator[ClusterClient]:
    document["clusters"][0]["cluster"] |= {"server": f"https://127.0.0.1:{server.port}", "tls-server-name": FQDN}
    gateway = KubernetesGateway.open(SETTINGS)
    async with gateway.connect(await gateway.read_kubeconfig(dump(document), fqdns=[FQDN])) as client:
        yield client


async def test_the_pods_that_mount_a_claim_are_found(client: ClusterClient, server: Server) -> None:
    server.answers[PODS] = Answer.of(
        {
            "items": [
                pod("b", "data", "logs", conditions=[]),
                pod("a", "data"),
                pod("other", "cache"),
                pod("none"),
                pod("done", "data", phase="Succeeded"),
            ]
        }
    )
    first, second = await client.pods.mounting("shop", ["data"])
    assert first == PodState(
        namespace="shop",
        name="a",
        uid="u-a",
        node="aks-0",
        ready=True,
        claims=("data",),
        controller=PodController("ReplicaSet", "web", "rs"),
    )
    assert (second.name, second.ready, second.claims) == ("b", False, ("data", "logs"))


async def test_exactly_the_pod_that_was_meant_is_evicted(client: ClusterClient, server: Server) -> None:
    path = f"{PODS}/web-1/eviction"
    server.answers[path] = Answer.of({"kind": "Status", "status": "Success"}, 201)
    assert await client.pods.evict(WEB) is Eviction.ACCEPTED
    (sent,) = server.requests
    assert (sent.method, sent.path) == ("POST", path)
    assert sent.json() == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"namespace": "shop", "name": "web-1"},
        "deleteOptions": {"preconditions": {"uid": "u-1"}},
    }


@pytest.mark.parametrize("status", [404, 409])
async def test_a_pod_that_is_gone_needs_no_eviction(client: ClusterClient, server: Server, status: int) -> None:
    server.answers[f"{PODS}/web-1/eviction"] = Answer.of({"kind": "Status", "code": status}, status)
    assert await client.pods.evict(WEB) is Eviction.GONE


async def test_a_server_that_is_throttled_is_no_budget(client: ClusterClient, server: Server) -> None:
    server.answers[f"{PODS}/web-1/eviction"] = Answer.of({"kind": "Status", "reason": "TooManyRequests"}, 429)
    with pytest.raises(ClusterNotServingError):
        await client.pods.evict(WEB)


async def test_a_pod_of_two_budgets_says_what_to_do(client: ClusterClient, server: Server) -> None:
    message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    server.answers[f"{PODS}/web-1/eviction"] = Answer.of({"kind": "Status", "message": message}, 500)
    with pytest.raises(EvictionBlockedError, match="more than one disruption budget") as caught:
        await client.pods.evict(WEB)
    assert caught.value.problem.remedy is not None


async def test_a_budget_keeps_a_pod_and_the_server_stays_trusted(host: ClusterHost) -> None:
    """Trouble 63: eviction respects budgets, and their refusals are not taken for a server that does not answer."""
    served = await host.start(spec("prod", FQDN))
    await host.set_nodes("prod", [machine("aks-system-0", pool="system", os_type="Linux")])
    gateway = KubernetesGateway.open(KubernetesSettings(allowed_server_hosts=["127.0.0.1"]))
    async with gateway.connect(await gateway.read_kubeconfig(served.user_kubeconfig, fqdns=[FQDN])) as client:
        raw = (await client._slot.connection(client._log_in)).raw
        labels = {"app": "web"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
        wanted = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        await raw.post(
            "/apis/apps/v1/namespaces/default/deployments", json={"metadata": {"name": "web"}, "spec": wanted}
        )
        budget = {"minAvailable": 2, "selector": {"matchLabels": labels}}
        await raw.post(
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            json={"metadata": {"name": "web"}, "spec": budget},
        )
        first, _ = await _ready(client, raw)
        for _ in range(4):
            with pytest.raises(EvictionBlockedError, match="budget web needs 2 healthy pods and has 2"):
                await client.pods.evict(first)
        budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web"
        merge = {"content-type": "application/merge-patch+json"}
        await raw.patch(budgets, json={"spec": {"minAvailable": 1}}, headers=merge)
        assert await client.pods.evict(first) is Eviction.ACCEPTED
        assert first.uid not in {pod.uid for pod in await _ready(client, raw)}


async def _ready(client: ClusterClient, raw: Any) -> list[PodState]:
    """Both pods of the deployment, when they are ready."""
    async with asyncio.timeout(10):
        while True:
            found = (await raw.get("/api/v1/namespaces/default/pods")).json()["items"]
            well = [
                PodState("default", it["metadata"]["name"], it["metadata"]["uid"], None, ready=True)
                for it in found
                if "deletionTimestamp" not in it["metadata"]
                and any(c["type"] == "Ready" and c["status"] == "True" for c in it["status"].get("conditions", ()))
            ]
            if len(well) == 2 == len(found):
                return well
            await asyncio.sleep(0.02)


async def test_what_refuses_a_secret_is_not_quoted(client: ClusterClient, server: Server) -> None:
    """§6.5: a policy, or the API server itself, may quote the object that it refuses."""
    path = "/api/v1/namespaces/shop/secrets/files"
    spec = AccountSecretSpec("shop", "files", "account", "the+key/itself==")
    for status, message in (
        (422, 'Secret "files" is invalid: data[azurestorageaccountkey]: Invalid value: "the+key/itself=="'),
        (403, 'admission webhook "policy" denied the request: dGhlK2tleS9pdHNlbGY9PQ=='),
    ):
        causes = [{"reason": "FieldValueInvalid", "field": "data", "message": message}]
        document = {"kind": "Status", "message": message, "details": {"causes": causes}}
        server.answers[path] = Answer.of(document, status)
        with pytest.raises((ObjectRefusedError, AdmissionDeniedError)) as caught:
            await client.storage.apply_secret(spec)
        shown = json.dumps(caught.value.problem.as_json()) + repr(caught.value)
        assert ("the+key" in shown, "dGhlK2" in shown, "files" in shown) == (False, False, True)
