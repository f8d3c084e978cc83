"""`node_pool.upgrade`: one pool's version, or its node image."""

from app.clusters.specs.wanted import Wanted
from app.clusters.workflow import plan as clusters
from app.clusters.workflow.await_azure import Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.proof import Proof
from app.clusters.workflow.upgrade import left_words, outcome_of, prove_upgraded, read_upgraded, upgrade_plan
from app.clusters.workflow.upgrade_checks import UpgradePlan
from app.clusters.workflow.upgrade_stages import Upgraded, upgrade_through
from app.engine.steps import Record, record_step
from app.jobs.workflow import JobRun, Workflow
from app.models import ClusterState, NodePoolState
from app.node_pools.specs.kinds import UPGRADE
from app.node_pools.workflow import plan


async def upgrade_node_pool(job: JobRun) -> None:
    """Bring a pool to a version or to its newest image, and see its nodes Ready."""
    asked = await job.record(begin_pool_upgrade)
    upgraded = await upgrade_through(job, asked)
    made = await job.cloud(read_upgraded, asked, upgraded)
    proof = await job.cloud(prove_upgraded, asked, made)
    await job.record(record_pool_upgraded, upgraded, made, proof)


@record_step
async def begin_pool_upgrade(record: Record) -> UpgradePlan:
    """Mark the cluster and the pool as being upgraded."""
    begun = await clusters.begin(record, ClusterState.UPGRADING)
    plan.set_state(await plan.pool_of(record), NodePoolState.UPGRADING, record)
    return upgrade_plan(begun, record.view.request)


@record_step
async def record_pool_upgraded(record: Record, upgraded: Upgraded, made: Made, proof: Proof) -> None:
    """Write that the pool and the cluster are ready again."""
    cluster = await clusters.cluster_of(record)
    row = await plan.pool_of(record)
    await clusters.observe(record, cluster, made.cluster, made.outbound_ips)
    if row.state == NodePoolState.UPGRADING:
        # Of a pool that had to leave nodes behind Azure says that it failed.
        plan.set_state(row, NodePoolState.READY, record)
    clusters.settle(cluster, record)
    seen = made.cluster.pool(row.azure_name)
    version = None if seen is None else seen.current_orchestrator_version or seen.orchestrator_version
    outcome = {"pool": row.name, **outcome_of(upgraded, made, proof, Wanted.from_json(cluster.wanted))}
    image = ""
    if seen is not None and record.view.request.get("node_images"):
        image = f"has the node image {seen.node_image_version} and "
    await record.emit("node_pool.upgraded", data={"pool": row.name, "kubernetes_version": version})
    await record.succeed(
        outcome=outcome,
        summary=f"Pool {row.name} of cluster {cluster.name} {image}runs Kubernetes {version}; "
        + left_words(upgraded, proof.words("all nodes are Ready.")),
    )


upgrade_workflow = Workflow(UPGRADE, upgrade_node_pool, ended=plan.record_failed, clean_up=clean_up_change)
