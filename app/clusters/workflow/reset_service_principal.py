"""`cluster.reset_service_principal`: the cluster acts in Azure as another application, or with another secret."""

from dataclasses import dataclass

from app.azure.types.watch import TargetKind
from app.clusters.service.start import want
from app.clusters.specs.kinds import RESET_SERVICE_PRINCIPAL
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.proof import Proof, prove
from app.clusters.workflow.put_secrets import (
    SecretSeen,
    keep_secrets_end,
    lies_in_vault,
    look_at_secret,
    principals_secret,
)
from app.clusters.workflow.turn import was_sent
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState


async def reset_service_principal(job: JobRun) -> None:
    """Give Azure the application and its secret, and see that the cluster lives."""
    asked = await job.record(begin_reset)
    before = await job.cloud(look_before, asked)
    principal = job.view.request["service_principal"]
    seen = await job.cloud(look_at_secret, principal) if lies_in_vault(principal) else None
    begun = await job.cloud(reset_in_azure, asked, before)
    await job.cloud(await_reset, asked, begun)
    made = await job.cloud(read_reset, asked)
    proof = await job.cloud(prove_reset, asked, made)
    await job.record(record_reset, made, proof, seen)


@dataclass(frozen=True, slots=True)
class ResetPlan:
    """Where the cluster is. `epoch`: of the job; read by the version before, which went by it."""

    place: Place
    epoch: int


@record_step
async def begin_reset(record: Record) -> ResetPlan:
    """Mark the cluster as being changed."""
    return ResetPlan((await plan.begin(record, ClusterState.UPDATING)).place, record.view.epoch)


@cloud_step
async def look_before(cloud: Cloud, asked: ResetPlan) -> str | None:
    """The cluster's ETag before: Azure tells no secret, so nothing else shows later that it was changed."""
    return (await require_changeable(cloud, asked.place)).etag


@cloud_step
async def reset_in_azure(cloud: Cloud, asked: ResetPlan, before: str | None) -> Begun | None:
    """Send application and secret, unless that was done already."""
    place = asked.place
    present = await require_changeable(cloud, place)
    asked_at = cloud.clock.now()
    if was_sent(cloud, before, present):
        # How it has ended is seen by whoever waits for it.
        return Begun(present.id, None, asked_at)
    principal = cloud.job.request["service_principal"]
    operation = await cloud.gateways.azure.subscription(place.subscription_id).cluster_verbs.reset_service_principal(
        place.resource_group,
        place.azure_name,
        client_id=principal["client_id"],
        secret=await principals_secret(cloud, principal),
        call=azure_call(cloud),
    )
    return Begun(present.id, operation, asked_at)


@cloud_step
async def await_reset(cloud: Cloud, asked: ResetPlan, begun: Begun | None) -> None:
    """Wait until Azure has told all nodes."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_update",
    )


@cloud_step
async def read_reset(cloud: Cloud, asked: ResetPlan) -> Made:
    """Read the cluster as it is now."""
    return await await_azure.read_made(cloud, asked.place)


@cloud_step
async def prove_reset(cloud: Cloud, asked: ResetPlan, made: Made) -> Proof:
    """The API server answers, and all nodes are Ready."""
    return await prove(cloud, asked.place, made.cluster)


@record_step
async def record_reset(record: Record, made: Made, proof: Proof, seen: SecretSeen | None) -> None:
    """Write as whom the cluster acts from now on, and that it is ready again."""
    cluster = await plan.cluster_of(record)
    principal = record.view.request["service_principal"]
    settings = cluster.wanted["settings"]
    identity = {**settings["identity"], "service_principal": principal}
    want(cluster, {"settings": {**settings, "identity": identity}}, record.now)
    keep_secrets_end(cluster, seen)
    await plan.serve_again(record, cluster, made)
    outcome = {"client_id": principal["client_id"], **proof.told()}
    await record.emit("cluster.service_principal_reset", data=outcome)
    await record.succeed(
        outcome=outcome, summary=f"Cluster {cluster.name} acts in Azure as the application {principal['client_id']}."
    )


reset_service_principal_workflow = Workflow(
    RESET_SERVICE_PRINCIPAL, reset_service_principal, ended=plan.record_unchanged, clean_up=clean_up_change
)
