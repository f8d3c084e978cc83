"""The inventory: rows of Azure's resources beside the clusters, kept by what lists of Azure's showed.

A list replaces what an older one said. What it does not show any more is removed, since a list is whole or is an error.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.owners import owners_of
from app.clusters.specs.inventory import KEPT_WITHOUT_CLUSTER, Found, Seen, found_of, parts_of
from app.clusters.specs.owners import Owners
from app.core.json import JsonObject
from app.db.engine import Database
from app.db.insert import insert_into
from app.models import AzureResource, Cluster

_BATCH = 100
_KEPT = ("key", "first_seen_at", "unused_since")


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of all resources of one type in a subscription, or in one `group` of it. `at`: when it was asked for."""

    subscription_id: str
    type: str
    at: datetime
    found: Sequence[Found]
    group: str | None = None


async def keep_list(database: Database, listed: Listed, owners: Owners) -> None:
    """Write what a list showed, in short transactions, and then remove what it does not show any more."""
    for batch in _batches(_rows(listed, owners)):
        async with database.write() as session:
            await session.execute(_upsert(session, batch))
    async with database.write() as session:
        gone = delete(AzureResource).where(
            AzureResource.subscription_id == listed.subscription_id,
            AzureResource.type == listed.type,
            AzureResource.observed_at < listed.at,
        )
        if listed.group is not None:
            gone = gone.where(func.lower(AzureResource.resource_group) == listed.group.lower())
        await session.execute(gone)


async def keep_seen(session: AsyncSession, subscription_id: str, seen: Iterable[Seen], *, at: datetime) -> None:
    """Write some resources that were read at that time: for a job that has just changed them."""
    owners = await owners_of(session, subscription_id)
    found = [one for resource in seen for one in (found_of(resource), *parts_of(resource))]
    owners.learn(found)
    by_type: dict[str, list[Found]] = {}
    for one in found:
        by_type.setdefault(one.type, []).append(one)
    for kind, ones in by_type.items():
        for batch in _batches(_rows(Listed(subscription_id, kind, at, ones), owners)):
            await session.execute(_upsert(session, batch))


async def kept(session: AsyncSession, subscription_id: str, resource_type: str) -> Sequence[JsonObject]:
    """The bodies of the rows of one type in a subscription."""
    query = select(AzureResource.body).where(
        AzureResource.subscription_id == subscription_id, AzureResource.type == resource_type
    )
    return (await session.scalars(query)).all()


async def forget(session: AsyncSession, ids: Iterable[str]) -> None:
    """Remove the rows of resources that were seen to be gone, with those of their parts."""
    for resource_id in ids:
        key = resource_id.lower()
        await session.execute(
            delete(AzureResource).where(
                (AzureResource.key == key) | AzureResource.key.startswith(f"{key}/", autoescape=True)
            )
        )


async def forget_subscriptions_without_clusters(database: Database) -> None:
    """Remove the rows of subscriptions in which no cluster lives: nobody lists them any more."""
    async with database.write() as session:
        alive = select(Cluster.subscription_id).where(Cluster.deleted_at.is_(None)).distinct()
        await session.execute(delete(AzureResource).where(AzureResource.subscription_id.not_in(alive)))


def _rows(listed: Listed, owners: Owners) -> Iterable[dict[str, Any]]:
    # Of two that differ in case only, one is enough: they are one resource.
    return {row["key"]: row for one in listed.found if (row := _row(one, listed, owners)) is not None}.values()


def _row(one: Found, listed: Listed, owners: Owners) -> dict[str, Any] | None:
    clusters = owners.of(one)
    if not clusters and one.type not in KEPT_WITHOUT_CLUSTER:
        return None
    return {
        "key": one.id.lower(),
        "azure_id": one.id,
        "subscription_id": listed.subscription_id,
        "resource_group": one.resource_group,
        "type": one.type,
        "name": one.name,
        "location": one.location,
        # What several clusters share belongs to none of them.
        "cluster_id": next(iter(clusters)) if len(clusters) == 1 else None,
        "address": one.address,
        "body": one.body,
        "unused_since": listed.at if owners.is_unused(one) else None,
        "first_seen_at": listed.at,
        "observed_at": listed.at,
    }


def _upsert(session: AsyncSession, rows: list[dict[str, Any]]) -> Any:
    insert = insert_into(session, AzureResource).values(rows)
    new = insert.excluded
    changed = {name: new[name] for name in rows[0] if name not in _KEPT}
    since = case((new.unused_since.is_(None), None), else_=func.coalesce(AzureResource.unused_since, new.unused_since))
    return insert.on_conflict_do_update(
        index_elements=[AzureResource.key],
        set_={**changed, "unused_since": since},
        # A list that was asked for later knows better, whichever is written last.
        where=AzureResource.observed_at <= new.observed_at,
    )


def _batches(rows: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch
