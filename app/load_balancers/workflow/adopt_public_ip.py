"""`public_ip.adopt`."""

from sqlalchemy import func, select

from app.azure.types.network import PublicIpAddress
from app.core.errors import ConflictError, ErrorClass, SlipwayError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.load_balancers.specs.public_ip_kinds import ADOPT
from app.load_balancers.specs.public_ips import AddressPlan, WantedAddress, plan_of
from app.load_balancers.workflow.public_ip_rows import record_failed, staying_row
from app.load_balancers.workflow.reserve_public_ip import outcome_of, write_ready
from app.models import Cluster

# AKS and its cloud provider write these on what they make, and remove it when they like.
_OF_CLUSTERS = frozenset({"aks-managed-type", "k8s-azure-cluster-name", "kubernetes-cluster-name"})


async def adopt_public_ip(job: JobRun) -> None:
    """Make an address of the caller's known; it is looked at, and never changed."""
    asked = await job.record(begin_adopt)
    seen = await job.cloud(look_at_address, asked)
    await job.record(record_adopted, asked, seen)


class AddressAbsentError(SlipwayError):
    """Azure has no such address in the subscription."""

    code = "public_ip_absent"
    status = 404
    title = "The address is not in Azure"
    error_class = ErrorClass.GONE
    remedy = "Check its id: az network public-ip list."


class AddressOfClusterError(ConflictError):
    """AKS or a Service made the address, and removes it with what it was made for."""

    code = "public_ip_of_cluster"
    remedy = "Reserve an address instead: POST /v1/public-ips."


@record_step
async def begin_adopt(record: Record) -> AddressPlan:
    """Where the address should be."""
    return plan_of(await staying_row(record))


@cloud_step
async def look_at_address(cloud: Cloud, asked: AddressPlan) -> PublicIpAddress:
    """The address as Azure has it."""
    addresses = cloud.gateways.azure.subscription(asked.subscription_id).network.public_ips
    present = await addresses.get(asked.resource_group, asked.name, call=azure_call(cloud))
    if present is None:
        raise AddressAbsentError(f"Azure has no address {asked.name} in the resource group {asked.resource_group}.")
    if any(tag.lower() in _OF_CLUSTERS for tag in present.tags):
        raise AddressOfClusterError(f"The address {present.name} was made for a cluster, and goes with it.")
    return present


@record_step
async def record_adopted(record: Record, asked: AddressPlan, seen: PublicIpAddress) -> None:
    """Write what the address is; it stays the caller's."""
    row = await staying_row(record)
    node_group = func.lower(Cluster.observed["node_resource_group"].as_string())
    inside = select(Cluster.id).where(
        Cluster.subscription_id == asked.subscription_id, node_group == seen.resource_group.lower()
    )
    if (await record.session.scalars(inside.limit(1))).first() is not None:
        raise AddressOfClusterError(f"The address {seen.name} lies in a cluster's own group, and goes with it.")
    row.location = seen.location.lower()
    row.azure_name, row.resource_group = seen.name, seen.resource_group
    row.wanted = WantedAddress(
        version=seen.version,
        sku=seen.sku,
        zones=seen.zones,
        dns_label=seen.dns_label,
        idle_timeout_minutes=seen.idle_timeout_minutes or 4,
        prefix_id=seen.prefix_id,
    ).as_json()
    await write_ready(record, row, seen)
    await record.succeed(
        outcome=outcome_of(seen),
        summary=f"The address {row.name} ({seen.address}) is known. Slipway uses it, and never changes or removes it.",
    )


adopt_workflow = Workflow(ADOPT, adopt_public_ip, ended=record_failed)
