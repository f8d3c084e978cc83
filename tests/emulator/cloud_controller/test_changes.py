"""Services, nodes, namespaces and clusters that change and go; and what a stop of the local Azure interrupts."""

from pathlib import Path

import pytest

from app.emulator.server import LocalAzureOptions
from tests.emulator.cloud_controller.conftest import Scene, base_of, ingress, scene_for, service, stopped


async def test_ports_that_change_change_rules_and_probes_and_nothing_else(scene: Scene) -> None:
    web = await scene.apply(service("web", 80, 443))
    ports = [{"name": "web", "port": 8080, "targetPort": 80}, {"name": "tls", "port": 443, "targetPort": 443}]
    changed = await scene.patch("web", {"spec": {"ports": ports}})
    base = base_of(web)
    assert ingress(changed) == ingress(web)
    assert sorted(await scene.rules()) == sorted(await scene.probes()) == [f"{base}-TCP-443", f"{base}-TCP-8080"]
    (rule,) = await scene.security_rules()
    assert rule["destinationPortRanges"] == ["443", "8080"]


async def test_another_type_gives_everything_back(scene: Scene) -> None:
    await scene.apply(service("web"))
    plain = await scene.patch("web", {"spec": {"type": "ClusterIP"}})
    assert "finalizers" not in plain["metadata"]
    assert plain["status"] == {"loadBalancer": {}}
    assert "nodePort" not in plain["spec"]["ports"][0]
    assert (await scene.addresses(), await scene.frontends(), await scene.rules()) == ({}, {}, {})
    assert (await scene.reasons("web"))[-2:] == ["DeletingLoadBalancer", "DeletedLoadBalancer"]
    again = await scene.patch("web", {"spec": {"type": "LoadBalancer"}})
    assert len(ingress(again)) == 1


async def test_a_deleted_service_is_there_until_azure_holds_nothing_of_it(scene: Scene) -> None:
    await scene.apply(service("web"))
    await scene.delete("web", wait=5)
    going = await scene.service("web")
    assert going["metadata"]["deletionTimestamp"]
    assert len(await scene.addresses()) == 1
    await scene.advance(5)
    assert (await scene.find("web")).status == 404
    left = (await scene.addresses(), await scene.frontends(), await scene.rules(), await scene.probes())
    assert left == ({}, {}, {}, {})
    assert await scene.security_rules() == []
    assert len(await scene.parts("frontendIPConfigurations")) == 1  # for outbound traffic


async def test_one_deleted_while_it_is_made_leaves_nothing(scene: Scene) -> None:
    await scene.apply(service("web"), wait=5)
    await scene.delete("web", wait=20)
    assert (await scene.find("web")).status == 404
    assert (await scene.addresses(), await scene.frontends()) == ({}, {})


async def test_one_that_failed_goes_too(scene: Scene) -> None:
    await scene.apply(service("web", annotations={"load-balancer-ipv4": "192.0.2.77"}), wait=60)
    await scene.delete("web")
    assert (await scene.find("web")).status == 404


async def test_a_namespace_goes_when_its_services_have_left_azure(scene: Scene) -> None:
    made = await scene.kube.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    assert made.status == 201
    await scene.apply(service("web"), namespace="shop")
    await scene.kube.ask("DELETE", "/api/v1/namespaces/shop")
    await scene.advance(5)
    assert (await scene.kube.ask("GET", "/api/v1/namespaces/shop")).body["status"]["phase"] == "Terminating"
    await scene.advance(5)
    assert (await scene.kube.ask("GET", "/api/v1/namespaces/shop")).status == 404
    assert await scene.addresses() == {}


async def test_a_finalizer_of_someone_else_stays(scene: Scene) -> None:
    web = await scene.apply(service("web"))
    finalizers = [*web["metadata"]["finalizers"], "example.com/mine"]
    await scene.patch("web", {"metadata": {"finalizers": finalizers}})
    await scene.delete("web")
    assert (await scene.service("web"))["metadata"]["finalizers"] == ["example.com/mine"]
    assert await scene.addresses() == {}


async def test_a_deleted_cluster_takes_everything_but_a_callers_address(scene: Scene) -> None:
    await scene.arm.make_group("own")
    mine = await scene.address("mine", "own")
    await scene.apply(service("web", annotations={"pip-name": "mine", "load-balancer-resource-group": "own"}))
    await scene.apply(service("other"))
    assert (await scene.arm.send("DELETE", scene.arm.cluster())).status == 202
    await scene.advance(400)
    groups = (await scene.arm.send("GET", "resourcegroups")).body["value"]
    assert sorted(group["name"] for group in groups) == ["g1", "own"]
    left = (await scene.addresses("own"))["mine"]
    assert (left["id"], "ipConfiguration" in left["properties"]) == (mine["id"], False)
    await scene.advance(400)  # nothing is left to be done


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_a_stop_interrupts_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """A Service that was asked for, and one that was deleted, just before the local Azure stopped."""
    options = LocalAzureOptions(speed=1.0, state_file=tmp_path / "azure.json")
    async with stopped(options) as azure, scene_for(azure, monkeypatch) as scene:
        gone = await scene.apply(service("gone"))
        await scene.delete("gone", wait=0)
        await scene.apply(service("web"), wait=20 if when == "after" else 0)
    async with stopped(options) as azure, scene_for(azure, monkeypatch, fresh=False) as scene:
        before = ingress(await scene.service("web"))
        assert len(before) == (when == "after")
        await scene.advance(10)
        web = await scene.service("web")
        assert len(ingress(web)) == 1
        assert ingress(web) == before or when == "before"
        assert (await scene.find("gone")).status == 404
        assert list(await scene.addresses()) == [f"kubernetes-{base_of(web)}"]
        assert list(await scene.frontends()) == [base_of(web)]
        assert f"kubernetes-{base_of(gone)}" not in await scene.addresses()


async def test_what_somebody_broke_in_azure_is_mended_with_the_next_change(scene: Scene) -> None:
    web = await scene.apply(service("web"))
    balancer = (await scene.balancer())["id"]

    async def lose() -> None:
        scene.azure.azure.cloud.store.remove(balancer)

    scene.azure.call(lose())
    await scene.annotate("web", load_balancer_tcp_idle_timeout="5")
    assert list(await scene.frontends()) == [base_of(web)]


async def test_a_stopped_clusters_services_wait_until_it_starts(scene: Scene) -> None:
    web = await scene.apply(service("web"))
    scene.azure.add_fault("error", operation="PublicIPAddresses_CreateOrUpdate", caller="cluster", count=None)
    await scene.apply(service("late"))
    assert (await scene.arm.send("POST", f"{scene.arm.cluster()}/stop")).status == 202
    await scene.advance(1000)
    scene.azure.clear_faults()
    await scene.advance(1000)
    assert list(await scene.addresses()) == [f"kubernetes-{base_of(web)}"]
    assert (await scene.arm.send("POST", f"{scene.arm.cluster()}/start")).status == 202
    await scene.advance(1000)
    await scene.advance(10)
    assert ingress(await scene.service("web")) == ingress(web)
    assert len(ingress(await scene.service("late"))) == 1
    assert await scene.members() == ["0"]
