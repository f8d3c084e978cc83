"""A volume with a share that is not there yet: one job makes all of it, or says what is in the way."""

from typing import Any

import pytest

from tests.load_balancers.exposing import add_cluster, errors_of
from tests.storage.bound import Stage
from tests.storage.volume_rows import VOLUMES, add_share
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

DATA: dict[str, Any] = {"name": "data", "namespace": "shop"}


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        ({}, [("required", "/share/id")]),
        ({"id": "media", "quota_gib": 5}, [("share_twice", "/share/quota_gib")]),
        ({"name": "new-one"}, [("required", "/share/quota_gib")]),
        ({"quota_gib": 5}, [("required", "/share/name")]),
        ({"name": "new-one", "quota_gib": 0}, [("out_of_range", "/share/quota_gib")]),
        ({"name": "new-one", "quota_gib": -1}, [("out_of_range", "/share/quota_gib")]),
        ({"name": "new-one", "quota_gib": 102_401}, [("out_of_range", "/share/quota_gib")]),
        ({"name": "Ab", "quota_gib": 5}, [("wrong_length", "/share/name")]),
        ({"name": "Abc", "quota_gib": 5}, [("wrong_format", "/share/name")]),
        ({"name": "media", "quota_gib": 5}, [("name_taken", "/share/name")]),
    ],
)
async def test_a_share_is_named_or_described_and_never_both(
    idle_slipway: Slipway, share: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Sizes 0, negative and above the bounds; names by Azure's rules, and one that is taken."""
    await add_cluster(idle_slipway)
    await add_share(idle_slipway)
    answer = await idle_slipway.ask("POST", VOLUMES, {**DATA, "share": share})
    assert answer.status_code in {409, 422}, answer.text
    assert errors_of(answer) == expected


async def test_what_is_wrong_with_a_new_share_is_told_with_the_rest(idle_slipway: Slipway) -> None:
    """Trouble 68: NFS of 10 GiB, in a tier that has none."""
    await add_cluster(idle_slipway)
    share = {"name": "exports", "quota_gib": 10, "protocol": "NFS", "tier": "hot"}
    answer = await idle_slipway.ask("POST", VOLUMES, {**DATA, "share": share, "mount_options": ["password=x"]})
    assert answer.status_code == 422, answer.text
    pointers = {pointer for _, pointer in errors_of(answer)}
    assert "/mount_options/0" in pointers
    assert any(pointer.startswith("/share/") for pointer in pointers), pointers
    assert (await idle_slipway.ask("GET", "/v1/shares")).json()["items"] == []


async def test_all_of_it_is_made_in_one_job(slipway: Slipway) -> None:
    """In one call instead of six: account, share, Secret, PersistentVolume, claim."""
    stage = await Stage.open(slipway)
    job, volume = await stage.try_(share={"name": "uploads", "quota_gib": 5, "tier": "hot"})
    assert job["state"] == "succeeded", job
    share = (await slipway.ask("GET", f"/v1/shares/{volume['share_id']}")).json()
    assert (share["name"], share["state"], share["quota_gib"]) == ("uploads", "ready", 5)
    assert volume["secret"] == f"slipway-{share['account']}"
    await stage.run_pod()
    assert await stage.pod_runs()
    refused = await slipway.ask("DELETE", "/v1/shares/uploads")
    assert (refused.status_code, refused.json()["code"]) == (409, "share_in_use")
    failed, _ = await stage.try_(name="second", namespace="nowhere", share={"name": "other", "quota_gib": 5})
    assert failed["problem"]["code"] == "namespace_not_found"
    assert (await slipway.ask("GET", "/v1/shares/other")).json()["state"] == "ready"


@ONE_DATABASE
async def test_a_share_that_cannot_be_made_fails_with_the_volume(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    refusal = {"status": 403, "code": "RequestDisallowedByPolicy", "message": "no", "count": None}
    slipway.azure.add_fault("error", operation="StorageAccounts_Create", **refusal)
    job, volume = await stage.try_(share={"name": "uploads", "quota_gib": 100, "tier": "premium"})
    assert (job["state"], volume["state"]) == ("failed", "failed")
    assert job["problem"]["code"] == volume["problem"]["code"] == "azure_policy_denied"
    assert (await slipway.ask("GET", "/v1/shares/uploads")).json()["state"] == "failed"
    slipway.azure.clear_faults()
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again
    assert (await slipway.ask("GET", "/v1/shares/uploads")).json()["state"] == "ready"
