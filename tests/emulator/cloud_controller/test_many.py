"""Many Services at once, and both families of addresses."""

import asyncio
import time
from typing import Any

import pytest

from tests.emulator.cloud_controller.conftest import Scene, base_of, ingress, scene_for, service
from tests.support.local_azure import LocalAzureForTests

COUNT = 50


async def test_fifty_services_at_once_end_well_on_one_load_balancer(scene: Scene) -> None:
    async def make(index: int) -> None:
        document = service(f"web-{index}", 80, 443)
        reply = await scene.kube.ask("POST", "/api/v1/namespaces/default/services", document)
        assert reply.status == 201

    await asyncio.gather(*(make(index) for index in range(COUNT)))
    began = time.process_time()
    await scene.advance(10)
    spent = time.process_time() - began
    listed = (await scene.kube.ask("GET", "/api/v1/namespaces/default/services")).body["items"]
    services = [found for found in listed if found["metadata"]["name"].startswith("web-")]
    addresses = {ingress(found)[0] for found in services}
    assert len(addresses) == COUNT
    assert await scene.balancers() == ["kubernetes"]
    assert sorted(await scene.frontends()) == sorted(base_of(found) for found in services)
    assert len(await scene.rules()) == 2 * COUNT
    (rule,) = await scene.security_rules()
    assert sorted(rule["destinationAddressPrefixes"]) == sorted(addresses)
    assert spent < 20
    await asyncio.gather(
        *(scene.kube.ask("DELETE", f"/api/v1/namespaces/default/services/web-{index}") for index in range(COUNT))
    )
    await scene.advance(10)
    assert (await scene.addresses(), await scene.frontends(), await scene.rules()) == ({}, {}, {})


async def test_both_families_get_an_address_each(
    stopped_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble 61."""
    profile: dict[str, Any] = {"networkProfile": {"ipFamilies": ["IPv4", "IPv6"]}}
    async with scene_for(stopped_azure, monkeypatch, **profile) as scene:
        web = await scene.apply(service("web", ipFamilyPolicy="RequireDualStack"))
        base = base_of(web)
        assert web["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
        assert len(web["spec"]["clusterIPs"]) == 2
        addresses = await scene.addresses()
        assert sorted(addresses) == [f"kubernetes-{base}", f"kubernetes-{base}-IPv6"]
        shown = [addresses[name]["properties"]["ipAddress"] for name in sorted(addresses)]
        assert ingress(web) == shown
        assert ":" in shown[1]
        assert sorted(await scene.frontends()) == [base, f"{base}-IPv6"]
        rules = await scene.rules()
        assert sorted(rules) == [f"{base}-TCP-80", f"{base}-TCP-80-IPv6"]
        assert rules[f"{base}-TCP-80-IPv6"]["backendAddressPool"]["id"].endswith("/kubernetes-IPv6")
        names = sorted(rule["name"].split("_")[2] for rule in await scene.security_rules())
        assert names == ["IPv4", "IPv6"]
        single = await scene.patch("web", {"spec": {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]}})
        assert ingress(single) == shown[:1]
        assert list(await scene.addresses()) == [f"kubernetes-{base}"]
        six = await scene.apply(service("six", ipFamilies=["IPv6"]))
        assert [":" in address for address in ingress(six)] == [True]


async def test_a_cluster_of_one_family_refuses_two(scene: Scene) -> None:
    reply = await scene.kube.ask(
        "POST", "/api/v1/namespaces/default/services", service("web", ipFamilyPolicy="RequireDualStack")
    )
    assert reply.status == 422
    assert "this cluster is not configured for dual-stack services" in reply.body["message"]
    prefer = await scene.apply(service("prefer", ipFamilyPolicy="PreferDualStack"))
    assert prefer["spec"]["ipFamilies"] == ["IPv4"]
