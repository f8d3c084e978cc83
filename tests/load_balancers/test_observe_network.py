"""The inventory is fed by one list a type and subscription, and one that fails takes nothing away."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, update

from app.bootstrap import OBSERVERS
from app.core.clock import ManualClock
from app.load_balancers.observe.changes import NetworkChanges
from app.load_balancers.observe.network import observe_network
from app.models import AzureResource, Cluster
from tests.support.rows import add_cluster_row
from tests.support.whole import Slipway

LISTS = {
    "Microsoft.Network/loadBalancers": "LoadBalancers_ListAll",
    "Microsoft.Network/publicIPAddresses": "PublicIPAddresses_ListAll",
    "Microsoft.Network/publicIPPrefixes": "PublicIPPrefixes_ListAll",
    "Microsoft.Network/virtualNetworks": "VirtualNetworks_ListAll",
    "Microsoft.Network/networkSecurityGroups": "NetworkSecurityGroups_ListAll",
    "Microsoft.Network/routeTables": "RouteTables_ListAll",
}


async def observe(slipway: Slipway) -> list[str]:
    """One round; return what was asked of Azure."""
    before = len(slipway.azure.requests())
    await observe_network(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
    return [request.operation or request.path for request in slipway.azure.requests()[before:]]


async def kept(slipway: Slipway) -> list[AzureResource]:
    async with slipway.parts.database.read() as session:
        return list((await session.scalars(select(AzureResource).order_by(AzureResource.key))).all())


async def test_two_clusters_cost_one_list_of_each_type(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.create(name="green")
    asked = await observe(slipway)
    assert len(asked) == len(LISTS) == len(set(asked))
    rows = await kept(slipway)
    names = {cluster.id: cluster.name for cluster in await _clusters(slipway)}
    for kind in ("loadBalancers", "loadBalancers/frontendIPConfigurations", "publicIPAddresses", "virtualNetworks"):
        owners = [names[row.cluster_id or ""] for row in rows if row.type == f"Microsoft.Network/{kind}"]
        assert sorted(owners) == ["blue", "green"], kind
    assert all(f"_{names[row.cluster_id or '']}_" in row.resource_group for row in rows)
    assert not [row.key for row in rows if row.unused_since]


async def test_a_list_that_fails_leaves_its_rows_with_their_age_and_the_others_come_all_the_same(
    slipway: Slipway,
) -> None:
    await slipway.create()
    await observe(slipway)
    before = {row.key: row.observed_at for row in await kept(slipway)}
    slipway.azure.add_fault(
        "error", operation=await _list_operation(slipway, "loadBalancers"), status=403, code="AuthorizationFailed"
    )
    await observe(slipway)
    after = {row.key: row.observed_at for row in await kept(slipway)}
    assert after.keys() == before.keys()
    fresh = {key for key, when in after.items() if when > before[key]}
    assert fresh
    assert {key for key in after if "/loadbalancers/" in key} == after.keys() - fresh


async def test_one_subscription_that_fails_does_not_stop_another_and_one_without_clusters_is_forgotten(
    slipway: Slipway,
) -> None:
    await slipway.create()
    elsewhere = str(uuid4())
    row: dict[str, Any] = {"subscription_id": elsewhere, "now": slipway.parts.clock.now()}
    await add_cluster_row(slipway.parts.database, slipway.tenant.id, "elsewhere", **row)
    # It comes before the one that answers, or after it: both must be asked.
    asked = await observe(slipway)
    assert len(asked) == 2 * len(LISTS)
    assert await kept(slipway)

    async with slipway.parts.database.write() as session:
        await session.execute(update(Cluster).values(deleted_at=slipway.parts.clock.now()))
    assert await observe(slipway) == []
    assert await kept(slipway) == []


async def test_a_change_of_a_cluster_is_looked_at_at_once_and_many_changes_together(slipway: Slipway) -> None:
    await slipway.create()
    changes = NetworkChanges(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
    before = len(slipway.azure.requests())
    await changes.observe()
    assert {row.type for row in await kept(slipway)} >= {"Microsoft.Network/loadBalancers"}
    assert len(slipway.azure.requests()) == before + 2

    await changes.observe()
    await _touch(slipway)
    await changes.observe()
    # Nothing had changed; then something had, but the last look was just now.
    assert len(slipway.azure.requests()) == before + 2


async def test_fifty_exposures_that_come_one_after_the_other_cost_at_most_twelve_lists(slipway: Slipway) -> None:
    """As in Azure: each is served ten seconds after the one before, and each is a change."""
    await slipway.create()
    await slipway.done("POST", "/v1/clusters/blue:sync")
    clock = ManualClock(slipway.parts.clock.now() + timedelta(seconds=1))
    changes = NetworkChanges(slipway.parts.database, slipway.parts.gateways.azure, clock)
    before = len(slipway.azure.requests())
    for second in range(0, 500, 2):
        if second % 10 == 0:
            async with slipway.parts.database.write() as session:
                await session.execute(update(Cluster).values(updated_at=clock.now()))
        await changes.observe()
        clock.advance(timedelta(seconds=2))
    asked = [request.operation for request in slipway.azure.requests()[before:]]
    assert set(asked) == {"LoadBalancers_List", "PublicIPAddresses_List"}
    assert 4 < len(asked) <= 12

    # A long quiet later a change is seen at once again.
    clock.advance(timedelta(hours=1))
    async with slipway.parts.database.write() as session:
        await session.execute(update(Cluster).values(updated_at=clock.now()))
    before = len(slipway.azure.requests())
    await changes.observe()
    assert len(slipway.azure.requests()) == before + 2


async def _touch(slipway: Slipway) -> None:
    async with slipway.parts.database.write() as session:
        await session.execute(update(Cluster).values(updated_at=slipway.parts.clock.now() + timedelta(seconds=1)))


async def test_the_worker_observes_clusters_before_their_networks() -> None:
    names = [observer.__name__ for observer in OBSERVERS]
    assert names.index("observe_all") < names.index("observe_network")


async def _clusters(slipway: Slipway) -> list[Cluster]:
    async with slipway.parts.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Cluster))
        return list((await session.scalars(select(Cluster))).all())


async def _list_operation(slipway: Slipway, kind: str) -> str:
    """What the local Azure calls the list of this type."""
    (name,) = {
        request.operation
        for request in slipway.azure.requests()
        if request.operation and request.path.lower().endswith(f"/providers/microsoft.network/{kind.lower()}")
    }
    return str(name)
