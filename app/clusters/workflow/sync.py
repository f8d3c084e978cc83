"""`cluster.sync`: compare one cluster with Azure, now."""

from app.azure.types.cluster import ManagedCluster
from app.azure.types.tags import is_ours
from app.clusters.service.seen import record_seen
from app.clusters.specs.kinds import SYNC
from app.clusters.specs.observed import sighting
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow import plan
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call


async def sync_cluster(job: JobRun) -> None:
    """Read the cluster in Azure and keep what was seen. Changes nothing in Azure."""
    place = await job.record(find_place)
    seen = await job.cloud(look, place)
    await job.record(record_look, seen)


@record_step
async def find_place(record: Record) -> Place:
    """Where the cluster is."""
    return place_of(await plan.cluster_of(record))


@cloud_step
async def look(cloud: Cloud, place: Place) -> ManagedCluster | None:
    """The cluster as Azure has it; None when there is none of ours."""
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    seen = await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))
    return seen if seen is not None and is_ours(seen.tags, place.cluster_id) else None


@record_step
async def record_look(record: Record, seen: ManagedCluster | None) -> None:
    """Keep what was seen."""
    cluster = await plan.cluster_of(record)
    await record_seen(record.session, cluster, sighting(seen) if seen else None, now=record.now)
    state = seen.provisioning_state if seen else None
    await record.succeed(outcome={"found": seen is not None, "provisioning_state": state, "state": cluster.state})


sync_workflow = Workflow(SYNC, sync_cluster)
