"""What a change leaves behind that is not carried out: Azure is asked to abort it, what stayed is read (trouble 16)."""

from dataclasses import dataclass

from sqlalchemy import select

from app.azure.types.cluster import ManagedCluster
from app.azure.types.provisioning import Provisioned
from app.azure.types.watch import TargetKind
from app.clusters.service.start import SUPERSEDED
from app.clusters.specs.asked import going
from app.clusters.specs.observed import sighting
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, azure_call
from app.models import ClusterState, JobStep

_AT_WORK = frozenset({ClusterState.UPDATING, ClusterState.UPGRADING, ClusterState.STOPPING, ClusterState.STARTING})


async def clean_up_change(job: JobRun, end: JobEnd) -> None:
    """After a change that failed or was canceled: abort what of it still runs, and read what stayed."""
    left = await job.record(find_left)
    # What was accepted is Azure's when the job has given up for another reason: it may still come to a good end.
    if end.canceled and left.asked:
        aborted = await job.cloud(abort_change, left.place, left.pool)
        if end.problem.code != SUPERSEDED:
            await job.cloud(await_aborted, left.place, aborted)
    seen = await job.cloud(read_left, left.place)
    await job.record(record_left, seen)


@dataclass(frozen=True, slots=True)
class Left:
    """Where the cluster is, and whether what this job has asked of Azure may still go on there.

    `pool`: it goes on at this one, by Azure's name; None: at the cluster.
    """

    place: Place
    asked: bool
    pool: str | None = None


@record_step
async def find_left(record: Record) -> Left:
    """Look at the job's own steps: what others asked of Azure is not this job's to abort."""
    cluster = await plan.cluster_of(record)
    notes = select(JobStep.azure).where(JobStep.job_id == record.view.id).order_by(JobStep.ordinal.desc())
    found = going(await record.session.scalars(notes))
    return Left(place_of(cluster), found is not None, None if found is None else found.pool)


@cloud_step
async def abort_change(cloud: Cloud, place: Place, pool: str | None) -> list[Begun]:
    """Ask Azure to end what it does with the cluster and its pools, or with this pool."""
    return await abort_all(cloud, place, only=pool)


async def abort_all(cloud: Cloud, place: Place, *, only: str | None = None) -> list[Begun]:
    """Ask Azure to end what it does with the cluster and its pools, or with one pool; what that is to be waited for.

    An abort that Azure answers with an error may have been taken all the same: the next attempt looks again (scene 9).
    """
    subscription = cloud.gateways.azure.subscription(place.subscription_id)
    clusters, pools = subscription.managed_clusters, subscription.agent_pools
    names = place.resource_group, place.azure_name
    present = await await_azure.find_ours(cloud, place)
    if present is None:
        return []
    now = cloud.clock.now()
    if only is None and _busy(present):
        if present.provisioning_state.lower() != "canceling":
            await clusters.abort(*names, call=azure_call(cloud))
        return [Begun(present.id, None, now)]
    begun = []
    for pool in present.pools:
        if only in {None, pool.name} and _busy(pool):
            if pool.provisioning_state.lower() != "canceling":
                await pools.abort(*names, pool.name, call=azure_call(cloud))
            begun.append(Begun(pools.id_of(*names, pool.name), None, now))
    return begun


def _busy(present: Provisioned) -> bool:
    return not present.settled and not present.deleting


@cloud_step
async def await_aborted(cloud: Cloud, place: Place, aborted: list[Begun]) -> None:
    """Wait until Azure has ended it; how it ended is read afterwards."""
    await watch_aborted(cloud, place, aborted)


async def watch_aborted(cloud: Cloud, place: Place, aborted: list[Begun]) -> None:
    """Wait until nothing of this goes on any more."""
    for begun in aborted:
        kind = TargetKind.AGENT_POOL if "/agentpools/" in begun.target_id.lower() else TargetKind.MANAGED_CLUSTER
        await await_azure.watch(
            cloud, begun, subscription_id=place.subscription_id, kind=kind, expected="cluster_abort"
        )


@cloud_step
async def read_left(cloud: Cloud, place: Place) -> ManagedCluster | None:
    """Read what stayed; None where Azure has no cluster of ours."""
    return await await_azure.find_ours(cloud, place)


@record_step
async def record_left(record: Record, seen: ManagedCluster | None) -> None:
    """Write what the cluster is now."""
    cluster = await plan.cluster_of(record)
    if seen is None:
        if cluster.state in _AT_WORK:
            plan.set_state(cluster, ClusterState.LOST, record)
        return
    await settle(record, seen)


async def settle(record: Record, seen: ManagedCluster) -> None:
    """Write what the cluster is now. Where Azure is still at it, the next comparisons say what becomes of it."""
    cluster = await plan.cluster_of(record)
    await plan.observe(record, cluster, seen)
    if cluster.state in _AT_WORK and seen.settled:
        stays = ClusterState.STOPPED if sighting(seen).stopped else ClusterState.READY
        plan.set_state(cluster, stays, record)
