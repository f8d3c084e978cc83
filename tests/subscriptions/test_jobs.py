"""The jobs about resource groups, step by step, against the local Azure."""

import pytest

from app.azure.types.tags import owner_tags
from app.emulator.core.store import Resource
from app.subscriptions.specs import place_of
from app.subscriptions.workflow.create_group import ensure_group
from tests.subscriptions.bench import Bench
from tests.support.database import ONE_DATABASE
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import counted

pytestmark = ONE_DATABASE


async def put_disk(local_azure: LocalAzureForTests) -> None:
    """Something that somebody else has put into the group `prod`."""

    async def put() -> None:
        cloud = local_azure.azure.cloud
        group = f"/subscriptions/{local_azure.subscription_id}/resourceGroups/prod"
        disk_id = f"{group}/providers/Microsoft.Compute/disks/disk-1"
        body = {"id": disk_id, "name": "disk-1", "type": "Microsoft.Compute/disks", "location": "westeurope"}
        cloud.store.put(Resource(disk_id, "Microsoft.Compute/disks", body, cloud.now()))

    local_azure.call(put())


async def test_a_group_is_made_with_our_tags_and_read_back(bench: Bench) -> None:
    job_id, group_id = await bench.create("Prod", tags={"team": "a"})
    job, by_hand = await bench.carry_out(job_id)
    assert by_hand.ran == ["begin_create", "ensure_group", "read_group", "record_ready"]
    assert job.state == "succeeded"
    assert job.outcome is not None
    assert job.outcome["managed"] is True
    seen = await bench.azure.resource_groups.get("Prod", call=bench.call())
    assert seen is not None
    assert seen.tags == {"team": "a", **owner_tags(project_id=bench.served.project_id), "slipway-job": job_id}
    group = await bench.group(group_id)
    assert (group.state, group.managed, group.version, group.tags) == ("ready", True, 2, {"team": "a"})
    assert await bench.events(group_id) == ["resource_group.create_requested", "resource_group.ready"]


async def test_a_repeated_step_sends_nothing_twice(bench: Bench, local_azure: LocalAzureForTests) -> None:
    job_id, _ = await bench.create(tags={"team": "a"})
    _, by_hand = await bench.carry_out(job_id)
    group = await bench.group((await bench.job(job_id)).target_id)
    with counted(local_azure, "ResourceGroups_CreateOrUpdate") as sent:
        await by_hand.cloud(ensure_group, place_of(group))
    assert sent == [0]


async def test_a_group_that_is_there_without_our_tags_is_used_and_never_changed(
    bench: Bench, local_azure: LocalAzureForTests
) -> None:
    await bench.azure.resource_groups.put("theirs", "westeurope", {"owner": "them"}, call=bench.call())
    job_id, group_id = await bench.create("theirs", tags={"team": "a"})
    with counted(local_azure, "ResourceGroups_CreateOrUpdate") as sent:
        job, _ = await bench.carry_out(job_id)
    assert sent == [0]
    assert job.state == "succeeded"
    assert "was there already" in job.summary
    group = await bench.group(group_id)
    assert (group.managed, group.tags) == (False, {"owner": "them"})


async def test_another_projects_group_is_not_ours(bench: Bench) -> None:
    tags = owner_tags(project_id="prj_other")
    await bench.azure.resource_groups.put("theirs", "westeurope", tags, call=bench.call())
    group_id = await bench.made("theirs")
    assert (await bench.group(group_id)).managed is False
    job, _ = await bench.carry_out(await bench.delete("theirs"))
    assert job.outcome == {"deleted": True, "azure": "kept"}
    assert await bench.azure.resource_groups.get("theirs", call=bench.call()) is not None


async def test_a_group_of_the_name_elsewhere_is_told_with_the_way_out(bench: Bench) -> None:
    await bench.azure.resource_groups.put("prod", "northeurope", {}, call=bench.call())
    job_id, group_id = await bench.create("prod")
    job, _ = await bench.carry_out(job_id)
    assert job.problem is not None
    assert job.problem["code"] == "resource_group_elsewhere"
    assert "northeurope" in job.problem["detail"]
    assert (await bench.group(group_id)).state == "failed"
    assert (await bench.events(group_id))[-1] == "resource_group.failed"


async def test_azures_own_refusal_of_another_location_is_told_the_same_way(
    bench: Bench, local_azure: LocalAzureForTests
) -> None:
    job_id, _ = await bench.create("prod")
    local_azure.add_fault(
        "error", status=409, code="InvalidResourceGroupLocation", operation="ResourceGroups_CreateOrUpdate"
    )
    job, _ = await bench.carry_out(job_id)
    assert job.problem is not None
    assert job.problem["code"] == "resource_group_elsewhere"
    assert job.problem["azure"]["code"] == "InvalidResourceGroupLocation"


@pytest.mark.parametrize(("on_failure", "stays"), [("keep", True), ("delete", False)])
async def test_what_a_canceled_create_made_is_kept_or_removed_as_asked(
    bench: Bench, on_failure: str, *, stays: bool
) -> None:
    job_id, group_id = await bench.create(options={"on_failure": on_failure})
    job, by_hand = await bench.carry_out(job_id, cancel_before="read_group")
    assert job.state == "canceled"
    assert (await bench.group(group_id)).state == "failed"
    seen = await bench.azure.resource_groups.get("prod", call=bench.call())
    assert (seen is not None and seen.provisioning_state == "Succeeded") is stays
    assert ("remove_leftover" in by_hand.ran) is not stays


async def test_an_empty_group_of_ours_is_removed(bench: Bench) -> None:
    group_id = await bench.made()
    job, by_hand = await bench.carry_out(await bench.delete("prod"))
    assert by_hand.ran == ["begin_delete", "look_at_group", "remove_group", "await_group_gone", "record_deleted"]
    assert job.outcome == {"deleted": True, "azure": "removed"}
    assert await bench.azure.resource_groups.get("prod", call=bench.call()) is None
    group = await bench.group(group_id)
    assert group.state == "deleted"
    assert group.deleted_at is not None
    assert (await bench.events(group_id))[-1] == "resource_group.deleted"
    assert await bench.made() != group_id, "the name is free again"
    assert (await bench.served.get(f"/v1/resource-groups/{group_id}")).json()["state"] == "deleted"


async def test_a_group_that_slipway_did_not_make_is_forgotten_and_stays(
    bench: Bench, local_azure: LocalAzureForTests
) -> None:
    await bench.azure.resource_groups.put("theirs", "westeurope", {}, call=bench.call())
    await bench.made("theirs")
    with counted(local_azure, "ResourceGroups_Delete") as sent:
        job, _ = await bench.carry_out(await bench.delete("theirs"))
    assert sent == [0]
    assert job.outcome == {"deleted": True, "azure": "kept"}
    assert "stays in Azure" in job.summary


async def test_a_group_that_azure_does_not_have_is_forgotten(bench: Bench) -> None:
    await bench.create()
    job, _ = await bench.carry_out(await bench.delete("prod"))
    assert job.outcome == {"deleted": True, "azure": "absent"}


async def test_a_group_that_holds_something_is_not_removed(bench: Bench, local_azure: LocalAzureForTests) -> None:
    group_id = await bench.made()
    await put_disk(local_azure)
    with counted(local_azure, "ResourceGroups_Delete") as sent:
        job, _ = await bench.carry_out(await bench.delete("prod"))
    assert sent == [0]
    assert job.problem is not None
    assert job.problem["code"] == "resource_group_not_empty"
    assert "disk-1 (Microsoft.Compute/disks)" in job.problem["detail"]
    assert (await bench.group(group_id)).state == "ready"
    assert (await bench.events(group_id))[-1] == "resource_group.delete_failed"


async def test_a_retried_delete_claims_the_group_again(bench: Bench) -> None:
    """Between a delete that failed and its retry, a cluster may have chosen the group."""
    job_id = await bench.delete(await bench.made())
    await bench.carry_out(job_id, cancel_before="look_at_group")
    await bench.served.add_cluster("web", resource_group="prod")
    group_id = (await bench.job(job_id)).target_id
    assert (await bench.group(group_id)).state == "ready"
    job, by_hand = await bench.carry_out(await bench.retry(job_id))
    assert by_hand.ran == ["begin_delete"]
    assert job.problem is not None
    assert job.problem["code"] == "resource_group_in_use"
    assert (await bench.group(group_id)).state == "ready"


async def test_a_delete_that_azure_is_still_at_keeps_the_group_from_clusters(bench: Bench) -> None:
    job_id = await bench.delete(group_id := await bench.made())
    _, by_hand = await bench.carry_out(job_id, cancel_before="record_deleted")
    assert "await_group_gone" in by_hand.ran
    assert (await bench.group(group_id)).state == "deleting"
    again, _ = await bench.carry_out(await bench.delete(group_id))
    assert again.outcome == {"deleted": True, "azure": "absent"}
