"""`node_pool.rotate`: what Azure cannot change of a pool that is there, a pool in its place can have.

https://learn.microsoft.com/azure/aks/resize-node-pool
"""

from dataclasses import replace

from app.azure.types.tags import JOB, is_ours, owner_tags
from app.azure.types.watch import TargetKind
from app.clusters.service.pool_rows import replacement_of
from app.clusters.service.start import SUPERSEDED
from app.clusters.specs.room import Growth
from app.clusters.workflow import await_azure
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.preflight import ground_of, require_room
from app.clusters.workflow.turn import require_idle
from app.core.text import counted
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import Job, NodePoolState
from app.node_pools.service.rotation import forget_replacement, take_over
from app.node_pools.specs.kinds import ROTATE
from app.node_pools.specs.rotation_left import rotation_left
from app.node_pools.workflow import plan, pool_calls
from app.node_pools.workflow.drain import Kept, allow_pods, cordon_nodes, drain_nodes, look_at_pods, verify_pods
from app.node_pools.workflow.plan import prove_nodes
from app.node_pools.workflow.pool_calls import PoolNotOursError
from app.node_pools.workflow.rotation_plan import RotationPlan, begin


async def rotate_pool(job: JobRun) -> None:
    """Make a pool in the old one's place, move the pods over, and remove the old one."""
    asked = await job.record(begin_rotation)
    new, old, place = asked.new, asked.old, asked.new.place
    begun = await job.cloud(put_new_pool, asked)
    await see_through(
        job,
        place,
        begun,
        wait=lambda sent: job.cloud(await_new_pool, asked, sent),
        again=lambda: job.cloud(put_new_pool, asked),
    )
    made = await job.cloud(read_new_pool, asked)
    await job.cloud(prove_nodes, new, made)
    await job.record(record_new_pool, asked, made)
    held = await job.cloud(end_old_autoscaling, asked)
    await job.cloud(await_old_held, asked, held)
    kept = await job.cloud(look_at_pods, place, old.spec.name)
    await job.cloud(cordon_nodes, place, old.spec.name)
    moved = await job.cloud(drain_nodes, place, old.spec.name, asked.drain)
    await job.cloud(verify_pods, place, kept, asked.drain)
    going = await job.cloud(delete_old_pool, asked)
    await job.cloud(await_old_gone, asked, going)
    left = await job.cloud(read_left, asked)
    await job.record(record_rotated, asked, left, kept, moved)


@record_step
async def begin_rotation(record: Record) -> RotationPlan:
    """Write the new pool's row, or find that of the job before; mark the cluster and the old pool as being changed."""
    return await begin(record)


@cloud_step
async def put_new_pool(cloud: Cloud, asked: RotationPlan) -> Begun:
    """Ask Azure for the new pool, unless it is there already; there must be room for it beside the old one."""
    place = asked.new.place
    cluster = await require_idle(cloud, place)
    if cluster.pool(asked.new.spec.name) is None:
        await require_room(cloud, ground_of(cluster, place.subscription_id), [Growth.of_new(asked.new.spec)])
    owner = {**owner_tags(project_id=place.project_id, cluster_id=place.cluster_id), JOB: cloud.job.id}
    spec = replace(asked.new.spec, tags={**asked.new.spec.tags, **owner})
    return await pool_calls.ensure(cloud, asked.new, spec)


@cloud_step
async def await_new_pool(cloud: Cloud, asked: RotationPlan, begun: Begun) -> None:
    """Wait until Azure has made the new pool."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.new.place.subscription_id,
        kind=TargetKind.AGENT_POOL,
        expected=f"pool_create:{asked.new.spec.os_type.lower()}",
    )


@cloud_step
async def read_new_pool(cloud: Cloud, asked: RotationPlan) -> Made:
    """Read what Azure made."""
    return await await_azure.read_made(
        cloud, asked.new.place, missing=lambda seen: plan.pool_missing(seen, asked.new.spec)
    )


@record_step
async def record_new_pool(record: Record, asked: RotationPlan, made: Made) -> None:
    """Write that the new pool is ready beside the old one."""
    cluster = await clusters.cluster_of(record)
    await clusters.observe(record, cluster, made.cluster, made.outbound_ips)
    new = await replacement_of(record.session, record.view.request["pool_id"])
    if new is not None:
        plan.set_state(new, NodePoolState.READY, record)
    await record.emit(
        "node_pool.replacement_ready",
        data={"pool": asked.old.name, "azure_name": asked.new.spec.name, "replaces": asked.old.spec.name},
    )


@cloud_step
async def end_old_autoscaling(cloud: Cloud, asked: RotationPlan) -> Begun | None:
    """Keep the autoscaler from giving the old pool nodes for the pods that are to leave it."""
    await require_idle(cloud, asked.old.place)
    present = await plan.present_pool(cloud, asked.old)
    if present is None or not present.auto_scaling:
        return None
    spec = replace(asked.old.spec, min_count=None, max_count=None, count=present.count)
    return await pool_calls.send(cloud, asked.old, spec, present)


@cloud_step
async def await_old_held(cloud: Cloud, asked: RotationPlan, held: Begun | None) -> None:
    """Wait until the autoscaler leaves the old pool alone."""
    await await_azure.finish(
        cloud,
        held,
        subscription_id=asked.old.place.subscription_id,
        kind=TargetKind.AGENT_POOL,
        expected="pool_update",
    )


@cloud_step
async def delete_old_pool(cloud: Cloud, asked: RotationPlan) -> Begun | None:
    """Ask Azure to remove the old pool; None where there is none any more."""
    return await pool_calls.delete(cloud, asked.old, ignore_budgets=asked.drain.ignore_budgets)


@cloud_step
async def await_old_gone(cloud: Cloud, asked: RotationPlan, going: Begun | None) -> None:
    """Wait until Azure has the old pool no more."""
    await pool_calls.await_gone(cloud, asked.old, going)


@cloud_step
async def read_left(cloud: Cloud, asked: RotationPlan) -> Made:
    """Read which pools there are: the new one, and the old one not."""
    return await await_azure.read_made(
        cloud,
        asked.new.place,
        missing=lambda seen: [
            *plan.pool_missing(seen, asked.new.spec),
            *([] if seen.pool(asked.old.spec.name) is None else [f"Pool {asked.old.spec.name} is still there."]),
        ],
    )


@record_step
async def record_rotated(record: Record, asked: RotationPlan, left: Made, kept: list[Kept], moved: int) -> None:
    """The old pool's row, with its id and our name, is the new pool's from here on."""
    cluster = await clusters.cluster_of(record)
    row = await plan.pool_of(record)
    await take_over(record.session, cluster, row, now=record.now)
    await record.session.flush()
    await clusters.serve_again(record, cluster, left)
    plan.set_state(row, NodePoolState.READY, record)
    outcome = {
        "pool": asked.old.name,
        "azure_name": asked.new.spec.name,
        "replaced": asked.old.spec.name,
        "pods_moved": moved,
        "pods_ready": sum(each.ready for each in kept),
    }
    await record.emit("node_pool.rotated", data=outcome)
    await record.succeed(
        outcome=outcome,
        summary=f"Pool {asked.old.name} of cluster {cluster.name} is a new one, {asked.new.spec.name} in Azure; "
        f"{counted(moved, 'pod')} moved.",
    )


async def clean_up_rotation(job: JobRun, end: JobEnd) -> None:
    """Abort what still runs when the job was canceled, and have the old pool serve as before.

    The new one, and nothing else, is removed when that was asked.
    """
    if end.canceled:
        await clean_up_change(job, end)
    removing = job.view.options.get("on_failure") == "delete"
    if end.problem.code == SUPERSEDED and not removing:
        return
    asked = await job.record(read_rotation)
    if asked is not None and await job.cloud(restore_old_pool, asked) and removing:
        await job.cloud(remove_new_pool, asked)
        await job.record(forget_new_pool)


@record_step
async def read_rotation(record: Record) -> RotationPlan | None:
    """What was begun; None where nothing was that is to be put back or removed."""
    if await replacement_of(record.session, record.view.request["pool_id"]) is None:
        return None
    removing = record.view.options.get("on_failure") == "delete"
    if not removing and end_old_autoscaling.name not in await plan.steps_of(record):
        # Somebody else may have cordoned its nodes.
        return None
    return await begin(record)


@cloud_step
async def restore_old_pool(cloud: Cloud, asked: RotationPlan) -> bool:
    """Let pods and the autoscaler onto the old pool again; False where there is none any more, or it is going."""
    old = await plan.present_pool(cloud, asked.old)
    if old is None or old.deleting:
        return False
    await allow_pods(cloud, asked.old.place, asked.old.spec.name, allowed=True)
    # Where nothing was changed of it in Azure, nobody else there is waited for.
    if asked.old.spec.auto_scaling or not old.succeeded:
        await require_idle(cloud, asked.old.place)
        old = await plan.present_pool(cloud, asked.old)
        if old is None:
            return False
        await await_old_held.run(cloud, asked, await pool_calls.send(cloud, asked.old, asked.old.spec, old))
    return True


@cloud_step
async def remove_new_pool(cloud: Cloud, asked: RotationPlan) -> None:
    """Remove the new pool, now that the old one serves."""
    new = await plan.present_pool(cloud, asked.new)
    if new is not None and is_ours(new.tags, asked.new.place.cluster_id):
        await pool_calls.await_gone(cloud, asked.new, await pool_calls.delete(cloud, asked.new))


@record_step
async def forget_new_pool(record: Record) -> None:
    """Nothing of the new pool is left: neither its row nor what was wanted."""
    cluster = await clusters.cluster_of(record)
    await forget_replacement(record.session, cluster, record.view.request["pool_id"], now=record.now)


async def record_failed(record: Record, end: JobEnd) -> None:
    """Both pools are on record as Azure has them, and the job says how they were left; `:retry` goes on."""
    new = await replacement_of(record.session, record.view.request["pool_id"])
    if new is not None and new.state == NodePoolState.CREATING:
        plan.set_state(new, NodePoolState.FAILED, record)
    await plan.record_failed(record, end)
    if end.problem.code == PoolNotOursError.code:
        # By the new row's name somebody else's pool would be taken for ours; a retry takes another.
        await forget_new_pool.run(record)
    if new is not None and new.deleted_at is None and end.begun:
        job = await record.session.get_one(Job, record.view.id)
        job.outcome = {**(job.outcome or {}), "rotation": rotation_left(await plan.steps_of(record), new.name)}


rotate_workflow = Workflow(ROTATE, rotate_pool, ended=record_failed, clean_up=clean_up_rotation)
