"""`cluster.update`: the tags, for now."""

from app.azure.types.tags import JOB
from app.azure.types.watch import TargetKind
from app.clusters.specs.applied import tags_missing
from app.clusters.specs.kinds import UPDATE
from app.clusters.specs.wanted import tags_of
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.plan import Plan
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState


async def update_cluster(job: JobRun) -> None:
    """Bring a changed row to Azure."""
    asked = await job.record(begin_update)
    begun = await job.cloud(put_tags, asked)
    if plan.only_acceptance(job):
        await job.record(plan.record_accepted)
        return
    await job.cloud(await_update, asked, begun)
    made = await job.cloud(read_updated, asked)
    await job.record(record_updated, made)


@record_step
async def begin_update(record: Record) -> Plan:
    """Mark the cluster as being updated."""
    return await plan.begin(record, ClusterState.UPDATING)


@cloud_step
async def put_tags(cloud: Cloud, asked: Plan) -> Begun | None:
    """Send the tags, unless Azure has them."""
    place = asked.place
    present = await require_changeable(cloud, place)
    wanted = tags_of(place, asked.wanted, job_id=present.tags.get(JOB, cloud.job.id))
    if dict(present.tags) == wanted:
        return None
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    answer = await clusters.put_tags(
        place.resource_group, place.azure_name, wanted, if_match=None, call=azure_call(cloud)
    )
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_update(cloud: Cloud, asked: Plan, begun: Begun | None) -> None:
    """Wait until Azure has applied the change."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_update",
    )


@cloud_step
async def read_updated(cloud: Cloud, asked: Plan) -> Made:
    """Read what Azure applied."""
    return await await_azure.read_made(cloud, asked.place, missing=lambda seen: tags_missing(seen, asked.wanted.tags))


@record_step
async def record_updated(record: Record, made: Made) -> None:
    """Write that the cluster is ready again."""
    cluster = await plan.cluster_of(record)
    await plan.observe(record, cluster, made.cluster, made.outbound_ips)
    if cluster.state == ClusterState.UPDATING:
        plan.set_state(cluster, ClusterState.READY, record)
    await record.emit("cluster.updated")
    await record.succeed(outcome={"tags": dict(made.cluster.tags)})


update_workflow = Workflow(UPDATE, update_cluster, ended=plan.record_unchanged, clean_up=clean_up_change)
