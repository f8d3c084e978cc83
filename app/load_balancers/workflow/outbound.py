"""`cluster.outbound`: by which addresses a cluster's nodes reach the internet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.azure.types.cluster import OutboundProfile
from app.azure.types.network import PublicIpAddress
from app.azure.types.watch import TargetKind
from app.clusters.service.outbound import SnatExhaustedError
from app.clusters.specs.applied import outbound_differs, outbound_missing
from app.clusters.specs.kinds import OUTBOUND
from app.clusters.specs.snat import PoolSize, Snat, snat_of
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun, Made
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.core.errors import ConflictError, ErrorClass, SlipwayError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.load_balancers.workflow.rights import require_right_to_join
from app.models import ClusterState

R = TypeVar("R")


async def change_outbound(job: JobRun) -> None:
    """Bring the outbound profile to Azure, and see that the effective addresses are those that were asked for."""
    asked = await job.record(begin_outbound)
    failed = await job.cloud(check_outbound, asked)
    begun = await job.cloud(put_outbound, asked, failed)
    if plan.only_acceptance(job):
        await job.record(plan.record_accepted)
        return
    await job.cloud(await_outbound, asked, begun)
    made = await job.cloud(read_outbound, asked)
    await job.record(record_outbound, asked, made)


class AddressMissingError(SlipwayError):
    """Azure does not have an address or a prefix that the outbound traffic shall use."""

    code = "outbound_address_missing"
    status = 404
    title = "An outbound address is not in Azure"
    error_class = ErrorClass.GONE
    remedy = "Name another address: PATCH /v1/clusters/{id}/outbound."


class AddressTakenError(ConflictError):
    """Something else in Azure has the address."""

    code = "public_ip_in_use"
    title = "The address is in use"
    remedy = "Take it from there first, or name another address."


@dataclass(frozen=True, slots=True)
class OutboundPlan:
    """Which addresses the cluster shall have."""

    place: Place
    outbound: OutboundProfile


@record_step
async def begin_outbound(record: Record) -> OutboundPlan:
    """Mark the cluster as being changed."""
    asked = await plan.begin(record, ClusterState.UPDATING)
    return OutboundPlan(asked.place, asked.wanted.outbound or OutboundProfile())


@cloud_step
async def check_outbound(cloud: Cloud, asked: OutboundPlan) -> str | None:
    """What Azure would refuse late, or in the middle: addresses that lack or are taken, rights, the sum of ports.

    Returns the ETag of a cluster whose last operation has failed: it is sent whether or not anything differs.
    """
    present = await await_azure.require_ours(cloud, asked.place)
    outbound = asked.outbound
    network = cloud.gateways.azure.subscription(asked.place.subscription_id).network
    addresses = outbound.managed_count or 1
    if outbound.public_ip_ids:
        found = {each.id.lower(): each for each in await network.public_ips.list_(call=azure_call(cloud))}
        own = [_there(found, each) for each in outbound.public_ip_ids]
        _require_free(own, present.node_resource_group or "")
        await require_right_to_join(cloud, asked.place.subscription_id, present, [each.id for each in own])
        addresses = len(own)
    elif outbound.prefix_ids:
        prefixes = {each.id.lower(): each for each in await network.public_ip_prefixes.list_(call=azure_call(cloud))}
        named = [_there(prefixes, each) for each in outbound.prefix_ids]
        await require_right_to_join(cloud, asked.place.subscription_id, present, [each.id for each in named])
        addresses = sum(2 ** (32 - (each.length or 32)) for each in named)
    sizes = [
        PoolSize((pool.max_count if pool.auto_scaling else None) or pool.count, pool.max_surge)
        for pool in present.pools
    ]
    _require_ports(snat_of(sizes, addresses=addresses, ports_per_node=outbound.allocated_ports))
    return present.etag if present.failed else None


def _there(found: Mapping[str, R], azure_id: str) -> R:
    resource = found.get(azure_id.lower())
    if resource is None:
        raise AddressMissingError(f"Azure does not have {azure_id}.")
    return resource


def _require_free(own: Sequence[PublicIpAddress], node_group: str) -> None:
    """AKS takes no address that something else has; one that this cluster has for its outbound traffic stays."""
    ours = f"/resourcegroups/{node_group.lower()}/providers/microsoft.network/loadbalancers/"
    for each in own:
        if each.used_by is not None and ours not in each.used_by.lower():
            raise AddressTakenError(f"The address {each.name} belongs to {each.used_by}.")


def _require_ports(snat: Snat) -> None:
    if not snat.fits:
        raise SnatExhaustedError(snat.sentence(), remedy=snat.cure())


@cloud_step
async def put_outbound(cloud: Cloud, asked: OutboundPlan, failed: str | None) -> Begun | None:
    """Send the profile, unless Azure has it and has applied it. `failed`: the ETag of a cluster that has failed."""
    place = asked.place
    present = await require_changeable(cloud, place)
    same = present.outbound is not None and not outbound_differs(present.outbound, asked.outbound)
    if same and (failed is None or present.etag != failed):
        # Asked already, by a run whose end was lost: a failure is told by whoever waits for it.
        return Begun(present.id, None, cloud.clock.now()) if present.failed else None
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    answer = await clusters.put_outbound(place.resource_group, place.azure_name, asked.outbound, call=azure_call(cloud))
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_outbound(cloud: Cloud, asked: OutboundPlan, begun: Begun | None) -> None:
    """Wait until Azure has applied the change."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_update",
    )


@cloud_step
async def read_outbound(cloud: Cloud, asked: OutboundPlan) -> Made:
    """Read which addresses are effective."""
    return await await_azure.read_made(cloud, asked.place, missing=lambda seen: outbound_missing(seen, asked.outbound))


@record_step
async def record_outbound(record: Record, asked: OutboundPlan, made: Made) -> None:
    """Write that the cluster is ready again, with its addresses."""
    cluster = await plan.cluster_of(record)
    await plan.serve_again(record, cluster, made)
    outcome = {"outbound_ips": list(made.outbound_ips), "ports_per_node": asked.outbound.allocated_ports}
    await record.emit("cluster.outbound_changed", data=outcome)
    await record.succeed(
        outcome=outcome,
        summary=f"Cluster {cluster.name} reaches the internet by {', '.join(made.outbound_ips) or 'its prefixes'}.",
    )


outbound_workflow = Workflow(OUTBOUND, change_outbound, ended=plan.record_unchanged, clean_up=clean_up_change)
