"""The API of exposures, as rows alone can answer: what is taken, refused, listed, changed, and who may not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy import event as events

from app.core.ids import Prefix, new_id
from app.models import ClusterState, ExposureState, PublicIpState
from tests.load_balancers.exposing import (
    EXPOSURES,
    WEB,
    add_cluster,
    add_exposure,
    add_public_ip,
    errors_of,
    row_of,
)
from tests.support.whole import Slipway

FOREIGN: dict[str, Any] = {
    "managed": False,
    "addresses": [{"address": "20.1.2.3", "internal": False}],
    "observed": {"internal": False, "ports": [{"name": None, "port": 443, "protocol": "TCP"}], "dns_label": "shop"},
}


async def test_an_exposure_is_taken_with_its_job(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    answer = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "namespace": "shop"})
    assert answer.status_code == 202, answer.text
    job, exposure = answer.json()["job"], answer.json()["resource"]
    assert answer.headers["operation-location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["target_name"], job["target_id"]) == ("exposure.create", "shop/web", exposure["id"])
    assert (exposure["state"], exposure["managed"], exposure["cluster_id"]) == ("pending", True, cluster.id)
    assert exposure["ports"] == [
        {"name": "http", "port": 80, "target_port": None, "protocol": "TCP", "node_port": None}
    ]
    read = await idle_slipway.ask("GET", f"{EXPOSURES}/{exposure['id']}")
    assert read.json() == exposure
    assert read.headers["etag"] == '"1"'
    assert [each["type"] for each in await idle_slipway.events()][-2:] == ["exposure.create_requested", "job.queued"]


async def test_a_repeat_with_the_same_key_makes_no_second_one(idle_slipway: Slipway) -> None:
    await add_cluster(idle_slipway)
    answers = [await idle_slipway.ask("POST", EXPOSURES, WEB, Idempotency_Key="k") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await idle_slipway.ask("GET", EXPOSURES)).json()["items"]) == 1


@pytest.mark.parametrize("state", [ClusterState.CREATING, ClusterState.DELETING, ClusterState.FAILED])
async def test_a_cluster_that_does_not_serve_takes_none(idle_slipway: Slipway, state: ClusterState) -> None:
    await add_cluster(idle_slipway, state=state)
    answer = await idle_slipway.ask("POST", EXPOSURES, WEB)
    assert (answer.status_code, answer.json()["code"]) == (409, "cluster_not_ready")


@pytest.mark.parametrize(("managed", "whose"), [(True, "Slipway made it"), (False, "others made it")])
async def test_a_name_is_taken_by_ones_own_and_by_others(idle_slipway: Slipway, managed: bool, whose: str) -> None:
    cluster = await add_cluster(idle_slipway)
    await add_exposure(idle_slipway, cluster, "web", id="exp_1", managed=managed)
    answer = await idle_slipway.ask("POST", EXPOSURES, WEB)
    assert (answer.status_code, answer.json()["code"], errors_of(answer)) == (
        409,
        "name_taken",
        [("name_taken", "/name")],
    )
    assert whose in answer.json()["detail"]
    elsewhere = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "namespace": "shop"})
    assert elsewhere.status_code == 202


async def test_two_services_that_want_one_port_of_one_address_are_told_who_has_it(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    await add_exposure(idle_slipway, cluster, "shop", id="exp_1", **FOREIGN)
    ports = [
        {"name": "http", "port": 80},
        {"name": "tls", "port": 443},
        {"name": "quic", "port": 443, "protocol": "UDP"},
    ]
    answer = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "ports": ports, "share_address_with": "default/shop"})
    assert (answer.status_code, errors_of(answer)) == (422, [("port_taken", "/ports/1/port")])
    assert "default/shop" in answer.json()["errors"][0]["detail"]
    free = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "share_address_with": "default/shop"})
    assert free.json()["resource"]["wanted"]["share_address_with"] == "exp_1"
    # A third one shares the first one's address too, through the second one's name, and both ports are taken now.
    third = {**WEB, "name": "third", "share_address_with": "default/web"}
    again = await idle_slipway.ask("POST", EXPOSURES, third)
    assert errors_of(again) == [("port_taken", "/ports/0/port")]
    assert "default/web" in again.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"share_address_with": "default/nobody"}, "unknown_exposure"), ({"internal": True}, "shared_address_differs")],
)
async def test_an_address_that_cannot_be_shared_is_said(
    idle_slipway: Slipway, change: dict[str, Any], code: str
) -> None:
    cluster = await add_cluster(idle_slipway)
    await add_exposure(idle_slipway, cluster, "shop", id="exp_1", **FOREIGN)
    answer = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "share_address_with": "default/shop", **change})
    assert errors_of(answer) == [(code, "/share_address_with")]


async def test_a_dns_label_that_is_taken_names_its_holder(idle_slipway: Slipway) -> None:
    """Trouble 62."""
    cluster = await add_cluster(idle_slipway)
    await add_exposure(idle_slipway, cluster, "shop", id="exp_1", **FOREIGN)
    answer = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "dns_label": "shop"})
    assert errors_of(answer) == [("dns_label_taken", "/dns_label")]
    assert "default/shop (exp_1)" in answer.json()["errors"][0]["detail"]
    assert (await idle_slipway.ask("POST", EXPOSURES, {**WEB, "dns_label": "shop-2"})).status_code == 202


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"state": PublicIpState.DELETING}, "public_ip_not_ready"),
        ({"location": "northeurope"}, "other_location"),
        ({"subscription_id": "11111111-2222-3333-4444-555555555555"}, "other_subscription"),
    ],
)
async def test_an_address_that_does_not_fit_is_refused(
    idle_slipway: Slipway, fields: dict[str, Any], code: str
) -> None:
    await add_cluster(idle_slipway)
    await add_public_ip(idle_slipway, "gateway", id=new_id(Prefix.PUBLIC_IP), **fields)
    answer = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "public_ip": {"id": "gateway"}})
    assert errors_of(answer) == [(code, "/public_ip/id")]


async def test_an_address_is_given_once_and_kept_by_its_id(idle_slipway: Slipway) -> None:
    """Trouble 54: who has it is named, and nobody takes it away."""
    await add_cluster(idle_slipway)
    address = await add_public_ip(idle_slipway, "gateway", id=new_id(Prefix.PUBLIC_IP))
    first = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "public_ip": {"id": "gateway"}})
    assert first.json()["resource"]["wanted"]["public_ip"]["id"] == address.id
    second = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "name": "api", "public_ip": {"id": address.id}})
    assert errors_of(second) == [("public_ip_in_use", "/public_ip/id")]
    assert "default/web" in second.json()["errors"][0]["detail"]
    unknown = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "name": "api", "public_ip": {"id": "nothing"}})
    assert errors_of(unknown) == [("unknown_public_ip", "/public_ip/id")]


async def test_what_others_made_is_listed_and_never_changed(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    await add_exposure(idle_slipway, cluster, "shop", id=new_id(Prefix.EXPOSURE), **FOREIGN)
    listed = (await idle_slipway.ask("GET", f"{EXPOSURES}?managed=false")).json()["items"]
    assert [(each["name"], each["managed"], each["wanted"]) for each in listed] == [("shop", False, None)]
    assert [found["address"] for found in listed[0]["addresses"]] == ["20.1.2.3"]
    path = f"{EXPOSURES}/{listed[0]['id']}"
    for method, body in (("PATCH", {"tcp_reset": False}), ("DELETE", None)):
        answer = await idle_slipway.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "exposure_not_managed")


async def test_the_list_has_pages_and_filters(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    other = await add_cluster(idle_slipway, "green")
    for number, name in enumerate(("a", "b", "c")):
        fields: dict[str, Any] = {"namespace": "shop"} if name == "b" else {}
        row = await add_exposure(idle_slipway, cluster, name, id=f"exp_{number}", **fields)
    await add_exposure(
        idle_slipway, cluster, "gone", id="exp_gone", state=ExposureState.DELETED, deleted_at=row.created_at
    )
    await add_exposure(idle_slipway, other, "a", id="exp_other")

    async def names(query: str) -> list[str]:
        answer = await idle_slipway.ask("GET", f"{EXPOSURES}?{query}")
        assert answer.status_code == 200, answer.text
        return [each["name"] for each in answer.json()["items"]]

    assert await names("") == ["c", "b", "a"]
    assert await names("namespace=shop") == ["b"]
    assert await names("name=a") == ["a"]
    assert await names("state=deleted") == ["gone"]
    assert await names("managed=true&state=ready") == ["c", "b", "a"]
    first = (await idle_slipway.ask("GET", f"{EXPOSURES}?limit=2")).json()
    assert await names(f"limit=2&cursor={first['next_cursor']}") == ["a"]


async def test_a_list_asks_neither_azure_nor_a_cluster_and_takes_as_many_statements_as_one_of_jobs(
    idle_slipway: Slipway,
) -> None:
    cluster = await add_cluster(idle_slipway)
    for number in range(30):
        await add_exposure(idle_slipway, cluster, f"e{number}", id=f"exp_{number:02}", **FOREIGN)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    events.listen(Engine, "before_cursor_execute", note)
    try:
        counts = []
        for path in ("/v1/jobs?limit=30", f"{EXPOSURES}?limit=30"):
            statements.clear()
            assert (await idle_slipway.ask("GET", path)).status_code == 200
            counts.append(len(statements))
    finally:
        events.remove(Engine, "before_cursor_execute", note)
    # The cluster's name is looked up first.
    assert counts[1] <= counts[0] + 1
    assert idle_slipway.azure.requests() == []


async def test_a_change_is_merged_checked_and_started(idle_slipway: Slipway) -> None:
    await add_cluster(idle_slipway)
    made = (await idle_slipway.ask("POST", EXPOSURES, WEB)).json()["resource"]
    path = f"{EXPOSURES}/{made['id']}"
    stale = await idle_slipway.ask("PATCH", path, {"tcp_reset": False}, If_Match='"7"')
    assert stale.status_code == 412
    change = {"allowed_source_ranges": ["203.0.113.0/24"], "idle_timeout_minutes": 30}
    answer = await idle_slipway.ask("PATCH", path, change, If_Match='"1"')
    assert answer.status_code == 202, answer.text
    assert answer.json()["job"]["kind"] == "exposure.update"
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["resource"]["wanted"] == {**made["wanted"], **change}
    nothing = await idle_slipway.ask("PATCH", path, {"idle_timeout_minutes": 30})
    assert nothing.headers["etag"] == '"2"'
    refused = await idle_slipway.ask("PATCH", path, {"internal": True, "dns_label": "shop", "ip_families": ["IPv6"]})
    assert errors_of(refused) == [
        ("immutable", "/ip_families/0"),
        ("dns_label_with_internal", "/dns_label"),
        ("other_family", "/allowed_source_ranges/0"),
    ]


async def test_a_deletion_takes_the_place_of_what_was_asked_before(idle_slipway: Slipway) -> None:
    await add_cluster(idle_slipway)
    made = (await idle_slipway.ask("POST", EXPOSURES, WEB)).json()
    path = f"{EXPOSURES}/{made['resource']['id']}"
    first = await idle_slipway.ask("DELETE", path)
    assert first.status_code == 202, first.text
    assert first.json()["resource"]["state"] == "deleting"
    before = (await idle_slipway.ask("GET", f"/v1/jobs/{made['job']['id']}")).json()
    assert before["state"] == "canceling"
    again = await idle_slipway.ask("DELETE", path)
    assert again.json()["job"]["id"] == first.json()["job"]["id"]
    late = await idle_slipway.ask("PATCH", path, {"tcp_reset": False})
    assert (late.status_code, late.json()["code"]) == (409, "exposure_deleting")


async def test_what_shares_an_address_stands_in_its_line_and_is_not_stopped_by_its_deletion(
    idle_slipway: Slipway,
) -> None:
    await add_cluster(idle_slipway)
    first = (await idle_slipway.ask("POST", EXPOSURES, WEB)).json()
    ports = [{"name": "tls", "port": 443}]
    body = {**WEB, "name": "tls", "ports": ports, "share_address_with": first["resource"]["id"]}
    second = (await idle_slipway.ask("POST", EXPOSURES, body)).json()
    await idle_slipway.ask("DELETE", f"{EXPOSURES}/{first['resource']['id']}")
    states = {
        name: (await idle_slipway.ask("GET", f"/v1/jobs/{made['job']['id']}")).json()["state"]
        for name, made in (("first", first), ("second", second))
    }
    assert states == {"first": "canceling", "second": "queued"}


async def test_jobs_about_exposures_end_when_the_cluster_is_to_go(idle_slipway: Slipway) -> None:
    await add_cluster(idle_slipway, wanted={"kubernetes_version": None, "tags": {}, "pools": []})
    made = (await idle_slipway.ask("POST", EXPOSURES, WEB)).json()
    assert (await idle_slipway.ask("DELETE", "/v1/clusters/blue")).status_code == 202
    job = (await idle_slipway.ask("GET", f"/v1/jobs/{made['job']['id']}")).json()
    assert job["state"] == "canceling"
    late = await idle_slipway.ask("POST", EXPOSURES, {**WEB, "name": "late"})
    assert (late.status_code, late.json()["code"]) == (409, "cluster_not_ready")


async def test_an_exposure_is_read_after_its_deletion_by_id(idle_slipway: Slipway) -> None:
    cluster = await add_cluster(idle_slipway)
    now = idle_slipway.parts.clock.now() - timedelta(days=1)
    row = await add_exposure(
        idle_slipway, cluster, "web", id=new_id(Prefix.EXPOSURE), state=ExposureState.DELETED, deleted_at=now
    )
    assert (await idle_slipway.ask("GET", f"{EXPOSURES}/{row.id}")).json()["state"] == "deleted"
    assert (await idle_slipway.ask("DELETE", f"{EXPOSURES}/{row.id}")).status_code == 404
    assert (await row_of(idle_slipway, row.id)).version == 1
