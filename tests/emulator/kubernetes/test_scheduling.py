"""Which node a pod goes to, and what becomes of it when nodes change."""

from tests.emulator.kubernetes.client import node_spec, windows_node
from tests.emulator.kubernetes.workloads import APPS, CORE, Driver, ready, workload


async def test_a_pod_that_fits_nowhere_waits_with_its_reasons_until_a_node_fits(driver: Driver) -> None:
    await driver.set_nodes(node_spec(0), node_spec(1, taints=("only=gpu:NoSchedule",)), windows_node(2))
    spec = {"containers": [{"name": "a", "image": "a"}], "nodeSelector": {"disk": "fast", "kubernetes.io/os": "linux"}}
    await driver.create(f"{CORE}/pods", {"metadata": {"name": "picky"}, "spec": spec})
    driver.settle()
    pod = await driver.get(f"{CORE}/pods/picky")
    assert pod["status"]["phase"] == "Pending"
    (condition,) = pod["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert condition["message"].startswith(
        "0/3 nodes are available: 1 node(s) had untolerated taint {only: gpu}, "
        "2 node(s) didn't match Pod's node affinity/selector."
    )
    (event,) = await driver.items(f"{CORE}/events?fieldSelector=involvedObject.name=picky,type=Warning")
    assert (event["reason"], event["source"]["component"]) == ("FailedScheduling", "default-scheduler")
    await driver.set_nodes(node_spec(0), node_spec(3, labels={"disk": "fast"}))
    driver.settle()
    pod = await driver.get(f"{CORE}/pods/picky")
    assert (pod["spec"]["nodeName"], pod["status"]["phase"]) == (node_spec(3).name, "Running")


async def test_a_daemon_set_whose_pods_name_a_node_has_one_there_only(driver: Driver) -> None:
    document = workload()
    document["spec"]["template"]["spec"]["nodeName"] = node_spec(1).name
    await driver.create(f"{APPS}/daemonsets", document)
    driver.settle()
    assert [pod["spec"]["nodeName"] for pod in await driver.pods()] == [node_spec(1).name]
    document["metadata"]["name"] = "lost"
    document["spec"]["template"]["spec"]["nodeName"] = "nowhere"
    await driver.create(f"{APPS}/daemonsets", document)
    driver.settle()
    assert (await driver.get(f"{APPS}/daemonsets/lost"))["status"]["desiredNumberScheduled"] == 0


async def test_no_node_takes_more_than_it_has_room_for(driver: Driver) -> None:
    resources = {"requests": {"cpu": "1500m", "memory": "1Gi"}}
    document = workload(replicas=5)
    document["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    await driver.create(f"{APPS}/deployments", document)
    driver.settle()
    pods = await driver.pods()
    assert ready(pods) == 4  # two of 4 cores each
    (waiting,) = [pod for pod in pods if not pod["spec"].get("nodeName")]
    assert "2 Insufficient cpu" in waiting["status"]["conditions"][0]["message"]


async def test_a_cordoned_node_gets_daemons_only(driver: Driver) -> None:
    await driver.merge(f"/api/v1/nodes/{node_spec(0).name}", {"spec": {"unschedulable": True}})
    await driver.create(f"{APPS}/deployments", workload(replicas=3))
    daemons = workload(selector={"matchLabels": {"app": "daemon"}})
    daemons["spec"]["template"]["metadata"]["labels"] = {"app": "daemon"}
    await driver.create(f"{APPS}/daemonsets", daemons)
    driver.settle()
    assert {pod["spec"]["nodeName"] for pod in await driver.pods()} == {node_spec(1).name}
    assert len(await driver.pods("app=daemon")) == 2
    await driver.set_nodes(node_spec(0), node_spec(1))
    assert (await driver.get(f"/api/v1/nodes/{node_spec(0).name}"))["spec"]["unschedulable"] is True


async def test_pods_move_when_their_node_goes(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=4))
    driver.settle()
    await driver.set_nodes(node_spec(1), node_spec(2))
    driver.settle()
    pods = await driver.pods()
    assert ready(pods) == 4
    assert sorted({pod["spec"]["nodeName"] for pod in pods}) == [node_spec(1).name, node_spec(2).name]


async def test_pods_of_a_node_that_is_not_ready_are_not_ready_until_it_is(driver: Driver) -> None:
    await driver.create(f"{APPS}/deployments", workload(replicas=2))
    driver.settle()
    await driver.set_nodes(node_spec(0, ready=False), node_spec(1))
    assert ready(await driver.pods()) == 1
    assert (await driver.get(f"{APPS}/deployments/web"))["status"]["unavailableReplicas"] == 1
    await driver.set_nodes(node_spec(0), node_spec(1))
    driver.settle()
    assert ready(await driver.pods()) == 2
