"""`cluster.sync`: compare one cluster with Azure, now."""

from dataclasses import dataclass

from app.azure.types.cluster import ManagedCluster
from app.clusters.service.seen import record_seen
from app.clusters.specs.kinds import SYNC
from app.clusters.specs.observed import same_cluster, sighting
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow import plan
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call


async def sync_cluster(job: JobRun) -> None:
    """Read the cluster in Azure and keep what was seen. Changes nothing in Azure."""
    asked = await job.record(find_place)
    seen = await job.cloud(look, asked)
    await job.record(record_look, asked, seen)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the cluster is, and its row's version before the look."""

    place: Place
    version: int


@record_step
async def find_place(record: Record) -> Whereabouts:
    """Where the cluster is."""
    cluster = await plan.cluster_of(record)
    return Whereabouts(place_of(cluster), cluster.version)


@cloud_step
async def look(cloud: Cloud, asked: Whereabouts) -> ManagedCluster | None:
    """What Azure has under the cluster's name."""
    place = asked.place
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    return await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))


@record_step
async def record_look(record: Record, asked: Whereabouts, seen: ManagedCluster | None) -> None:
    """Keep what was seen, unless the row has changed since: then it knows better than the look."""
    cluster = await plan.cluster_of(record)
    if seen is not None and not same_cluster(cluster.id, cluster.observed, seen):
        seen = None
    if cluster.version == asked.version:
        await record_seen(record.session, cluster, sighting(seen) if seen else None, now=record.now)
    state = seen.provisioning_state if seen else None
    await record.succeed(outcome={"found": seen is not None, "provisioning_state": state, "state": cluster.state})


sync_workflow = Workflow(SYNC, sync_cluster)
