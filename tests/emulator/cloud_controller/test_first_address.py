"""What a Service of type LoadBalancer gets, and what Azure shows of it."""

import hashlib
from typing import Any

from tests.emulator.cloud_controller.conftest import GROUP, Scene, base_of, ingress, ip_of, service


async def test_a_service_gets_a_public_address_of_its_own(scene: Scene) -> None:
    pending = await scene.apply(service("web", 80, 443), wait=5)
    assert ingress(pending) == []
    assert pending["metadata"]["finalizers"] == ["service.kubernetes.io/load-balancer-cleanup"]
    assert await scene.events("web") == [("EnsuringLoadBalancer", "Ensuring load balancer", 1)]
    await scene.advance(5)
    web = await scene.service("web")
    base = base_of(web)
    addresses = await scene.addresses()
    assert list(addresses) == [f"kubernetes-{base}"]
    address = addresses[f"kubernetes-{base}"]
    assert ingress(web) == [ip_of(address)]
    assert address["tags"] == {"k8s-azure-cluster-name": "kubernetes", "k8s-azure-service": "default/web"}
    assert address["sku"]["name"] == "Standard"
    assert address["zones"] == ["1", "2", "3"]
    assert await scene.reasons("web") == ["EnsuringLoadBalancer", "EnsuredLoadBalancer"]
    assert address["properties"]["ipConfiguration"]["id"].endswith(f"/kubernetes/frontendIPConfigurations/{base}")


async def test_the_load_balancer_has_frontend_rules_and_probes(scene: Scene) -> None:
    web = await scene.apply(service("web", 80, 443))
    base = base_of(web)
    node_ports = [port["nodePort"] for port in web["spec"]["ports"]]
    assert list(await scene.frontends()) == [base]
    rules = await scene.rules()
    assert list(rules) == [f"{base}-TCP-80", f"{base}-TCP-443"]
    rule = rules[f"{base}-TCP-80"]
    assert rule["frontendIPConfiguration"]["id"].endswith(f"/frontendIPConfigurations/{base}")
    assert rule["backendAddressPool"]["id"].endswith("/backendAddressPools/kubernetes")
    assert rule["probe"]["id"].endswith(f"/probes/{base}-TCP-80")
    wanted = {
        "protocol": "Tcp",
        "frontendPort": 80,
        "backendPort": 80,
        "enableFloatingIP": True,
        "enableTcpReset": True,
        "disableOutboundSnat": True,
        "idleTimeoutInMinutes": 4,
        "loadDistribution": "Default",
    }
    assert {name: rule[name] for name in wanted} == wanted
    probes = await scene.probes()
    assert [(probes[name]["protocol"], probes[name]["port"]) for name in rules] == [
        ("Tcp", port) for port in node_ports
    ]
    probe = probes[f"{base}-TCP-80"]
    assert (probe["intervalInSeconds"], probe["probeThreshold"]) == (5, 2)


async def test_security_rules_let_the_internet_in_to_the_address(scene: Scene) -> None:
    web = await scene.apply(service("web", 80, 443))
    (rule,) = await scene.security_rules()
    digest = hashlib.md5(b"Tcp_Internet_443,80", usedforsecurity=False).hexdigest()
    assert rule["name"] == f"k8s-azure-lb_allow_IPv4_{digest}"
    assert (rule["priority"], rule["access"], rule["direction"], rule["protocol"]) == (500, "Allow", "Inbound", "Tcp")
    assert (rule["sourceAddressPrefix"], rule["destinationPortRanges"]) == ("Internet", ["443", "80"])
    assert rule["destinationAddressPrefix"] == ingress(web)[0]
    # The next one with the same ports and sources shares the rule.
    other = await scene.apply(service("other", 80, 443))
    (rule,) = await scene.security_rules()
    assert rule["destinationAddressPrefixes"] == sorted([*ingress(web), *ingress(other)])


async def test_one_load_balancer_carries_an_address_for_each_service(scene: Scene) -> None:
    services = [await scene.apply(service(name)) for name in ("one", "two", "three")]
    addresses = [ingress(found)[0] for found in services]
    assert len(set(addresses)) == 3
    assert await scene.balancers() == ["kubernetes"]
    assert sorted(await scene.frontends()) == sorted(base_of(found) for found in services)
    every = await scene.parts("frontendIPConfigurations")
    assert len(every) == 4  # and the outbound one
    held = {ip_of(address): address["tags"]["k8s-azure-service"] for address in (await scene.addresses()).values()}
    assert held == dict(zip(addresses, ("default/one", "default/two", "default/three"), strict=True))


async def test_what_is_no_load_balancer_gets_nothing(scene: Scene) -> None:
    specs: dict[str, dict[str, Any]] = {
        "plain": {"type": "ClusterIP"},
        "theirs": {"loadBalancerClass": "example.com/own"},
    }
    for name, spec in specs.items():
        found = await scene.apply(service(name, **spec))
        assert "finalizers" not in found["metadata"]
        assert await scene.events(name) == []
    assert await scene.addresses() == {}


async def test_session_affinity_udp_and_traffic_policy_show_in_rules_and_probes(scene: Scene) -> None:
    spec: dict[str, Any] = {"sessionAffinity": "ClientIP", "externalTrafficPolicy": "Local"}
    web = await scene.apply(service("web", 80, **spec))
    check = web["spec"]["healthCheckNodePort"]
    base = base_of(web)
    assert (await scene.rules())[f"{base}-TCP-80"]["loadDistribution"] == "SourceIP"
    probes = await scene.probes()
    assert list(probes) == [f"{base}-TCP-{check}"]
    probe = probes[f"{base}-TCP-{check}"]
    assert (probe["protocol"], probe["port"], probe["requestPath"]) == ("Http", check, "/healthz")
    dns = service("dns")
    dns["spec"]["ports"] = [{"port": 53, "protocol": "UDP"}]
    base = base_of(await scene.apply(dns))
    rule = (await scene.rules())[f"{base}-UDP-53"]
    assert (rule["protocol"], rule["enableTcpReset"]) == ("Udp", False)
    assert "probe" not in rule
    assert "Udp" in [found["protocol"] for found in await scene.security_rules()]


async def test_resources_of_the_group_are_listed_with_it(scene: Scene) -> None:
    web = await scene.apply(service("web"))
    listed = await scene.arm.send("GET", f"resourceGroups/{GROUP}/resources")
    assert f"kubernetes-{base_of(web)}" in [resource["name"] for resource in listed.body["value"]]
