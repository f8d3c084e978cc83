"""The API of volumes, as rows alone can answer: what is taken, refused, listed, deleted, and who may not."""

from datetime import timedelta
from typing import Any

import pytest

from app.models import ClusterState, StorageState, VolumeState
from tests.load_balancers.exposing import add_cluster, errors_of
from tests.storage.volume_rows import VOLUMES, add_share, add_volume, volume_row
from tests.support.api import add_tenant
from tests.support.whole import Slipway

DATA: dict[str, Any] = {"name": "data", "namespace": "shop", "share": {"id": "media"}}


async def test_a_volume_is_taken_with_its_job(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    share = await add_share(idle_slipway)
    answer = await idle_slipway.ask("POST", VOLUMES, DATA)
    assert answer.status_code == 202, answer.text
    job, volume = answer.json()["job"], answer.json()["resource"]
    assert answer.headers["operation-location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["target_name"], job["target_id"]) == ("volume.create", "shop/data", volume["id"])
    assert (volume["state"], volume["share_id"], volume["cluster_id"]) == ("pending", share.id, cluster.id)
    assert volume["persistent_volume"] == f"slipway-shop-data-{volume['id'][-8:]}"
    assert "claimName: data" in volume["pod_yaml"]
    read = await idle_slipway.ask("GET", f"{VOLUMES}/{volume['id']}")
    assert read.json() == volume
    assert read.headers["etag"] == '"1"'
    assert [each["type"] for each in await idle_slipway.events()][-2:] == ["volume.create_requested", "job.queued"]


async def test_a_repeat_with_the_same_key_makes_no_second_one(idle_slipway: Slipway) -> None:
    await add_cluster(idle_slipway)
    await add_share(idle_slipway)
    answers = [await idle_slipway.ask("POST", VOLUMES, DATA, Idempotency_Key="k") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await idle_slipway.ask("GET", VOLUMES)).json()["items"]) == 1


async def test_several_claims_share_one_share(idle_slipway: Slipway) -> None:
    await add_cluster(idle_slipway)
    share = await add_share(idle_slipway)
    for name in ("one", "two", "three"):
        answer = await idle_slipway.ask("POST", VOLUMES, {**DATA, "name": name, "share": {"id": share.id}})
        assert answer.status_code == 202, answer.text
    items = (await idle_slipway.ask("GET", f"{VOLUMES}?share={share.id}")).json()["items"]
    assert [each["name"] for each in items] == ["three", "two", "one"]
    assert len({each["persistent_volume"] for each in items}) == 3


@pytest.mark.parametrize("state", [ClusterState.CREATING, ClusterState.DELETING, ClusterState.FAILED])
async def test_a_cluster_that_does_not_serve_takes_none(idle_slipway: Slipway, state: ClusterState) -> None:
    await add_cluster(idle_slipway, state=state)
    await add_share(idle_slipway)
    answer = await idle_slipway.ask("POST", VOLUMES, DATA)
    assert (answer.status_code, answer.json()["code"]) == (409, "cluster_not_ready")


async def test_a_name_of_the_namespace_is_taken_once(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    share = await add_share(idle_slipway)
    await add_volume(idle_slipway, cluster, share, namespace="shop")
    answer = await idle_slipway.ask("POST", VOLUMES, DATA)
    assert (answer.status_code, answer.json()["code"], errors_of(answer)) == (
        409,
        "name_taken",
        [("name_taken", "/name")],
    )
    assert (await idle_slipway.ask("POST", VOLUMES, {**DATA, "namespace": "other"})).status_code == 202


async def test_a_share_of_another_project_is_as_good_as_none(idle_slipway: Slipway) -> None:
    """And all else that is wrong is told in the same answer."""
    await add_cluster(idle_slipway)
    other = await add_tenant(idle_slipway.parts.database, "other")
    share = await add_share(idle_slipway, project_id=other.id)
    for reference in (share.id, share.name, "nothing"):
        body = {**DATA, "share": {"id": reference}, "mount_options": ["password=x"]}
        answer = await idle_slipway.ask("POST", VOLUMES, body)
        assert answer.status_code == 422
        assert errors_of(answer) == [
            ("unknown_share", "/share/id"),
            ("mount_option_secret", "/mount_options/0"),
        ]


@pytest.mark.parametrize(
    "state", [StorageState.CREATING, StorageState.DELETING, StorageState.FAILED, StorageState.LOST]
)
async def test_a_share_that_is_not_ready_is_not_bound(idle_slipway: Slipway, state: StorageState) -> None:
    await add_cluster(idle_slipway)
    await add_share(idle_slipway, state=state)
    answer = await idle_slipway.ask("POST", VOLUMES, DATA)
    assert (answer.status_code, errors_of(answer)) == (422, [("share_not_ready", "/share/id")])
    assert state in answer.text


async def test_lists_are_filtered_and_leave_out_what_is_deleted(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    share = await add_share(idle_slipway)
    now = idle_slipway.parts.clock.now()
    await add_volume(idle_slipway, cluster, share, "one", namespace="shop")
    await add_volume(idle_slipway, cluster, share, "two")
    gone = await add_volume(idle_slipway, cluster, share, "three", state=VolumeState.DELETED, deleted_at=now)

    async def names(query: str = "") -> set[str]:
        answer = await idle_slipway.ask("GET", f"{VOLUMES}{query}")
        return {each["name"] for each in answer.json()["items"]}

    assert await names() == {"one", "two"}
    assert await names("?namespace=shop") == {"one"}
    assert await names("?name=two") == {"two"}
    assert await names("?state=deleted") == {"three"}
    assert await names("?share=shr_unknown") == set()
    assert (await idle_slipway.ask("GET", f"{VOLUMES}/{gone.id}")).json()["state"] == "deleted"
    assert (await idle_slipway.ask("DELETE", f"{VOLUMES}/{gone.id}")).status_code == 404


async def test_a_deletion_takes_the_place_of_what_is_queued_for_the_same_volume_only(idle_slipway: Slipway) -> None:
    await add_cluster(idle_slipway)
    await add_share(idle_slipway)
    jobs = []
    for name in ("one", "two"):
        answer = await idle_slipway.ask("POST", VOLUMES, {**DATA, "name": name})
        jobs.append(answer.json())
    first = jobs[0]["resource"]
    stale = await idle_slipway.ask("DELETE", f"{VOLUMES}/{first['id']}", If_Match='"7"')
    assert stale.status_code == 412
    taken = [await idle_slipway.ask("DELETE", f"{VOLUMES}/{first['id']}") for _ in range(2)]
    assert [each.status_code for each in taken] == [202, 202]
    assert taken[0].json()["job"]["id"] == taken[1].json()["job"]["id"]
    assert taken[0].json()["resource"]["state"] == "deleting"
    states = [(await idle_slipway.ask("GET", f"/v1/jobs/{each['job']['id']}")).json()["state"] for each in jobs]
    assert states == ["canceling", "queued"]


async def test_on_busy_of_a_new_volume_stops_no_other_of_its_namespace(idle_slipway: Slipway) -> None:
    await add_cluster(idle_slipway)
    await add_share(idle_slipway)
    first = (await idle_slipway.ask("POST", VOLUMES, {**DATA, "name": "one"})).json()["job"]
    for on_busy in ("replace", "fail"):
        body = {**DATA, "name": on_busy, "options": {"on_busy": on_busy}}
        assert (await idle_slipway.ask("POST", VOLUMES, body)).status_code == 202
    assert (await idle_slipway.ask("GET", f"/v1/jobs/{first['id']}")).json()["state"] == "queued"


async def test_readers_read_and_do_not_write(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    volume = await add_volume(idle_slipway, cluster, await add_share(idle_slipway))
    key = idle_slipway.tenant.reader
    assert (await idle_slipway.ask("GET", f"{VOLUMES}/{volume.id}", key=key)).status_code == 200
    assert (await idle_slipway.ask("DELETE", f"{VOLUMES}/{volume.id}", key=key)).status_code == 403
    other = await add_tenant(idle_slipway.parts.database, "other")
    assert (await idle_slipway.ask("GET", f"{VOLUMES}/{volume.id}", key=other.admin)).status_code == 404


async def test_pages_go_on_where_the_one_before_ended(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    share = await add_share(idle_slipway)
    now = idle_slipway.parts.clock.now()
    for number in range(5):
        volume = await add_volume(idle_slipway, cluster, share, f"v{number}")
        async with idle_slipway.parts.database.write() as session:
            row = await session.merge(await volume_row(idle_slipway, volume.id))
            row.created_at = now + timedelta(seconds=number)
    names, path = [], f"{VOLUMES}?limit=2"
    for _ in range(3):
        page = (await idle_slipway.ask("GET", path)).json()
        names += [each["name"] for each in page["items"]]
        path = f"{VOLUMES}?limit=2&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert names == ["v4", "v3", "v2", "v1", "v0"]
