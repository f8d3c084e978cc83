"""`cluster.reconcile`: put again what is wanted, which cures many Failed states; a failed pool stops no other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.azure.errors import AzureError
from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.tags import JOB, owner_tags
from app.azure.types.watch import TargetKind
from app.clusters.service.read import list_pools
from app.clusters.specs.kinds import RECONCILE
from app.clusters.specs.room import Growth
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.plan import Plan
from app.clusters.workflow.preflight import ground_of, require_room
from app.clusters.workflow.proof import Proof, prove
from app.clusters.workflow.settings import (
    Differences,
    apply_settings,
    forget_pool_resets,
    forget_resets,
    tell_partly_applied,
)
from app.clusters.workflow.turn import require_idle
from app.core.errors import FieldError, Problem, SlipwayError
from app.core.json import JsonObject
from app.core.text import counted
from app.engine.errors import JobFailedError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState, NodePoolState


async def reconcile_cluster(job: JobRun) -> None:
    """Put the cluster again as it is, then what differs of its settings, then each pool that needs it."""
    asked = await job.record(begin_reconcile)
    etag = await job.cloud(look_at_cluster, asked)
    begun = await job.cloud(put_cluster_again, asked, etag)
    await job.cloud(await_cluster_again, asked, begun)
    left = await apply_settings(job, asked)
    failed: dict[str, Problem] = {}
    for pool in asked.wanted.pools:
        if pool.name in asked.leaving:
            continue
        again = await job.cloud(put_pool_again, asked, pool.in_azure)
        ended = await job.cloud(await_pool_again, asked, again)
        if ended.problem is not None:
            failed[pool.name] = Problem.from_json(ended.problem)
    if failed:
        # The others were put all the same.
        raise JobFailedError(_together(failed))
    made = await job.cloud(read_reconciled, asked)
    proof = await job.cloud(prove_reconciled, asked, made)
    await job.record(record_reconciled, asked, made, proof, left)


@dataclass(frozen=True, slots=True)
class PoolAgain:
    """What became of a pool's turn: it was put again, or need not be (neither), or Azure has refused or failed it."""

    begun: Begun | None = None
    problem: JsonObject | None = None


def _together(failed: Mapping[str, Problem]) -> Problem:
    """The first pool's problem, by our name of it, and in `errors` that of each."""
    first, *others = failed.values()
    words = f" {counted(len(others), 'more pool')} of the cluster failed too." if others else ""
    named = [FieldError(problem.code, f"/node_pools/{name}", problem.detail) for name, problem in failed.items()]
    return replace(
        first,
        detail=f"Pool {next(iter(failed))}: {first.detail}{words}",
        retryable=all(problem.retryable for problem in failed.values()),
        errors=(*named, *(error for problem in failed.values() for error in problem.errors)),
    )


@record_step
async def begin_reconcile(record: Record) -> Plan:
    """Mark the cluster as being updated. A pool that is to go is not put again, nor made again where it is gone."""
    await plan.keep_before(record)
    begun = await plan.begin(record, ClusterState.UPDATING)
    rows = await list_pools(record.session, [await plan.cluster_of(record)])
    return replace(begun, leaving=tuple(row.name for row in rows if row.state == NodePoolState.DELETING))


@cloud_step
async def look_at_cluster(cloud: Cloud, asked: Plan) -> str | None:
    """Read the cluster's ETag: it tells the next step, whenever that runs, whether the cluster was put already."""
    return (await require_changeable(cloud, asked.place)).etag


@cloud_step
async def put_cluster_again(cloud: Cloud, asked: Plan, etag: str | None) -> Begun:
    """Send the cluster as Azure has it: Azure then brings all that belongs to it in line."""
    place, asked_at = asked.place, cloud.clock.now()
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    present = await require_changeable(cloud, place)
    if present.etag != etag or not present.settled:
        # Put already, by a run whose end was lost; or somebody else is at it, which does as well.
        return Begun(present.id, None, asked_at)
    answer = await clusters.put_again(place.resource_group, place.azure_name, if_match=etag, call=azure_call(cloud))
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_cluster_again(cloud: Cloud, asked: Plan, begun: Begun) -> None:
    """Wait until Azure has gone through the cluster."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_update",
    )


@cloud_step
async def put_pool_again(cloud: Cloud, asked: Plan, spec: AgentPoolSpec) -> PoolAgain:
    """Send a pool that has failed, or in which Azure differs from what is wanted; make one that is gone."""
    place = asked.place
    names = place.resource_group, place.azure_name
    ours = asked.wanted.pool_names.get(spec.name, spec.name)
    cloud.context.describe(f"Puts pool {ours} again, where it has failed or differs.")
    await require_idle(cloud, place)
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    present = await pools.get(*names, spec.name, call=azure_call(cloud))
    if present is None:
        return await _make_again(cloud, asked, spec)
    send = pools.change if present.succeeded else pools.put_again
    asked_at = cloud.clock.now()
    try:
        answer = await send(*names, spec, call=azure_call(cloud))
    except AzureError as error:
        if error.problem.retryable:
            raise
        return PoolAgain(problem=error.problem.as_json())
    return PoolAgain() if answer is None else PoolAgain(Begun(answer.operation.target_id, answer.operation, asked_at))


async def _make_again(cloud: Cloud, asked: Plan, spec: AgentPoolSpec) -> PoolAgain:
    """Make a pool that is wanted and that Azure does not have; the nodes that it had are gone, and what was on them."""
    place, asked_at = asked.place, cloud.clock.now()
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    owner = {**owner_tags(project_id=place.project_id, cluster_id=place.cluster_id), JOB: cloud.job.id}
    subnet = spec.subnet_id or (asked.wanted.settings.get("network") or {}).get("subnet_id")
    wanted = replace(spec, tags={**spec.tags, **owner}, subnet_id=subnet)
    try:
        ours = asked.wanted.pool_names.get(spec.name, spec.name)
        growth = Growth.of_new(wanted, pointer=f"/node_pools/{ours}")
        cluster = await await_azure.require_ours(cloud, place)
        await require_room(cloud, ground_of(cluster, place.subscription_id), [growth])
        answer = await pools.create(place.resource_group, place.azure_name, wanted, call=azure_call(cloud))
    except SlipwayError as error:
        if error.problem.retryable:
            raise
        return PoolAgain(problem=error.problem.as_json())
    return PoolAgain(Begun(answer.operation.target_id, answer.operation, asked_at))


@cloud_step
async def await_pool_again(cloud: Cloud, asked: Plan, again: PoolAgain) -> PoolAgain:
    """Wait until Azure has gone through the pool; a failure is kept for the end: the other pools have their turn."""
    if again.begun is None:
        return again
    try:
        await await_azure.finish(
            cloud,
            again.begun,
            subscription_id=asked.place.subscription_id,
            kind=TargetKind.AGENT_POOL,
            expected="pool_update",
        )
    except JobFailedError as failed:
        return PoolAgain(problem=failed.problem.as_json())
    return PoolAgain()


@cloud_step
async def read_reconciled(cloud: Cloud, asked: Plan) -> Made:
    """Read the cluster as it is now."""
    return await await_azure.read_made(cloud, asked.place)


@cloud_step
async def prove_reconciled(cloud: Cloud, asked: Plan, made: Made) -> Proof:
    """The API answers and all nodes are Ready."""
    return await prove(cloud, asked.place, made.cluster)


@record_step
async def record_reconciled(record: Record, asked: Plan, made: Made, proof: Proof, left: Differences) -> None:
    """Write that the cluster is ready again."""
    cluster = await plan.cluster_of(record)
    if not left.found:
        forget_resets(cluster, asked.wanted)
    forget_pool_resets(cluster, [pool.spec for pool in asked.wanted.pools])
    await plan.observe(record, cluster, made.cluster, made.outbound_ips)
    plan.settle(cluster, record)
    outcome = {**proof.told(), "provisioning_state": made.cluster.provisioning_state}
    await record.emit("cluster.reconciled", data=outcome)
    await record.succeed(
        outcome=outcome | await tell_partly_applied(record, left),
        summary=f"Cluster {cluster.name} is put again as it is wanted; {proof.words('all nodes are Ready.')}",
    )


reconcile_workflow = Workflow(RECONCILE, reconcile_cluster, ended=plan.record_as_before, clean_up=clean_up_change)
