"""Whole jobs about exposures, against a local Azure whose controller gives addresses."""

import asyncio
from datetime import timedelta

import pytest

from app.azure.types.call import Call
from tests.load_balancers.exposed import Stage, addresses_of
from tests.load_balancers.exposing import EXPOSURES, WEB
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway, reading

pytestmark = ONE_DATABASE


async def test_pods_are_exposed_changed_and_hidden_again_and_every_piece_is_proven(slipway: Slipway) -> None:
    """Trouble 53: address, ports, DNS label, health; 57: source ranges as they are in force; 60: probes as asked."""
    stage = await Stage.open(slipway)
    await stage.inside.run_pods("web")
    ports = [{"name": "http", "port": 80, "probe": {"protocol": "http", "path": "/ok", "interval_seconds": 10}}]
    body = {"dns_label": "shop", "allowed_source_ranges": ["203.0.113.0/24"], "ports": ports}

    job, exposure = await stage.try_(**body)

    assert job["state"] == "succeeded", job
    address = exposure["addresses"][0]
    assert (exposure["state"], address["origin"], address["internal"]) == ("ready", "exposure", False)
    assert address["fqdn"] == "shop.westeurope.cloudapp.azure.com"
    assert (exposure["health"], exposure["pending"]) == ({"ready": 2, "not_ready": 0}, None)
    service = await stage.inside.service("web")
    assert service is not None
    assert service.ingress == (address["address"],)
    assert job["summary"].startswith(f"default/web answers at {address['address']}, port 80.")
    (rule,) = job["outcome"]["rules"]
    probe = stage.balancer_parts("probes")[job["outcome"]["probes"][0]]
    assert (probe["protocol"], probe["requestPath"], probe["intervalInSeconds"]) == ("Http", "/ok", 10)
    assert stage.balancer_parts("loadBalancingRules")[rule]["idleTimeoutInMinutes"] == 4

    changed = await stage.change(exposure, idle_timeout_minutes=30, session_affinity="ClientIP", tcp_reset=False)

    assert (changed["state"], addresses_of(changed)) == ("ready", addresses_of(exposure))
    properties = stage.balancer_parts("loadBalancingRules")[rule]
    assert (properties["idleTimeoutInMinutes"], properties["loadDistribution"]) == (30, "SourceIP")
    assert not properties.get("enableTcpReset")

    deleted = await stage.remove(exposure)

    assert deleted["outcome"] == {"deleted": True, "kept": None, "left": []}
    assert await stage.inside.service("web") is None
    assert [name for name in stage.azure_names("publicIPAddresses") if name.startswith("kubernetes-")] == []
    assert stage.balancer_parts("loadBalancingRules") == {}
    types = [each["type"] for each in await slipway.events() if each["subject_type"] == "exposure"]
    assert types == [
        "exposure.create_requested",
        "exposure.ready",
        "exposure.updated",
        "exposure.delete_requested",
        "exposure.deleted",
    ]


async def test_an_internal_one_and_two_public_ones_share_their_load_balancers(slipway: Slipway) -> None:
    """One load balancer for all public ones; `internal: true` goes to kubernetes-internal, at the address asked for."""
    stage = await Stage.open(slipway)
    job_ids = [
        await stage.ask(),
        await stage.ask(name="api"),
        await stage.ask(name="inner", internal=True, private_address="10.224.0.200"),
    ]
    for job_id, _ in job_ids:
        assert (await slipway.ended(job_id))["state"] == "succeeded"
    web, api, inner = [await stage.read(exposure_id) for _, exposure_id in job_ids]
    assert len({*addresses_of(web), *addresses_of(api), *addresses_of(inner)}) == 3
    assert (addresses_of(inner), inner["internal"], inner["addresses"][0]["azure_id"]) == (["10.224.0.200"], True, None)
    assert stage.azure_names("loadBalancers") == ["kubernetes", "kubernetes-internal"]
    assert len(stage.balancer_parts("loadBalancingRules")) == 2

    public = await stage.change(inner, internal=False, private_address=None)

    assert (public["internal"], public["addresses"][0]["internal"]) == (False, False)
    assert len(stage.balancer_parts("loadBalancingRules")) == 3
    await stage.remove(public)
    assert stage.azure_names("loadBalancers") == ["kubernetes"]


async def test_who_stands_behind_an_address_is_said(slipway: Slipway) -> None:
    """A selector that matches no pod is exposed, but said; likewise the policy Local with no ready pod."""
    stage = await Stage.open(slipway)
    nobody = await stage.expose(selector={"app": "nobody"})
    assert nobody["state"] == "ready"
    assert any("No pod matches the selector" in said for said in nobody["warnings"])
    local = await stage.expose(name="local", selector={"app": "nobody"}, external_traffic_policy="Local")
    assert any("no machine passes Azure's probe" in said for said in local["warnings"])
    await stage.inside.run_pods("late")
    known = await stage.change(nobody, selector={"app": "late"})
    assert known["wanted"]["selector"] == {"app": "late"}
    assert not any("No pod" in said for said in known["warnings"])


async def test_the_pods_of_an_existing_service_are_exposed_and_it_is_not_changed(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    await stage.inside.run_pods("shop")
    await stage.inside.add_service("shop", "ClusterIP")
    before = await stage.inside.service("shop")
    exposure = await stage.expose(name="front", selector=None, service="shop")
    made = await stage.inside.service("front")
    assert made is not None
    assert (dict(made.selector), exposure["health"]["ready"]) == ({"app": "shop"}, 2)
    assert await stage.inside.service("shop") == before


async def test_a_job_says_what_it_waits_for(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    stage.slow_down(5)
    job_id, _ = await stage.ask()
    words = ""
    for _ in range(200):
        words = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()["progress"] or ""
        if "assign" in words:
            break
        await asyncio.sleep(0.05)
    assert words == "Waiting for Azure to assign an address"
    assert (await slipway.ended(job_id))["state"] == "succeeded"


async def test_fifty_exposures_at_once_all_get_addresses_and_azure_is_asked_by_lists(slipway: Slipway) -> None:
    """What is proven of all of them is read from lists, which those who ask at one time share."""
    stage = await Stage.open(slipway)
    asked = [await stage.ask(name=f"web-{number}") for number in range(50)]
    jobs = [await slipway.ended(job_id) for job_id, _ in asked]
    assert [job["problem"] for job in jobs if job["state"] != "succeeded"] == []
    listed = (await slipway.ask("GET", f"{EXPOSURES}?limit=100&state=ready")).json()["items"]
    assert len({addresses_of(each)[0] for each in listed}) == 50
    for single in ("LoadBalancers_Get", "PublicIPAddresses_Get", "NetworkSecurityGroups_Get", "VirtualNetworks_Get"):
        assert slipway.azure.requests(operation=single) == []
    assert stage.azure_names("loadBalancers") == ["kubernetes"]


async def test_exposures_go_with_their_cluster(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    exposure = await stage.expose()
    stage.fault("error", "LoadBalancers_CreateOrUpdate", status=503, code="ServiceUnavailable", message="later")
    job_id, late_id = await stage.ask(name="late")
    for _ in range(200):
        if await stage.inside.service("late") is not None:
            break
        await asyncio.sleep(0.05)
    cluster = await slipway.cluster()
    await slipway.done("DELETE", "/v1/clusters/blue")
    job = await slipway.ended(job_id)
    assert (job["state"], job["problem"]["code"]) == ("canceled", "superseded_by_delete")
    for exposure_id in (exposure["id"], late_id):
        path = f"/v1/clusters/{cluster['id']}/exposures/{exposure_id}"
        gone = (await slipway.ask("GET", path)).json()
        assert (gone["state"], gone["addresses"]) == ("deleted", [])
    assert slipway.leftovers() == []


async def test_accepted_is_enough_where_the_caller_says_so(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    job, exposure = await stage.try_(options={"wait_for": "accepted"})
    assert (job["state"], job["outcome"]) == ("succeeded", {"accepted": True})
    assert exposure["state"] == "pending"
    assert await stage.inside.service(WEB["name"]) is not None


async def test_a_change_that_is_accepted_is_enough_where_the_caller_says_so(slipway: Slipway) -> None:
    """The job ends before Azure's controller comes round; the exposure serves on, at its address or at the next."""
    stage = await Stage.open(slipway)
    exposure = await stage.expose()
    stage.fault("error", "LoadBalancers_CreateOrUpdate", status=503, code="ServiceUnavailable", message="later")
    options = {"wait_for": "accepted"}
    job = await slipway.done("PATCH", f"{EXPOSURES}/{exposure['id']}", {"idle_timeout_minutes": 20, "options": options})
    assert job["outcome"] == {"accepted": True}
    taken = await stage.read(exposure["id"])
    assert (taken["state"], addresses_of(taken)) == ("ready", addresses_of(exposure))
    slipway.azure.clear_faults()
    # Nothing was proven of it, so that the same change is no empty one.
    proven = await slipway.done("PATCH", f"{EXPOSURES}/{exposure['id']}", {"idle_timeout_minutes": 20})
    assert proven["outcome"]["rules"]
    (rule,) = stage.balancer_parts("loadBalancingRules").values()
    assert rule["idleTimeoutInMinutes"] == 20


async def test_a_change_of_nothing_is_answered_without_a_job_unless_something_is_to_be_set_right(
    slipway: Slipway,
) -> None:
    stage = await Stage.open(slipway)
    ports = [{"name": "http", "port": 80, "target_port": 8080, "probe": {"protocol": "http", "path": "/ok"}}]
    exposure = await stage.expose(ports=ports, allowed_source_ranges=["203.0.113.0/24"], idle_timeout_minutes=10)
    path = f"{EXPOSURES}/{exposure['id']}"
    jobs = len((await slipway.ask("GET", "/v1/jobs")).json()["items"])

    for change in ({}, {"idle_timeout_minutes": 10}, {"ports": ports, "internal": False, "dns_label": None}):
        answer = await slipway.ask("PATCH", path, change)
        assert (answer.status_code, answer.json()["job"]) == (200, None), answer.text
        assert answer.json()["resource"] == exposure
        assert answer.headers["etag"] == (await slipway.ask("GET", path)).headers["etag"]
        assert "operation-location" not in answer.headers
    assert len((await slipway.ask("GET", "/v1/jobs")).json()["items"]) == jobs

    # Somebody opened it to everybody; the reader has seen it.
    async with reading(slipway):
        opened = {"spec": {"loadBalancerSourceRanges": None}}
        await stage.inside.send(
            "PATCH", "/api/v1/namespaces/default/services/web", opened, "application/merge-patch+json"
        )
        for _ in range(400):
            if (await stage.read(exposure["id"]))["observed"]["allowed_source_ranges"] == []:
                break
            await asyncio.sleep(0.05)
    mended = await stage.change(exposure)
    assert mended["observed"]["allowed_source_ranges"] == ["203.0.113.0/24"]

    # A change that failed is not there, though it is wanted.
    stage.fault("error", "LoadBalancers_CreateOrUpdate", status=400, code="LoadBalancerRuleCountLimitReached")
    failed = await slipway.ended(await slipway.accepted("PATCH", path, {"idle_timeout_minutes": 20}))
    assert failed["state"] == "failed"
    slipway.azure.clear_faults()
    assert (await stage.change(exposure, idle_timeout_minutes=20))["state"] == "ready"


async def test_of_a_cluster_that_is_gone_from_azure_no_exposure_is_left(
    slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble 4: somebody deleted the cluster; the exposure is deleted all the same."""
    # An address that does not answer is asked for anew in Azure after a minute.
    monkeypatch.setattr("app.kubernetes.pool._RENEWAL_SECONDS", 0.0)
    stage = await Stage.open(slipway)
    exposure = await stage.expose()
    cluster = await slipway.cluster()
    clusters = slipway.parts.gateways.azure.subscription(cluster["subscription_id"]).managed_clusters
    call = Call(deadline=slipway.parts.clock.now() + timedelta(seconds=60))
    await clusters.delete(cluster["resource_group"], "blue", call=call)
    for _ in range(400):
        if await clusters.get(cluster["resource_group"], "blue", call=call) is None:
            break
        await asyncio.sleep(0.05)
    job = await stage.remove(exposure)
    assert job["outcome"] == {"deleted": True, "kept": None, "left": []}
    assert (await stage.read(exposure["id"]))["state"] == "deleted"
