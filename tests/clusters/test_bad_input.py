"""What is refused, with which code, at which place; and that nothing is half made."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.ids import Prefix, new_id
from app.core.ssh import generate_key_pair
from app.models import Cluster, ClusterState, Event, IdempotencyKey, Job, ResourceGroup
from tests.support.api import add_tenant
from tests.support.whole import CLUSTER, Slipway

POOL = {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1}
NO_NODES: dict[str, Any] = {"node_count": None, "node_size": None}
PRIVATE_KEY = generate_key_pair().private

# What is changed in a good request, and which (code, pointer) must be among the answer's errors.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "-blue"}, "wrong_format", "/name"),
    ({"name": "b" * 64}, "wrong_length", "/name"),
    ({"name": ""}, "wrong_length", "/name"),
    ({"name": "blue\x00"}, "invalid_text", "/name"),
    ({"name": 7}, "wrong_type", "/name"),
    ({"name": "cls_blue"}, "name_looks_like_id", "/name"),
    ({"location": "westeurop"}, "unknown_location", "/location"),
    ({"fallbacks": [{"location": "nowhere"}]}, "unknown_location", "/fallbacks/0/location"),
    ({"kubernetes_version": "1.12"}, "unknown_kubernetes_version", "/kubernetes_version"),
    ({"kubernetes_version": "newest"}, "wrong_format", "/kubernetes_version"),
    ({"node_size": "Standard_D4s_v55"}, "unknown_node_size", "/node_size"),
    ({"nodes": 3}, "unknown_field", "/nodes"),
    ({"node_count": 0}, "out_of_range", "/node_count"),
    ({"node_count": 1001}, "out_of_range", "/node_count"),
    ({"node_count": "1"}, "wrong_type", "/node_count"),
    ({"node_count": 1.5}, "wrong_type", "/node_count"),
    ({"node_count": True}, "wrong_type", "/node_count"),
    ({"node_count": None}, "required", "/node_count"),
    ({"node_pools": [POOL]}, "nodes_given_twice", ""),
    ({**NO_NODES, "node_pools": [{**POOL, "mode": "User"}]}, "no_system_pool", "/node_pools"),
    ({**NO_NODES, "node_pools": [POOL, POOL]}, "duplicate_node_pool", "/node_pools"),
    ({**NO_NODES, "node_pools": [{**POOL, "count": 0}]}, "system_pool_empty", "/node_pools/0/count"),
    ({**NO_NODES, "node_pools": [{**POOL, "os_type": "Windows"}]}, "windows_system_pool", "/node_pools/0/os_type"),
    ({**NO_NODES, "node_pools": [{**POOL, "os_type": "BeOS"}]}, "unknown_value", "/node_pools/0/os_type"),
    ({"generate_ssh_key": False}, "required", "/ssh_public_key"),
    ({"generate_ssh_key": False, "ssh_public_key": PRIVATE_KEY}, "private_key_given", "/ssh_public_key"),
    ({"generate_ssh_key": False, "ssh_public_key": "ssh-rsa AAAA"}, "invalid_ssh_key", "/ssh_public_key"),
    ({"ssh_public_key": generate_key_pair().public}, "ssh_key_given_twice", "/ssh_public_key"),
    ({"tags": {"managed-by": "me"}}, "reserved_tag", "/tags/managed-by"),
    ({"tags": {"Team": "a", "team": "b"}}, "duplicate_tag", "/tags"),
    ({"name": "b" * 63}, "name_too_long_for_group", "/name"),
    ({"name": "b" * 40, "resource_group": "g" * 40}, "name_too_long_for_group", "/name"),
    ({"options": {"on_failure": "shrug"}}, "unknown_value", "/options/on_failure"),
    ({"options": {"deadline_seconds": 59}}, "out_of_range", "/options/deadline_seconds"),
    ({"id": "cls_x"}, "unknown_field", "/id"),
    ({"state": "ready"}, "unknown_field", "/state"),
]


async def count_rows(slipway: Slipway) -> int:
    async with slipway.parts.database.read() as session:
        counts = [await session.scalar(select(func.count()).select_from(table)) for table in TABLES]
    return sum(count or 0 for count in counts)


TABLES = (Cluster, Job, ResourceGroup, Event, IdempotencyKey)


async def test_each_broken_rule_has_its_code_and_place_and_leaves_nothing(idle_slipway: Slipway) -> None:
    wrong = []
    for change, code, pointer in REFUSED:
        answer = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, **change}, Idempotency_Key="k")
        problem = answer.json()
        found = [(error["code"], error["pointer"]) for error in problem["errors"]]
        if answer.status_code != 422 or found.count((code, pointer)) != 1:
            wrong.append((change, code, pointer, answer.status_code, found))

    assert wrong == []
    assert await count_rows(idle_slipway) == 0


async def test_the_nearest_known_name_is_offered(idle_slipway: Slipway) -> None:
    offers: dict[str, dict[str, Any]] = {
        "westeurope": {"location": "westeurop"},
        "Standard_D4s_v5": {"node_size": "Standard_D4s_v55"},
        "node_count": {"node_cuont": 3},
    }

    for meant, change in offers.items():
        answer = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, **change})
        assert meant in " ".join(error["detail"] for error in answer.json()["errors"]), answer.text


async def test_all_broken_rules_are_told_at_once(idle_slipway: Slipway) -> None:
    body = {**CLUSTER, "name": "job_1", "location": "nowhere", "tags": {"slipway-x": ""}, "generate_ssh_key": False}

    for mixed in ({}, {"node_count": "1"}):
        answer = await idle_slipway.ask("POST", "/v1/clusters", {**body, **mixed})

        assert {error["pointer"] for error in answer.json()["errors"]} == {
            "/name",
            "/location",
            "/tags/slipway-x",
            "/ssh_public_key",
            *(f"/{name}" for name in mixed),
        }


async def test_what_is_written_otherwise_is_told_by_an_example_and_what_has_no_room_in_plain_words(
    idle_slipway: Slipway,
) -> None:
    pool = {**POOL, "taints": ["dedicated"], "labels": {"team": "a b"}, "upgrades": {"max_surge": "200%"}}
    body = {
        **CLUSTER,
        **NO_NODES,
        "node_pools": [pool],
        "kubernetes_version": "newest",
        "network": {"pod_cidrs": ["10.244.0.0"]},
        "windows_password": "short",
        "tags": {f"tag{number}": "" for number in range(50)},
    }

    answer = await idle_slipway.ask("POST", "/v1/clusters", body)

    details = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert details.pop("/windows_password") == "It should have at least 14 characters."
    assert details.pop("/tags") == "It should have at most 40 entries."
    assert {pointer: detail.partition(";")[0] for pointer, detail in details.items()} == {
        "/kubernetes_version": "Write it like `1.33`",
        "/network/pod_cidrs/0": "Write it like `10.0.0.0/16`",
        "/node_pools/0/taints/0": "Write it like `dedicated=batch:NoSchedule`",
        "/node_pools/0/labels/team": "Write it like `shop`",
        "/node_pools/0/upgrades/max_surge": "Write it like `33%`",
    }


async def test_what_was_sent_is_not_echoed(idle_slipway: Slipway) -> None:
    body = {**CLUSTER, "generate_ssh_key": False, "ssh_public_key": PRIVATE_KEY}

    answer = await idle_slipway.ask("POST", "/v1/clusters", body)

    assert answer.status_code == 422
    assert PRIVATE_KEY.splitlines()[1] not in answer.text


@pytest.mark.parametrize("raw", [b"{", b'{"node_count": NaN}', b'{"name":"a","name":"b"}', b"[" * 5000, b'"\xff"'])
async def test_what_is_not_json_is_400(idle_slipway: Slipway, raw: bytes) -> None:
    headers = {"Authorization": f"Bearer {idle_slipway.tenant.admin}", "Content-Type": "application/json"}

    answer = await idle_slipway.http.post("/v1/clusters", content=raw, headers=headers)

    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_who_asks_decides_what_is_seen(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    mine = await idle_slipway.cluster()
    stranger = await add_tenant(idle_slipway.parts.database, "rivals")

    anonymous = await idle_slipway.http.post("/v1/clusters", json=CLUSTER)
    unknown = await idle_slipway.ask("POST", "/v1/clusters", CLUSTER, key=f"slw_{'0' * 26}_{'A' * 43}")
    reader = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, "name": "x"}, key=idle_slipway.tenant.reader)
    foreign = await idle_slipway.ask("GET", f"/v1/clusters/{mine['id']}", key=stranger.admin)
    absent = await idle_slipway.ask("GET", f"/v1/clusters/{new_id(Prefix.CLUSTER)}", key=stranger.admin)

    assert [anonymous.status_code, unknown.status_code, reader.status_code] == [401, 401, 403]
    assert foreign.status_code == absent.status_code == 404
    assert {**foreign.json(), "instance": ""} == {**absent.json(), "instance": ""}


async def test_a_taken_name_is_a_conflict(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)

    answer = await idle_slipway.ask("POST", "/v1/clusters", CLUSTER)

    assert answer.status_code == 409
    assert answer.json()["code"] == "name_taken"


async def test_a_name_that_differs_in_case_only_is_taken_as_azure_sees_it(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)

    answer = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, "name": "Blue"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "name_taken"


async def test_a_patch_of_tags_is_a_merge_patch_and_ends_within_what_azure_takes(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "tags": {f"a{n}": "" for n in range(40)}})
    async with idle_slipway.parts.database.write() as session:
        (await session.scalars(select(Cluster))).one().state = ClusterState.READY

    many = await idle_slipway.ask("PATCH", "/v1/clusters/blue", {"tags": {"b": ""}})
    twice = await idle_slipway.ask("PATCH", "/v1/clusters/blue", {"tags": {"A0": "", "a1": None}})
    before = await idle_slipway.cluster()
    cleared = await idle_slipway.ask("PATCH", "/v1/clusters/blue", {"tags": None})

    assert [error["code"] for error in many.json()["errors"]] == ["too_many_tags"]
    assert [error["code"] for error in twice.json()["errors"]] == ["duplicate_tag"]
    assert len(before["tags"]) == 40
    assert cleared.json()["resource"]["tags"] == {}


async def test_an_equal_key_gives_the_equal_answer_without_the_secret(idle_slipway: Slipway) -> None:
    """Trouble 83: one job; another body with the same key is refused."""
    first = await idle_slipway.ask("POST", "/v1/clusters", CLUSTER, Idempotency_Key="once")
    again = await idle_slipway.ask("POST", "/v1/clusters", CLUSTER, Idempotency_Key="once")
    other = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, "name": "x"}, Idempotency_Key="once")

    assert first.json()["ssh_private_key"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert again.status_code == 202
    assert again.json()["job"] == first.json()["job"]
    assert again.json()["ssh_private_key"] is None
    assert again.json()["secret_state"] == "shown_once"
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_stale_etag_changes_nothing(idle_slipway: Slipway) -> None:
    """Trouble 31: If-Match is honoured on PATCH and DELETE."""
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)

    patch = await idle_slipway.ask("PATCH", "/v1/clusters/blue", {"tags": {}}, If_Match='"99"')
    delete = await idle_slipway.ask("DELETE", "/v1/clusters/blue", If_Match='"99"')

    assert [patch.status_code, delete.status_code] == [412, 412]
    assert (await idle_slipway.cluster())["state"] == "creating"


async def test_a_cluster_that_is_not_ready_takes_no_change_but_a_delete(idle_slipway: Slipway) -> None:
    """Trouble 5: delete is allowed from any state, twice too; the create makes way."""
    create = await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)

    scale = await idle_slipway.ask("POST", "/v1/clusters/blue:scale", {"count": 2})
    credential = await idle_slipway.ask("POST", "/v1/clusters/blue/credentials", {})
    delete = await idle_slipway.accepted("DELETE", "/v1/clusters/blue")
    again = await idle_slipway.accepted("DELETE", "/v1/clusters/blue")

    assert [scale.status_code, credential.status_code] == [409, 409]
    assert scale.json()["code"] == "cluster_not_ready"
    assert again == delete
    assert (await idle_slipway.cluster())["state"] == ClusterState.DELETING
    job = (await idle_slipway.ask("GET", f"/v1/jobs/{create}")).json()
    assert job["state"] == "canceling"


async def test_what_is_not_there_cannot_be_deleted(idle_slipway: Slipway) -> None:
    answer = await idle_slipway.ask("DELETE", "/v1/clusters/nothing")

    assert answer.status_code == 404


async def test_a_group_that_is_being_deleted_is_chosen_by_no_create(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "resource_group": "shared"})
    async with idle_slipway.parts.database.write() as session:
        group = (await session.scalars(select(ResourceGroup))).one()
        group.state = "deleting"

    answer = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, "name": "two", "resource_group": "Shared"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "resource_group_deleting"


async def test_pools_are_scaled_by_name_and_within_their_rules(idle_slipway: Slipway) -> None:
    pools = [POOL, {**POOL, "name": "apps", "mode": "User"}]
    await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, **NO_NODES, "node_pools": pools})
    async with idle_slipway.parts.database.write() as session:
        (await session.scalars(select(Cluster))).one().state = ClusterState.READY
    refused = [
        ({"count": 2}, "ambiguous_node_pool"),
        ({"count": 2, "node_pool": "other"}, "unknown_node_pool"),
        ({"count": 0, "node_pool": "system"}, "system_pool_empty"),
    ]

    for body, code in refused:
        answer = await idle_slipway.ask("POST", "/v1/clusters/blue:scale", body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == code


async def test_lists_are_filtered_paged_and_refuse_forged_cursors(idle_slipway: Slipway) -> None:
    """Trouble 86: pages are stable while items come and go."""
    for name in ("one", "two", "three"):
        await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "name": name, "tags": {"n": name}})

    first = await idle_slipway.ask("GET", "/v1/clusters?limit=2")
    await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "name": "four"})
    rest = await idle_slipway.ask("GET", f"/v1/clusters?limit=2&cursor={first.json()['next_cursor']}")
    tagged = await idle_slipway.ask("GET", "/v1/clusters?tag=n:two")
    forged = await idle_slipway.ask("GET", f"/v1/clusters?state=ready&cursor={first.json()['next_cursor']}")

    assert [item["name"] for item in first.json()["items"]] == ["three", "two"]
    assert [item["name"] for item in rest.json()["items"]] == ["one"]
    assert [item["name"] for item in tagged.json()["items"]] == ["two"]
    assert forged.status_code == 400
    assert forged.json()["code"] == "invalid_cursor"
