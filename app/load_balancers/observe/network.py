"""Keep what Azure's lists show of the clusters' networks: one list a type and subscription, whatever lies in it."""

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import select

from app.azure.gateway import AzureGateway, SubscriptionGateway
from app.azure.types.call import Call
from app.azure.types.network import (
    LoadBalancer,
    PublicIpAddress,
    PublicIpPrefix,
    RouteTable,
    SecurityGroup,
    VirtualNetwork,
)
from app.clusters.service.inventory import Listed, forget_subscriptions_without_clusters, keep_list, kept
from app.clusters.service.owners import owners_of
from app.clusters.specs import inventory as types
from app.clusters.specs.inventory import Found, Seen, found_of, parts_of, read_body
from app.clusters.specs.owners import Owners
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.models import Cluster

T_co = TypeVar("T_co", bound=Seen, covariant=True)
_CALL_TIME = timedelta(seconds=60)
_log = structlog.get_logger(__name__)


class _List(Protocol[T_co]):
    def __call__(self, *, group: str | None = None, call: Call) -> Awaitable[tuple[T_co, ...]]: ...


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of resource, the types of those of its parts that have rows, and how one of it is read from a row."""

    model: type[Seen]
    type: str
    parts: tuple[str, ...] = ()


# In this order: what comes first says whose the next are.
_KINDS = (
    _Kind(LoadBalancer, types.LOAD_BALANCER, (types.FRONTEND,)),
    _Kind(PublicIpAddress, types.PUBLIC_IP),
    _Kind(PublicIpPrefix, types.PUBLIC_IP_PREFIX),
    _Kind(VirtualNetwork, types.VIRTUAL_NETWORK),
    _Kind(SecurityGroup, types.SECURITY_GROUP, (types.SECURITY_RULE,)),
    _Kind(RouteTable, types.ROUTE_TABLE),
)
_OF_SERVICES = frozenset({types.LOAD_BALANCER, types.PUBLIC_IP})


async def observe_network(database: Database, azure: AzureGateway, clock: Clock) -> None:
    """Compare the inventory with Azure, in all subscriptions that have a cluster: six lists for each.

    A list that fails leaves its rows as they are, with their age, and the next subscription's turn comes all the same.
    """
    async with database.read() as session:
        alive = select(Cluster.subscription_id).where(Cluster.deleted_at.is_(None)).distinct()
        subscriptions = (await session.scalars(alive)).all()
    for subscription_id in subscriptions:
        await _observe(database, azure.subscription(subscription_id), clock, _KINDS)
    await forget_subscriptions_without_clusters(database)


async def observe_group(database: Database, azure: SubscriptionGateway, clock: Clock, group: str) -> None:
    """Compare one node resource group's load balancers and addresses with Azure: two lists of this group alone."""
    kinds = [kind for kind in _KINDS if kind.type in _OF_SERVICES]
    await _observe(database, azure, clock, kinds, group=group)


async def _observe(
    database: Database,
    azure: SubscriptionGateway,
    clock: Clock,
    kinds: Iterable[_Kind],
    *,
    group: str | None = None,
) -> None:
    async with database.read() as session:
        owners = await owners_of(session, azure.subscription_id)
    lists = _lists(azure)
    for kind in kinds:
        at = clock.now()
        try:
            seen = await lists[kind.type](group=group, call=Call(deadline=at + _CALL_TIME))
        except SlipwayError as error:
            _log.warning(
                "inventory_failed", subscription_id=azure.subscription_id, type=kind.type, code=error.problem.code
            )
            # What is known of these still says whose others are.
            owners.learn(await _known(database, azure.subscription_id, kind))
            continue
        await _keep(database, azure.subscription_id, kind, seen, owners, at=at, group=group)


async def _keep(
    database: Database,
    subscription_id: str,
    kind: _Kind,
    seen: tuple[Seen, ...],
    owners: Owners,
    *,
    at: datetime,
    group: str | None,
) -> None:
    found = [found_of(resource) for resource in seen]
    owners.learn(found)
    if kind.type == types.PUBLIC_IP and group is None:
        owners.addresses = frozenset(one.address for one in found if one.address)
    await keep_list(database, Listed(subscription_id, kind.type, at, found, group), owners)
    parts = [part for resource in seen for part in parts_of(resource)]
    for part_type in kind.parts:
        await keep_list(database, Listed(subscription_id, part_type, at, parts, group), owners)


async def _known(database: Database, subscription_id: str, kind: _Kind) -> list[Found]:
    async with database.read() as session:
        bodies = await kept(session, subscription_id, kind.type)
    return [found_of(read_body(kind.model, body)) for body in bodies]


def _lists(azure: SubscriptionGateway) -> Mapping[str, _List[Seen]]:
    network = azure.network
    return {
        types.LOAD_BALANCER: network.load_balancers.list_,
        types.PUBLIC_IP: network.public_ips.list_,
        types.PUBLIC_IP_PREFIX: network.public_ip_prefixes.list_,
        types.VIRTUAL_NETWORK: network.virtual_networks.list_,
        types.SECURITY_GROUP: network.security_groups.list_,
        types.ROUTE_TABLE: network.route_tables.list_,
    }
