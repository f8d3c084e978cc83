"""The machines behind the load balancers."""

from tests.emulator.cloud_controller.conftest import Scene, ingress, service

MERGE = "application/merge-patch+json"


async def test_every_node_is_a_member_of_both_balancers_pools(scene: Scene) -> None:
    await scene.apply(service("web"))
    await scene.apply(service("inner", annotations={"load-balancer-internal": "true"}))
    assert await scene.members() == await scene.members("kubernetes-internal") == ["0"]
    await scene.delete("inner")
    await scene.apply(service("inner", annotations={"load-balancer-internal": "true"}))
    assert await scene.members("kubernetes-internal") == ["0"]


async def test_nodes_that_come_and_go_join_and_leave_the_pools(scene: Scene) -> None:
    await scene.apply(service("web"))
    await scene.apply(service("inner", annotations={"load-balancer-internal": "true"}))
    pool = f"{scene.arm.cluster()}/agentPools/pool1"
    body = {"properties": {"count": 3, "vmSize": "Standard_DS2_v2", "mode": "System", "osType": "Linux"}}
    assert (await scene.arm.send("PUT", pool, body)).status == 200
    await scene.advance(300)
    await scene.advance(5)
    assert await scene.members() == await scene.members("kubernetes-internal") == ["0", "1", "2"]
    assert "UpdatedLoadBalancer" in await scene.reasons("web")
    body["properties"]["count"] = 2
    assert (await scene.arm.send("PUT", pool, body)).status == 200
    await scene.advance(300)
    await scene.advance(5)
    assert await scene.members() == ["0", "1"]


async def test_a_node_that_is_excluded_leaves_the_pools(scene: Scene) -> None:
    await scene.apply(service("web"))
    (node,) = (await scene.kube.ask("GET", "/api/v1/nodes")).body["items"]
    path = f"/api/v1/nodes/{node['metadata']['name']}"
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    await scene.kube.ask("PATCH", path, {"metadata": {"labels": {label: ""}}}, content_type=MERGE)
    await scene.advance(5)
    assert await scene.members() == []
    await scene.kube.ask("PATCH", path, {"metadata": {"labels": {label: None}}}, content_type=MERGE)
    await scene.advance(5)
    assert await scene.members() == ["0"]


async def test_the_address_of_a_machine_is_not_to_be_had(scene: Scene) -> None:
    inner = {"load-balancer-internal": "true", "load-balancer-ipv4": "10.224.0.4"}
    await scene.apply(service("inner", annotations=inner))
    assert "ERROR CODE: PrivateIPAddressIsAllocated" in await scene.failure("inner")


async def test_more_rules_than_a_machine_may_have_are_refused(scene: Scene) -> None:
    """Trouble 58."""
    await scene.apply(service("many", *range(1000, 1290)))
    await scene.apply(service("more", *range(2000, 2020)))
    assert "ERROR CODE: " in await scene.failure("more")
    await scene.delete("many")
    await scene.advance(120)
    assert len(ingress(await scene.service("more"))) == 1
