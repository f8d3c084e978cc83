"""`cluster.upgrade`: the control plane first, then the pools, one after the other."""

from dataclasses import dataclass

from app.azure.types.watch import TargetKind
from app.clusters.specs.applied import version_missing
from app.clusters.specs.kinds import UPGRADE
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun, Made, Proof
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.core.errors import ErrorClass, SlipwayError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState


async def upgrade_cluster(job: JobRun) -> None:
    """Bring a cluster to a version that Azure offers for it."""
    asked = await job.record(begin_upgrade)
    begun = await job.cloud(upgrade_control_plane, asked)
    await job.cloud(await_control_plane, asked, begun)
    for pool in asked.pools:
        pool_begun = await job.cloud(upgrade_pool, asked, pool)
        await job.cloud(await_pool, asked, pool_begun)
    made = await job.cloud(read_upgraded, asked)
    proof = await job.cloud(prove_upgraded, asked, made)
    await job.record(record_upgraded, asked, made, proof)


class VersionNotOfferedError(SlipwayError):
    """Azure offers this cluster no upgrade to the version."""

    code = "kubernetes_version_not_offered"
    status = 422
    title = "The version is not offered"
    error_class = ErrorClass.CONFIGURATION


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """Which version the control plane and these pools shall have."""

    place: Place
    version: str
    pools: tuple[str, ...]


@record_step
async def begin_upgrade(record: Record) -> UpgradePlan:
    """Mark the cluster as being changed."""
    asked = await plan.begin(record, ClusterState.UPDATING)
    pools = tuple(pool.spec.name for pool in asked.wanted.pools)
    return UpgradePlan(asked.place, record.view.request["kubernetes_version"], pools)


@cloud_step
async def upgrade_control_plane(cloud: Cloud, asked: UpgradePlan) -> Begun | None:
    """Ask for the control plane's version, unless it has it."""
    place = asked.place
    present = await require_changeable(cloud, place)
    if present.current_kubernetes_version == asked.version:
        return None
    if present.kubernetes_version == asked.version and present.provisioning_state.lower() not in await_azure.SETTLED:
        # Asked already, by a run whose end was lost.
        return Begun(present.id, None, cloud.clock.now())
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    offered = await clusters.upgrade_profile(place.resource_group, place.azure_name, call=azure_call(cloud))
    if asked.version not in offered.upgrades:
        raise VersionNotOfferedError(
            f"Azure offers no upgrade from {offered.current_version} to {asked.version}.",
            remedy=f"Choose one of: {', '.join(offered.upgrades) or 'none is offered at the moment'}.",
        )
    asked_at = cloud.clock.now()
    answer = await clusters.upgrade(place.resource_group, place.azure_name, asked.version, call=azure_call(cloud))
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_control_plane(cloud: Cloud, asked: UpgradePlan, begun: Begun | None) -> None:
    """Wait until the control plane is upgraded."""
    await _await(cloud, asked, begun, TargetKind.MANAGED_CLUSTER)


@cloud_step
async def upgrade_pool(cloud: Cloud, asked: UpgradePlan, pool: str) -> Begun | None:
    """Ask for a pool's version, unless it has it or is gone."""
    place = asked.place
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    present = await pools.get(place.resource_group, place.azure_name, pool, call=azure_call(cloud))
    if present is None:
        return None
    state = present.provisioning_state.lower()
    if state == "succeeded" and asked.version in {present.current_orchestrator_version, present.orchestrator_version}:
        return None
    if state not in await_azure.SETTLED and present.orchestrator_version == asked.version:
        # Asked already, by a run whose end was lost.
        return Begun(pools.id_of(place.resource_group, place.azure_name, pool), None, cloud.clock.now())
    asked_at = cloud.clock.now()
    answer = await pools.upgrade(place.resource_group, place.azure_name, pool, asked.version, call=azure_call(cloud))
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_pool(cloud: Cloud, asked: UpgradePlan, begun: Begun | None) -> None:
    """Wait until a pool's nodes are replaced."""
    await _await(cloud, asked, begun, TargetKind.AGENT_POOL)


async def _await(cloud: Cloud, asked: UpgradePlan, begun: Begun | None, kind: TargetKind) -> None:
    await await_azure.finish(
        cloud, begun, subscription_id=asked.place.subscription_id, kind=kind, expected="cluster_upgrade"
    )


@cloud_step
async def read_upgraded(cloud: Cloud, asked: UpgradePlan) -> Made:
    """Read what Azure applied."""
    return await await_azure.read_made(
        cloud, asked.place, missing=lambda seen: version_missing(seen, asked.version, asked.pools)
    )


@cloud_step
async def prove_upgraded(cloud: Cloud, asked: UpgradePlan, made: Made) -> Proof:
    """The API answers and all nodes are Ready."""
    return await await_azure.prove(cloud, asked.place, made.cluster)


@record_step
async def record_upgraded(record: Record, asked: UpgradePlan, made: Made, proof: Proof) -> None:
    """Write that the cluster is ready again, with its version as wanted from now on."""
    cluster = await plan.cluster_of(record)
    cluster.wanted = {**cluster.wanted, "kubernetes_version": asked.version}
    await plan.observe(record, cluster, made.cluster, made.outbound_ips)
    if cluster.state == ClusterState.UPDATING:
        plan.set_state(cluster, ClusterState.READY, record)
    await record.emit("cluster.upgraded", data={"kubernetes_version": asked.version})
    await record.succeed(
        outcome={"kubernetes_version": proof.kubernetes_version, "nodes_ready": proof.nodes_ready},
        summary=f"Cluster {cluster.name} runs Kubernetes {proof.kubernetes_version}; all nodes are Ready.",
    )


upgrade_workflow = Workflow(UPGRADE, upgrade_cluster, ended=plan.record_unchanged, clean_up=clean_up_change)
