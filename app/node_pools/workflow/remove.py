"""`node_pool.delete`."""

from app.clusters.service.pool_rows import forget_pool
from app.clusters.service.start import SUPERSEDED
from app.clusters.specs.wanted import place_of
from app.clusters.workflow import await_azure
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.leave import clean_up_change
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import NodePoolState
from app.node_pools.specs.kinds import DELETE
from app.node_pools.workflow import plan, pool_calls
from app.node_pools.workflow.drain import Drain, allow_pods, cordon_nodes, drain_nodes, look_at_pods, verify_pods
from app.node_pools.workflow.plan import PoolPlan


async def remove_pool(job: JobRun) -> None:
    """Have Azure drain and remove a pool, and see that it is gone."""
    asked = await job.record(begin_remove)
    if job.view.request.get("drain"):
        drain, place, pool = Drain.of(job.view.request), asked.place, asked.spec.name
        kept = await job.cloud(look_at_pods, place, pool)
        await job.cloud(cordon_nodes, place, pool)
        await job.cloud(drain_nodes, place, pool, drain)
        await job.cloud(verify_pods, place, kept, drain)
    begun = await job.cloud(delete_pool, asked)
    await job.cloud(await_gone, asked, begun)
    made = await job.cloud(read_left, asked)
    await job.record(record_removed, asked, made)


@record_step
async def begin_remove(record: Record) -> PoolPlan:
    """Mark the pool as being deleted."""
    return await plan.begin(record, NodePoolState.DELETING)


@cloud_step
async def delete_pool(cloud: Cloud, asked: PoolPlan) -> Begun | None:
    """Ask Azure to remove the pool; None where there is none."""
    return await pool_calls.delete(cloud, asked, ignore_budgets=bool(cloud.job.request.get("ignore_budgets")))


@cloud_step
async def await_gone(cloud: Cloud, asked: PoolPlan, begun: Begun | None) -> None:
    """Wait until Azure has the pool no more."""
    await pool_calls.await_gone(cloud, asked, begun)


@cloud_step
async def read_left(cloud: Cloud, asked: PoolPlan) -> Made:
    """Read which pools are left."""
    return await await_azure.read_made(
        cloud,
        asked.place,
        missing=lambda seen: [] if seen.pool(asked.spec.name) is None else [f"Pool {asked.name} is still there."],
    )


@record_step
async def record_removed(record: Record, asked: PoolPlan, made: Made) -> None:
    """Write that the pool is gone."""
    cluster = await clusters.cluster_of(record)
    row = await plan.pool_of(record)
    await forget_pool(record.session, cluster, row, now=record.now)
    await record.session.flush()
    await clusters.serve_again(record, cluster, made)
    await record.emit("node_pool.deleted", data={"pool": asked.name, "azure_name": asked.spec.name})
    await record.succeed(
        outcome={"pool": asked.name}, summary=f"Pool {asked.name} of cluster {cluster.name} is removed."
    )


async def clean_up_remove(job: JobRun, end: JobEnd) -> None:
    """As after any change; and a pool that stays, which the job has begun to empty, takes pods again."""
    await clean_up_change(job, end)
    if end.problem.code == SUPERSEDED:
        return
    asked = await job.record(find_emptied)
    if asked is not None:
        await job.cloud(let_pods_come, asked)


@record_step
async def find_emptied(record: Record) -> PoolPlan | None:
    """The pool, where this job has told its nodes to take no pods; None where somebody else may have."""
    if cordon_nodes.name not in await plan.steps_of(record):
        return None
    return plan.leaving(place_of(await clusters.cluster_of(record)), await plan.pool_of(record))


@cloud_step
async def let_pods_come(cloud: Cloud, asked: PoolPlan) -> None:
    """Let pods come to the pool again, unless it is going."""
    present = await plan.present_pool(cloud, asked)
    if present is not None and not present.deleting:
        await allow_pods(cloud, asked.place, asked.spec.name, allowed=True)


remove_workflow = Workflow(DELETE, remove_pool, ended=plan.record_failed, clean_up=clean_up_remove)
