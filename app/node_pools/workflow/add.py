"""`node_pool.create`."""

from dataclasses import replace

from app.azure.errors import AzureError
from app.azure.types.tags import JOB, is_ours, owner_tags
from app.azure.types.watch import TargetKind
from app.clusters.service import pool_rows
from app.clusters.service.start import SUPERSEDED
from app.clusters.workflow import await_azure
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.offers import begin_offers
from app.clusters.workflow.preflight import room_told
from app.clusters.workflow.proof import Proof
from app.clusters.workflow.turn import require_idle
from app.core.json import JsonObject
from app.core.text import counted
from app.engine.errors import JobFailedError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import NodePool, NodePoolState
from app.node_pools.specs.kinds import CREATE
from app.node_pools.workflow import plan, pool_calls
from app.node_pools.workflow.offers import check_room, remove_failed, turn_to_next
from app.node_pools.workflow.plan import PoolPlan, prove_nodes
from app.node_pools.workflow.pool_calls import PoolNotOursError


async def add_pool(job: JobRun) -> None:
    """Make a pool, and see its nodes Ready."""
    asked = await job.record(begin_add)
    while True:
        try:
            room = await job.cloud(check_room, asked)
            begun = await job.cloud(put_pool, asked)
            if clusters.only_acceptance(job):
                await job.record(clusters.record_accepted)
                return
            await _see_pool_through(job, asked, begun)
            break
        except JobFailedError as failed:
            if asked.trial.is_over(failed):
                raise
            asked = await job.record(turn_to_next, asked, failed.problem)
            await job.cloud(remove_failed, asked)
    made = await job.cloud(read_pool, asked)
    proof = await job.cloud(prove_nodes, asked, made)
    await job.record(record_added, asked, made, proof, room_told(room))


async def _see_pool_through(job: JobRun, asked: PoolPlan, begun: Begun) -> None:
    await see_through(
        job,
        asked.place,
        begun,
        wait=lambda sent: job.cloud(await_pool, asked, sent),
        again=lambda: job.cloud(put_pool, asked),
    )


@record_step
async def begin_add(record: Record) -> PoolPlan:
    """Mark the cluster as being changed, and take the first offer that Azure did not refuse lately."""
    trial = await begin_offers(record, await clusters.cluster_of(record))
    return replace(await plan.begin(record, NodePoolState.CREATING), trial=trial)


@cloud_step
async def put_pool(cloud: Cloud, asked: PoolPlan) -> Begun:
    """Ask Azure for the pool, unless it is there already, from an answer that was lost or a job that went before."""
    place = asked.place
    await require_idle(cloud, place)
    owner = {**owner_tags(project_id=place.project_id, cluster_id=place.cluster_id), JOB: cloud.job.id}
    try:
        return await pool_calls.ensure(cloud, asked, replace(asked.spec, tags={**asked.spec.tags, **owner}))
    except AzureError as error:
        asked.trial.raise_first(error)
        raise


@cloud_step
async def await_pool(cloud: Cloud, asked: PoolPlan, begun: Begun) -> None:
    """Wait until Azure has made the pool."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.AGENT_POOL,
        expected=f"pool_create:{asked.spec.os_type.lower()}",
    )


@cloud_step
async def read_pool(cloud: Cloud, asked: PoolPlan) -> Made:
    """Read what Azure made."""
    return await await_azure.read_made(cloud, asked.place, missing=lambda seen: plan.pool_missing(seen, asked.spec))


@record_step
async def record_added(record: Record, asked: PoolPlan, made: Made, proof: Proof, told: JsonObject) -> None:
    """Write that the pool and the cluster are ready."""
    cluster = await clusters.cluster_of(record)
    row = await plan.pool_of(record)
    await clusters.serve_again(record, cluster, made)
    plan.set_state(row, NodePoolState.READY, record)
    pool = made.cluster.pool(asked.spec.name)
    count = pool.count if pool is not None else asked.spec.count
    outcome = {"pool": asked.name, "azure_name": asked.spec.name, "count": count, **proof.told()}
    outcome |= asked.trial.told() | told
    await record.emit("node_pool.ready", data=outcome)
    nodes, words = counted(count, "node"), proof.words("all nodes are Ready.")
    await record.succeed(
        outcome=outcome, summary=f"Cluster {cluster.name} has the node pool {asked.name} with {nodes}; {words}"
    )


async def clean_up_add(job: JobRun, end: JobEnd) -> None:
    """Abort what still runs when the job was canceled; remove what it made when the caller asked for that."""
    if end.canceled:
        await clean_up_change(job, end)
    if end.problem.code == SUPERSEDED or job.view.options.get("on_failure") != "delete":
        # What takes its place removes the pool.
        return
    asked = await job.record(read_plan)
    if await job.cloud(remove_leftovers, asked):
        await job.record(forget_pool)


@record_step
async def read_plan(record: Record) -> PoolPlan:
    """Where the pool would be."""
    return await plan.begin(record, NodePoolState.FAILED)


@cloud_step
async def remove_leftovers(cloud: Cloud, asked: PoolPlan) -> bool:
    """Remove the pool that this job made, and nothing else; False where it is somebody else's."""
    place = asked.place
    present = await plan.present_pool(cloud, asked)
    if present is None:
        return True
    if not is_ours(present.tags, place.cluster_id) or present.tags.get(JOB) != cloud.job.id:
        return False
    await pool_calls.await_gone(cloud, asked, await pool_calls.delete(cloud, asked))
    return True


@record_step
async def forget_pool(record: Record) -> None:
    """Nothing of the pool is left: neither its row nor what was wanted; but a deletion ends the row by itself."""
    await _forget(record, leaving=False)


async def _forget(record: Record, *, leaving: bool) -> None:
    """End the pool's row and what was wanted of it; `leaving`: also where its deletion is asked for."""
    cluster = await clusters.cluster_of(record)
    row = await record.session.get(NodePool, record.view.request["pool_id"], with_for_update=True)
    if row is not None and row.deleted_at is None and (leaving or not plan.leaves(row, record)):
        await pool_rows.forget_pool(record.session, cluster, row, now=record.now)


async def record_not_added(record: Record, end: JobEnd) -> None:
    """The end of one that did not succeed. Where the name is somebody else's pool's, nothing of it is on record.

    By the row's name that pool would be found in Azure, and changed or deleted as if it were ours.
    """
    await plan.record_failed(record, end)
    if end.problem.code == PoolNotOursError.code:
        await _forget(record, leaving=True)


add_workflow = Workflow(CREATE, add_pool, ended=record_not_added, clean_up=clean_up_add)
