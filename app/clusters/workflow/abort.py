"""`cluster.abort`: end what Azure does with a cluster or a pool, whoever asked for it, and tell what stayed.

A job of Slipway's that was at it has been asked to stop, and has ended before this one begins.
"""

from dataclasses import dataclass

from app.azure.types.cluster import ManagedCluster
from app.clusters.service.read import list_pools
from app.clusters.specs.kinds import ABORT
from app.clusters.specs.left import left_json, left_words
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow import await_azure, leave, plan
from app.clusters.workflow.await_azure import Begun
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow


async def abort_cluster(job: JobRun) -> None:
    """Abort what goes on, wait until Azure has ended it, and read what it left."""
    asked = await job.record(find_cluster)
    begun = await job.cloud(abort_in_azure, asked)
    await job.cloud(await_abort, asked, begun)
    seen = await job.cloud(read_aborted, asked)
    await job.record(record_aborted, asked, begun, seen)


@dataclass(frozen=True, slots=True)
class AbortPlan:
    """Where the cluster is, and which pool is meant, by Azure's name; None: the cluster with all its pools."""

    place: Place
    pool: str | None


@record_step
async def find_cluster(record: Record) -> AbortPlan:
    """Where the cluster is."""
    return AbortPlan(place_of(await plan.cluster_of(record)), record.view.request.get("pool"))


@cloud_step
async def abort_in_azure(cloud: Cloud, asked: AbortPlan) -> list[Begun]:
    """Ask Azure to end what goes on; nothing where nothing does, or the job that was at it has done so."""
    await await_azure.require_ours(cloud, asked.place)
    return await leave.abort_all(cloud, asked.place, only=asked.pool)


@cloud_step
async def await_abort(cloud: Cloud, asked: AbortPlan, begun: list[Begun]) -> None:
    """Wait until it has ended."""
    await leave.watch_aborted(cloud, asked.place, begun)


@cloud_step
async def read_aborted(cloud: Cloud, asked: AbortPlan) -> ManagedCluster:
    """Read what stayed."""
    return await await_azure.require_ours(cloud, asked.place)


@record_step
async def record_aborted(record: Record, asked: AbortPlan, begun: list[Begun], seen: ManagedCluster) -> None:
    """Write what the cluster is now."""
    await leave.settle(record, seen)
    cluster = await plan.cluster_of(record)
    left = left_json(cluster, await list_pools(record.session, [cluster]))
    job_id = record.view.request.get("job")
    outcome = {"aborted": bool(begun) or job_id is not None, "pool": asked.pool, "job": job_id, "left": left}
    await record.emit("cluster.aborted", data=outcome)
    done = "What Azure did with" if outcome["aborted"] else "Nothing was to be aborted: nothing went on in"
    ended = "is aborted." if outcome["aborted"] else "any more."
    await record.succeed(outcome=outcome, summary=f"{done} cluster {cluster.name} {ended} {left_words(left)}")


abort_workflow = Workflow(ABORT, abort_cluster)
