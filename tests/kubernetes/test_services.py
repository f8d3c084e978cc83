"""Services of a cluster: what is sent, what is read back, what a refusal becomes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.errors import ErrorClass
from app.core.settings import KubernetesSettings
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import (
    AdmissionDeniedError,
    ClusterForbiddenError,
    ClusterQuotaError,
    FieldConflictError,
    KubernetesError,
    NamespaceEndingError,
    NotInClusterError,
    ObjectChangedError,
    ObjectRefusedError,
)
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types import EndpointsState, EventSeen, NamespaceState, ServicePort, ServiceSpec
from tests.support.kubeconfigs import FQDN, dump
from tests.support.kubernetes_server import Answer, Server

SETTINGS = KubernetesSettings(allowed_server_hosts=["127.0.0.1"], call_timeout_seconds=5)
SPEC = ServiceSpec(
    namespace="shop",
    name="web",
    ports=(ServicePort("http", 80, 8080), ServicePort("dns", 53, "dns", "UDP", 30053)),
    labels={"app": "web"},
    annotations={"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
    selector={"app": "web"},
    external_traffic_policy="Local",
    session_affinity="ClientIP",
    session_affinity_seconds=60,
    source_ranges=("10.0.0.0/8",),
)
SERVICE = {
    "metadata": {
        "namespace": "shop",
        "name": "web",
        "uid": "u-1",
        "resourceVersion": "7",
        "creationTimestamp": "2026-11-26T10:00:00Z",
        "deletionTimestamp": "2026-11-26T11:00:00Z",
        "finalizers": ["service.kubernetes.io/load-balancer-cleanup"],
        "managedFields": [{"manager": "slipway"}, {"manager": "helm"}, {"manager": "slipway", "operation": "Update"}],
    },
    "spec": {
        "type": "LoadBalancer",
        "clusterIP": "10.0.0.7",
        "selector": {"app": "web"},
        "healthCheckNodePort": 31000,
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "ports": [{"port": 80, "targetPort": "http", "nodePort": 30080}],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "20.1.2.3"}, {"hostname": "web.example"}]}},
}
PATH = "/api/v1/namespaces/shop/services/web"


@pytest.fixture
async def client(document: dict[str, Any], server: Server) -> AsyncIterator[ClusterClient]:
    document["clusters"][0]["cluster"] |= {"server": f"https://127.0.0.1:{server.port}", "tls-server-name": FQDN}
    gateway = KubernetesGateway.open(SETTINGS)
    async with gateway.connect(await gateway.read_kubeconfig(dump(document), fqdns=[FQDN])) as client:
        yield client


async def test_a_service_is_applied_with_what_is_ours_and_nothing_else(client: ClusterClient, server: Server) -> None:
    server.answers[PATH] = Answer.of(SERVICE)
    await client.apply_service(SPEC)
    sent = server.requests[0]
    assert (sent.method, sent.path.split("?")[0]) == ("PATCH", PATH)
    assert sorted(sent.path.split("?")[1].split("&")) == ["fieldManager=slipway"]
    assert sent.headers["content-type"] == "application/apply-patch+yaml"
    assert sent.json() == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "namespace": "shop",
            "name": "web",
            "labels": {"app": "web"},
            "annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
        },
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": "web"},
            "ports": [
                {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"},
                {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP", "nodePort": 30053},
            ],
            "externalTrafficPolicy": "Local",
            "sessionAffinity": "ClientIP",
            "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
            "loadBalancerSourceRanges": ["10.0.0.0/8"],
        },
    }


async def test_only_who_says_so_takes_fields_over(client: ClusterClient, server: Server) -> None:
    server.answers[PATH] = Answer.of(SERVICE)
    await client.apply_service(SPEC, take_over=True)
    assert "force=true" in server.requests[0].path.split("?")[1].split("&")


async def test_a_service_is_read_whole(client: ClusterClient, server: Server) -> None:
    server.answers["/api/v1/services"] = Answer.of({"items": [SERVICE]})
    (found,) = await client.services()
    assert (found.namespace, found.name, found.uid, found.resource_version) == ("shop", "web", "u-1", "7")
    assert found.ingress == ("20.1.2.3", "web.example")
    assert found.ports == (ServicePort(None, 80, "http", "TCP", 30080),)
    assert (found.type, found.cluster_ips, found.health_check_node_port) == ("LoadBalancer", ("10.0.0.7",), 31000)
    assert found.deleting
    assert found.finalizers == ("service.kubernetes.io/load-balancer-cleanup",)
    assert found.managers == ("helm", "slipway")
    assert found.created_at == datetime(2026, 11, 26, 10, tzinfo=UTC)


async def test_what_is_not_there_is_none(client: ClusterClient, server: Server) -> None:
    gone = Answer.of({"kind": "Status", "code": 404}, 404)
    server.answers |= {PATH: gone, "/api/v1/namespaces/shop": gone}
    assert await client.service("shop", "web") is None
    assert await client.namespace("shop") is None
    assert await client.delete_service("shop", "web", uid="u-1") is False


async def test_only_the_object_that_was_meant_is_deleted(client: ClusterClient, server: Server) -> None:
    server.answers[PATH] = Answer.of(SERVICE)
    assert await client.delete_service("shop", "web", uid="u-1") is True
    assert server.requests[0].json()["preconditions"] == {"uid": "u-1"}
    server.answers[PATH] = Answer.of({"kind": "Status", "reason": "Conflict"}, 409)
    assert await client.delete_service("shop", "web", uid="u-0") is False


async def test_a_namespace_that_ends_says_so(client: ClusterClient, server: Server) -> None:
    server.answers["/api/v1/namespaces/shop"] = Answer.of(
        {"metadata": {"name": "shop"}, "status": {"phase": "Terminating"}}
    )
    assert await client.namespace("shop") == NamespaceState("shop", deleting=True)


async def test_events_of_both_forms_are_one_kind_of_thing(client: ClusterClient, server: Server) -> None:
    about = {"kind": "Service", "namespace": "shop", "name": "web", "uid": "u-1"}
    new = {
        "metadata": {},
        "involvedObject": about,
        "reason": "SyncLoadBalancerFailed",
        "message": "Error syncing load balancer",
        "type": "Warning",
        "eventTime": "2026-11-26T10:00:00.000001Z",
        "series": {"count": 4, "lastObservedTime": "2026-11-26T10:05:00.000001Z"},
        "reportingComponent": "service-controller",
    }
    old = {
        "metadata": {},
        "involvedObject": about,
        "reason": "EnsuringLoadBalancer",
        "firstTimestamp": "2026-11-26T09:00:00Z",
        "lastTimestamp": "2026-11-26T09:00:05Z",
        "count": 2,
        "source": {"component": "service-controller"},
    }
    server.answers["/api/v1/namespaces/shop/events"] = Answer.of({"items": [new, old]})
    first, second = await client.events_of("Service", "shop", "web", uid="u-1")
    assert (first.reason, first.count, first.type, first.message) == ("EnsuringLoadBalancer", 2, "Normal", "")
    assert second == EventSeen(
        reason="SyncLoadBalancerFailed",
        message="Error syncing load balancer",
        type="Warning",
        count=4,
        first_seen=datetime(2026, 11, 26, 10, 0, 0, 1, UTC),
        last_seen=datetime(2026, 11, 26, 10, 5, 0, 1, UTC),
        source="service-controller",
        **about,
    )
    query = server.requests[0].path.split("?")[1]
    assert "involvedObject.uid%3Du-1" in query
    assert "involvedObject.name%3Dweb" in query


async def test_a_pod_with_two_addresses_is_one_endpoint(client: ClusterClient, server: Server) -> None:
    def part(family: str, *endpoints: dict[str, Any]) -> dict[str, Any]:
        return {"addressType": family, "endpoints": list(endpoints)}

    def pod(name: str, address: str, **conditions: bool) -> dict[str, Any]:
        return {"addresses": [address], "conditions": conditions, "targetRef": {"kind": "Pod", "uid": name}}

    server.answers["/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"] = Answer.of(
        {
            "items": [
                part("IPv4", pod("a", "10.0.0.1", ready=True), pod("b", "10.0.0.2", ready=False)),
                part("IPv6", pod("a", "fd00::1", ready=True), {"addresses": ["fd00::9"]}),
            ]
        }
    )
    assert await client.endpoints("shop", "web") == EndpointsState(ready=2, not_ready=1)
    assert "kubernetes.io%2Fservice-name%3Dweb" in server.requests[0].path


def refusal(reason: str, message: str, *causes: dict[str, str]) -> dict[str, Any]:
    return {"kind": "Status", "reason": reason, "message": message, "details": {"causes": list(causes)}}


ENDING = {"reason": "NamespaceTerminating", "message": "namespace shop is being terminated", "field": "metadata"}
OWNED = {"reason": "FieldManagerConflict", "message": 'conflict with "helm" using v1', "field": ".spec.ports"}
TAKEN = {"reason": "FieldValueInvalid", "message": "provided port is already allocated", "field": "spec.ports[0]"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, refusal("Forbidden", "x", ENDING), (NamespaceEndingError, ErrorClass.CONFLICT, "being deleted")),
        (403, refusal("Forbidden", "planted"), (ClusterForbiddenError, ErrorClass.PERMISSION, "403")),
        (
            403,
            refusal("Forbidden", "exceeded quota: q, requested: services.loadbalancers=1, used: 2, limited: 2"),
            (ClusterQuotaError, ErrorClass.QUOTA, "services.loadbalancers=1"),
        ),
        (
            403,
            refusal("Forbidden", 'admission webhook "validation.gatekeeper.sh" denied the request: internal only'),
            (AdmissionDeniedError, ErrorClass.CONFIGURATION, "internal only"),
        ),
        (404, refusal("NotFound", "x"), (NotInClusterError, ErrorClass.GONE, "404")),
        (409, refusal("Conflict", "x"), (ObjectChangedError, ErrorClass.TRANSIENT, "409")),
        (422, refusal("Invalid", "x\x00\n<b>y", TAKEN), (ObjectRefusedError, ErrorClass.CONFIGURATION, "x <b>y")),
        (422, refusal("Invalid", "z" * 100_000), (ObjectRefusedError, ErrorClass.CONFIGURATION, "…")),
        (422, {"kind": "Status", "details": {"causes": 7}}, (ObjectRefusedError, ErrorClass.CONFIGURATION, "refuses")),
        (409, {"kind": "Status", "details": [1]}, (ObjectChangedError, ErrorClass.TRANSIENT, "409")),
        (403, [], (ClusterForbiddenError, ErrorClass.PERMISSION, "403")),
    ],
)
async def test_a_refusal_is_told_apart(
    client: ClusterClient,
    server: Server,
    status: int,
    body: object,
    expected: tuple[type[KubernetesError], ErrorClass, str],
) -> None:
    error, error_class, words = expected
    server.answers[PATH] = Answer.of(body, status)
    with pytest.raises(error) as caught:
        await client.apply_service(SPEC)
    assert type(caught.value) is error
    problem = caught.value.problem
    assert problem.error_class is error_class
    assert words in problem.detail
    assert "planted" not in problem.detail
    assert len(problem.detail) < 600


async def test_fields_of_others_are_named_with_their_manager(client: ClusterClient, server: Server) -> None:
    server.answers[PATH] = Answer.of(refusal("Conflict", "Apply failed", OWNED), 409)
    with pytest.raises(FieldConflictError) as caught:
        await client.apply_service(SPEC)
    assert [(one.pointer, one.detail) for one in caught.value.problem.errors] == [
        ("kubernetes:.spec.ports", ".spec.ports is managed by helm.")
    ]


async def test_a_refused_field_is_named(client: ClusterClient, server: Server) -> None:
    server.answers[PATH] = Answer.of(refusal("Invalid", "x", TAKEN), 422)
    with pytest.raises(ObjectRefusedError) as caught:
        await client.apply_service(SPEC)
    assert [(one.pointer, one.detail) for one in caught.value.problem.errors] == [
        ("kubernetes:spec.ports[0]", "provided port is already allocated")
    ]
