"""Lists of Azure's resources, written as the observer writes them, and the rows that come of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.azure.types.network import (
    Frontend,
    LoadBalancer,
    LoadBalancingRule,
    PublicIpAddress,
)
from app.clusters.service.inventory import Listed, keep_list
from app.clusters.service.owners import owners_of
from app.clusters.specs.inventory import Seen, found_of, parts_of, service_name_of
from app.clusters.specs.owners import Owners
from app.db.engine import Database
from app.models import AzureResource, Cluster
from tests.support.api import add_tenant
from tests.support.rows import add_cluster_row

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
START = datetime(2026, 1, 1, tzinfo=UTC)
UID = "12345678-1234-1234-1234-123456789abc"
OTHER_UID = "87654321-1234-1234-1234-123456789abc"


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def common(kind: str, name: str, group: str = "MC_g") -> dict[str, Any]:
    resource_id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Network/{kind}/{name}"
    return {"id": resource_id, "name": name, "resource_group": group, "location": "westeurope"}


def address(name: str = "kubernetes-x", group: str = "MC_g", **fields: Any) -> PublicIpAddress:
    return PublicIpAddress(**common("publicIPAddresses", name, group), **fields)


def balancer(*uids: str, rules: bool = True, public_ip_id: str | None = None) -> LoadBalancer:
    """A load balancer with a frontend and a rule for each Service."""
    whole = common("loadBalancers", "kubernetes")
    frontends = tuple(
        Frontend(f"{whole['id']}/frontendIPConfigurations/{name}", name, public_ip_id)
        for name in map(service_name_of, uids)
    )
    made = tuple(
        LoadBalancingRule(f"{whole['id']}/loadBalancingRules/{one.name}", one.name, "Tcp", 80, 80, one.id.upper())
        for one in frontends
    )
    return LoadBalancer(**whole, frontends=frontends, rules=made if rules else ())


async def add_cluster(
    database: Database, name: str = "blue", *, project_id: str | None = None, **observed: Any
) -> Cluster:
    """Add a cluster; without `project_id` in a project of its own."""
    project = project_id or (await add_tenant(database, f"shop-{name}")).id
    seen = {"node_resource_group": f"MC_g-{name}", **observed}
    return await add_cluster_row(
        database, project, name, subscription_id=SUBSCRIPTION, now=START, observed=seen, observed_at=START
    )


async def keep(database: Database, kind: str, when: datetime, *seen: Seen, **fields: Any) -> Owners:
    """Write a list of one type, as the observer does."""
    async with database.read() as session:
        owners = await owners_of(session, SUBSCRIPTION)
    found = [one for resource in seen for one in (found_of(resource), *parts_of(resource))]
    owners.learn(found)
    owners.addresses = frozenset(fields.pop("addresses", ()))
    for listed_type in {kind, *(one.type for one in found)}:
        ones = [one for one in found if one.type == listed_type]
        await keep_list(database, Listed(SUBSCRIPTION, listed_type, when, ones, **fields), owners)
    return owners


async def rows(database: Database, kind: str) -> dict[str, AzureResource]:
    async with database.read() as session:
        found = await session.scalars(select(AzureResource).where(AzureResource.type == f"Microsoft.{kind}"))
        return {row.name: row for row in found}


ADDRESSES = "Microsoft.Network/publicIPAddresses"
