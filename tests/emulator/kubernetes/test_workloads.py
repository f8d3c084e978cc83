"""What makes pods, and what becomes of them."""

import json
from datetime import UTC, datetime

from app.emulator.kubernetes.host import ClusterHost
from tests.emulator.kubernetes.client import connect, node_spec, windows_node
from tests.emulator.kubernetes.workloads import APPS, CORE, Driver, Later, ready, workload


async def test_a_deployment_makes_a_replica_set_whose_pods_start_on_the_nodes(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=4))
    driver.drain()
    waiting = await driver.pods()
    assert [pod["status"]["phase"] for pod in waiting] == ["Pending"] * 4
    assert ready(waiting) == 0
    driver.settle()
    pods = await driver.pods()
    assert ready(pods) == 4
    assert sorted(pod["spec"]["nodeName"] for pod in pods) == [node_spec(0).name] * 2 + [node_spec(1).name] * 2
    assert len({pod["status"]["podIP"] for pod in pods}) == 4
    (made,) = await driver.items(f"{APPS}/replicasets")
    assert pods[0]["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert made["metadata"]["labels"]["pod-template-hash"] in made["metadata"]["name"]
    deployment = await driver.get(f"{APPS}/deployments/web")
    assert deployment["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "1"}
    conditions = {one["type"]: (one["status"], one["reason"]) for one in deployment["status"].pop("conditions")}
    assert conditions == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 4)
    assert deployment["status"] == {"observedGeneration": 1, **counts}


async def test_a_rolling_update_never_has_fewer_or_more_pods_than_it_may(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=4))
    driver.settle()
    changed = workload("nginx:1.28")["spec"]["template"]
    await driver.merge(f"{APPS}/deployments/web", {"spec": {"template": changed}})
    driver.drain()
    steps = 0
    while True:
        pods = await driver.pods()
        standing = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        assert ready(pods) >= 3
        assert len(standing) <= 5
        if not driver.step():
            break
        steps += 1
    assert steps > 2
    assert {pod["spec"]["containers"][0]["image"] for pod in await driver.pods()} == {"nginx:1.28"}
    deployment = await driver.get(f"{APPS}/deployments/web")
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    sizes = {
        one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: one["spec"]["replicas"]
        for one in await driver.items(f"{APPS}/replicasets")
    }
    assert sizes == {"1": 0, "2": 4}


async def test_a_template_that_is_back_gets_the_next_revision_of_its_old_replica_set(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload())
    driver.settle()
    for image in ("nginx:1.28", "nginx:1.27"):
        await driver.merge(f"{APPS}/deployments/web", {"spec": {"template": workload(image)["spec"]["template"]}})
        driver.settle()
    sets = await driver.items(f"{APPS}/replicasets")
    found = {one["spec"]["template"]["spec"]["containers"][0]["image"]: one for one in sets}
    revisions = {
        image: one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for image, one in found.items()
    }
    assert revisions == {"nginx:1.27": "3", "nginx:1.28": "2"}
    assert found["nginx:1.27"]["spec"]["replicas"] == 1


async def test_recreate_ends_all_old_pods_before_the_first_new_one(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=2, strategy={"type": "Recreate"}))
    driver.settle()
    await driver.merge(f"{APPS}/deployments/web", {"spec": {"template": workload("nginx:1.28")["spec"]["template"]}})
    while True:
        images = {pod["spec"]["containers"][0]["image"] for pod in await driver.pods()}
        assert len(images) <= 1
        if not driver.step():
            break
    assert images == {"nginx:1.28"}


async def test_old_templates_are_forgotten_past_their_limit(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(revisionHistoryLimit=1))
    driver.settle()
    for minor in (28, 29, 30):
        template = workload(f"nginx:1.{minor}")["spec"]["template"]
        await driver.merge(f"{APPS}/deployments/web", {"spec": {"template": template}})
        driver.settle()
    assert len(await driver.items(f"{APPS}/replicasets")) == 2


async def test_a_paused_deployment_begins_no_rollout(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload())
    driver.settle()
    template = workload("nginx:1.28")["spec"]["template"]
    await driver.merge(f"{APPS}/deployments/web", {"spec": {"paused": True, "template": template}})
    driver.settle()
    assert len(await driver.items(f"{APPS}/replicasets")) == 1
    await driver.merge(f"{APPS}/deployments/web", {"spec": {"paused": False}})
    driver.settle()
    assert len(await driver.items(f"{APPS}/replicasets")) == 2


async def test_what_is_deleted_in_the_background_takes_its_dependents_along(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    driver.settle()
    await driver.client.ask("DELETE", f"{APPS}/deployments/web")
    assert (await driver.client.ask("GET", f"{APPS}/deployments/web")).status == 404
    driver.drain()
    assert await driver.items(f"{APPS}/replicasets") == []
    assert all("deletionTimestamp" in pod["metadata"] for pod in await driver.pods())
    driver.settle()
    assert await driver.pods() == []


async def test_what_is_deleted_in_the_foreground_goes_last(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    driver.settle()
    reply = await driver.client.ask("DELETE", f"{APPS}/deployments/web", {"propagationPolicy": "Foreground"})
    assert reply.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    driver.drain()
    assert len(await driver.pods()) == 2
    driver.settle()
    assert await driver.pods() == []
    assert (await driver.client.ask("GET", f"{APPS}/deployments/web")).status == 404


async def test_orphans_stay_and_are_taken_up_again(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    driver.settle()
    before = {pod["metadata"]["uid"] for pod in await driver.pods()}
    await driver.client.ask("DELETE", f"{APPS}/deployments/web", {"propagationPolicy": "Orphan"})
    driver.settle()
    (left,) = await driver.items(f"{APPS}/replicasets")
    assert "ownerReferences" not in left["metadata"] or left["metadata"]["ownerReferences"] == []
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    driver.settle()
    assert {pod["metadata"]["uid"] for pod in await driver.pods()} == before
    (same,) = await driver.items(f"{APPS}/replicasets")
    assert same["metadata"]["uid"] == left["metadata"]["uid"]


async def test_a_daemon_set_has_a_pod_on_each_node_that_fits(driver: Driver) -> None:
    document = workload()
    document["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/os": "linux"}
    await driver.create(f"{APPS}/daemonsets", document)
    await driver.set_nodes(node_spec(0), node_spec(1), node_spec(3), windows_node(2))
    driver.settle()
    pods = await driver.pods()
    assert sorted(pod["spec"]["nodeName"] for pod in pods) == [node_spec(index).name for index in (0, 1, 3)]
    status = (await driver.get(f"{APPS}/daemonsets/web"))["status"]
    assert (status["desiredNumberScheduled"], status["numberReady"], status["numberMisscheduled"]) == (3, 3, 0)


async def test_a_daemon_set_is_updated_node_by_node(driver: Driver) -> None:
    await driver.create(f"{APPS}/daemonsets", workload())
    driver.settle()
    await driver.merge(f"{APPS}/daemonsets/web", {"spec": {"template": workload("nginx:1.28")["spec"]["template"]}})
    while driver.step():
        assert ready(await driver.pods()) >= 1
    assert {pod["spec"]["containers"][0]["image"] for pod in await driver.pods()} == {"nginx:1.28"}
    revisions = await driver.items(f"{APPS}/controllerrevisions")
    assert sorted(one["revision"] for one in revisions) == [1, 2]


async def test_a_stateful_set_starts_in_order_and_ends_from_its_end(driver: Driver) -> None:
    await driver.create(f"{APPS}/statefulsets", workload(replicas=3, serviceName="web"))
    seen = []
    while driver.step():
        seen.append(ready(await driver.pods()))
    assert seen == [1, 2, 3]
    assert [pod["metadata"]["name"] for pod in await driver.pods()] == ["web-0", "web-1", "web-2"]
    await driver.merge(f"{APPS}/statefulsets/web", {"spec": {"replicas": 1}})
    driver.step()
    assert [pod["metadata"]["name"] for pod in await driver.pods()][:2] == ["web-0", "web-1"]
    driver.settle()
    assert [pod["metadata"]["name"] for pod in await driver.pods()] == ["web-0"]
    status = (await driver.get(f"{APPS}/statefulsets/web"))["status"]
    assert status["currentRevision"] == status["updateRevision"]


async def test_a_services_endpoints_are_its_ready_pods(driver: Driver) -> None:
    service = {"selector": {"app": "web"}, "ports": [{"name": "web", "port": 80, "targetPort": "http"}]}
    await driver.create(f"{CORE}/services", {"metadata": {"name": "web"}, "spec": service})
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    driver.drain()
    assert (await driver.get(f"{CORE}/endpoints/web"))["subsets"] == []
    driver.settle()
    pods = await driver.pods()
    (subset,) = (await driver.get(f"{CORE}/endpoints/web"))["subsets"]
    assert [one["ip"] for one in subset["addresses"]] == [pod["status"]["podIP"] for pod in pods]
    assert subset["ports"] == [{"name": "web", "port": 8080, "protocol": "TCP"}]
    slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name=web"
    (found,) = await driver.items(slices)
    assert [one["conditions"]["ready"] for one in found["endpoints"]] == [True, True]
    assert found["endpoints"][0]["zone"] == "westeurope-1"
    await driver.client.ask("DELETE", f"{CORE}/services/web")
    driver.settle()
    assert (await driver.client.ask("GET", f"{CORE}/endpoints/web")).status == 404
    assert await driver.items(slices) == []


async def test_a_budget_counts_what_may_go(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=3))
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    await driver.create(path, {"metadata": {"name": "web"}, "spec": spec})
    driver.settle()
    status = (await driver.get(f"{path}/web"))["status"]
    assert (status["currentHealthy"], status["desiredHealthy"], status["disruptionsAllowed"]) == (3, 2, 1)


async def test_a_restart_goes_on_with_what_was_under_way(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    driver.drain()
    later = Later()
    saved = json.loads(driver._host.snapshot(driver._spec.key))
    await driver._host.close()
    again = ClusterHost(now=lambda: datetime.now(UTC), plan=later.plan)
    endpoint = await again.start(driver._spec, saved)
    async with connect(endpoint.admin_kubeconfig) as client:
        resumed = Driver(client, again, driver._spec, later)
        resumed.settle()
        assert ready(await resumed.pods()) == 2
    await again.close()
