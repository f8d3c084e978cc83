"""What Azure leaves behind of a cluster that is gone: removed where it carries our tags, named where it does not."""

import re

from app.azure.errors import AzureError
from app.azure.types.resource import ResourceGroup, ResourceRef
from app.azure.types.tags import CLUSTER, is_ours
from app.azure.types.watch import WatchEnd
from app.clusters.specs.node_group import is_foreign
from app.clusters.specs.wanted import Place
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.collection_rules import is_own_rule, remove_rules
from app.core.errors import ErrorClass, FieldError, SlipwayError
from app.engine.errors import JobFailedError
from app.jobs.workflow import Cloud, azure_call

_LOCKED = "azure_scope_locked"
# Of "… because following scope(s) are locked: '/subscriptions/…,/subscriptions/…'. Please remove the lock …".
_SCOPES = re.compile(r"locked: '([^']+)'")
_MOST_NAMED = 20
_NOT_OURS = "not_ours"


class DeletionBlockedError(SlipwayError):
    """Something of the cluster is kept in Azure; `errors` names what, and what keeps it."""

    code = "deletion_blocked"
    status = 409
    title = "Something keeps a part of the cluster in Azure"
    # Of those that only a person can remove: `on_blocked: wait` looks again.
    error_class = ErrorClass.PERMISSION
    remedy = "Remove what keeps it, then retry the job or send DELETE again."


async def remove_group(cloud: Cloud, group: ResourceGroup, place: Place) -> Begun | None:
    """Ask Azure to remove the node resource group of a cluster that is gone; None when it has gone meanwhile.

    Raises DeletionBlockedError where a lock keeps it, where it lacks our tags, or somebody else's things lie in it.
    """
    groups = cloud.gateways.azure.subscription(place.subscription_id).resource_groups
    left = f"The cluster is gone, and its node resource group {group.name} is not"
    if not is_ours(group.tags, place.cluster_id):
        why = f"The resource group {group.name} does not carry Slipway's tags, so Slipway does not remove it."
        untagged = FieldError(_NOT_OURS, f"azure:{group.id}", why)
        raise _blocked(left, [untagged, *await _blockers(cloud, group.name, place)])
    foreign = [each for each in await _blockers(cloud, group.name, place) if each.code == _NOT_OURS]
    if foreign:
        raise _blocked(left, foreign)
    asked_at = cloud.clock.now()
    try:
        operation = await groups.delete(group.name, call=azure_call(cloud))
    except AzureError as error:
        if error.problem.code != _LOCKED:
            raise
        raise _blocked(left, _locks(error) + await _blockers(cloud, group.name, place)) from error
    return None if operation is None else Begun(group.id, operation, asked_at)


async def explain(cloud: Cloud, group: str | None, place: Place, end: WatchEnd) -> None:
    """End the job with what a lock keeps, where a deletion ended because of one. `group`: AKS's own."""
    if end.error is None or end.error.problem.code != _LOCKED:
        return
    found = [] if group is None else await _blockers(cloud, group, place)
    raise JobFailedError(_blocked("Azure has not deleted the cluster", _locks(end.error) + found).problem)


async def is_anothers(cloud: Cloud, group: ResourceGroup, place: Place) -> bool:
    """Whether the group is that of a cluster which has the name of ours by now, and which somebody else has made."""
    if is_ours(group.tags, place.cluster_id):
        return False
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    present = await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))
    if present is None or is_ours(present.tags, place.cluster_id):
        return False
    return (present.node_resource_group or "").lower() == group.name.lower()


async def remove_own(cloud: Cloud, place: Place) -> list[str]:
    """Remove what Slipway itself made for the cluster; the ids of what else carries its tags, by Azure's whole list.

    That stays (0024): others hand tags on, AKS's storage drivers to disks, Azure's policies to what lies in a group.
    """
    subscription = cloud.gateways.azure.subscription(place.subscription_id)
    found = await subscription.resource_groups.tagged(CLUSTER, place.cluster_id, call=azure_call(cloud))
    ours = [each for each in found if is_ours(each.tags, place.cluster_id)]
    if any(is_own_rule(each, place) for each in ours):
        await remove_rules(cloud, place)
    return sorted(each.id for each in ours if not is_own_rule(each, place))


async def _blockers(cloud: Cloud, group: str, place: Place) -> list[FieldError]:
    groups = cloud.gateways.azure.subscription(place.subscription_id).resource_groups
    return [_blocker(found, place) for found in await groups.resources(group, call=azure_call(cloud))]


def _blocker(found: ResourceRef, place: Place) -> FieldError:
    what = f"{found.type} {found.name}"
    if is_foreign(found, place):
        return FieldError(_NOT_OURS, f"azure:{found.id}", f"{what} is somebody else's, so Slipway does not remove it.")
    return FieldError("left_over", f"azure:{found.id}", f"{what} is still there.")


def _locks(error: AzureError) -> list[FieldError]:
    message = error.problem.azure.message if error.problem.azure else ""
    scopes = _SCOPES.search(message or "")
    named = [] if scopes is None else scopes[1].split(",")
    return [FieldError("scope_locked", f"azure:{scope}", f"A management lock is on {scope}.") for scope in named]


def _blocked(what: str, blockers: list[FieldError]) -> DeletionBlockedError:
    more = len(blockers) - _MOST_NAMED
    rest = f" {more} more are not named." if more > 0 else ""
    first = f": {blockers[0].detail}" if blockers else "."
    return DeletionBlockedError(f"{what}{first}{rest}", errors=blockers[:_MOST_NAMED])
