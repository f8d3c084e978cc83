"""Looks at what Azure has of a cluster that is to be deleted, while a request waits."""

from dataclasses import dataclass
from datetime import timedelta

from app.api.calls import Asking
from app.auth.scope import get_cluster
from app.azure.errors import AzureError
from app.azure.gateway import SubscriptionGateway
from app.azure.types.call import Call
from app.clusters.live.upgrades import source_of
from app.clusters.specs.deletion import Item, beside, in_node_group
from app.clusters.specs.wanted import place_of
from app.core.errors import ErrorClass


@dataclass(frozen=True, slots=True)
class DeletionSeen:
    """What lies in the cluster's groups, and the locks that would keep it."""

    items: list[Item]
    locks: list[str]


async def look(call: Asking, cluster: str) -> DeletionSeen:
    """Ask Azure; no transaction is open meanwhile. Raises NotFoundError, NotAnsweringError, what the gateway raises."""
    async with call.database.read() as session:
        found = await get_cluster(session, call.scope, cluster)
        place, node_group = place_of(found), (found.observed or {}).get("node_resource_group")
    source = source_of(call.services)
    asked = Call(deadline=call.now + timedelta(seconds=source.settings.request_timeout_seconds))
    async with source.breaker.guard(place.subscription_id):
        subscription = source.azure.subscription(place.subscription_id)
        groups = subscription.resource_groups
        items = beside(await groups.resources(place.resource_group, call=asked), place)
        scopes = [
            f"{groups.id_of(place.resource_group)}/providers/Microsoft.ContainerService/managedClusters/{place.azure_name}"
        ]
        if node_group is not None:
            items = [*in_node_group(await groups.resources(node_group, call=asked), place), *items]
            scopes.append(groups.id_of(node_group))
        locks = {lock for scope in scopes for lock in await _locks(subscription, scope, asked)}
    return DeletionSeen(items, sorted(locks))


async def _locks(subscription: SubscriptionGateway, scope: str, call: Call) -> list[str]:
    try:
        found = await subscription.locks.list_(scope, call=call)
    except AzureError as error:
        # What Slipway may not read, the job finds out.
        if error.gone or error.problem.error_class is ErrorClass.PERMISSION:
            return []
        raise
    return [f"The lock {lock.name} ({lock.level}) is on {lock.scope}." for lock in found]
