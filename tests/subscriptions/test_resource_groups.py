from dataclasses import replace
from typing import Any

import pytest

from app.auth.scope import ProjectRef
from app.models import ResourceGroupState, Role
from app.subscriptions import service
from tests.subscriptions.bench import Bench
from tests.support.slices import Served

GROUPS = "/v1/resource-groups"


async def choose(bench: Bench, name: str, *, project_id: str | None = None) -> str:
    """What a cluster's create does with its group; the group's state."""
    scope = replace(bench.scope, project=ProjectRef(project_id or bench.scope.project.id, "team", None))
    async with bench.served.database.write() as session:
        group = await service.choose_group(
            session,
            scope,
            name=name,
            subscription_id=(bench.served.parts.settings.azure.subscription_id or "").upper(),
            location="westeurope",
            now=bench.served.clock.now(),
        )
        return group.state


async def test_a_create_answers_with_its_job_and_the_group(served: Served) -> None:
    body = {"name": "Prod", "location": "westeurope", "tags": {"team": "a"}}
    answer = await served.request("POST", GROUPS, json=body)
    assert answer.status_code == 202
    job, group = answer.json()["job"], answer.json()["resource"]
    assert answer.headers["operation-location"] == f"/v1/jobs/{job['id']}"
    assert job["kind"] == "resource_group.create"
    assert (group["name"], group["state"], group["tags"]) == ("Prod", "creating", {"team": "a"})
    for path in (f"{GROUPS}/{group['id']}", f"{GROUPS}/pROD"):
        found = await served.get(path)
        assert found.json() == group
        assert found.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"name": "rgp_x"}, "name_looks_like_id", "/name"),
        ({"name": "ends."}, "wrong_format", "/name"),
        ({"name": "x" * 65}, "wrong_length", "/name"),
        ({"location": "westeurop"}, "unknown_location", "/location"),
        ({"tags": {"managed-by": "me"}}, "reserved_tag", "/tags/managed-by"),
        ({"tags": {"slipway-job": "x"}}, "reserved_tag", "/tags/slipway-job"),
        ({"sise": 1}, "unknown_field", "/sise"),
    ],
)
async def test_a_create_that_breaks_a_rule_says_where(
    served: Served, change: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await served.request("POST", GROUPS, json={"name": "prod", "location": "westeurope", **change})
    assert answer.status_code == 422
    assert [(error["code"], error["pointer"]) for error in answer.json()["errors"]] == [(code, pointer)]
    assert (await served.get(GROUPS)).json()["items"] == []


async def test_a_name_is_taken_in_any_case(served: Served, bench: Bench) -> None:
    await bench.create("prod")
    answer = await served.request("POST", GROUPS, json={"name": "PROD", "location": "westeurope"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "name_taken"


async def test_the_list_has_pages_and_filters(served: Served, bench: Bench) -> None:
    for name in ("a", "b", "c"):
        await bench.create(name)
    first = await served.get(f"{GROUPS}?limit=2")
    assert [group["name"] for group in first.json()["items"]] == ["c", "b"]
    rest = await served.get(f"{GROUPS}?limit=2&cursor={first.json()['next_cursor']}")
    assert [group["name"] for group in rest.json()["items"]] == ["a"]
    assert rest.json()["next_cursor"] is None
    for query, names in (
        ("name=B", ["b"]),
        ("location=westeurope", ["c", "b", "a"]),
        ("location=northeurope", []),
        ("state=creating", ["c", "b", "a"]),
        ("state=ready", []),
    ):
        found = (await served.get(f"{GROUPS}?{query}")).json()["items"]
        assert [group["name"] for group in found] == names, query


async def test_what_does_not_exist_is_not_found(served: Served) -> None:
    for method in ("GET", "DELETE"):
        answer = await served.request(method, f"{GROUPS}/nothing")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_reader_changes_nothing(served: Served, bench: Bench) -> None:
    await bench.create()
    created = await served.request("POST", GROUPS, json={"name": "b", "location": "westeurope"}, role=Role.READER)
    deleted = await served.request("DELETE", f"{GROUPS}/prod", role=Role.READER)
    assert {created.status_code, deleted.status_code} == {403}


async def test_a_group_that_is_being_deleted_is_chosen_by_no_cluster(served: Served, bench: Bench) -> None:
    group_id = await bench.made()
    assert await choose(bench, "prod") == "ready"
    await bench.delete("prod")
    with pytest.raises(service.GroupDeletingError):
        await choose(bench, "PROD")
    assert (await served.get(f"{GROUPS}/{group_id}")).json()["state"] == "deleting"


async def test_a_group_that_another_project_deletes_is_chosen_by_no_cluster(bench: Bench) -> None:
    """Projects may share a subscription: one must not put a cluster into what the other removes."""
    await bench.made()
    await bench.delete("prod")
    with pytest.raises(service.GroupDeletingError):
        await choose(bench, "prod", project_id="prj_other")


async def test_a_failed_group_is_made_by_the_next_cluster(served: Served, bench: Bench) -> None:
    _, group_id = await bench.create()
    async with served.database.write() as session:
        (await session.merge(await bench.group(group_id))).state = ResourceGroupState.FAILED
    assert await choose(bench, "prod") == "creating"


async def test_a_group_with_living_clusters_is_not_deleted(served: Served, bench: Bench) -> None:
    cluster = await served.add_cluster("prod")
    answer = await served.request("DELETE", f"{GROUPS}/group-prod")
    assert answer.status_code == 409
    assert answer.json()["code"] == "resource_group_in_use"
    assert "prod" in answer.json()["detail"]
    assert (await bench.group(cluster.resource_group_id)).state == "ready"


async def test_a_stale_etag_deletes_nothing(served: Served, bench: Bench) -> None:
    group_id = await bench.made()
    answer = await served.request("DELETE", f"{GROUPS}/prod", If_Match='"1"')
    assert answer.status_code == 412
    assert (await bench.group(group_id)).state == "ready"
    current = (await served.get(f"{GROUPS}/prod")).headers["etag"]
    assert (await served.request("DELETE", f"{GROUPS}/prod", If_Match=current)).status_code == 202


async def test_deleting_twice_gives_the_same_job(bench: Bench) -> None:
    await bench.made()
    assert await bench.delete("prod") == await bench.delete("prod")


async def test_a_delete_asks_the_create_to_make_way(bench: Bench) -> None:
    job_id, _ = await bench.create()
    await bench.delete("prod")
    job = await bench.job(job_id)
    assert (job.state, job.cancel_code) == ("canceling", "superseded_by_delete")


async def test_options_of_a_delete_are_query_parameters(served: Served, bench: Bench) -> None:
    await bench.made()
    wrong = await served.request("DELETE", f"{GROUPS}/prod?force=true")
    assert wrong.status_code == 422
    answer = await served.request("DELETE", f"{GROUPS}/prod?on_blocked=wait&deadline_seconds=600")
    options = answer.json()["job"]["options"]
    assert (options["on_blocked"], options["deadline_seconds"]) == ("wait", 600)
