"""What goes wrong in Azure is an event with the text of Azure's SDK for Go, and heals once its cause is gone."""

import json
from typing import Any

import pytest

from app.emulator.server import LocalAzureOptions
from tests.emulator.cloud_controller.conftest import (
    GROUP,
    Scene,
    base_of,
    ingress,
    ip_of,
    scene_for,
    service,
    stopped,
)


def fault(scene: Scene, kind: str, operation: str, **fields: Any) -> None:
    scene.azure.add_fault(kind, **{"operation": operation, "caller": "cluster", "count": None, **fields})


async def test_missing_rights_in_another_group_are_said_with_action_scope_and_id(scene: Scene) -> None:
    """Trouble 56: the cluster's identity may not write where the address lies."""
    await scene.arm.make_group("own")
    mine = await scene.address("mine", "own")
    fault(scene, "forbid", "*", path="/resourceGroups/own/")
    asked = {"load-balancer-ipv4": ip_of(mine), "load-balancer-resource-group": "own"}
    await scene.apply(service("web", annotations=asked))
    said = await scene.failure("web")
    identity = (await scene.arm.send("GET", scene.arm.cluster())).body["identity"]["principalId"]
    assert "RESPONSE 403: 403 Forbidden\nERROR CODE: AuthorizationFailed\n" in said
    assert f"The client '{identity}' with object id '{identity}' does not have authorization to perform action" in said
    assert "'Microsoft.Network/publicIPAddresses/read' over scope '/subscriptions/" in said
    assert "/resourceGroups/own/providers/Microsoft.Network'" in said
    assert (await scene.arm.send("GET", mine["id"])).status == 200  # whoever else may
    scene.azure.clear_faults()
    await scene.advance(30)
    assert ingress(await scene.service("web")) == [ip_of(mine)]


async def test_a_service_whose_address_may_not_be_read_cannot_go(scene: Scene) -> None:
    await scene.arm.make_group("own")
    mine = await scene.address("mine", "own")
    await scene.apply(service("web", annotations={"pip-name": "mine", "load-balancer-resource-group": "own"}))
    fault(scene, "forbid", "PublicIPAddresses_List", path="/resourceGroups/own/")
    await scene.delete("web")
    assert (await scene.service("web"))["metadata"]["deletionTimestamp"]
    assert "failed to delete load balancer: GET https://management.azure.com" in await scene.failure("web")
    scene.azure.clear_faults()
    await scene.advance(30)
    assert (await scene.find("web")).status == 404
    assert (await scene.addresses("own"))["mine"]["id"] == mine["id"]


async def test_the_quota_of_addresses_holds_and_a_freed_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        stopped(LocalAzureOptions(speed=1.0, public_ip_limit=2)) as azure,
        scene_for(azure, monkeypatch) as scene,
    ):
        first = await scene.apply(service("first"))
        await scene.apply(service("second"))
        said = await scene.failure("second")
        assert "ERROR CODE: PublicIPCountLimitReached" in said
        assert f"PUT https://management.azure.com/subscriptions/{azure.subscription_id}/resourceGroups/{GROUP}/" in said
        assert "CreateOrUpdatePublicIPAddress" in await scene.reasons("second")
        assert len(ingress(first)) == 1
        await scene.delete("first")
        await scene.advance(60)
        assert len(ingress(await scene.service("second"))) == 1


async def test_a_dns_label_that_is_taken_is_refused(scene: Scene) -> None:
    """Trouble 62."""
    first = await scene.apply(service("first", annotations={"dns-label-name": "shop"}))
    named = (await scene.addresses())[f"kubernetes-{base_of(first)}"]
    assert named["properties"]["dnsSettings"]["fqdn"] == "shop.westus2.cloudapp.azure.com"
    assert named["tags"]["k8s-azure-dns-label-service"] == "default/first"
    await scene.apply(service("second", annotations={"dns-label-name": "shop"}))
    assert "ERROR CODE: DnsRecordInUse" in await scene.failure("second")
    # A second Service on the same address may not name it otherwise.
    await scene.apply(
        service("third", 443, annotations={"dns-label-name": "b", "load-balancer-ipv4": ingress(first)[0]})
    )
    assert "there is an existing service default/first consuming the DNS label" in await scene.failure("third")


async def test_retries_come_later_and_later_and_are_counted(scene: Scene) -> None:
    fault(scene, "error", "PublicIPAddresses_CreateOrUpdate", status=503, code="ServiceUnavailable", message="later")
    await scene.apply(service("web"))
    failures = [10, 15, 25, 45, 85]
    seen = []
    for before, after in zip([10, *failures], [*failures, 86], strict=False):
        await scene.advance(after - before)
        ((_, _, count),) = [event for event in await scene.events("web") if event[0] == "SyncLoadBalancerFailed"]
        seen.append(count)
    assert seen == [1, 2, 3, 4, 5, 5]
    assert {reason: count for reason, _, count in await scene.events("web")}["EnsuringLoadBalancer"] == 5


async def test_a_jump_of_the_clock_plays_every_retry(scene: Scene) -> None:
    fault(scene, "error", "LoadBalancers_CreateOrUpdate", count=3)
    await scene.apply(service("web"), wait=300)
    counts = {reason: count for reason, _, count in await scene.events("web")}
    assert (counts["SyncLoadBalancerFailed"], counts["EnsuredLoadBalancer"]) == (3, 1)
    assert len(await scene.addresses()) == 1


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("throttle", "RESPONSE 429: 429 Too Many Requests"),
        ("html_502", "RESPONSE 502: 502 Bad Gateway"),
        ("reset_after", "connection reset by peer"),
        ("hang_after", "context deadline exceeded"),
        ("half_body", "unexpected EOF"),
    ],
)
async def test_every_fault_reaches_the_controller_and_heals(scene: Scene, kind: str, said: str) -> None:
    fault(scene, kind, "LoadBalancers_CreateOrUpdate", count=1)
    web = await scene.apply(service("web"))
    assert ingress(web) == []
    assert said in await scene.failure("web")
    await scene.advance(10)
    web = await scene.service("web")
    assert len(ingress(web)) == 1
    assert list(await scene.frontends()) == [base_of(web)]


async def test_an_operation_that_fails_is_told_with_its_own_error(scene: Scene) -> None:
    fault(
        scene, "fail_operation", "PublicIPAddresses_CreateOrUpdate", count=1, code="InternalServerError", message="oh"
    )
    await scene.apply(service("web"))
    said = await scene.failure("web")
    shown = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert (shown["status"], shown["error"]["code"], shown["error"]["message"]) == (
        "Failed",
        "InternalServerError",
        "oh",
    )
    await scene.advance(30)
    assert len(ingress(await scene.service("web"))) == 1


async def test_a_delay_only_takes_longer(scene: Scene) -> None:
    fault(scene, "delay", "LoadBalancers_CreateOrUpdate", count=1, seconds=40)
    assert ingress(await scene.apply(service("web"), wait=45)) == []
    await scene.advance(10)
    assert len(ingress(await scene.service("web"))) == 1
    assert "SyncLoadBalancerFailed" not in await scene.reasons("web")


async def test_a_client_sees_a_fault_for_clients_only(scene: Scene) -> None:
    scene.azure.add_fault("error", operation="PublicIPAddresses_*", caller="client", count=None)
    assert (await scene.apply(service("web")))["status"]["loadBalancer"]["ingress"]


async def test_an_address_that_azure_will_not_delete_stays_behind(scene: Scene) -> None:
    """Trouble 54: an orphan, as the real controller makes it: it takes this very refusal for an end."""
    code = "PublicIPAddressCannotBeDeleted"
    fault(scene, "error", "PublicIPAddresses_Delete", count=1, status=400, code=code, message="in use")
    web = await scene.apply(service("web"))
    await scene.delete("web")
    assert (await scene.find("web")).status == 404
    orphan = (await scene.addresses())[f"kubernetes-{base_of(web)}"]
    assert orphan["tags"]["k8s-azure-service"] == "default/web"
    assert "ipConfiguration" not in orphan["properties"]
    assert "DeletePublicIPAddress" in await scene.reasons("web")


async def test_a_missing_security_group_is_said(scene: Scene) -> None:
    (group,) = [found.as_dict() async for found in scene.network.network_security_groups.list(GROUP)]
    await scene.apply(service("web"))

    async def lose() -> None:
        scene.azure.azure.cloud.store.remove(group["id"])

    scene.azure.call(lose())
    await scene.apply(service("other"))
    assert "security group aks-agentpool-" in await scene.failure("other")
    await scene.delete("web")
    assert (await scene.find("web")).status == 404


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({"load-balancer-tcp-idle-timeout": "2"}, "representing minutes between 4 and 100, actual value: 2"),
        ({"load-balancer-tcp-idle-timeout": "long"}, "long value must be a whole number"),
        ({"load-balancer-health-probe-interval": "3"}, "the minimum value of interval is 5"),
        ({"load-balancer-health-probe-num-of-probe": "1"}, "the minimum value of num-of-probe is 2"),
        (
            {"load-balancer-health-probe-interval": "60", "load-balancer-health-probe-num-of-probe": "2"},
            "total probe should be less than 120",
        ),
        ({"service.beta.kubernetes.io/port_80_health-probe_port": "nope"}, "port nope not found in service"),
        ({"additional-public-ips": "1.2.3"}, "invalid service annotation"),
    ],
)
async def test_values_that_annotations_cannot_have_are_refused(
    scene: Scene, annotations: dict[str, str], said: str
) -> None:
    await scene.apply(service("web", annotations=annotations))
    assert said in await scene.failure("web")


async def test_sctp_is_for_internal_ones_only(scene: Scene) -> None:
    web = service("web")
    web["spec"]["ports"] = [{"port": 9000, "protocol": "SCTP"}]
    await scene.apply(web)
    assert "SCTP is only supported on standard loadbalancer in internal mode" in await scene.failure("web")
