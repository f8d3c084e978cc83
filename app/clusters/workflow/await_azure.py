"""Steps that several jobs share: wait for Azure, read back what it made, prove that the cluster lives."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.azure.types.cluster import ManagedCluster
from app.azure.types.operation import Operation
from app.azure.types.tags import is_ours
from app.azure.types.watch import Goal, Outcome, TargetKind, Watch, WatchEnd
from app.clusters.live import ClusterLostError
from app.clusters.specs.observed import is_stopped
from app.clusters.specs.wanted import Place
from app.clusters.workflow.private_facts import facts_by_command
from app.clusters.workflow.reach import reach
from app.core.errors import ConflictError, ErrorClass, SlipwayError
from app.core.json import JsonObject
from app.engine.errors import JobFailedError
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.types import ClusterFacts

SETTLED = frozenset({"succeeded", "failed", "canceled"})
"""Azure's words, in lower case, for a resource at which nothing is under way. Any other means that something is."""

_FIRST_LOOK_SECONDS = 0.5
_LONGEST_LOOK_SECONDS = 10.0
# It may be reached from here after all, and just be late.
_LOOKS_AT_SILENCE = 8


class NotAppliedError(SlipwayError):
    """Azure says that it succeeded, and has something else than what was asked for."""

    code = "azure_not_applied"
    status = 502
    title = "Azure did not apply what was asked for"
    error_class = ErrorClass.UNKNOWN
    remedy = "Send the change again; if Azure still does not apply it, open a ticket with the step's correlation id."


@dataclass(frozen=True, slots=True)
class Proof:
    """What a live cluster said of itself. `not_proven`: why it could not be asked; then there is Azure's word alone."""

    kubernetes_version: str
    nodes: int | None
    nodes_ready: int | None
    system_pods_ready: int | None
    api_server: str | None = None
    """The address at which its API server answered."""
    not_proven: str | None = None

    def told(self) -> JsonObject:
        """What a job's outcome says of it."""
        told: JsonObject = {"nodes_ready": self.nodes_ready}
        return told if self.not_proven is None else {**told, "not_proven": self.not_proven}

    def words(self, proven: str) -> str:
        """The end of a summary: what was proven, or why nothing could be."""
        return proven if self.not_proven is None else f"Azure says so; {self.not_proven}"


@dataclass(frozen=True, slots=True)
class Made:
    """The cluster as Azure has it, and its outbound addresses."""

    cluster: ManagedCluster
    outbound_ips: tuple[str, ...]


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
) -> WatchEnd:
    """Wait for the end of one operation, showing Azure's words; a cancel or a drain ends the wait at once.

    `say` gets Azure's words in place of the job's progress.
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
    require_success(end)
    return end.cluster


async def await_gone(
    cloud: Cloud, begun: Begun | None, *, subscription_id: str, kind: TargetKind, expected: str
) -> None:
    """Wait until Azure has it no more; nothing to wait for where nothing was begun."""
    if begun is None:
        return
    require_gone(
        await watch(cloud, begun, subscription_id=subscription_id, kind=kind, goal=Goal.GONE, expected=expected)
    )


def require_success(end: WatchEnd) -> None:
    """Raise what Azure said when an operation did not succeed. It is the job's end: waiting again would not help."""
    if end.outcome is Outcome.SUCCEEDED:
        return
    if end.outcome is Outcome.GONE:
        raise JobFailedError(ClusterLostError("The cluster vanished from Azure while its operation ran.").problem)
    if end.error is not None:
        raise JobFailedError(end.error.problem)
    raise JobFailedError(OperationEndedError(f"Azure ended the operation as {end.outcome}.").problem)


def require_gone(end: WatchEnd) -> None:
    """Raise what Azure said when a deletion did not end with the thing gone."""
    if end.outcome in {Outcome.GONE, Outcome.SUCCEEDED}:
        return
    require_success(end)


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

    `seen`: as it was read since the operation's end. `missing` says what Azure has not applied; raises NotAppliedError
    when that is anything.
    """
    subscription = cloud.gateways.azure.subscription(place.subscription_id)
    call = azure_call(cloud)
    cluster = seen or await subscription.managed_clusters.get(place.resource_group, place.azure_name, call=call)
    if cluster is None:
        raise ClusterLostError("Azure has no cluster of this name any more.")
    differences = missing(cluster)
    if differences:
        raise NotAppliedError(" ".join(differences))
    addresses = await subscription.network.addresses_of(cluster.outbound_ip_ids)
    return Made(cluster, addresses)


async def prove(cloud: Cloud, place: Place, cluster: ManagedCluster, *, only: str | None = None) -> Proof:
    """Ask the cluster itself until its API answers, all nodes are Ready and all system pods run.

    A private cluster that cannot be reached is asked by a command; where commands are off, nothing can be proven from
    here, and that is no failure. `only`: the pool whose nodes are looked at, in place of all; others may lack theirs.
    """
    resting = {pool.name for pool in cluster.pools if is_stopped(pool.power_state) or only not in {None, pool.name}}
    wanted = sum(pool.count for pool in cluster.pools if pool.name not in resting)
    pause, silent = _FIRST_LOOK_SECONDS, 0
    async with reach(cloud.gateways, place, call=azure_call(cloud), cluster=cluster) as client:
        while True:
            missing = "the API server does not answer yet"
            try:
                facts = await client.facts(resting=resting)
                missing = _missing(facts, wanted)
                if not missing:
                    return _proof(facts, await client.address())
            except SlipwayError as error:
                if not error.problem.retryable:
                    raise
                silent += 1
                if cluster.private_fqdn is not None and cluster.commands_disabled:
                    if silent >= _LOOKS_AT_SILENCE:
                        return _not_proven(cluster)
                elif cluster.private_fqdn is not None:
                    facts = await facts_by_command(cloud, place, cluster, resting=resting)
                    missing = _missing(facts, wanted)
                    if not missing:
                        return _proof(facts, f"https://{cluster.private_fqdn}")
            cloud.context.progress(f"Waiting: {missing}")
            await cloud.context.wait(asyncio.sleep(pause))
            pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS)


def _missing(facts: ClusterFacts, wanted: int) -> str:
    ready = sum(node.ready for node in facts.nodes)
    if ready < wanted or ready < len(facts.nodes):
        return f"{ready} of {max(wanted, len(facts.nodes))} nodes are Ready"
    if facts.system_pods.ready < facts.system_pods.total:
        return f"{facts.system_pods.ready} of {facts.system_pods.total} system pods are Ready"
    return ""


def _not_proven(cluster: ManagedCluster) -> Proof:
    return Proof(
        kubernetes_version=cluster.current_kubernetes_version or "",
        nodes=None,
        nodes_ready=None,
        system_pods_ready=None,
        api_server=f"https://{cluster.private_fqdn}",
        not_proven="the cluster is private, Slipway cannot reach its API server, and commands in it are switched off "
        "(api_server.run_command), so that its nodes could not be looked at from here.",
    )


def _proof(facts: ClusterFacts, address: str) -> Proof:
    return Proof(
        kubernetes_version=facts.version,
        nodes=len(facts.nodes),
        nodes_ready=sum(node.ready for node in facts.nodes),
        system_pods_ready=facts.system_pods.ready,
        api_server=address,
    )
