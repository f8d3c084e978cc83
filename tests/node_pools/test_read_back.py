"""What was asked of a pool is read back from Azure, and what was given up goes back to Azure's own defaults."""

from dataclasses import replace
from typing import Any

from app.azure.types.agent_pool import AgentPoolSpec
from tests.clusters.patching import in_azure
from tests.node_pools.test_pools import PATH, WORKERS, beside_slipway, pool, puts
from tests.support.whole import Slipway

OWN = f"{PATH}/workers"
PUT = "AgentPools_CreateOrUpdate"
GIVEN: dict[str, Any] = {
    **WORKERS,
    "scale_down_mode": "Deallocate",
    "upgrades": {"max_surge": "50%", "drain_timeout_minutes": 44},
    "azure_properties": {
        "kubeletConfig": {"cpuManagerPolicy": "static", "containerLogMaxFiles": 9},
        "messageOfTheDay": "aGVsbG8=",
    },
}


async def has(slipway: Slipway) -> dict[str, Any]:
    """The pool's properties, as Azure shows them to anybody."""
    found: dict[str, Any] = (await in_azure(slipway, "/agentPools/workers"))["properties"]
    return found


async def patch(slipway: Slipway, **changes: Any) -> dict[str, Any]:
    """The job of a PATCH, at its good end."""
    return await slipway.done("PATCH", OWN, changes)


async def test_what_is_given_up_is_at_azures_default_again(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, GIVEN)

    await patch(
        slipway,
        scale_down_mode=None,
        upgrades=None,
        azure_properties={"kubeletConfig": {"cpuManagerPolicy": None}},
    )

    seen, after = await pool(slipway), await has(slipway)
    assert (seen["scale_down_mode"], seen["upgrades"]) == (None, None)
    assert seen["azure_properties"] == {"kubeletConfig": {"containerLogMaxFiles": 9}, "messageOfTheDay": "aGVsbG8="}
    assert after["scaleDownMode"] == "Delete"
    assert (after["upgradeSettings"]["maxSurge"], after["upgradeSettings"]["drainTimeoutInMinutes"]) == ("10%", 30)
    assert after["kubeletConfig"] == {"cpuManagerPolicy": "none", "containerLogMaxFiles": 9}

    # It is done: who sets it in Azure from now on is left alone.
    pools, group, call = await beside_slipway(slipway)
    spec = AgentPoolSpec("workers", "User", "Linux", "Standard_D4s_v5", 1, labels={"team": "shop"})
    await pools.change(group, "blue", replace(spec, scale_down_mode="Deallocate"), call=call)
    await patch(slipway, labels={"team": "garden"})
    assert (await has(slipway))["scaleDownMode"] == "Deallocate"


async def test_what_has_no_default_is_not_given_up_in_silence(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, GIVEN)

    whole = await slipway.ask("PATCH", OWN, {"azure_properties": None})
    one = await slipway.ask("PATCH", OWN, {"azure_properties": {"messageOfTheDay": None}})
    none = await slipway.ask("PATCH", OWN, {"azure_properties": {}})

    assert [(error["code"], error["pointer"]) for error in whole.json()["errors"]] == [
        ("immutable", "/azure_properties/kubeletConfig/containerLogMaxFiles"),
        ("immutable", "/azure_properties/messageOfTheDay"),
    ]
    assert "give the value that it shall have" in one.json()["errors"][0]["detail"]
    # A merge patch that names nothing changes nothing.
    assert (none.status_code, none.json()["changes"]) == (200, [])


async def test_what_azure_says_it_applied_to_a_pool_is_sent_once_more(slipway: Slipway) -> None:
    """Trouble 9, scene 3."""
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    slipway.azure.add_fault("unapplied", operation=PUT)
    before = len(puts(slipway))

    job = await patch(slipway, scale_down_mode="Deallocate", count=2)

    assert "applied_partially" not in job["outcome"]
    assert job["summary"] == "Pool workers of cluster blue is as asked."
    assert len(puts(slipway)) == before + 2
    after = await has(slipway)
    assert (after["scaleDownMode"], after["count"]) == ("Deallocate", 2)


async def test_what_azure_never_applies_to_a_pool_is_told_with_the_difference(slipway: Slipway) -> None:
    """Trouble 9, scene 3."""
    await slipway.create()
    await slipway.done("POST", PATH, GIVEN)
    slipway.azure.add_fault("unapplied", operation=PUT, count=None)

    job = await patch(slipway, scale_down_mode=None, tags={"team": "shop"})

    assert job["outcome"]["applied_partially"] == [
        {
            "setting": "scale_down_mode",
            "path": "/properties/scaleDownMode",
            "wanted": "Delete",
            "azure_has": "Deallocate",
        },
        {"setting": "tags", "path": "/properties/tags"},
    ]
    assert "Azure has not applied all of it: scale_down_mode, tags." in job["summary"]
    told = [event for event in await slipway.events() if event["type"] == "node_pool.applied_partially"]
    assert [event["data"] for event in told] == [{"pool": "workers", "settings": ["scale_down_mode", "tags"]}]

    # What was given up is not forgotten before Azure has it so.
    slipway.azure.clear_faults()
    await patch(slipway, labels={"team": "garden"})
    assert (await has(slipway))["scaleDownMode"] == "Delete"
