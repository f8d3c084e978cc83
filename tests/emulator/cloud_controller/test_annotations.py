"""What annotations and fields of a Service change in Azure."""

import pytest

from tests.emulator.cloud_controller.conftest import Scene, base_of, ingress, service

PROBE = "load-balancer-health-probe-"


async def test_probes_follow_their_annotations_and_those_of_a_port_go_first(scene: Scene) -> None:
    """Trouble 60."""
    annotations = {
        f"{PROBE}protocol": "http",
        f"{PROBE}request-path": "/ready",
        f"{PROBE}interval": "10",
        f"{PROBE}num-of-probe": "3",
        "service.beta.kubernetes.io/port_443_health-probe_protocol": "https",
        "service.beta.kubernetes.io/port_443_health-probe_request-path": "/live",
        "service.beta.kubernetes.io/port_443_health-probe_interval": "20",
        "service.beta.kubernetes.io/port_9000_no_probe_rule": "true",
        "service.beta.kubernetes.io/port_9100_no_lb_rule": "true",
    }
    web = await scene.apply(service("web", 80, 443, 9000, 9100, annotations=annotations))
    base, probes = base_of(web), await scene.probes()
    shown = {
        name: (probe["protocol"], probe.get("requestPath"), probe["intervalInSeconds"], probe["probeThreshold"])
        for name, probe in probes.items()
    }
    assert shown == {f"{base}-TCP-80": ("Http", "/ready", 10, 3), f"{base}-TCP-443": ("Https", "/live", 20, 3)}
    rules = await scene.rules()
    assert sorted(rules) == sorted(f"{base}-TCP-{port}" for port in (80, 443, 9000))
    assert "probe" not in rules[f"{base}-TCP-9000"]


async def test_a_probe_may_go_to_another_port(scene: Scene) -> None:
    key = "service.beta.kubernetes.io/port_80_health-probe_port"
    web = await scene.apply(service("web", 80, 8080, annotations={key: "8080"}))
    node_port = web["spec"]["ports"][1]["nodePort"]
    assert (await scene.probes())[f"{base_of(web)}-TCP-80"]["port"] == node_port
    web = await scene.patch("web", {"metadata": {"annotations": {key: "10256"}}})
    assert (await scene.probes())[f"{base_of(web)}-TCP-80"]["port"] == 10256


@pytest.mark.parametrize(("said", "protocol"), [("HTTP", "Http"), ("kubernetes.io/h2c", "Tcp")])
async def test_the_application_protocol_of_a_port_decides_about_its_probe(
    scene: Scene, said: str, protocol: str
) -> None:
    web = service("web")
    web["spec"]["ports"][0]["appProtocol"] = said
    made = await scene.apply(web)
    assert (await scene.probes())[f"{base_of(made)}-TCP-80"]["protocol"] == protocol


async def test_rules_follow_idle_timeout_reset_and_floating_address(scene: Scene) -> None:
    annotations = {
        "load-balancer-tcp-idle-timeout": "15",
        "load-balancer-disable-tcp-reset": "true",
        "disable-load-balancer-floating-ip": "true",
    }
    web = await scene.apply(service("web", annotations=annotations))
    (rule,) = (await scene.rules()).values()
    node_port = web["spec"]["ports"][0]["nodePort"]
    shown = [rule[name] for name in ("idleTimeoutInMinutes", "enableTcpReset", "enableFloatingIP", "backendPort")]
    assert shown == [15, False, False, node_port]


async def test_source_ranges_and_service_tags_are_rules_of_their_own(scene: Scene) -> None:
    """Trouble 57."""
    ranges = ["10.1.0.0/16", "192.0.2.0/24"]
    web = await scene.apply(service("web", annotations={"allowed-service-tags": "AzureCloud, Storage"}))
    sources = sorted(rule["sourceAddressPrefix"] for rule in await scene.security_rules())
    assert sources == ["AzureCloud", "Storage"]
    web = await scene.annotate("web", allowed_service_tags=None, allowed_ip_ranges=",".join(ranges))
    (rule,) = await scene.security_rules()
    assert (rule["sourceAddressPrefixes"], rule["destinationAddressPrefix"]) == (ranges, ingress(web)[0])
    await scene.annotate("web", allowed_ip_ranges=None)
    await scene.patch("web", {"spec": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}})
    (rule,) = await scene.security_rules()
    assert rule["sourceAddressPrefix"] == "192.0.2.0/24"


async def test_ranges_in_two_places_are_refused(scene: Scene) -> None:
    both = service("web", annotations={"allowed-ip-ranges": "192.0.2.0/24"}, loadBalancerSourceRanges=["192.0.2.0/24"])
    await scene.apply(both)
    assert "cannot set both spec.LoadBalancerSourceRanges and service annotation" in await scene.failure("web")


async def test_a_range_that_is_none_closes_the_door_and_is_told(scene: Scene) -> None:
    """Trouble 57: a wrong range never opens to all."""
    await scene.apply(service("web", annotations={"allowed-ip-ranges": "192.0.2.0/24,nonsense"}))
    rules = {rule["access"]: rule for rule in await scene.security_rules()}
    assert rules["Allow"]["sourceAddressPrefix"] == "192.0.2.0/24"
    assert (rules["Deny"]["name"], rules["Deny"]["priority"]) == ("k8s-azure-lb_deny-all_IPv4", 4095)
    told = {reason: message for reason, message, _ in await scene.events("web")}
    assert '["nonsense"]' in told["InvalidConfiguration"]


async def test_everybody_else_is_denied_where_a_service_says_so(scene: Scene) -> None:
    annotations = {"allowed-ip-ranges": "192.0.2.0/24", "deny-all-except-load-balancer-source-ranges": "true"}
    await scene.apply(service("web", annotations=annotations))
    assert [rule["access"] for rule in await scene.security_rules()] == ["Allow", "Deny"]


async def test_tags_of_the_address_and_addresses_beside_it(scene: Scene) -> None:
    annotations = {"pip-tags": "team=web,cost centre=7,broken", "additional-public-ips": "198.51.100.200"}
    web = await scene.apply(service("web", annotations=annotations))
    (address,) = (await scene.addresses()).values()
    own = {"k8s-azure-cluster-name": "kubernetes", "k8s-azure-service": "default/web"}
    assert address["tags"] == {**own, "team": "web", "cost centre": "7"}
    assert ingress(web) == [address["properties"]["ipAddress"], "198.51.100.200"]
    (rule,) = await scene.security_rules()
    assert sorted(rule["destinationAddressPrefixes"]) == sorted(ingress(web))


async def test_unknown_annotations_and_values_are_passed_over(scene: Scene) -> None:
    annotations = {"load-balancer-internal": "perhaps", "load-balancer-nonsense": "x", f"{PROBE}protocol": "smoke"}
    web = await scene.apply(service("web", annotations=annotations))
    assert len(ingress(web)) == 1
    assert await scene.balancers() == ["kubernetes"]
    (probe,) = (await scene.probes()).values()
    assert probe["protocol"] == "Tcp"


async def test_a_dns_label_is_taken_away_by_an_empty_one(scene: Scene) -> None:
    await scene.apply(service("web", annotations={"dns-label-name": "shop"}))
    await scene.annotate("web", dns_label_name="")
    (address,) = (await scene.addresses()).values()
    assert "dnsSettings" not in address["properties"]


async def test_a_service_may_do_without_security_rules(scene: Scene) -> None:
    await scene.apply(service("web"))
    await scene.annotate("web", disable_load_balancer_security_group_rules="true")
    assert await scene.security_rules() == []
