"""Internal load balancers: an address of the virtual network on `kubernetes-internal`."""

import pytest

from tests.emulator.cloud_controller.conftest import GROUP, Scene, base_of, ingress, service

INTERNAL = {"load-balancer-internal": "true"}


async def network_of(scene: Scene) -> str:
    (name,) = [network.name async for network in scene.network.virtual_networks.list(GROUP)]
    return str(name)


async def make_subnet(scene: Scene, name: str, prefix: str) -> None:
    path = (
        f"resourceGroups/{GROUP}/providers/Microsoft.Network/virtualNetworks/{await network_of(scene)}/subnets/{name}"
    )
    made = await scene.arm.send("PUT", path, {"properties": {"addressPrefix": prefix}})
    assert made.status == 201, made.text
    await scene.advance(5)


async def test_an_internal_service_gets_a_private_address_on_a_balancer_of_its_own(scene: Scene) -> None:
    inner = await scene.apply(service("inner", annotations=INTERNAL))
    assert ingress(inner)[0].startswith("10.224.")
    assert await scene.balancers() == ["kubernetes", "kubernetes-internal"]
    (frontend,) = (await scene.frontends("kubernetes-internal")).values()
    assert (frontend["privateIPAddress"], frontend["privateIPAllocationMethod"]) == (ingress(inner)[0], "Dynamic")
    assert frontend["subnet"]["id"].endswith("/subnets/aks-subnet")
    assert await scene.addresses() == {}
    assert await scene.security_rules() == []  # the virtual network may already
    await scene.delete("inner")
    assert (await scene.find("inner")).status == 404
    assert await scene.balancers() == ["kubernetes"]


async def test_the_last_of_two_takes_the_internal_balancer_away(scene: Scene) -> None:
    first = await scene.apply(service("first", annotations=INTERNAL))
    second = await scene.apply(service("second", annotations=INTERNAL))
    assert ingress(first) != ingress(second)
    await scene.delete("first")
    assert list(await scene.frontends("kubernetes-internal")) == [base_of(second)]
    await scene.delete("second")
    assert await scene.balancers() == ["kubernetes"]


async def test_it_gets_the_address_and_the_subnet_that_it_asks_for(scene: Scene) -> None:
    await make_subnet(scene, "apps", "10.225.0.0/24")
    asked = {**INTERNAL, "load-balancer-internal-subnet": "apps", "load-balancer-ipv4": "10.225.0.20"}
    inner = await scene.apply(service("inner", annotations=asked))
    assert ingress(inner) == ["10.225.0.20"]
    ((name, frontend),) = (await scene.frontends("kubernetes-internal")).items()
    assert name == f"{base_of(inner)}-apps"
    assert frontend["privateIPAllocationMethod"] == "Static"
    assert list(await scene.rules("kubernetes-internal")) == [f"{base_of(inner)}-apps-TCP-80"]
    by_spec = await scene.apply(service("spec", annotations=INTERNAL, loadBalancerIP="10.224.3.3"))
    assert ingress(by_spec) == ["10.224.3.3"]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.99.0.5", "PrivateIPAddressNotInSubnet"),
        ("10.224.0.2", "PrivateIPAddressInReservedRange"),
    ],
)
async def test_an_address_that_cannot_be_had_is_refused_by_azure(scene: Scene, address: str, code: str) -> None:
    inner = await scene.apply(service("inner", annotations={**INTERNAL, "load-balancer-ipv4": address}))
    assert ingress(inner) == []
    assert f"ERROR CODE: {code}\n" in await scene.failure("inner")
    assert await scene.balancers() == ["kubernetes"]
    # Cured, it heals by itself.
    healed = await scene.annotate("inner", load_balancer_ipv4="10.224.0.99")
    assert ingress(healed) == ["10.224.0.99"]


async def test_a_missing_subnet_is_named_and_heals_by_itself_once_it_is_there(scene: Scene) -> None:
    await scene.apply(service("inner", annotations={**INTERNAL, "load-balancer-internal-subnet": "later"}))
    network = await network_of(scene)
    said = f"ensure(default/inner): lb(kubernetes-internal) - failed to get subnet: {network}/later"
    assert said in await scene.failure("inner")
    await make_subnet(scene, "later", "10.226.0.0/24")
    await scene.advance(60)
    assert ingress(await scene.service("inner"))[0].startswith("10.226.0.")
    assert (await scene.reasons("inner"))[-1] == "EnsuredLoadBalancer"


async def test_a_service_moves_between_public_and_internal(scene: Scene) -> None:
    web = await scene.apply(service("web"))
    assert len(await scene.addresses()) == 1
    inner = await scene.annotate("web", load_balancer_internal="true")
    assert ingress(inner)[0].startswith("10.224.")
    assert (await scene.addresses(), await scene.frontends(), await scene.security_rules()) == ({}, {}, [])
    outer = await scene.annotate("web", load_balancer_internal=None)
    assert ingress(outer)[0] not in {*ingress(inner)}
    assert await scene.balancers() == ["kubernetes"]
    assert list(await scene.frontends()) == [base_of(web)]


async def test_the_internet_reaches_an_internal_one_only_where_a_range_says_so(scene: Scene) -> None:
    inner = await scene.apply(service("inner", annotations=INTERNAL, loadBalancerSourceRanges=["0.0.0.0/0"]))
    (rule,) = await scene.security_rules()
    assert (rule["sourceAddressPrefix"], rule["destinationAddressPrefix"]) == ("Internet", ingress(inner)[0])
