"""`cluster.create`."""

from dataclasses import replace

from app.azure.error_row import Action
from app.azure.errors import AzureError
from app.azure.types.cluster import ManagedCluster
from app.azure.types.tags import JOB, is_ours
from app.azure.types.watch import TargetKind
from app.clusters.specs.applied import outbound_missing
from app.clusters.specs.kinds import CREATE
from app.clusters.specs.wanted import desired, principal_of
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_workspace
from app.clusters.workflow.create_clean_up import clean_up_create
from app.clusters.workflow.create_group import ensure_resource_group, record_resource_group
from app.clusters.workflow.create_offers import check_room, remove_failed, turn_to_next
from app.clusters.workflow.offers import begin_offers
from app.clusters.workflow.plan import Plan
from app.clusters.workflow.preflight import room_told
from app.clusters.workflow.proof import Proof, prove
from app.clusters.workflow.put_secrets import (
    SecretSeen,
    erase_secrets,
    keep_secrets_end,
    lies_in_vault,
    look_at_secret,
    secrets_for,
)
from app.clusters.workflow.settings import Differences, apply_settings, tell_partly_applied
from app.core.errors import ConflictError, ErrorClass
from app.core.json import JsonObject
from app.core.text import counted
from app.engine.errors import JobFailedError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState
from app.subscriptions.workflow.registration import ensure_registered

PROVIDER = "Microsoft.ContainerService"


async def create_cluster(job: JobRun) -> None:
    """Make a cluster, and prove that it lives."""
    asked = await job.record(begin_create)
    await job.cloud(check_provider, asked)
    principal = principal_of(asked.wanted)
    secret = await job.cloud(look_at_secret, principal) if principal and lies_in_vault(principal) else None
    group = await job.cloud(ensure_resource_group, asked)
    await job.record(record_resource_group, group)
    while True:
        try:
            room = await job.cloud(check_room, asked)
            accepted = await job.cloud(put_cluster, asked)
            # The caller's next offer would need it again.
            if asked.wanted.password_given and (plan.only_acceptance(job) or not asked.trial.left):
                await job.record(erase_secrets)
            if plan.only_acceptance(job):
                await job.record(plan.record_accepted)
                return
            seen = await _see_cluster_through(job, asked, accepted)
            break
        except JobFailedError as failed:
            if asked.trial.is_over(failed):
                raise
            asked = await job.record(turn_to_next, asked, failed.problem)
            await job.cloud(remove_failed, asked)
    if asked.wanted.password_given and asked.trial.left:
        await job.record(erase_secrets)
    left = Differences()
    if asked.wanted.settings:
        left, seen = await apply_settings(job, asked), None
    made = await job.cloud(read_cluster, asked, seen)
    proof = await job.cloud(prove_cluster, asked, made)
    await job.record(record_ready, asked, made, proof, left, told=room_told(room), secret=secret)


async def _see_cluster_through(job: JobRun, asked: Plan, accepted: Begun) -> ManagedCluster | None:
    return await see_through(
        job,
        asked.place,
        accepted,
        wait=lambda begun: job.cloud(await_cluster, asked, begun),
        again=lambda: job.cloud(put_cluster, asked),
    )


class NotOursError(ConflictError):
    """A cluster of the name is in Azure already, and Slipway did not make it for this row. It is never touched."""

    code = "cluster_not_ours"
    remedy = "Choose another name or resource group."


@record_step
async def begin_create(record: Record) -> Plan:
    """Mark the cluster as being created, under the first offer that Azure did not refuse lately."""
    trial = await begin_offers(record, await plan.cluster_of(record))
    return replace(await plan.begin(record, ClusterState.CREATING), trial=trial)


@cloud_step
async def check_provider(cloud: Cloud, asked: Plan) -> None:
    """Register the resource provider where it is not: without it Azure refuses every cluster."""
    providers = cloud.gateways.azure.subscription(asked.place.subscription_id).providers
    provider = await providers.recent(PROVIDER, call=azure_call(cloud))
    await ensure_registered(cloud, asked.place.subscription_id, provider)


@cloud_step
async def put_cluster(cloud: Cloud, asked: Plan) -> Begun:
    """Ask Azure for the cluster, unless it is there already, from an answer that was lost or a job that went before.

    Looking and acting are one call: Azure makes the cluster only where there is none.
    """
    try:
        return await _make(cloud, asked)
    except AzureError as error:
        asked.trial.raise_first(error)
        if error.action is not Action.REGISTER_PROVIDER:
            raise
        # A cluster needs more providers than its own; Azure names the one that is missing. Once: no second refusal.
        namespace = error.facts.get("namespace", PROVIDER)
        providers = cloud.gateways.azure.subscription(asked.place.subscription_id).providers
        provider = await providers.get(namespace, call=azure_call(cloud))
        await ensure_registered(cloud, asked.place.subscription_id, provider)
        return await _make(cloud, asked)


async def _make(cloud: Cloud, asked: Plan) -> Begun:
    clusters = cloud.gateways.azure.subscription(asked.place.subscription_id).managed_clusters
    place = asked.place
    spec = desired(place, asked.wanted, job_id=cloud.job.id, secrets=await secrets_for(cloud, asked, new=True))
    asked_at = cloud.clock.now()
    try:
        answer = await clusters.create(place.resource_group, place.azure_name, spec, call=azure_call(cloud))
    except AzureError as error:
        if error.problem.error_class is not ErrorClass.CONFLICT:
            raise
        present = await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))
        if present is None:
            raise
        return await _take_up(cloud, asked, present)
    return Begun(answer.cluster.id, answer.operation, asked_at, created=answer.created)


async def _take_up(cloud: Cloud, asked: Plan, present: ManagedCluster) -> Begun:
    """Go on with a cluster that is there, if it is ours; put it again where Azure has failed to make it."""
    place = asked.place
    if not is_ours(present.tags, place.cluster_id):
        raise NotOursError(
            f"The resource group {place.resource_group} has a cluster named {place.azure_name} that Slipway did "
            "not make; nothing was changed."
        )
    if present.succeeded or not present.settled:
        return Begun(present.id, None, cloud.clock.now())
    await require_workspace(cloud, present)
    # The job that made it first may still have to remove it.
    first = present.tags.get(JOB, cloud.job.id)
    spec = desired(place, asked.wanted, job_id=first, secrets=await secrets_for(cloud, asked, new=False))
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    answer = await clusters.put(
        place.resource_group, place.azure_name, spec, if_match=present.etag, call=azure_call(cloud)
    )
    return Begun(answer.cluster.id, answer.operation, asked_at)


@cloud_step
async def await_cluster(cloud: Cloud, asked: Plan, accepted: Begun) -> ManagedCluster | None:
    """Wait until Azure has made the cluster."""
    return await await_azure.finish(
        cloud,
        accepted,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_create",
    )


@cloud_step
async def read_cluster(cloud: Cloud, asked: Plan, seen: ManagedCluster | None) -> Made:
    """Read what Azure made."""
    outbound = asked.wanted.outbound
    families = (asked.wanted.settings.get("network") or {}).get("ip_families") or ()
    # With two families AKS adds addresses of the second, which nobody has counted.
    if outbound is None or len(families) > 1:
        return await await_azure.read_made(cloud, asked.place, seen=seen)
    return await await_azure.read_made(
        cloud, asked.place, seen=seen, missing=lambda found: outbound_missing(found, outbound)
    )


@cloud_step
async def prove_cluster(cloud: Cloud, asked: Plan, made: Made) -> Proof:
    """The API server answers, nodes are Ready, system pods run."""
    return await prove(cloud, asked.place, made.cluster)


@record_step
async def record_ready(
    record: Record,
    asked: Plan,
    made: Made,
    proof: Proof,
    left: Differences,
    *,
    told: JsonObject,
    secret: SecretSeen | None,
) -> None:
    """Write that the cluster is ready, with the proof, and what Azure has not applied, if anything."""
    cluster = await plan.cluster_of(record)
    keep_secrets_end(cluster, secret)
    await plan.observe(record, cluster, made.cluster, made.outbound_ips)
    if cluster.state == ClusterState.CREATING:
        plan.set_state(cluster, ClusterState.READY, record)
    outcome = _outcome(made, proof) | asked.trial.told() | told | await tell_partly_applied(record, left)
    await record.emit("cluster.ready", data=outcome)
    nodes = proof.words(f"{counted(proof.nodes_ready or 0, 'node')} Ready.")
    await record.succeed(
        outcome=outcome,
        summary=f"Cluster {cluster.name} is ready: Kubernetes {proof.kubernetes_version}, {nodes}",
    )


def _outcome(made: Made, proof: Proof) -> JsonObject:
    return {
        "azure_id": made.cluster.id,
        "kubernetes_version": proof.kubernetes_version,
        "fqdn": made.cluster.fqdn,
        "node_resource_group": made.cluster.node_resource_group,
        "outbound_ips": list(made.outbound_ips),
        **proof.told(),
        "system_pods_ready": proof.system_pods_ready,
    }


create_workflow = Workflow(CREATE, create_cluster, ended=plan.record_failed, clean_up=clean_up_create)
