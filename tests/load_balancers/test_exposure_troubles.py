"""What goes wrong on the way of an exposure: each time the cause is told, with what can be done, not a timeout."""

import asyncio
from typing import Any

import pytest

from tests.load_balancers.exposed import Stage, addresses_of
from tests.load_balancers.exposing import EXPOSURES
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway, reading

pytestmark = ONE_DATABASE

PUT_ADDRESS = "PublicIPAddresses_CreateOrUpdate"
PUT_BALANCER = "LoadBalancers_CreateOrUpdate"


async def test_what_stands_against_it_is_told_before_anything_is_made(slipway: Slipway) -> None:
    """A namespace that is not there, one that is being deleted, a subnet, an address and pods that do not exist."""
    stage = await Stage.open(slipway)
    await stage.inside.add_namespace("leaving")
    namespace = await stage.inside.send("GET", "/api/v1/namespaces/leaving")
    namespace["metadata"]["finalizers"] = ["example.com/hold"]
    await stage.inside.send("PUT", "/api/v1/namespaces/leaving", namespace)
    await stage.inside.send("DELETE", "/api/v1/namespaces/leaving")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"namespace": "nowhere"}, "namespace_not_found"),
        ({"namespace": "leaving"}, "kubernetes_namespace_ending"),
        ({"internal": True, "subnet": "nothing"}, "subnet_not_found"),
        ({"internal": True, "private_address": "10.9.9.9"}, "private_address_not_in_subnet"),
        ({"internal": True, "private_address": "10.224.0.1"}, "private_address_not_in_subnet"),
        ({"selector": None, "service": "nobody"}, "service_not_found"),
    ]
    for number, (body, code) in enumerate(cases):
        job, exposure = await stage.try_(name=f"web-{number}", **body)
        assert (job["state"], job["problem"]["code"]) == ("failed", code), job
        assert job["problem"]["remedy"]
        assert (exposure["state"], exposure["pending"]["code"]) == ("failed", code)
    assert await stage.inside.services() == []
    # All that is wrong at once.
    job, _ = await stage.try_(name="all", namespace="nowhere", internal=True, subnet="nothing")
    assert {error["pointer"] for error in job["problem"]["errors"]} == {"/namespace", "/subnet"}


async def test_a_service_of_others_is_never_touched(slipway: Slipway) -> None:
    """Trouble 3, for a Service: somebody made one of the name since Slipway last looked."""
    stage = await Stage.open(slipway)
    await stage.inside.add_service("web", "ClusterIP")
    before = await stage.inside.service("web")
    job, exposure = await stage.try_()
    assert job["problem"]["code"] == "service_not_ours"
    assert (await stage.remove(exposure))["outcome"]["deleted"]
    assert await stage.inside.service("web") == before


async def test_an_internal_address_that_is_taken_names_its_holder(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    await stage.expose(internal=True, private_address="10.224.0.200")
    job, _ = await stage.try_(name="second", internal=True, private_address="10.224.0.200")
    assert job["problem"]["code"] == "private_address_taken"
    assert "kubernetes-internal" in job["problem"]["detail"]


@pytest.mark.parametrize(
    ("code", "message", "expected", "class_"),
    [
        (
            "PublicIPCountLimitReached",
            "Cannot create more than 20 public IP addresses.",
            "azure_public_ip_limit",
            "quota",
        ),
        (
            "DnsRecordInUse",
            "DNS record shop.westeurope.cloudapp.azure.com is already used.",
            "dns_label_taken",
            "conflict",
        ),
        ("RequestDisallowedByPolicy", "Resource was disallowed by policy.", "azure_policy_denied", "permission"),
        ("PublicIpPrefixOutOfIpAddresses", "The prefix has no more addresses.", "azure_prefix_exhausted", "quota"),
    ],
)
async def test_what_only_a_person_can_remove_fails_with_its_cause_and_a_retry_takes_it_up(
    slipway: Slipway, code: str, message: str, expected: str, class_: str
) -> None:
    """Trouble 53: why it is pending; 62: a label that is taken in another project or subscription."""
    stage = await Stage.open(slipway)
    stage.fault("error", PUT_ADDRESS, status=400, code=code, message=message)
    job, exposure = await stage.try_()
    assert (job["state"], job["problem"]["code"], job["problem"]["class"]) == ("failed", expected, class_), job
    assert job["problem"]["remedy"]
    assert (exposure["state"], exposure["pending"]["code"]) == ("failed", expected)
    slipway.azure.clear_faults()
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again
    healed = await stage.read(exposure["id"])
    assert (healed["state"], healed["pending"], len(healed["addresses"])) == ("ready", None, 1)


async def test_a_cause_that_a_person_removes_is_waited_for_when_asked(slipway: Slipway) -> None:
    """Trouble 24."""
    stage = await Stage.open(slipway)
    stage.fault("error", PUT_ADDRESS, status=400, code="PublicIPCountLimitReached", message="no more")
    job_id, _ = await stage.ask(options={"on_blocked": "wait"})
    for _ in range(400):
        job = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()
        if job["state"] == "waiting":
            break
        await asyncio.sleep(0.05)
    assert (job["state"], job["waiting_for"]) == ("waiting", "quota"), job
    slipway.azure.clear_faults()
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job_id}:retry"))
    assert again["state"] == "succeeded", again


@pytest.mark.parametrize("kind", ["throttle", "html_502", "reset_after", "half_body"])
async def test_what_passes_by_itself_is_waited_for(slipway: Slipway, kind: str) -> None:
    """429, 500, a lost and a half answer on the controller's way to Azure."""
    stage = await Stage.open(slipway)
    stage.fault(kind, PUT_BALANCER, count=1)
    exposure = await stage.expose()
    assert (exposure["state"], exposure["pending"]) == ("ready", None)
    assert len(stage.balancer_parts("loadBalancingRules")) == 1


async def test_a_service_that_somebody_deletes_meanwhile_ends_its_job(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    stage.fault("error", PUT_BALANCER, status=503, code="ServiceUnavailable", message="later")
    job_id, exposure_id = await stage.ask()
    for _ in range(200):
        if await stage.inside.service("web") is not None:
            break
        await asyncio.sleep(0.02)
    await stage.inside.delete_service("web")
    job = await slipway.ended(job_id)
    assert (job["state"], job["problem"]["code"]) == ("failed", "service_lost")
    assert (await stage.read(exposure_id))["state"] == "failed"


async def test_a_service_that_was_deleted_before_is_no_trouble_for_the_deletion(slipway: Slipway) -> None:
    """Trouble 4, for a Service: deleted in the cluster, its exposure is deleted all the same."""
    stage = await Stage.open(slipway)
    exposure = await stage.expose()
    await stage.inside.delete_service("web")
    job = await stage.remove(exposure)
    assert job["outcome"] == {"deleted": True, "kept": None, "left": []}


async def test_another_service_of_the_name_is_not_deleted_for_it(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    exposure = await stage.expose()
    await stage.inside.delete_service("web")
    for _ in range(200):
        if await stage.inside.service("web") is None:
            break
        await asyncio.sleep(0.02)
    await stage.inside.add_service("web", "ClusterIP")
    await stage.remove(exposure)
    assert await stage.inside.service("web") is not None


async def test_an_address_that_stays_is_named_with_why_and_the_next_deletion_goes_on(slipway: Slipway) -> None:
    """Trouble 6, for an address: addresses that stay after a Service is gone."""
    stage = await Stage.open(slipway)
    exposure = await stage.expose()
    code = "PublicIPAddressCannotBeDeleted"
    stage.fault("error", "PublicIPAddresses_Delete", status=400, code=code, message="in use", count=1)
    job = await slipway.ended(await slipway.accepted("DELETE", f"{EXPOSURES}/{exposure['id']}"))
    assert (job["state"], job["problem"]["code"]) == ("failed", "exposure_leftovers"), job
    (name,) = [each for each in stage.azure_names("publicIPAddresses") if each.startswith("kubernetes-")]
    assert f"the public ip {name} (nothing uses it any more)" in job["problem"]["detail"]
    assert (await stage.read(exposure["id"]))["state"] == "failed"
    slipway.azure.call(_remove(slipway, name))
    assert (await stage.remove(exposure))["outcome"]["deleted"]


async def _remove(slipway: Slipway, name: str) -> None:
    store = slipway.azure.azure.cloud.store
    for record in list(store):
        if record.id.endswith(f"/{name}"):
            store.remove(record.id)


async def test_what_others_set_on_the_service_stays_and_what_they_took_over_is_said(slipway: Slipway) -> None:
    """Server-side apply: a conflict names the field and who has it."""
    stage = await Stage.open(slipway)
    exposure = await stage.expose()
    path = "/api/v1/namespaces/default/services/web"
    merge = "application/merge-patch+json"
    await stage.inside.send("PATCH", path, {"metadata": {"labels": {"team": "shop"}}}, merge)
    await stage.change(exposure, idle_timeout_minutes=20)
    service = await stage.inside.service("web")
    assert service is not None
    assert service.labels["team"] == "shop"


async def test_an_exposure_whose_service_vanished_is_made_again_only_when_asked(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    exposure = await stage.expose()
    async with reading(slipway):
        await stage.inside.delete_service("web")
        await stage.until(exposure["id"], "lost")
    again = await stage.change(exposure)
    assert again["state"] == "ready"
    assert await stage.inside.services() == ["web"]
    assert len(addresses_of(again)) == 1


async def test_a_family_that_the_cluster_does_not_have_is_refused_by_name(slipway: Slipway) -> None:
    """Trouble 61: asked for explicitly, and answered so."""
    stage = await Stage.open(slipway)
    job, exposure = await stage.try_(ip_families=["IPv4", "IPv6"])
    assert (job["state"], exposure["state"]) == ("failed", "failed")
    assert "IPv6" in job["problem"]["detail"] or "ipFamil" in job["problem"]["detail"], job["problem"]
