"""Keep what Azure's lists show of the clusters' machines and of all else in their node resource groups.

One list of all resources says what there is in a subscription; of what there is, each type is listed once, and what
there is not, is not asked for. The machines of scale sets, with their interfaces, are in no list of a subscription:
two calls a scale set, for a bounded number of clusters a round, those first whose machines were seen longest ago.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from app.azure.gateway import AzureGateway, SubscriptionGateway
from app.azure.types.call import Call
from app.azure.types.compute import Identity, Machine, ScaleSet
from app.azure.types.network import NetworkInterface
from app.azure.types.resource import ResourceRef
from app.clusters.service.inventory import Listed, keep_list
from app.clusters.service.owners import owners_of
from app.clusters.specs import inventory as types
from app.clusters.specs.inventory import Found, Seen, found_of
from app.clusters.specs.owners import Owners
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.infrastructure.specs.inputs import TYPES, group_of
from app.models import AzureResource, Cluster

_CALL_TIME = timedelta(seconds=60)
_MOST_GROUPS = 40
_Lists = dict[str, Callable[[str | None, Call], Awaitable[Sequence[Seen]]]]
_log = structlog.get_logger(__name__)


async def observe_infrastructure(database: Database, azure: AzureGateway, clock: Clock) -> None:
    """Compare all subscriptions that have a cluster with Azure. A list that fails leaves its rows as they are."""
    async with database.read() as session:
        alive = select(Cluster.subscription_id).where(Cluster.deleted_at.is_(None)).distinct()
        subscriptions = (await session.scalars(alive)).all()
    for subscription_id in subscriptions:
        await _observe(database, azure.subscription(subscription_id), clock, group=None)


async def observe_node_group(database: Database, azure: SubscriptionGateway, clock: Clock, group: str) -> None:
    """Compare one node resource group with Azure, its network too: for a cluster that has just changed."""
    await _observe(database, azure, clock, group=group)


async def _observe(database: Database, azure: SubscriptionGateway, clock: Clock, *, group: str | None) -> None:
    async with database.read() as session:
        owners = await owners_of(session, azure.subscription_id)
    look = _Look(database, azure, clock, owners, group)
    # They first: they name identities of other groups, which are the cluster's as well.
    scale_sets = await look.kind(types.SCALE_SET, lambda call: azure.compute.scale_sets.list_(group=group, call=call))
    present = await look.resources()
    for name, list_ in _lists(azure, network=group is not None).items():
        there = present is None or name.lower() in present
        await look.kind(name, (lambda call, ask=list_: ask(group, call)) if there else _nothing)  # type: ignore[misc]
    if scale_sets is not None:
        await look.machines([one for one in scale_sets if isinstance(one, ScaleSet)], present)


def _lists(azure: SubscriptionGateway, *, network: bool) -> _Lists:
    """What is listed by type, where there is any; networks only for one group, since they are listed apart for all."""
    compute, net = azure.compute, azure.network
    lists: _Lists = {
        types.AVAILABILITY_SET: lambda group, call: compute.availability_sets.list_(group=group, call=call),
        types.MACHINE: lambda group, call: compute.machines.list_(group=group, call=call),
        types.DISK: lambda group, call: compute.disks.list_(group=group, call=call),
    }
    if network:
        lists |= {
            types.VIRTUAL_NETWORK: lambda group, call: net.virtual_networks.list_(group=group, call=call),
            types.SECURITY_GROUP: lambda group, call: net.security_groups.list_(group=group, call=call),
            types.ROUTE_TABLE: lambda group, call: net.route_tables.list_(group=group, call=call),
        }
    return lists


async def _nothing(_call: Call) -> Sequence[Seen]:
    return ()


@dataclass(slots=True)
class _Look:
    database: Database
    azure: SubscriptionGateway
    clock: Clock
    owners: Owners
    group: str | None

    async def kind(self, name: str, ask: Callable[[Call], Awaitable[Sequence[Seen]]]) -> Sequence[Seen] | None:
        """List a type and keep it; None where Azure did not answer."""
        at = self.clock.now()
        try:
            seen = await ask(Call(deadline=at + _CALL_TIME))
        except SlipwayError as error:
            self._failed(name, error)
            return None
        found = [found_of(one) for one in seen]
        self.owners.learn(found)
        await self._keep(name, at, found, self.group)
        return seen

    async def resources(self) -> set[str] | None:
        """Keep identities and all that has no list of its own; return what types there are, None where not known."""
        at = self.clock.now()
        call = Call(deadline=at + _CALL_TIME)
        groups = self.azure.resource_groups
        try:
            everything = await (
                groups.resources(self.group, call=call) if self.group else groups.all_resources(call=call)
            )
        except SlipwayError as error:
            self._failed("resources", error)
            return None
        refs = [ref for ref in everything if group_of(ref.id).lower() in self.owners.by_group]
        by_type: dict[str, list[Found]] = {name: [] for name in await self._kept_others()}
        by_type[types.IDENTITY] = [found_of(_identity(ref)) for ref in everything if _is(ref, types.IDENTITY)]
        for ref in refs:
            if ref.type.lower() not in TYPES:
                by_type.setdefault(ref.type, []).append(_other(ref))
        for name, found in by_type.items():
            await self._keep(name, at, found, self.group)
        return {ref.type.lower() for ref in refs}

    async def machines(self, scale_sets: Sequence[ScaleSet], present: set[str] | None) -> None:
        """The machines and interfaces of scale sets, group by group."""
        by_group: dict[str, list[ScaleSet]] = {}
        for one in scale_sets:
            if one.resource_group.lower() in self.owners.by_group:
                by_group.setdefault(one.resource_group.lower(), []).append(one)
        for group in (await self._longest_ago(by_group))[:_MOST_GROUPS]:
            await self._machines_of(group, by_group.get(group, []), present)

    async def _machines_of(self, group: str, scale_sets: Sequence[ScaleSet], present: set[str] | None) -> None:
        at = self.clock.now()
        call = Call(deadline=at + _CALL_TIME)
        machines: list[Machine] = []
        interfaces: list[NetworkInterface] = []
        try:
            for one in scale_sets:
                machines += await self.azure.compute.scale_sets.machines(one, call=call)
                interfaces += await self.azure.network.interfaces.of_scale_set(group, one.name, call=call)
            if present is None or types.INTERFACE.lower() in present:
                interfaces += await self.azure.network.interfaces.list_(group=group, call=call)
        except SlipwayError as error:
            self._failed(types.SCALE_SET_MACHINE, error)
            return
        await self._keep(types.SCALE_SET_MACHINE, at, [found_of(one) for one in machines], group)
        await self._keep(types.INTERFACE, at, [found_of(one) for one in interfaces], group)

    async def _longest_ago(self, groups: Iterable[str]) -> list[str]:
        """Groups by when their machines were seen, those of which none was seen first; groups that had some, too."""
        group = func.lower(AzureResource.resource_group)
        query = select(group, func.min(AzureResource.observed_at)).where(
            AzureResource.subscription_id == self.azure.subscription_id,
            AzureResource.type == types.SCALE_SET_MACHINE,
        )
        if self.group is not None:
            query = query.where(group == self.group.lower())
        async with self.database.read() as session:
            seen = {row[0]: row[1] for row in await session.execute(query.group_by(group))}
        asked = set(groups) | seen.keys()
        return sorted(asked, key=lambda name: (name in seen, seen.get(name), name))

    async def _kept_others(self) -> list[str]:
        """The types of which rows are kept and that have no list of their own: the last one of a type may be gone."""
        query = (
            select(AzureResource.type)
            .where(AzureResource.subscription_id == self.azure.subscription_id)
            .where(func.lower(AzureResource.type).not_in([*TYPES, *(name.lower() for name in _PARTS)]))
            .distinct()
        )
        async with self.database.read() as session:
            return list(await session.scalars(query))

    async def _keep(self, name: str, at: datetime, found: Sequence[Found], group: str | None) -> None:
        await keep_list(self.database, Listed(self.azure.subscription_id, name, at, found, group), self.owners)

    def _failed(self, name: str, error: SlipwayError) -> None:
        subscription_id = self.azure.subscription_id
        _log.warning("inventory_failed", subscription_id=subscription_id, type=name, code=error.problem.code)


_PARTS = (types.FRONTEND, types.SECURITY_RULE)


def _is(ref: ResourceRef, name: str) -> bool:
    return ref.type.lower() == name.lower()


def _identity(ref: ResourceRef) -> Identity:
    return Identity(
        id=ref.id,
        name=ref.name,
        resource_group=group_of(ref.id),
        location=ref.location or "",
        tags=ref.tags,
    )


def _other(ref: ResourceRef) -> Found:
    return Found(
        id=ref.id,
        type=ref.type,
        name=ref.name,
        resource_group=group_of(ref.id),
        location=ref.location or "",
        body={},
        tags=ref.tags,
    )
