"""Versions come and go: what is offered follows, and what runs a retired one goes on."""

from typing import Any

import pytest

from tests.emulator.containerservice.conftest import POOL, Aks, act

VERSIONS = "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/westus2/kubernetesVersions"


async def offered(aks: Aks) -> dict[str, list[str]]:
    """The patches by minor, as the list of the location says."""
    path = VERSIONS.format(subscription=aks.azure.subscription_id)
    values = (await aks.arm.send("GET", path)).body["values"]
    return {value["version"]: list(value["patchVersions"]) for value in values}


async def ways(aks: Aks, of: str = "") -> list[str]:
    profile = (await aks.arm.send("GET", f"{aks.arm.cluster()}{of}/upgradeProfiles/default")).body["properties"]
    return [way["kubernetesVersion"] for way in (profile if of else profile["controlPlaneProfile"])["upgrades"]]


async def test_a_patch_and_a_minor_that_come_are_offered_and_may_be_taken(aks: Aks) -> None:
    before = await offered(aks)
    act(aks, "versions", offer=["1.32.10", "1.36.0"])
    assert await offered(aks) == {**before, "1.36": ["1.36.0"], "1.32": ["1.32.10", *before["1.32"]]}
    assert "1.32.10" in await ways(aks)
    assert (await aks.change(kubernetesVersion="1.32.10")).status == 200
    aks.azure.advance(301)
    assert (await aks.cluster())["currentKubernetesVersion"] == "1.32.10"
    assert await ways(aks, "/agentPools/pool1") == ["1.32.9", "1.32.10"]
    act(aks, "versions")
    assert await offered(aks) == before


async def test_what_runs_a_retired_version_goes_on_and_is_led_away_and_nothing_new_gets_it(aks: Aks) -> None:
    act(aks, "versions", retire=["1.32", "1.33.5"])
    now = await offered(aks)
    assert "1.32" not in now
    assert now["1.33"] == ["1.33.4", "1.33.3"]
    assert await ways(aks) == ["1.33.3", "1.33.4"]
    assert (await aks.put_pool("more", **POOL, orchestratorVersion="1.32.9")).body["code"] == "K8sVersionNotSupported"
    assert (await aks.put_pool("pool1", **{**await aks.pool("pool1"), "count": 2})).status == 200
    aks.azure.advance(301)
    assert (await aks.change(oidcIssuerProfile={"enabled": True})).status == 200
    aks.azure.advance(301)
    assert (await aks.change(kubernetesVersion="1.33")).status == 200
    aks.azure.advance(301)
    assert (await aks.cluster())["currentKubernetesVersion"] == "1.33.4"


async def test_a_cluster_and_a_pool_of_a_minor_stay_at_its_patch_when_a_newer_one_comes(aks: Aks) -> None:
    await aks.has_pool("work", orchestratorVersion="1.32")
    there = await aks.pool("work")
    act(aks, "versions", offer=["1.32.12"])
    assert (await aks.put_pool("work", **{**there, "count": 2})).status == 200
    aks.azure.advance(301)
    assert (await aks.pool("work"))["currentOrchestratorVersion"] == there["currentOrchestratorVersion"]
    assert (await aks.change(kubernetesVersion="1.32")).status == 200
    aks.azure.advance(301)
    assert (await aks.cluster())["currentKubernetesVersion"] == "1.32.8"


async def test_another_minor_is_the_default_once_the_usual_one_is_retired(aks: Aks) -> None:
    act(aks, "versions", retire=["1.33"])
    path = VERSIONS.format(subscription=aks.azure.subscription_id)
    values = (await aks.arm.send("GET", path)).body["values"]
    assert [value["version"] for value in values if value["isDefault"]] == ["1.34"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"offer": ["1.36"]}, "with its patch"),
        ({"retire": ["1.99"]}, "is not offered"),
        ({"retire": "1.33"}, "lists of versions"),
        ({"release": "1.33"}, "lists of versions"),
        ({"retire": ["1.34", "1.33", "1.32", "1.31", "1.30"]}, "no preview"),
    ],
)
async def test_what_is_no_change_of_the_offer_is_refused(aks: Aks, body: dict[str, Any], words: str) -> None:
    assert words in act(aks, "versions", **body)["error"]
