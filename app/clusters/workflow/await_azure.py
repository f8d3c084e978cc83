"""Steps that several jobs share: wait for Azure, and read back what it made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.azure.types.cluster import ManagedCluster
from app.azure.types.operation import Operation
from app.azure.types.tags import is_ours
from app.azure.types.watch import Goal, Outcome, TargetKind, Watch, WatchEnd
from app.clusters.live import ClusterLostError, PoolMissingError
from app.clusters.specs.wanted import Place
from app.core.errors import ConflictError, ErrorClass, SlipwayError
from app.core.json import JsonObject
from app.engine.errors import JobFailedError
from app.jobs.specs import ENDED
from app.jobs.workflow import Cloud, azure_call

_SENDINGS_UNTIL_APPLIED = 2
"""AKS takes some changes of the first hour and does nothing: the second time it does what was asked."""


class NotAppliedError(SlipwayError):
    """Azure says that it succeeded, and has something else than what was asked for."""

    code = "azure_not_applied"
    status = 502
    title = "Azure did not apply what was asked for"
    error_class = ErrorClass.UNKNOWN
    remedy = "Send the change again; if Azure still does not apply it, open a ticket with the step's correlation id."


class VanishedError(SlipwayError):
    """What an operation worked on is not in Azure any more."""

    code = "azure_resource_gone"
    status = 409
    title = "It is gone from Azure"
    error_class = ErrorClass.GONE
    remedy = "Somebody removed it outside Slipway. Send the request again if it is still needed."


@dataclass(frozen=True, slots=True)
class Made:
    """The cluster as Azure has it, and its outbound addresses.

    `private_address`: that of a private cluster's API server, where a job tells it and Azure has shown it.
    """

    cluster: ManagedCluster
    outbound_ips: tuple[str, ...]
    private_address: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """What Azure is at: `at` is when it was asked, kept with the step that asked, so that a takeover changes nothing.

    `operation` None: it was under way, or done, before this job looked. `created`: nothing was there before.
    `room`: what was seen beforehand of subnets and quotas, where the job looks for it in the same step.
    """

    target_id: str
    operation: Operation | None
    at: datetime
    created: bool = False
    room: list[JsonObject] = field(default_factory=list)


async def watch(
    cloud: Cloud,
    begun: Begun,
    *,
    subscription_id: str,
    kind: TargetKind,
    goal: Goal = Goal.SUCCEEDED,
    expected: str,
    say: Callable[[str], None] | None = None,
    own: bool = True,
) -> WatchEnd:
    """Wait for the end of one operation, showing Azure's words; a cancel or a drain ends the wait at once.

    `say` gets Azure's words in place of the job's progress. `own`: it is what the job has asked for.
    """
    gateway = cloud.gateways.azure
    usual = await gateway.usual(expected)
    from_its_beginning = begun.operation is not None and cloud.clock.now() - begun.at < usual.median / 2
    end = await cloud.context.wait(
        gateway.subscription(subscription_id).watcher.until_done(
            Watch(begun.target_id, kind, begun.operation, goal, begun.at, usual, begun.created),
            call=azure_call(cloud),
            on_progress=lambda progress: (say or cloud.context.progress)(progress.status),
            wanted=cloud.context.watched,
        )
    )
    if own:
        cloud.context.note({ENDED: True})
    if from_its_beginning and end.outcome in {Outcome.SUCCEEDED, Outcome.GONE}:
        await gateway.learn(expected, cloud.clock.now() - begun.at)
    return end


async def finish(
    cloud: Cloud,
    begun: Begun | None,
    *,
    subscription_id: str,
    kind: TargetKind,
    expected: str,
    say: Callable[[str], None] | None = None,
) -> ManagedCluster | None:
    """Wait until what was begun has succeeded; nothing to wait for when Azure had it already.

    Returns the cluster as it was seen at the end, where it was seen.
    """
    if begun is None:
        return None
    end = await watch(cloud, begun, subscription_id=subscription_id, kind=kind, expected=expected, say=say)
    require_success(end, kind)
    return end.cluster


async def await_gone(
    cloud: Cloud, begun: Begun | None, *, subscription_id: str, kind: TargetKind, expected: str
) -> None:
    """Wait until Azure has it no more; nothing to wait for where nothing was begun."""
    if begun is None:
        return
    end = await watch(cloud, begun, subscription_id=subscription_id, kind=kind, goal=Goal.GONE, expected=expected)
    require_gone(end, kind)


def require_success(end: WatchEnd, kind: TargetKind) -> None:
    """Raise what Azure said when an operation did not succeed. Waiting again would not help.

    What has failed may be sent again as often as the error's row allows; what somebody has ended may not.
    """
    if end.outcome is Outcome.SUCCEEDED:
        return
    if end.outcome is Outcome.GONE:
        raise JobFailedError(_vanished(kind).problem)
    if end.error is not None:
        patience = end.error.row.change_patience if end.outcome is Outcome.FAILED else None
        raise JobFailedError(end.error.problem, sendings=(patience and patience.attempts) or 1)
    raise JobFailedError(OperationEndedError(f"Azure ended the operation as {end.outcome}.").problem)


def _vanished(kind: TargetKind) -> SlipwayError:
    while_it_ran = "vanished from Azure while its operation ran."
    if kind is TargetKind.MANAGED_CLUSTER:
        return ClusterLostError(f"The cluster {while_it_ran}")
    if kind is TargetKind.AGENT_POOL:
        return PoolMissingError(f"The node pool {while_it_ran}")
    return VanishedError(f"The {kind.replace('_', ' ')} {while_it_ran}")


def require_gone(end: WatchEnd, kind: TargetKind) -> None:
    """Raise what Azure said when a deletion did not end with the thing gone."""
    if end.outcome in {Outcome.GONE, Outcome.SUCCEEDED}:
        return
    require_success(end, kind)


async def find_ours(cloud: Cloud, place: Place) -> ManagedCluster | None:
    """The cluster as Azure has it; None where there is none, or one that does not carry our tags."""
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    present = await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))
    return present if present is not None and is_ours(present.tags, place.cluster_id) else None


async def require_ours(cloud: Cloud, place: Place) -> ManagedCluster:
    """The cluster as Azure has it. One that is not there, or does not carry our tags, cannot be changed."""
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    present = await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))
    if present is None:
        raise ClusterLostError("Azure has no cluster of this name any more.")
    if not is_ours(present.tags, place.cluster_id):
        raise OwnerTagsMissingError(
            "The cluster of this name in Azure does not carry the tags of the one that Slipway made; nothing was "
            "changed."
        )
    return present


class OwnerTagsMissingError(ConflictError):
    """Azure's cluster of the name does not say that it is ours: Slipway changes nothing that does not."""

    code = "cluster_not_ours"
    title = "The cluster does not carry Slipway's tags"
    remedy = (
        "Put its tags back in Azure (managed-by=slipway, slipway-project and slipway-cluster with their ids), then "
        "retry; or delete the cluster here, which leaves Azure's alone."
    )


class OperationEndedError(SlipwayError):
    """An operation of Azure's ended without success and without a word about why."""

    code = "azure_operation_ended"
    status = 502
    title = "Azure ended the operation"
    error_class = ErrorClass.UNKNOWN
    remedy = "Look at the resource's activity log in Azure, then retry the job."


async def read_made(
    cloud: Cloud,
    place: Place,
    *,
    seen: ManagedCluster | None = None,
    missing: Callable[[ManagedCluster], list[str]] = lambda _: [],
) -> Made:
    """Read the cluster back: a `Succeeded` is no proof of what was applied.

    `seen`: as it was read since the operation's end. `missing` says what Azure has not applied; when that is anything
    the step fails with NotAppliedError, and the change may be sent once more.
    """
    subscription = cloud.gateways.azure.subscription(place.subscription_id)
    call = azure_call(cloud)
    cluster = seen or await subscription.managed_clusters.get(place.resource_group, place.azure_name, call=call)
    if cluster is None:
        raise ClusterLostError("Azure has no cluster of this name any more.")
    differences = missing(cluster)
    if differences:
        raise JobFailedError(NotAppliedError(" ".join(differences)).problem, sendings=_SENDINGS_UNTIL_APPLIED)
    addresses = await subscription.network.addresses_of(cluster.outbound_ip_ids)
    return Made(cluster, addresses)
