"""What a job about a cluster is given at its start, and how it writes the cluster's row."""

from dataclasses import dataclass, field

from app.azure.types.cluster import ManagedCluster
from app.clusters.live import ClusterLostError
from app.clusters.service.conditions import judge
from app.clusters.service.foreign import follow_foreign
from app.clusters.service.read import list_pools
from app.clusters.service.sealed import WINDOWS_PASSWORD, erase_sealed
from app.clusters.service.seen import keep_sighting
from app.clusters.service.start import require_running, want
from app.clusters.specs.conditions import troubles
from app.clusters.specs.left import left_json
from app.clusters.specs.observed import sighting
from app.clusters.specs.refused_changes import refused_setting, without
from app.clusters.specs.states import LEAVING, QUIET, SERVING
from app.clusters.specs.wanted import Place, Wanted, place_of
from app.clusters.workflow.await_azure import Made
from app.clusters.workflow.offers import Trial
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, record_step
from app.jobs.workflow import JobRun
from app.models import Cluster, ClusterState, Job

BEFORE = "before"
"""Under which a job's request has what the cluster was."""
_CHANGING = frozenset({ClusterState.UPDATING, ClusterState.UPGRADING})


class ClusterGoneError(ConflictError):
    """The cluster of this job is deleted, or is being deleted."""

    code = "cluster_deleted"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the cluster is and what it shall be."""

    place: Place
    wanted: Wanted
    # The name of AKS's own group for the cluster, as it was last seen.
    node_group: str | None = None
    trial: Trial = field(default_factory=Trial)
    # Our names of pools whose deletion is asked for, where the job is about all pools.
    leaving: tuple[str, ...] = ()


async def begin(record: Record, state: ClusterState) -> Plan:
    """Put the cluster into this state and return what the job needs; what is going, or stopped, is left alone.

    A create that is asked again for a cluster that serves does not take it out of service; what is deleted stays so.
    """
    cluster = await cluster_of(record)
    if cluster.state in LEAVING and state is not ClusterState.DELETING:
        raise ClusterGoneError("The cluster is deleted or is being deleted.")
    if state in _CHANGING:
        require_running(cluster)
    taken_up = state is ClusterState.CREATING and cluster.state in SERVING
    if cluster.state != ClusterState.DELETED and not taken_up:
        set_state(cluster, state, record)
    return Plan(
        place_of(cluster), Wanted.from_json(cluster.wanted), (cluster.observed or {}).get("node_resource_group")
    )


async def cluster_of(record: Record) -> Cluster:
    """The job's cluster, locked until the transaction's end."""
    cluster = await record.session.get(Cluster, record.view.target_id, with_for_update=True)
    if cluster is None:
        raise ClusterGoneError("The cluster of this job does not exist any more.")
    return cluster


def set_state(cluster: Cluster, state: ClusterState, record: Record) -> None:
    """Change the state; the version rises only when it does change.

    What is ready by a job's word is degraded where a condition says so.
    """
    if state is ClusterState.READY and troubles(cluster.conditions, record.now):
        state = ClusterState.DEGRADED
    if cluster.state != state:
        cluster.state = state
        cluster.version += 1
        cluster.updated_at = record.now


def settle(cluster: Cluster, record: Record) -> None:
    """The end of a change: the cluster is ready again, unless something else has come over it meanwhile."""
    if cluster.state in _CHANGING:
        set_state(cluster, ClusterState.READY, record)


def only_acceptance(job: JobRun) -> bool:
    """Whether the caller is content when Azure has accepted the request."""
    return job.view.options.get("wait_for") == "accepted"


@record_step
async def record_accepted(record: Record) -> None:
    """End the job when Azure took the request; the next comparison with Azure says what became of it."""
    await record.succeed(
        outcome={"accepted": True},
        summary=f"Azure has accepted the request for cluster {record.view.target_name} and is at work on it.",
    )


async def observe(
    record: Record, cluster: Cluster, seen: ManagedCluster, outbound_ips: tuple[str, ...] | None = None
) -> None:
    """Keep what Azure said of the cluster and its pools."""
    found = sighting(seen, outbound_ips)
    await keep_sighting(record.session, cluster, found, now=record.now)
    # What this job has waited for, if for anything, has ended too.
    await follow_foreign(record.session, cluster, found, now=record.now)
    await judge(record.session, [cluster], now=record.now)


async def serve_again(record: Record, cluster: Cluster, made: Made) -> None:
    """Keep what Azure made of the cluster; the change is over, unless the cluster has taken another turn by now."""
    await observe(record, cluster, made.cluster, made.outbound_ips)
    if cluster.state == ClusterState.UPDATING:
        set_state(cluster, ClusterState.READY, record)


async def record_failed(record: Record, end: JobEnd) -> None:
    """The end of a create that did not succeed: the cluster has failed, unless it is going anyway, or serves."""
    cluster = await record.session.get(Cluster, record.view.target_id, with_for_update=True)
    await erase_sealed(record.session, record.view.target_id, WINDOWS_PASSWORD)
    if cluster is None or cluster.state in LEAVING or cluster.state in SERVING:
        return
    set_state(cluster, ClusterState.FAILED, record)
    await record.emit("cluster.failed", data=_cause(end))


async def keep_before(record: Record) -> None:
    """Keep on the job what the cluster is before it, for `record_as_before`."""
    job = await record.session.get_one(Job, record.view.id)
    job.request = {**job.request, BEFORE: (await cluster_of(record)).state}


async def record_as_before(record: Record, end: JobEnd) -> None:
    """The end of a cure that did not succeed: what had failed before it has failed still."""
    await record_unchanged(record, end)
    job = await record.session.get_one(Job, record.view.id)
    cluster = await cluster_of(record)
    if end.begun and job.request.get(BEFORE) == ClusterState.FAILED and cluster.state in QUIET:
        set_state(cluster, ClusterState.FAILED, record)


async def record_unchanged(record: Record, end: JobEnd) -> None:
    """The end of a change that did not succeed: the cluster still serves, as Azure has it."""
    if not end.begun:
        return
    cluster = await record.session.get(Cluster, record.view.target_id, with_for_update=True)
    if cluster is None or cluster.state in LEAVING:
        return
    if cluster.state in _CHANGING:
        lost = end.problem.code == ClusterLostError.code
        set_state(cluster, ClusterState.LOST if lost else ClusterState.READY, record)
    left = left_json(cluster, await list_pools(record.session, [cluster]))
    job = await record.session.get_one(Job, record.view.id)
    job.outcome = {**(job.outcome or {}), "left": left, **_take_back(record, cluster, end)}
    await record.emit("cluster.change_failed", data={**_cause(end), "left": left})


def _take_back(record: Record, cluster: Cluster, end: JobEnd) -> JsonObject:
    """What the outcome says of a setting that Azure cannot change: it is wanted no longer, else all jobs would fail."""
    settings = cluster.wanted.get("settings", {})
    ours = refused_setting(end.problem, settings)
    if ours is None or (left := without(settings, ours)) == settings:
        return {}
    want(cluster, {"settings": left}, record.now)
    return {"taken_back": [ours]}


def _cause(end: JobEnd) -> JsonObject:
    return {"code": end.problem.code, "canceled": end.canceled}
