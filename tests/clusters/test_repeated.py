"""A change that Azure took and then failed to make: the job sends it again, as often as that is safe, and shows it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.clusters.workflow import again
from app.emulator.core.store import Resource
from app.jobs.workflow import Cloud
from tests.clusters.patching import PUT, bodies, in_azure, sent_otherwise
from tests.clusters.test_upgrades import NEXT, OLD
from tests.support.whole import CLUSTER, Slipway

OWN = "/v1/clusters/blue"
POOLS = f"{OWN}/node-pools"
WORKERS = {"name": "workers", "size": "Standard_D4s_v5", "count": 1}
PUT_POOL = "AgentPools_CreateOrUpdate"
FAULT = {"code": "InternalOperationError", "message": "Oops."}
NO_DOWNLOAD = {
    "code": "VMExtensionProvisioningError",
    "message": "VM has reported a failure when processing extension 'vmssCSE'. Error message: exit status=31",
}
NEXT_VERSION = {"kubernetes_version": NEXT}
NO_ROOM = {"code": "ZonalAllocationFailed", "message": "No room in zone 1."}


def fails(slipway: Slipway, operation: str, said: dict[str, Any], **how: Any) -> None:
    slipway.azure.add_fault("fail_operation", operation=operation, **said, **how)


def _record(slipway: Slipway) -> Resource:
    """The cluster as the local Azure keeps it."""
    store = slipway.azure.azure.cloud.store
    return next(record for record in store if record.id.lower().endswith("/managedclusters/blue"))


async def _state(slipway: Slipway) -> str:
    return str(_record(slipway).body["properties"]["provisioningState"])


async def shown(slipway: Slipway, job: dict[str, Any]) -> list[tuple[int, str, str]]:
    """What the job's outcome says of its tries, which its steps and events say too."""
    repeated = (job["outcome"] or {}).get("repeated", [])
    steps = (await slipway.ask("GET", f"/v1/jobs/{job['id']}/steps")).json()["items"]
    failed = [step for step in steps if step["state"] == "failed"][: len(repeated)]
    assert [(step["ordinal"], step["name"], step["detail"]) for step in failed] == [
        (each["step"], each["name"], each["detail"]) for each in repeated
    ]
    told = [event for event in await slipway.events() if event["type"] == "cluster.change_repeated"]
    assert [event["data"] for event in told if event["job_id"] == job["id"]] == repeated
    return [(each["step"], each["name"], each["code"]) for each in repeated]


async def test_a_create_is_sent_twice_more_after_faults_of_azures_own(slipway: Slipway) -> None:
    """Trouble 20: each try is a step that has failed in plain words, an event, and stands in the outcome."""
    # The second and the fourth ask for a new cluster, which Azure refuses: it has one.
    fails(slipway, PUT, FAULT, count=3)
    job = await slipway.create()
    assert job["state"] == "succeeded", job
    assert [code for _, _, code in await shown(slipway, job)] == ["azure_internal_error"] * 2
    steps = (await slipway.ask("GET", f"/v1/jobs/{job['id']}/steps")).json()["items"]
    names = [step["name"] for step in steps]
    first = names.index("put_cluster")
    one_try = ["put_cluster", "await_cluster", "look_again", "record_repeated"]
    assert names[first : first + 10] == [*one_try, *one_try, "put_cluster", "await_cluster"]
    assert slipway.puts() == 3
    assert steps[first + 1]["detail"] == "Azure had a fault of its own."
    shown_failed = "Azure shows the cluster and the node pool system as failed: what it lacks is sent again."
    assert steps[first + 2]["detail"] == shown_failed
    assert (await slipway.cluster())["state"] == "ready"


async def test_a_node_that_does_not_start_is_tried_once_more_and_what_is_left_is_removed_after_that(
    slipway: Slipway,
) -> None:
    """Trouble 20: `on_failure: delete` comes after the last try."""
    fails(slipway, PUT, NO_DOWNLOAD, count=None)
    job = await slipway.create(options={"on_failure": "delete"})
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_node_download_failed")
    assert slipway.puts() == 2
    assert len(await shown(slipway, job)) == 1
    assert [found for found in slipway.leftovers() if "managedclusters" in found.lower()] == []


async def test_what_azure_has_taken_over_of_a_change_is_sent_again_as_azure_has_it(slipway: Slipway) -> None:
    await slipway.create()
    fails(slipway, PUT, FAULT)
    with bodies() as seen:
        job = await slipway.done("PATCH", OWN, {"addons": {"keda": True}})
    keda = {"/properties/workloadAutoScalerProfile/keda/enabled": True}
    assert [sent_otherwise(*each) for each in seen] == [keda, {}]
    assert [name for _, name, _ in await shown(slipway, job)] == ["await_part"]
    found = (await in_azure(slipway))["properties"]
    assert (found["provisioningState"], found["workloadAutoScalerProfile"]["keda"]["enabled"]) == ("Succeeded", True)


@pytest.mark.parametrize(
    ("asked", "operation", "waited"),
    [
        (("POST", POOLS, {**WORKERS, "name": "others"}), PUT_POOL, "await_pool"),
        (("PATCH", f"{POOLS}/workers", {"labels": {"a": "b"}}), PUT_POOL, "await_change"),
        (("POST", f"{POOLS}/workers:rotate", {"size": "Standard_D8s_v5"}), PUT_POOL, "await_new_pool"),
        (("POST", f"{POOLS}/workers:stop"), PUT_POOL, "await_switch"),
        (("POST", f"{OWN}:scale", {"node_pool": "workers", "count": 2}), PUT_POOL, "await_scale"),
        (("POST", f"{OWN}:stop"), "ManagedClusters_Stop", "await_stop"),
        (
            ("POST", f"{OWN}:upgrade", {**NEXT_VERSION, "scope": "control_plane"}),
            PUT,
            "await_control_plane",
        ),
        (("POST", f"{OWN}:upgrade", NEXT_VERSION), PUT_POOL, "await_pool"),
    ],
)
async def test_each_kind_of_change_is_sent_again(
    slipway: Slipway, asked: tuple[Any, ...], operation: str, waited: str
) -> None:
    await slipway.create(kubernetes_version=OLD)
    await slipway.done("POST", POOLS, WORKERS)
    fails(slipway, operation, NO_DOWNLOAD)
    job = await slipway.done(*asked)
    assert [(name, code) for _, name, code in await shown(slipway, job)] == [(waited, "azure_node_download_failed")]


async def test_a_start_is_sent_again(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", f"{OWN}:stop")
    fails(slipway, "ManagedClusters_Start", FAULT)
    job = await slipway.done("POST", f"{OWN}:start")
    assert [name for _, name, _ in await shown(slipway, job)] == ["await_start"]
    assert (await slipway.cluster())["state"] == "ready"


async def test_the_end_of_autoscaling_is_sent_again_before_the_count(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", POOLS, {**WORKERS, "count": None, "autoscaling": {"min_count": 1, "max_count": 2}})
    fails(slipway, PUT_POOL, FAULT)
    job = await slipway.done("PATCH", f"{POOLS}/workers", {"autoscaling": None, "count": 2})
    assert [name for _, name, _ in await shown(slipway, job)] == ["await_change"]
    assert (await in_azure(slipway, "/agentPools/workers"))["properties"]["count"] == 2


async def test_what_azure_says_it_did_and_did_not_is_sent_once_more(slipway: Slipway) -> None:
    """Trouble 9: a silent no-op, for what is not read back by a change of settings."""
    await slipway.create()
    slipway.azure.add_fault("unapplied", operation=PUT_POOL)
    job = await slipway.done("POST", f"{OWN}:scale", {"count": 2})
    assert [(name, code) for _, name, code in await shown(slipway, job)] == [("read_scaled", "azure_not_applied")]

    slipway.azure.add_fault("unapplied", operation=PUT_POOL, count=None)
    job = await slipway.ended(await slipway.accepted("POST", f"{OWN}:scale", {"count": 3}))
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_not_applied")
    assert len(await shown(slipway, job)) == 1
    assert set(job["outcome"]) == {"repeated", "left"}


async def test_what_comes_round_by_itself_is_not_sent_again(slipway: Slipway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble 2: AKS goes on with much of what it has failed at."""

    async def until_it_has(_cloud: Cloud) -> bool:
        for _ in range(400):
            if (await asyncio.to_thread(slipway.azure.call, _state(slipway))) == "Succeeded":
                return True
            await asyncio.sleep(0.05)
        return False

    monkeypatch.setattr(again, "give_a_moment", until_it_has)
    fails(slipway, PUT, FAULT, recovers_after_seconds=4000)
    job = await slipway.create()
    assert job["state"] == "succeeded", job
    assert slipway.puts() == 1
    assert len(await shown(slipway, job)) == 1


async def test_the_callers_fallbacks_come_after_the_repetition(slipway: Slipway) -> None:
    """Trouble 76: and what has no room is not sent there again."""
    await slipway.create()
    fails(slipway, PUT_POOL, FAULT)
    # Azure refuses the first of them: it has such a pool.
    fails(slipway, PUT_POOL, NO_ROOM, count=2)
    job = await slipway.done("POST", POOLS, {**WORKERS, "zones": ["1"], "fallbacks": [{"zones": ["2"]}]})
    assert [code for _, _, code in await shown(slipway, job)] == ["azure_internal_error"]
    assert [each["code"] for each in job["outcome"]["tried"]] == ["azure_capacity_allocation_failed"]
    sent = slipway.azure.requests(operation=PUT_POOL)
    assert len([entry for entry in sent if entry.status in {200, 201}]) == 3


async def test_nothing_is_sent_again_past_the_deadline(slipway: Slipway, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the job tells Azure's cause, not the time."""
    monkeypatch.setattr(again, "_PAUSE", timedelta(days=1).total_seconds())
    fails(slipway, PUT, FAULT)
    job = await slipway.create()
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_internal_error")
    assert slipway.puts() == 1
    assert await shown(slipway, job) == []
    assert (await slipway.steps(job["id"]))["look_again"]["detail"] == "There is no time left to ask Azure again."


async def test_a_canceled_job_sends_nothing_again(slipway: Slipway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "_PAUSE", 200.0)
    fails(slipway, PUT, FAULT)
    job_id = await slipway.accepted("POST", "/v1/clusters", CLUSTER)
    await slipway.until_step(job_id, "look_again")
    assert (await slipway.ask("POST", f"/v1/jobs/{job_id}:cancel")).status_code == 202
    job = await slipway.ended(job_id)
    assert job["state"] == "canceled"
    assert slipway.puts() == 1
    assert await shown(slipway, job) == []


async def test_what_is_not_ours_any_more_is_not_sent_again(slipway: Slipway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def taken_away(_cloud: Cloud) -> bool:
        async def untag() -> None:
            record = _record(slipway)
            record.body["tags"] = {}
            slipway.azure.azure.cloud.store.touch(record)

        await asyncio.to_thread(slipway.azure.call, untag())
        return True

    monkeypatch.setattr(again, "give_a_moment", taken_away)
    fails(slipway, PUT, FAULT)
    job = await slipway.create()
    assert (job["state"], job["problem"]["code"]) == ("failed", "cluster_not_ours")
    assert slipway.puts() == 1
