"""What can outlive a cluster: it stays, unless the deletion says otherwise, and the plan says which word does that."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.models import Cluster, ClusterReader, ReaderState
from app.storage.specs.storage_seen import StorageSeen
from tests.clusters.test_deletion_items import DISK, FILES
from tests.clusters.workloads import Workloads
from tests.load_balancers.addresses import grant
from tests.support.whole import Slipway

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

OWN = "/v1/clusters/blue"


async def _plan(slipway: Slipway, query: str = "") -> dict[str, Any]:
    answer = await slipway.ask("DELETE", f"{OWN}?plan=true{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _fates(plan: dict[str, Any]) -> dict[tuple[str, str], tuple[bool, str | None]]:
    """Whether each thing of Slipway's goes, and the flag that decides it."""
    return {
        (item["kind"], item["name"]): (goes, item["flag"])
        for goes, items in ((True, plan["goes"]), (False, plan["stays"]))
        for item in items
        if not item["kind"].startswith("Microsoft.")
    }


async def test_the_plan_names_the_flag_of_each_thing_that_can_outlive_the_cluster_and_its_own_job_removes_it(
    slipway: Slipway,
) -> None:
    """Trouble 7."""
    slipway.azure.register("Microsoft.Storage")
    await slipway.create()
    await slipway.done("POST", f"{OWN}/shares", {"name": "uploads", "quota_gib": 10})
    await slipway.done("POST", "/v1/shares/uploads/snapshots", {})
    await slipway.done("POST", f"{OWN}/volumes", {"name": "data", "share": {"id": "uploads"}})
    for name in ("front", "spare"):
        await slipway.done("POST", "/v1/public-ips", {"name": name, "location": "westeurope"})
    grant(slipway.azure, f"/subscriptions/{slipway.azure.subscription_id}")
    await slipway.done(
        "POST",
        f"{OWN}/exposures",
        {"name": "made", "selector": {"app": "web"}, "ports": [{"port": 81}], "public_ip": {"make": True}},
    )
    web = {"name": "web", "selector": {"app": "web"}, "ports": [{"port": 80}], "public_ip": {"id": "front"}}
    await slipway.done("POST", f"{OWN}/exposures", web)
    (await Workloads.of(slipway)).deploy("shop", 2)

    kept = await _plan(slipway)
    assert kept["unread"] is None
    fates = _fates(kept)
    assert fates["share", "uploads"] == (False, "shares")
    assert fates["public_ip", "front"] == (False, "public_ips")
    assert fates["volume", "default/data"] == (True, None)
    assert fates["workload", "default/Deployment shop"] == (True, None)
    assert ("public_ip", "spare") not in fates
    # Reserved with its exposure, in the node resource group.
    assert [fate for (kind, name), fate in fates.items() if name.startswith("default-made-")] == [(True, None)]
    (share,) = [item for item in kept["stays"] if item["kind"] == "share"]
    assert share["detail"] == "With 1 snapshot."
    # A plan is of one choice: another one is another deletion.
    wrong = await slipway.ask("DELETE", f"{OWN}?shares=delete&plan_id={kept['plan_id']}")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "plan_stale")

    chosen = await _plan(slipway, "&shares=delete&public_ips=delete")
    assert _fates(chosen)["share", "uploads"] == (True, "shares")
    assert _fates(chosen)["public_ip", "front"] == (True, "public_ips")
    job = await slipway.done("DELETE", f"{OWN}?shares=delete&public_ips=delete&plan_id={chosen['plan_id']}")
    removing = {(each["kind"], each["name"]): each["job_id"] for each in job["outcome"]["removing"]}
    assert set(removing) == {("share", "uploads"), ("public_ip", "front")}
    assert job["outcome"]["kept"] == []
    for job_id in removing.values():
        ended = await slipway.ended(job_id)
        assert (ended["state"], ended["requested_by"]) == ("succeeded", job["requested_by"])
    assert (await slipway.ask("GET", "/v1/shares/uploads")).status_code == 404
    left = (await slipway.ask("GET", "/v1/public-ips")).json()["items"]
    assert [each["name"] for each in left] == ["spare"]


async def test_what_somebody_holds_when_the_cluster_is_gone_stays_and_the_job_says_why(slipway: Slipway) -> None:
    """The last word counts: a second DELETE tells the job that is at it already."""
    slipway.azure.register("Microsoft.Storage")
    await slipway.create()
    await slipway.done("POST", f"{OWN}/shares", {"name": "uploads", "quota_gib": 10})
    slipway.azure.add_fault("delay", operation="ManagedClusters_Delete", seconds=0.2)
    first = await slipway.accepted("DELETE", OWN)
    again = await slipway.accepted("DELETE", f"{OWN}?shares=delete")
    assert again == first
    async with slipway.parts.database.write() as session:
        await session.execute(sa.text("UPDATE shares SET observed = json_set(observed, '$.leased', json('true'))"))
    outcome = (await slipway.ended(first))["outcome"]
    assert outcome["removing"] == []
    assert [(each["name"], "lease" in each["reason"]) for each in outcome["kept"]] == [("uploads", True)]
    assert (await slipway.ask("GET", "/v1/shares/uploads")).json()["state"] == "ready"


async def test_disks_in_the_node_resource_group_keep_a_cluster_from_being_deleted_until_they_are_given_up(
    idle_slipway: Slipway,
) -> None:
    """Trouble 7: nothing can keep them when AKS removes its group, so the word is asked for before."""
    slipway = idle_slipway
    await slipway.accepted(
        "POST",
        "/v1/clusters",
        {
            "name": "blue",
            "location": "westeurope",
            "node_count": 1,
            "node_size": "Standard_D4s_v5",
            "generate_ssh_key": True,
        },
    )
    async with slipway.parts.database.write() as session:
        (cluster,) = (await session.scalars(sa.select(Cluster))).all()
        cluster.state, cluster.observed = "ready", {"node_resource_group": "mc_RG"}
        storage = StorageSeen(volumes=(DISK, FILES)).as_json()
        session.add(ClusterReader(cluster_id=cluster.id, state=ReaderState.WATCHING, storage=storage))
    refused = await slipway.ask("DELETE", OWN)
    assert (refused.status_code, refused.json()["code"]) == (409, "disks_would_go")
    assert "2 persistent volumes" in refused.json()["detail"]
    assert "pvc-1, pvc-2" in refused.json()["detail"]
    job = (await slipway.ask("DELETE", f"{OWN}?disks=delete")).json()["job"]
    # What is being deleted already is asked no more.
    assert (await slipway.accepted("DELETE", OWN)) == job["id"]
