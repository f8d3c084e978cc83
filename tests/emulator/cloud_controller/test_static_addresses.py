"""Addresses that a user has made: by address, name, prefix and group; and shared ones."""

import pytest

from tests.emulator.cloud_controller.conftest import GROUP, Scene, base_of, ingress, ip_of, service


@pytest.mark.parametrize("how", ["spec", "annotation", "name"])
async def test_a_services_own_static_address_is_used_and_stays(scene: Scene, how: str) -> None:
    """Scene 12, trouble 54: a caller's address in another group is never deleted, nor tagged."""
    await scene.arm.make_group("own")
    mine = await scene.address("mine", "own")
    annotations = {"load-balancer-resource-group": "own"}
    spec = {}
    if how == "spec":
        spec["loadBalancerIP"] = ip_of(mine)
    elif how == "annotation":
        annotations["load-balancer-ipv4"] = ip_of(mine)
    else:
        annotations["pip-name"] = "mine"
    web = await scene.apply(service("web", annotations=annotations, **spec))
    assert ingress(web) == [ip_of(mine)]
    assert await scene.addresses() == {}
    used = (await scene.addresses("own"))["mine"]
    assert used["properties"]["ipConfiguration"]["id"].endswith(f"/frontendIPConfigurations/{base_of(web)}")
    assert "tags" not in used
    await scene.delete("web")
    assert (await scene.find("web")).status == 404
    left = (await scene.addresses("own"))["mine"]
    assert ip_of(left) == ip_of(mine)
    assert "ipConfiguration" not in left["properties"]


async def test_an_address_that_is_not_there_is_named_with_its_group(scene: Scene) -> None:
    await scene.apply(service("web", annotations={"load-balancer-ipv4": "203.0.113.250"}))
    said = f"cannot find public IP with IP address 203.0.113.250 in resource group {GROUP}"
    assert said in await scene.failure("web")
    await scene.apply(service("named", annotations={"pip-name": "nobody"}))
    said = "PublicIP from annotation azure-pip-name(-IPv6)=nobody for service default/named doesn't exist"
    assert said in await scene.failure("named")
    await scene.apply(
        service("nowhere", annotations={"load-balancer-ipv4": "1.2.3.4", "load-balancer-resource-group": "no"})
    )
    assert "ERROR CODE: ResourceGroupNotFound" in await scene.failure("nowhere")


async def test_a_basic_address_does_not_fit_a_standard_balancer(scene: Scene) -> None:
    mine = await scene.address("mine", sku="Basic")
    await scene.apply(service("web", annotations={"load-balancer-ipv4": ip_of(mine)}))
    assert "ERROR CODE: PublicIPAndLBSkuDoNotMatch" in await scene.failure("web")


async def test_two_services_share_one_address_with_different_ports(scene: Scene) -> None:
    first = await scene.apply(service("first", 80))
    shared = ingress(first)[0]
    second = await scene.apply(service("second", 443, annotations={"load-balancer-ipv4": shared}))
    assert ingress(second) == [shared]
    assert list(await scene.frontends()) == [base_of(first)]
    assert sorted(await scene.rules()) == sorted([f"{base_of(first)}-TCP-80", f"{base_of(second)}-TCP-443"])
    (address,) = (await scene.addresses()).values()
    assert address["tags"]["k8s-azure-service"] == "default/first,default/second"
    # The first one goes: frontend and address stay for the second.
    await scene.delete("first")
    assert list(await scene.frontends()) == [base_of(first)]
    assert list(await scene.rules()) == [f"{base_of(second)}-TCP-443"]
    (address,) = (await scene.addresses()).values()
    assert (ip_of(address), address["tags"]["k8s-azure-service"]) == (shared, "default/second")
    (rule,) = await scene.security_rules()
    assert rule["destinationPortRange"] == "443"
    await scene.delete("second")
    assert (await scene.frontends(), await scene.addresses(), await scene.security_rules()) == ({}, {}, [])


async def test_one_port_of_a_shared_address_goes_to_one_service_only(scene: Scene) -> None:
    mine = await scene.address("mine")
    first = await scene.apply(service("first", 80, annotations={"load-balancer-ipv4": ip_of(mine)}))
    await scene.apply(service("second", 80, annotations={"load-balancer-ipv4": ip_of(mine)}))
    said = await scene.failure("second")
    assert "service port p80 is trying to consume the port 80 which is being referenced by an existing" in said
    assert f"loadBalancing rule {base_of(first)}-TCP-80 with the same protocol Tcp" in said
    await scene.delete("first")
    await scene.advance(60)
    assert ingress(await scene.service("second")) == [ip_of(mine)]


async def test_a_service_moves_to_a_static_address_and_gives_its_own_back(scene: Scene) -> None:
    """Trouble 55: the old one is released, the new one bound."""
    web = await scene.apply(service("web"))
    mine = await scene.address("mine")
    moved = await scene.annotate("web", load_balancer_ipv4=ip_of(mine))
    assert ingress(moved) == [ip_of(mine)]
    assert list(await scene.addresses()) == ["mine"]
    (rule,) = await scene.security_rules()
    assert rule["destinationAddressPrefix"] == ip_of(mine)
    back = await scene.annotate("web", load_balancer_ipv4=None)
    assert sorted(await scene.addresses()) == sorted(["mine", f"kubernetes-{base_of(web)}"])
    assert ingress(back) != ingress(moved)


async def test_a_move_to_an_address_in_another_group_orphans_the_old_one(scene: Scene) -> None:
    """Trouble 54, cloud-provider-azure#8113: only the group of the new address is looked at."""
    web = await scene.apply(service("web"))
    await scene.arm.make_group("own")
    mine = await scene.address("mine", "own")
    moved = await scene.annotate("web", load_balancer_ipv4=ip_of(mine), load_balancer_resource_group="own")
    assert ingress(moved) == [ip_of(mine)]
    orphan = (await scene.addresses())[f"kubernetes-{base_of(web)}"]
    assert "ipConfiguration" not in orphan["properties"]
    assert orphan["tags"]["k8s-azure-service"] == "default/web"


async def test_a_prefix_gives_addresses_until_it_is_exhausted(scene: Scene) -> None:
    path = f"resourceGroups/{GROUP}/providers/Microsoft.Network/publicIPPrefixes/few"
    body = {"location": "westus2", "sku": {"name": "Standard"}, "properties": {"prefixLength": 31}}
    made = await scene.arm.send("PUT", path, body)
    assert made.status == 201, made.text
    await scene.advance(5)
    identity = {"pip-prefix-id": made.body["id"]}
    one = await scene.apply(service("one", annotations=identity))
    two = await scene.apply(service("two", annotations=identity))
    assert f"kubernetes-{base_of(one)}-few" in await scene.addresses()
    assert len({*ingress(one), *ingress(two)}) == 2
    three = await scene.apply(service("three", annotations=identity))
    assert ingress(three) == []
    assert "few" in await scene.failure("three")
    await scene.delete("one")
    await scene.advance(60)
    assert ingress(await scene.service("three")) == ingress(one)


async def test_the_clusters_own_outbound_address_can_be_shared_and_stays(scene: Scene) -> None:
    ((outbound, _),) = (await scene.parts("frontendIPConfigurations")).items()
    listed = [found.as_dict() async for found in scene.network.public_ip_addresses.list(GROUP)]
    shared = ip_of(listed[0])
    web = await scene.apply(service("web", annotations={"load-balancer-ipv4": shared}))
    assert ingress(web) == [shared]
    assert list(await scene.parts("frontendIPConfigurations")) == [outbound]
    assert list(await scene.rules()) == [f"{base_of(web)}-TCP-80"]
    await scene.delete("web")
    assert (await scene.find("web")).status == 404
    assert list(await scene.parts("frontendIPConfigurations")) == [outbound]
    assert await scene.rules() == {}
    told = {reason: message for reason, message, _ in await scene.events("web")}
    assert "referenced by the outbound rule aksOutboundRule" in told["DeletingFrontendIPConfiguration"]
