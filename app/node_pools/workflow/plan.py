"""What a job about a node pool is given at its start, and how it writes the pool's row."""

from dataclasses import dataclass, field

from sqlalchemy import select

from app.azure.types.agent_pool import AgentPool, AgentPoolSpec
from app.azure.types.cluster import ManagedCluster
from app.clusters.specs.observed import is_deleting, pool_state
from app.clusters.specs.wanted import Place
from app.clusters.workflow import plan
from app.clusters.workflow.await_azure import Made
from app.clusters.workflow.offers import Trial
from app.clusters.workflow.proof import Proof, prove
from app.core.errors import ConflictError
from app.engine.steps import JobEnd, Record, cloud_step
from app.jobs.workflow import Cloud, azure_call
from app.models import ClusterState, JobStep, NodePool, NodePoolState
from app.node_pools.specs.kinds import DELETE


class PoolGoneError(ConflictError):
    """The pool of this job is deleted, or is being deleted."""

    code = "node_pool_deleted"


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """Where the pool is, under which name, and what it shall be."""

    place: Place
    name: str
    spec: AgentPoolSpec
    trial: Trial = field(default_factory=Trial)


async def begin(record: Record, state: NodePoolState) -> PoolPlan:
    """Mark the cluster and the pool as being changed."""
    asked = await plan.begin(record, ClusterState.UPDATING)
    row = await pool_of(record)
    set_state(row, state, record)
    pool = asked.wanted.pool(row.name)
    if pool is None:
        return leaving(asked.place, row)
    return PoolPlan(asked.place, row.name, pool.in_azure)


def leaving(place: Place, row: NodePool) -> PoolPlan:
    """Of a pool that is to go, or has failed to come, its name is enough."""
    return PoolPlan(place, row.name, AgentPoolSpec(row.azure_name, row.mode, row.os_type, row.vm_size, 0))


async def pool_of(record: Record) -> NodePool:
    """The job's pool, locked until the transaction's end."""
    row = await record.session.get(NodePool, record.view.request["pool_id"], with_for_update=True)
    if row is None or row.deleted_at is not None:
        raise PoolGoneError("The node pool of this job does not exist any more.")
    return row


def set_state(row: NodePool, state: NodePoolState, record: Record) -> None:
    """Change the state; the version rises only when it does change. A pool whose deletion is asked for stays so."""
    if row.state != state and not leaves(row, record):
        row.state = state
        row.version += 1
        row.updated_at = record.now


def leaves(row: NodePool, record: Record) -> bool:
    """Whether the pool's deletion is asked for: its job has the word, and not the one that made way for it."""
    return row.state == NodePoolState.DELETING and record.view.kind != DELETE.name


async def present_pool(cloud: Cloud, asked: PoolPlan) -> AgentPool | None:
    """The pool as Azure has it."""
    place = asked.place
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    return await pools.get(place.resource_group, place.azure_name, asked.spec.name, call=azure_call(cloud))


@cloud_step
async def prove_nodes(cloud: Cloud, asked: PoolPlan, made: Made) -> Proof:
    """All nodes are Ready."""
    return await prove(cloud, asked.place, made.cluster)


def pool_missing(seen: ManagedCluster, spec: AgentPoolSpec) -> list[str]:
    """What Azure has not applied of a pool, although it says that it succeeded."""
    pool = seen.pool(spec.name)
    if pool is None:
        return [f"Pool {spec.name} is not there."]
    found = []
    if pool.auto_scaling != spec.auto_scaling:
        found.append(f"The autoscaler of pool {spec.name} is {'on' if pool.auto_scaling else 'off'}.")
    elif spec.auto_scaling and (pool.min_count, pool.max_count) != (spec.min_count, spec.max_count):
        found.append(f"Pool {spec.name} scales between {pool.min_count} and {pool.max_count}.")
    elif not spec.auto_scaling and pool.count != spec.count:
        found.append(f"Pool {spec.name} has {pool.count} nodes, not {spec.count}.")
    if pool.mode.lower() != spec.mode.lower():
        found.append(f"Pool {spec.name} is a {pool.mode} pool.")
    return found


async def steps_of(record: Record) -> dict[str, str]:
    """The states of the job's steps, by name."""
    asked = select(JobStep.name, JobStep.state).where(JobStep.job_id == record.view.id).order_by(JobStep.ordinal)
    return {row.name: row.state for row in (await record.session.execute(asked)).all()}


async def record_failed(record: Record, end: JobEnd) -> None:
    """The end of a job that did not succeed: the cluster still serves; the pool is what Azure last said, or failed.

    One that Azure is deleting still, or has deleted, stays `deleting`: the next comparison says what becomes of it.
    """
    await plan.record_unchanged(record, end)
    row = await record.session.get(NodePool, record.view.request["pool_id"], with_for_update=True)
    if row is None or row.deleted_at is not None or leaves(row, record):
        return
    if record.view.kind == DELETE.name and (end.begun if row.observed is None else is_deleting(row.observed)):
        set_state(row, NodePoolState.DELETING, record)
        return
    seen = pool_state(NodePoolState.CREATING, row.observed)
    set_state(row, NodePoolState.FAILED if seen == NodePoolState.CREATING else NodePoolState(seen), record)
