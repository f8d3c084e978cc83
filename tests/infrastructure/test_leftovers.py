"""What nothing needs any more is told with since when, from rows alone: trouble 82."""

from datetime import datetime, timedelta
from typing import Any

from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import (
    AzureResource,
    Cluster,
    ClusterState,
    Monitoring,
    PublicIp,
    PublicIpState,
    ResourceGroup,
    Share,
    StorageAccount,
    Volume,
    Workspace,
)
from tests.support.rows import add_cluster_row
from tests.support.whole import Slipway

SUBSCRIPTION = "0d5a1f3e-7c2b-4e8a-9f60-51c9a2b7d401"
NODES = "MC_rg_blue_westeurope"
DAY = timedelta(days=1)


def _times(now: datetime) -> dict[str, Any]:
    return {"created_by": "test", "created_at": now - 30 * DAY, "updated_at": now - 30 * DAY}


def _seen(kind: str, name: str, cluster: Cluster | None, now: datetime, *, group: str = NODES, **more: Any) -> Any:
    azure_id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{kind}/{name}"
    return AzureResource(
        key=azure_id.lower(),
        azure_id=azure_id,
        subscription_id=SUBSCRIPTION,
        resource_group=group,
        type=kind,
        name=name,
        location="westeurope",
        cluster_id=cluster.id if cluster else None,
        **{"body": {"tags": {}}, "first_seen_at": now, "observed_at": now, **more},
    )


async def _cluster(database: Database, slipway: Slipway, name: str, now: datetime, **more: Any) -> Cluster:
    row = await add_cluster_row(database, slipway.tenant.id, name, subscription_id=SUBSCRIPTION, now=now - 30 * DAY)
    async with database.write() as session:
        found = await session.get_one(Cluster, row.id)
        for field, value in more.items():
            setattr(found, field, value)
    return row


async def _fill(slipway: Slipway, now: datetime) -> None:
    """Clusters that live, are lost and are gone, each with things of which some are needed."""
    database = slipway.parts.database
    mine: dict[str, Any] = {"project_id": slipway.tenant.id, "subscription_id": SUBSCRIPTION}
    blue = await _cluster(database, slipway, "blue", now)
    lost = await _cluster(database, slipway, "lost", now, state=ClusterState.LOST, updated_at=now - 3 * DAY)
    gone = await _cluster(database, slipway, "gone", now, state=ClusterState.DELETED, deleted_at=now - 2 * DAY)
    place: dict[str, Any] = {
        "resource_group": "shop",
        "location": "westeurope",
        "managed": True,
        "wanted": {},
        "state": "ready",
    }
    used, empty = (
        StorageAccount(id=new_id(Prefix.STORAGE_ACCOUNT), name=name, **mine, **place, **_times(now))
        for name in ("accused", "accempty")
    )
    front, spare = (
        PublicIp(id=new_id(Prefix.PUBLIC_IP), name=name, azure_name=name, **mine, **place, **_times(now))
        for name in ("front", "spare")
    )
    logs, old = (
        Workspace(id=new_id(Prefix.WORKSPACE), name=name, azure_key=f"/{name}", **mine, **place, **_times(now))
        for name in ("logs", "old")
    )
    assert front.state == PublicIpState.READY
    shares = {}
    for name, cluster in (("bound", blue), ("orphan", gone), ("waiting", None), ("once", None)):
        shares[name] = Share(
            id=new_id(Prefix.SHARE),
            project_id=slipway.tenant.id,
            account_id=used.id,
            cluster_id=cluster.id if cluster else None,
            name=name,
            azure_name=name,
            protocol="SMB",
            quota_gib=5,
            managed=True,
            state="ready",
            wanted={},
            **_times(now),
        )
    volumes = [
        Volume(
            id=new_id(Prefix.VOLUME),
            project_id=slipway.tenant.id,
            cluster_id=blue.id,
            share_id=shares[name].id,
            namespace="shop",
            name=name,
            persistent_volume=name,
            state="bound" if deleted_at is None else "deleted",
            wanted={},
            deleted_at=deleted_at,
            **_times(now),
        )
        for name, deleted_at in (("bound", None), ("once", now - 5 * DAY))
    ]
    async with database.write() as session:
        session.add_all([used, empty, front, spare, logs, old])
        await session.flush()
        session.add_all(shares.values())
        await session.flush()
        group = await session.get_one(ResourceGroup, gone.resource_group_id)
        group.managed, group.made_for_cluster, group.state = True, True, "ready"
        address = "Microsoft.Network/publicIPAddresses"
        session.add_all(
            [
                *volumes,
                Monitoring(
                    id=new_id(Prefix.MONITORING),
                    project_id=slipway.tenant.id,
                    cluster_id=blue.id,
                    workspace_id=logs.id,
                    state="ok",
                    wanted={},
                    **_times(now),
                ),
                _seen("Microsoft.Compute/disks", "pvc-4c1f", blue, now, unused_since=now - DAY),
                _seen("Microsoft.Compute/disks", "warehouse", blue, now, unused_since=now - 4 * DAY),
                _seen("Microsoft.Compute/disks", "pvc-used", blue, now),
                _seen("Microsoft.Compute/disks", "pvc-new", blue, now, unused_since=now - timedelta(minutes=1)),
                _seen("Microsoft.Network/loadBalancers", "kubernetes", lost, now, group="MC_rg_lost_westeurope"),
                _seen(address, "front", None, now, group="shop"),
                _seen(address, "spare", None, now, group="shop", unused_since=now - 6 * DAY),
            ]
        )


async def test_what_is_left_over_is_told_oldest_first_page_by_page_and_by_cluster_and_place(
    idle_slipway: Slipway,
) -> None:
    """Trouble 82: whose it is, since when, and how to remove it; what is needed, and what is new, is not named."""
    slipway = idle_slipway
    now = slipway.parts.clock.now()
    await _fill(slipway, now)

    async def listed(query: str = "") -> list[dict[str, Any]]:
        answer = await slipway.ask("GET", f"/v1/leftovers?{query}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    every = await listed()
    assert [(item["kind"], item["name"], item["cluster"]) for item in every if item["kind"] != "resource_group"] == [
        ("storage_account", "accempty", None),
        ("workspace", "old", None),
        ("public_ip", "spare", None),
        ("share", "once", None),
        ("Microsoft.Compute/disks", "warehouse", "blue"),
        ("Microsoft.Network/loadBalancers", "kubernetes", "lost"),
        ("share", "orphan", "gone"),
        ("Microsoft.Compute/disks", "pvc-4c1f", "blue"),
    ]
    assert [item["name"] for item in every if item["foreign"]] == ["warehouse"]
    by_name = {item["name"]: item for item in every}
    assert datetime.fromisoformat(by_name["orphan"]["since"]) == now - 2 * DAY
    assert datetime.fromisoformat(by_name["spare"]["since"]) == now - 6 * DAY
    assert all(item["reason"] and item["remedy"] for item in every)

    paged, cursor = [], ""
    while True:
        page = (await slipway.ask("GET", f"/v1/leftovers?limit=2{cursor}")).json()
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == every

    assert [item["name"] for item in await listed("cluster=blue")] == ["warehouse", "pvc-4c1f"]
    assert [item["name"] for item in await listed(f"cluster={by_name['orphan']['cluster_id']}")] == ["orphan"]
    assert await listed("location=northeurope") == []
    assert await listed("location=westeurope") == every
