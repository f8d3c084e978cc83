"""Looks at what Azure has of a cluster that is to be deleted, while a request waits."""

from dataclasses import dataclass
from datetime import timedelta

from app.api.calls import Asking
from app.auth.scope import get_cluster
from app.azure.errors import AzureError
from app.azure.gateway import SubscriptionGateway
from app.azure.types.call import Call
from app.clusters.live import log_in
from app.clusters.live.upgrades import UpgradeSource, source_of
from app.clusters.specs.deletion import Item, beside, in_node_group
from app.clusters.specs.states import SERVING
from app.clusters.specs.wanted import Place, place_of
from app.clusters.specs.workloads import workloads_of
from app.core.errors import ErrorClass, SlipwayError
from app.kubernetes.types import Login


@dataclass(frozen=True, slots=True)
class DeletionSeen:
    """What runs in the cluster and lies in its groups, and the locks that would keep it.

    `unread`: why the cluster itself could not be asked.
    """

    items: list[Item]
    locks: list[str]
    unread: str | None = None


async def look(call: Asking, cluster: str) -> DeletionSeen:
    """Ask Azure; no transaction is open meanwhile. Raises NotFoundError, NotAnsweringError, what the gateway raises."""
    async with call.database.read() as session:
        found = await get_cluster(session, call.scope, cluster)
        place, node_group, state = place_of(found), (found.observed or {}).get("node_resource_group"), found.state
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
        running, unread = await _running(source, place, state, asked)
    return DeletionSeen([*running, *items], sorted(locks), unread)


async def _running(source: UpgradeSource, place: Place, state: str, call: Call) -> tuple[list[Item], str | None]:
    """What runs in the cluster. One that does not answer can be deleted all the same."""
    if state not in SERVING:
        return [], f"The cluster is {state}."

    async def ask() -> Login:
        return await log_in(source.azure, source.kubernetes, place, call=call)

    try:
        async with source.kubernetes.client(place.cluster_id, ask) as client:
            return workloads_of(await client.drains.pods()), None
    except SlipwayError as error:
        return [], error.problem.detail


async def _locks(subscription: SubscriptionGateway, scope: str, call: Call) -> list[str]:
    try:
        found = await subscription.locks.list_(scope, call=call)
    except AzureError as error:
        # What Slipway may not read, the job finds out.
        if error.gone or error.problem.error_class is ErrorClass.PERMISSION:
            return []
        raise
    return [f"The lock {lock.name} ({lock.level}) is on {lock.scope}." for lock in found]
