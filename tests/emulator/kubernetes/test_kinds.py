"""Each kind: what a real API server fills in, what it refuses, which columns it shows."""

from typing import Any

import pytest

from app.emulator.kubernetes.kinds import KINDS
from tests.emulator.kubernetes.client import TABLE, Client

_TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}}
_SELECTOR = {"matchLabels": {"app": "web"}}
_JOB = {"template": {"spec": {"containers": [{"name": "a", "image": "a"}], "restartPolicy": "Never"}}}
_APPS, _RBAC, _NETWORKING = "/apis/apps/v1", "/apis/rbac.authorization.k8s.io/v1", "/apis/networking.k8s.io/v1"
_NAMESPACE = "/namespaces/default"
_OBJECTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "ConfigMap": (f"/api/v1{_NAMESPACE}/configmaps", {"data": {"a": "b"}}, "Name Data Age"),
    "Deployment": (
        f"{_APPS}{_NAMESPACE}/deployments",
        {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
        "Name Ready Up-to-date Available Age Containers Images Selector",
    ),
    "ReplicaSet": (
        f"{_APPS}{_NAMESPACE}/replicasets",
        {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
        "Name Desired Current Ready Age Containers Images Selector",
    ),
    "DaemonSet": (
        f"{_APPS}{_NAMESPACE}/daemonsets",
        {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
        "Name Desired Current Ready Up-to-date Available Node_Selector Age Containers Images Selector",
    ),
    "StatefulSet": (
        f"{_APPS}{_NAMESPACE}/statefulsets",
        {"spec": {"selector": _SELECTOR, "template": _TEMPLATE, "serviceName": "web"}},
        "Name Ready Age Containers Images",
    ),
    "ControllerRevision": (
        f"{_APPS}{_NAMESPACE}/controllerrevisions",
        {"revision": 3, "data": {"spec": {}}},
        "Name Controller Revision Age",
    ),
    "Pod": (
        f"/api/v1{_NAMESPACE}/pods",
        {"spec": _TEMPLATE["spec"]},
        "Name Ready Status Restarts Age IP Node Nominated_Node Readiness_Gates",
    ),
    "Job": (
        f"/apis/batch/v1{_NAMESPACE}/jobs",
        {"spec": _JOB},
        "Name Status Completions Duration Age Containers Images Selector",
    ),
    "CronJob": (
        f"/apis/batch/v1{_NAMESPACE}/cronjobs",
        {"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": _JOB}}},
        "Name Schedule Timezone Suspend Active Last_Schedule Age Containers Images Selector",
    ),
    "Endpoints": (
        f"/api/v1{_NAMESPACE}/endpoints",
        {"subsets": [{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 80}]}]},
        "Name Endpoints Age",
    ),
    "EndpointSlice": (
        f"/apis/discovery.k8s.io/v1{_NAMESPACE}/endpointslices",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.1.1"]}], "ports": [{"port": 80}]},
        "Name AddressType Ports Endpoints Age",
    ),
    "Ingress": (
        f"{_NETWORKING}{_NAMESPACE}/ingresses",
        {"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}},
        "Name Class Hosts Address Ports Age",
    ),
    "IngressClass": (
        f"{_NETWORKING}/ingressclasses",
        {"spec": {"controller": "example.com/ingress"}},
        "Name Controller Parameters Age",
    ),
    "NetworkPolicy": (f"{_NETWORKING}{_NAMESPACE}/networkpolicies", {"spec": {}}, "Name Pod-Selector Age"),
    "PodDisruptionBudget": (
        f"/apis/policy/v1{_NAMESPACE}/poddisruptionbudgets",
        {"spec": {"minAvailable": 1, "selector": _SELECTOR}},
        "Name Min_Available Max_Unavailable Allowed_Disruptions Age",
    ),
    "HorizontalPodAutoscaler": (
        f"/apis/autoscaling/v2{_NAMESPACE}/horizontalpodautoscalers",
        {"spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"}}},
        "Name Reference Targets MinPods MaxPods Replicas Age",
    ),
    "ResourceQuota": (
        f"/api/v1{_NAMESPACE}/resourcequotas",
        {"spec": {"hard": {"pods": 10, "limits.cpu": "2"}}},
        "Name Request Limit Age",
    ),
    "LimitRange": (f"/api/v1{_NAMESPACE}/limitranges", {"spec": {"limits": []}}, "Name Created_At"),
    "PriorityClass": (
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        {"value": 5},
        "Name Value Global-Default Age PreemptionPolicy",
    ),
    "Role": (f"{_RBAC}{_NAMESPACE}/roles", {"rules": []}, "Name Created_At"),
    "ClusterRole": (f"{_RBAC}/clusterroles", {"rules": []}, "Name Created_At"),
    "RoleBinding": (
        f"{_RBAC}{_NAMESPACE}/rolebindings",
        {"roleRef": {"kind": "Role", "name": "a"}, "subjects": [{"kind": "User", "name": "u"}]},
        "Name Role Age Users Groups ServiceAccounts",
    ),
    "ClusterRoleBinding": (
        f"{_RBAC}/clusterrolebindings",
        {"roleRef": {"kind": "ClusterRole", "name": "a"}, "subjects": [{"kind": "Group", "name": "g"}]},
        "Name Role Age Users Groups ServiceAccounts",
    ),
    "Lease": (
        f"/apis/coordination.k8s.io/v1{_NAMESPACE}/leases",
        {"spec": {"holderIdentity": "me", "leaseDurationSeconds": 40}},
        "Name Holder Age",
    ),
}


@pytest.mark.parametrize("kind", sorted(_OBJECTS))
async def test_a_kind_is_made_read_changed_and_removed(client: Client, kind: str) -> None:
    path, document, columns = _OBJECTS[kind]
    created = await client.ask("POST", f"{path}?fieldValidation=Strict", {"metadata": {"name": "web"}, **document})
    assert created.status == 201, created.body
    assert created.body["kind"] == kind
    table = (await client.ask("GET", f"{path}/web", accept=TABLE)).body
    shown = [column["name"].replace(" ", "_") for column in table["columnDefinitions"]]
    assert shown == columns.split()
    assert table["rows"][0]["cells"][0] == "web"
    labels = {"metadata": {"labels": {"a": "b"}}}
    patched = await client.ask("PATCH", f"{path}/web", labels, content_type="application/strategic-merge-patch+json")
    assert patched.body["metadata"]["labels"] == {"a": "b"}
    assert [item["metadata"]["name"] for item in (await client.ask("GET", f"{path}?labelSelector=a=b")).body["items"]]
    assert (await client.ask("DELETE", f"{path}/web?gracePeriodSeconds=0")).status == 200


def test_every_kind_has_a_group_version_and_unique_names() -> None:
    names = [name for kind in KINDS if not kind.stored_as for name in (kind.singular, *kind.short_names)]
    assert len(names) == len(set(names))


async def test_a_deployment_has_the_defaults_of_a_real_server(client: Client) -> None:
    path, document, _ = _OBJECTS["Deployment"]
    spec = (await client.ask("POST", path, {"metadata": {"name": "web"}, **document})).body["spec"]
    assert spec.pop("template")["spec"] == {
        "containers": [
            {
                "name": "web",
                "image": "nginx:1.27",
                "imagePullPolicy": "IfNotPresent",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }
    assert spec == {
        "selector": _SELECTOR,
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
    }


async def test_a_generation_counts_changes_of_the_spec_only(client: Client) -> None:
    path, document, _ = _OBJECTS["Deployment"]
    created = (await client.ask("POST", path, {"metadata": {"name": "web"}, **document})).body
    merge = "application/merge-patch+json"
    labelled = await client.ask("PATCH", f"{path}/web", {"metadata": {"labels": {"a": "b"}}}, content_type=merge)
    scaled = await client.ask("PATCH", f"{path}/web", {"spec": {"replicas": 0}}, content_type=merge)
    found = [body["metadata"]["generation"] for body in (created, labelled.body, scaled.body)]
    assert found == [1, 1, 2]


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("Deployment", {"selector": {"matchLabels": {"app": "other"}}}, "`selector` does not match template `labels`"),
        ("Deployment", {"template": {"metadata": {"labels": {"app": "web"}}}}, "spec.template.spec.containers"),
        ("Deployment", {"replicas": -1}, "must be greater than or equal to 0"),
        ("Pod", {"containers": [{"name": "a"}]}, "spec.containers[0].image: Required value"),
        ("Pod", {"containers": [{"name": "a", "image": "a"}] * 2}, 'Duplicate value: "a"'),
        ("CronJob", {"schedule": "often"}, "expected exactly 5 fields, found 1"),
        ("Ingress", {"defaultBackend": None}, "either `defaultBackend` or `rules` must be specified"),
        ("PodDisruptionBudget", {"maxUnavailable": 1}, "cannot be both set"),
        ("HorizontalPodAutoscaler", {"maxReplicas": 0}, "must be greater than 0"),
    ],
)
async def test_a_broken_rule_is_said_with_its_field(
    client: Client, kind: str, changes: dict[str, Any], said: str
) -> None:
    path, document, _ = _OBJECTS[kind]
    body = {"metadata": {"name": "web"}, "spec": {**document["spec"], **changes}}
    reply = await client.ask("POST", path, body)
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert said in reply.body["message"]


async def test_a_selector_cannot_be_changed(client: Client) -> None:
    path, document, _ = _OBJECTS["ReplicaSet"]
    await client.ask("POST", path, {"metadata": {"name": "web"}, **document})
    labels = {"app": "other"}
    spec = {"selector": {"matchLabels": labels}, "template": {**_TEMPLATE, "metadata": {"labels": labels}}}
    reply = await client.ask("PATCH", f"{path}/web", {"spec": spec}, content_type="application/merge-patch+json")
    assert reply.status == 422
    assert "field is immutable" in reply.body["message"]


async def test_an_event_is_one_in_both_groups(client: Client) -> None:
    regarding = {"kind": "Pod", "name": "web", "namespace": "default"}
    event = {"metadata": {"name": "one"}, "regarding": regarding, "note": "done", "reason": "Done", "type": "Normal"}
    path = "/apis/events.k8s.io/v1/namespaces/default/events"
    created = await client.ask("POST", f"{path}?fieldValidation=Strict", event)
    assert (created.status, created.body["note"]) == (201, "done")
    core = (await client.ask("GET", "/api/v1/namespaces/default/events/one")).body
    assert (core["apiVersion"], core["message"], core["involvedObject"]) == ("v1", "done", regarding)
    listed = (await client.ask("GET", path)).body["items"]
    assert [one["note"] for one in listed] == ["done"]
    changed = {"note": "over"}
    patched = await client.ask("PATCH", f"{path}/one", changed, content_type="application/merge-patch+json")
    assert patched.body["note"] == "over"


async def test_an_autoscaler_is_one_in_both_versions(client: Client) -> None:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5}
    old = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    document = {"metadata": {"name": "web"}, "spec": {**spec, "targetCPUUtilizationPercentage": 50}}
    created = (await client.ask("POST", old, document)).body
    assert (created["apiVersion"], created["spec"]["targetCPUUtilizationPercentage"]) == ("autoscaling/v1", 50)
    path, _, _ = _OBJECTS["HorizontalPodAutoscaler"]
    (metric,) = (await client.ask("GET", f"{path}/web")).body["spec"]["metrics"]
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 50}
