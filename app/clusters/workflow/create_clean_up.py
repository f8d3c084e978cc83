"""What becomes of a create that did not end well: aborted where it was canceled, removed where that was asked."""

from app.azure.types.tags import JOB
from app.clusters.specs.wanted import Wanted, place_of
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.create_offers import remove
from app.clusters.workflow.plan import Plan
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, azure_call


async def clean_up_create(job: JobRun, end: JobEnd) -> None:
    """Abort what still runs when the job was canceled; remove what it made when the caller asked for that."""
    asked = await job.record(read_plan)
    if end.canceled:
        await job.cloud(abort_create, asked)
    if job.view.options.get("on_failure") == "delete":
        await job.cloud(remove_leftovers, asked)


@record_step
async def read_plan(record: Record) -> Plan:
    """Where the cluster would be."""
    cluster = await plan.cluster_of(record)
    return Plan(place_of(cluster), Wanted.from_json(cluster.wanted))


@cloud_step
async def abort_create(cloud: Cloud, asked: Plan) -> None:
    """Abort Azure's operation on our cluster, if one runs, and say in the step what stays."""
    place = asked.place
    present = await await_azure.find_ours(cloud, place)
    if present is not None and not present.settled:
        clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
        await clusters.abort(place.resource_group, place.azure_name, call=azure_call(cloud))


@cloud_step
async def remove_leftovers(cloud: Cloud, asked: Plan) -> None:
    """Remove the cluster that this job made, and nothing else."""
    present = await await_azure.find_ours(cloud, asked.place)
    if present is not None and present.tags.get(JOB) == cloud.job.id:
        await remove(cloud, asked.place, present.id)
