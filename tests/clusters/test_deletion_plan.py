"""What a deletion would do is told before, and a deletion can be bound to it."""

from app.emulator.core.locks import LOCK
from app.emulator.core.store import Resource
from tests.support.whole import Slipway

OWN = "/v1/clusters/blue"


async def test_a_plan_tells_what_goes_and_what_stays_and_a_deletion_is_bound_to_it(slipway: Slipway) -> None:
    """Trouble 7: no job and no change; the deletion that names the plan is refused when the world is another."""
    await slipway.create()
    cluster = await slipway.cluster()
    await slipway.done("POST", f"{OWN}/shares", {"name": "uploads", "quota_gib": 10})
    answer = await slipway.ask("DELETE", f"{OWN}?plan=true")
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    goes = {(item["kind"], item["name"]) for item in plan["goes"]}
    assert {("cluster", "blue"), ("node_pool", "system")} <= goes
    assert any(kind == "Microsoft.Network/publicIPAddresses" for kind, _ in goes)
    assert not any(item["foreign"] for item in plan["goes"])
    assert [(item["kind"], item["name"]) for item in plan["stays"] if item["kind"] == "share"] == [("share", "uploads")]
    assert plan["blockers"] == []
    assert (await slipway.cluster())["state"] == "ready"

    group = f"/subscriptions/{cluster['subscription_id']}/resourceGroups/{cluster['node_resource_group']}"
    disk = f"{group}/providers/Microsoft.Compute/disks/warehouse"
    lock = f"{group}/providers/{LOCK}/keep"
    cloud = slipway.azure.azure.cloud

    async def put() -> None:
        body = {"id": disk, "type": "Microsoft.Compute/disks", "name": "warehouse", "location": "westeurope"}
        cloud.store.put(Resource(disk, body["type"], body, cloud.now()))
        kept = {"id": lock, "type": LOCK, "name": "keep", "properties": {"level": "CanNotDelete"}}
        cloud.store.put(Resource(lock, LOCK, kept, cloud.now()))

    slipway.azure.call(put())
    stale = await slipway.ask("DELETE", f"{OWN}?plan_id={plan['plan_id']}")
    assert (stale.status_code, stale.json()["code"]) == (409, "plan_stale")
    assert ["warehouse" in error["pointer"] for error in stale.json()["errors"]] == [True]

    await slipway.ask("PATCH", OWN, {"protection": True})
    again = (await slipway.ask("DELETE", f"{OWN}?plan=true")).json()
    assert [item["name"] for item in again["goes"] if item["foreign"]] == ["warehouse"]
    assert [blocker["code"] for blocker in again["blockers"]] == ["cluster_protected", "scope_locked"]
    assert "keep" in again["blockers"][1]["detail"]
    await slipway.ask("PATCH", OWN, {"protection": False})

    async def free() -> None:
        cloud.store.remove(lock)

    slipway.azure.call(free())
    await slipway.done("DELETE", f"{OWN}?plan_id={again['plan_id']}")
    unknown = await slipway.ask("DELETE", f"{OWN}?plan_id={again['plan_id']}")
    assert unknown.status_code == 404
