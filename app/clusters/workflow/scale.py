"""`cluster.scale`: one pool's count."""

from dataclasses import dataclass

from app.azure.types.watch import TargetKind
from app.clusters.live import PoolMissingError
from app.clusters.service.change import want_count
from app.clusters.service.lending import keep_loan, settle_loan
from app.clusters.service.pool_states import PoolStoppedError
from app.clusters.specs.applied import count_missing
from app.clusters.specs.kinds import SCALE
from app.clusters.specs.lending import Loan
from app.clusters.specs.observed import is_stopped
from app.clusters.specs.pool_count import AUTOSCALER_DECIDES, autoscaler_words
from app.clusters.specs.room import Growth
from app.clusters.specs.wanted import Place, Wanted
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.preflight import ground_of, require_room
from app.clusters.workflow.proof import Proof, prove
from app.core.errors import ConflictError
from app.core.text import counted
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState, Job


async def scale_cluster(job: JobRun) -> None:
    """Give a pool another number of nodes, and see them Ready: somebody's own word, or what it lends a spot pool."""
    loan = Loan.of(job.view.request)
    asked = await job.record(begin_scale if loan is None else begin_loan)
    begun = await job.cloud(scale_pool, asked)
    if plan.only_acceptance(job):
        await job.record(plan.record_accepted)
        return
    made = await see_through(
        job, asked.place, begun, wait=lambda sent: _scaled(job, asked, sent), again=lambda: job.cloud(scale_pool, asked)
    )
    proof = await job.cloud(prove_nodes, asked, made)
    await job.record(record_scaled if loan is None else record_lent, asked, made, proof)


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """Which pool shall have how many nodes."""

    place: Place
    pool: str
    """Azure's name."""
    count: int
    loan: bool = False
    """It lends them, or has them back: another pool lacks its own."""
    name: str | None = None
    """Ours."""

    @property
    def called(self) -> str:
        """What to call it to a person."""
        return self.name or self.pool


class AutoscalerDecidesError(ConflictError):
    """Since the count was asked for, the pool was given to the cluster's autoscaler."""

    code = AUTOSCALER_DECIDES


async def _scaled(job: JobRun, asked: ScalePlan, begun: Begun | None) -> Made:
    await job.cloud(await_scale, asked, begun)
    return await job.cloud(read_scaled, asked)


@record_step
async def begin_scale(record: Record) -> ScalePlan:
    """Mark the cluster as being changed. A retry wants its count again, whatever count was wanted since.

    The pool keeps its name, and may have another of Azure's than when it was asked for: it has been rotated.
    """
    asked = await plan.begin(record, ClusterState.UPDATING)
    request = record.view.request
    name = request.get("name") or asked.wanted.pool_names.get(request["pool"])
    pool = asked.wanted.pool(name) if name else None
    if pool is None:
        raise PoolMissingError(f"The cluster has no pool named {name or request['pool']} any more.")
    if pool.spec.auto_scaling:
        raise AutoscalerDecidesError(autoscaler_words(request["count"]))
    if pool.spec.count != request["count"]:
        await want_count(record.session, await plan.cluster_of(record), pool.name, request["count"], now=record.now)
    return ScalePlan(asked.place, pool.spec.name, request["count"], name=pool.name)


@record_step
async def begin_loan(record: Record) -> ScalePlan:
    """Mark the cluster as being changed, and have on record what is lent before Azure is asked for it."""
    asked = await plan.begin(record, ClusterState.UPDATING)
    loan = Loan.from_json(record.view.request["loan"])
    pool = await keep_loan(record.session, await plan.cluster_of(record), loan, now=record.now)
    return ScalePlan(asked.place, pool.spec.name, pool.in_azure.count, loan=True, name=pool.name)


@cloud_step
async def scale_pool(cloud: Cloud, asked: ScalePlan) -> Begun | None:
    """Ask Azure for the count, unless the pool has it; there must be room for more nodes (trouble 74)."""
    place = asked.place
    cluster = await require_changeable(cloud, place)
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    present = await pools.get(place.resource_group, place.azure_name, asked.pool, call=azure_call(cloud))
    if present is None:
        raise PoolMissingError(f"The cluster has no pool named {asked.called}.")
    if is_stopped(present.power_state):
        raise PoolStoppedError(f"{asked.called} is stopped.")
    if present.count == asked.count and present.succeeded:
        return None
    if present.count == asked.count and not present.settled:
        # Asked already, by a run whose end was lost.
        return Begun(pools.id_of(place.resource_group, place.azure_name, asked.pool), None, cloud.clock.now())
    await require_room(cloud, ground_of(cluster, place.subscription_id), [Growth.of_present(present, asked.count)])
    asked_at = cloud.clock.now()
    answer = await pools.scale(place.resource_group, place.azure_name, asked.pool, asked.count, call=azure_call(cloud))
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_scale(cloud: Cloud, asked: ScalePlan, begun: Begun | None) -> None:
    """Wait until Azure has scaled the pool."""
    await await_azure.finish(
        cloud, begun, subscription_id=asked.place.subscription_id, kind=TargetKind.AGENT_POOL, expected="pool_scale"
    )


@cloud_step
async def read_scaled(cloud: Cloud, asked: ScalePlan) -> Made:
    """Read what Azure applied."""
    return await await_azure.read_made(
        cloud, asked.place, missing=lambda seen: count_missing(seen, asked.pool, asked.count, called=asked.called)
    )


@cloud_step
async def prove_nodes(cloud: Cloud, asked: ScalePlan, made: Made) -> Proof:
    """All nodes are Ready; of a loan, all of the pool that lends."""
    return await prove(cloud, asked.place, made.cluster, only=asked.pool if asked.loan else None)


@record_step
async def record_scaled(record: Record, asked: ScalePlan, made: Made, proof: Proof) -> None:
    """Write that the cluster is ready again."""
    cluster = await plan.cluster_of(record)
    await plan.serve_again(record, cluster, made)
    await record.emit("cluster.scaled", data={"pool": asked.called, "count": asked.count})
    await record.succeed(
        outcome={"pool": asked.called, "count": asked.count, **proof.told()},
        summary=f"Pool {asked.called} of cluster {cluster.name} has {counted(asked.count, 'node')}; "
        + proof.words("all nodes are Ready."),
    )


@record_step
async def record_lent(record: Record, asked: ScalePlan, made: Made, proof: Proof) -> None:
    """Write that the cluster is ready again, and tell what is lent now."""
    cluster = await plan.cluster_of(record)
    await plan.serve_again(record, cluster, made)
    loan = Loan.from_json(record.view.request["loan"])
    lent = Wanted.from_json(cluster.wanted).lent_by(loan.name).get(loan.to, 0)
    event = "node_pool.nodes_lent" if lent else "node_pool.nodes_returned"
    await record.emit(event, data={"pool": loan.name, "to": loan.to, "count": lent})
    outcome = {"pool": asked.called, "count": asked.count, "lent": {"to": loan.to, "count": lent}, **proof.told()}
    many = f"{lent} of them lent to {loan.to}" if lent else f"none of them lent to {loan.to} any more"
    await record.succeed(
        outcome=outcome,
        summary=f"Pool {loan.name} of cluster {cluster.name} has {counted(asked.count, 'node')}, {many}.",
    )


async def record_unscaled(record: Record, end: JobEnd) -> None:
    """The end of one that did not succeed: as much is lent as Azure has."""
    await plan.record_unchanged(record, end)
    loan = Loan.of(record.view.request)
    if loan is None or not end.begun:
        return
    cluster = await plan.cluster_of(record)
    job = await record.session.get_one(Job, record.view.id)
    await settle_loan(record.session, cluster, loan, since=job.started_at or record.now, now=record.now)


scale_workflow = Workflow(SCALE, scale_cluster, ended=record_unscaled, clean_up=clean_up_change)
