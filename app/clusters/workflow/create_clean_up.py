"""What becomes of a create that did not end well: aborted where it was canceled, removed where that was asked."""

from collections.abc import Mapping

from app.azure.types.tags import JOB, is_ours
from app.clusters.specs.wanted import Place, Wanted, place_of
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
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    present = await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))
    if present is None or not is_ours(present.tags, place.cluster_id):
        return
    if present.provisioning_state.lower() not in await_azure.SETTLED:
        await clusters.abort(place.resource_group, place.azure_name, call=azure_call(cloud))


@cloud_step
async def remove_leftovers(cloud: Cloud, asked: Plan) -> None:
    """Remove the cluster that this job made, and nothing else."""
    place = asked.place
    subscription = cloud.gateways.azure.subscription(place.subscription_id)
    present = await subscription.managed_clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))
    if present is None or not _made_by(cloud, place, present.tags):
        return
    await remove(cloud, place, present.id)


def _made_by(cloud: Cloud, place: Place, tags: Mapping[str, str]) -> bool:
    return is_ours(tags, place.cluster_id) and tags.get(JOB) == cloud.job.id
