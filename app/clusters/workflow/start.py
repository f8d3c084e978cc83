"""`cluster.start`: what is in the way is looked for first, since a start that fails takes as long as one that does not.

Azure advises to let a stopped cluster rest before it is started (trouble 81).
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from app.azure.errors import AzureError
from app.azure.types.cluster import ManagedCluster
from app.azure.types.watch import TargetKind
from app.clusters.specs.api_server import private_address_in
from app.clusters.specs.applied import power_missing
from app.clusters.specs.kinds import START
from app.clusters.specs.observed import is_stopped
from app.clusters.specs.room import Growth
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_workspace
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.preflight import ground_of, require_room
from app.clusters.workflow.proof import Proof, prove
from app.clusters.workflow.turn import require_idle
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState

_LONGEST_LOOK_SECONDS = 30.0


async def start_cluster(job: JobRun) -> None:
    """Start a stopped cluster, and see that it lives."""
    asked = await job.record(begin_start)
    await job.cloud(check_start, asked)
    await job.cloud(let_it_rest, asked)
    begun = await job.cloud(start_in_azure, asked)
    if plan.only_acceptance(job):
        await job.record(plan.record_accepted)
        return
    made = await see_through(
        job,
        asked.place,
        begun,
        wait=lambda sent: _started(job, asked, sent),
        again=lambda: job.cloud(start_in_azure, asked),
    )
    proof = await job.cloud(prove_started, asked, made)
    await job.record(record_started, made, proof)


@dataclass(frozen=True, slots=True)
class StartPlan:
    """Where the cluster is, and since when it is stopped."""

    place: Place
    stopped_at: datetime | None


async def _started(job: JobRun, asked: StartPlan, begun: Begun | None) -> Made:
    await job.cloud(await_start, asked, begun)
    return await job.cloud(read_started, asked)


@record_step
async def begin_start(record: Record) -> StartPlan:
    """Mark the cluster as being started."""
    await plan.keep_before(record)
    asked = await plan.begin(record, ClusterState.STARTING)
    cluster = await plan.cluster_of(record)
    return StartPlan(asked.place, cluster.stopped_at)


@cloud_step
async def check_start(cloud: Cloud, asked: StartPlan) -> None:
    """Its workspace must be there, and the quota must hold its cores."""
    present = await await_azure.require_ours(cloud, asked.place)
    if not is_stopped(present.power_state):
        return
    await require_workspace(cloud, present)
    pools = [Growth.of_present(pool, pool.count, started=True) for pool in present.pools]
    await require_room(cloud, ground_of(present, asked.place.subscription_id), pools)


@cloud_step
async def let_it_rest(cloud: Cloud, asked: StartPlan) -> None:
    """Wait until the cluster was stopped for as long as Azure advises."""
    if asked.stopped_at is None:
        return
    rest = (await cloud.gateways.azure.usual("cluster_rest")).median
    until = asked.stopped_at + rest
    while (left := (until - cloud.clock.now()).total_seconds()) > 0:
        cloud.context.progress(f"Waiting until {until:%H:%M:%S} UTC: a stopped cluster rests before it is started.")
        await cloud.context.wait(asyncio.sleep(min(left, _LONGEST_LOOK_SECONDS)))


@cloud_step
async def start_in_azure(cloud: Cloud, asked: StartPlan) -> Begun | None:
    """Ask Azure to start the cluster, unless it runs."""
    place = asked.place
    present = await await_azure.require_ours(cloud, place)
    asked_at = cloud.clock.now()
    if present.provisioning_state.lower() == "starting":
        # Asked already, by a run whose end was lost, or by somebody else.
        return Begun(present.id, None, asked_at)
    present = await require_idle(cloud, place)
    if not is_stopped(present.power_state) and present.succeeded:
        return None
    asked_at = cloud.clock.now()
    verbs = cloud.gateways.azure.subscription(place.subscription_id).cluster_verbs
    operation = await verbs.start(place.resource_group, place.azure_name, call=azure_call(cloud))
    return Begun(present.id, operation, asked_at)


@cloud_step
async def await_start(cloud: Cloud, asked: StartPlan, begun: Begun | None) -> None:
    """Wait until Azure has started it."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_start",
    )


@cloud_step
async def read_started(cloud: Cloud, asked: StartPlan) -> Made:
    """Read that it runs, and which address a private one has now."""
    made = await await_azure.read_made(cloud, asked.place, missing=lambda seen: power_missing(seen, stopped=False))
    return replace(made, private_address=await _private_address(cloud, asked.place, made.cluster))


async def _private_address(cloud: Cloud, place: Place, cluster: ManagedCluster) -> str | None:
    """None where Azure does not show it: without the right to, or with an API server in a network of the caller's."""
    if cluster.private_fqdn is None or cluster.node_resource_group is None:
        return None
    interfaces = cloud.gateways.azure.subscription(place.subscription_id).network.interfaces
    try:
        found = await interfaces.list_(group=cluster.node_resource_group, call=azure_call(cloud))
    except AzureError as error:
        if error.problem.retryable:
            raise
        return None
    return private_address_in(found)


@cloud_step
async def prove_started(cloud: Cloud, asked: StartPlan, made: Made) -> Proof:
    """The API server answers, nodes are Ready, system pods run."""
    return await prove(cloud, asked.place, made.cluster)


@record_step
async def record_started(record: Record, made: Made, proof: Proof) -> None:
    """Write that the cluster is ready again, and where its API server is now."""
    cluster = await plan.cluster_of(record)
    await plan.observe(record, cluster, made.cluster, made.outbound_ips)
    if cluster.state == ClusterState.STARTING:
        plan.set_state(cluster, ClusterState.READY, record)
    seen = made.cluster
    private = seen.private_fqdn is not None
    api_server = {
        "url": proof.api_server,
        "fqdn": seen.fqdn or seen.private_fqdn,
        "private": private,
        "private_address": made.private_address,
    }
    await record.emit("cluster.started", data={"api_server": api_server})
    note = ""
    if private:
        which = "a private address" if made.private_address is None else f"the private address {made.private_address}"
        note = f" Its API server has {which}, which may be another one than before."
    await record.succeed(
        outcome={"api_server": api_server, **proof.told()},
        summary=f"Cluster {cluster.name} is started; its API is at {proof.api_server}. "
        f"{proof.words('All nodes are Ready.')}{note}",
    )


start_workflow = Workflow(START, start_cluster, ended=plan.record_as_before, clean_up=clean_up_change)
