"""`public_ip.delete`."""

from dataclasses import dataclass

from app.azure.types.operation import Operation
from app.azure.types.tags import is_public_ip
from app.azure.types.watch import TargetKind
from app.clusters.service.addresses import PublicIpInUseError
from app.clusters.workflow import await_azure
from app.clusters.workflow.await_azure import Begun
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.load_balancers.service.public_ip_use import holder_of, in_use
from app.load_balancers.specs.public_ip_kinds import DELETE
from app.load_balancers.specs.public_ips import AddressPlan, plan_of
from app.load_balancers.workflow.public_ip_rows import AddressGoneError, row_of, set_state
from app.models import Job, PublicIp, PublicIpState
from app.subscriptions.workflow.delete_group import STILL_AT_IT


async def release_public_ip(job: JobRun) -> None:
    """Remove an address that Slipway made, never one that something has; forget one that it did not make."""
    asked = await job.record(begin_release)
    found = await job.cloud(look_before_release, asked)
    if found.ours:
        begun = await job.cloud(remove_address, asked)
        await job.cloud(await_address_gone, asked, begun)
    await job.record(record_released, found)


@dataclass(frozen=True, slots=True)
class AddressFound:
    """What is in Azure at the beginning: nothing, an address that Slipway made for this row, or another one."""

    present: bool
    ours: bool


@record_step
async def begin_release(record: Record) -> AddressPlan:
    """Claim the address, as the request did: after a job that failed, something may have taken it again."""
    row = await row_of(record)
    if row.deleted_at is not None:
        raise AddressGoneError("The address is released already.")
    use = await holder_of(record.session, row)
    if use is not None:
        raise in_use(row, use)
    if row.state != PublicIpState.DELETING:
        job = await record.session.get_one(Job, record.view.id)
        job.request = {**job.request, "before": row.state}
        set_state(row, PublicIpState.DELETING, record)
    return plan_of(row)


@cloud_step
async def look_before_release(cloud: Cloud, asked: AddressPlan) -> AddressFound:
    """Whose the address is: only what carries the tags of this very row is ever removed."""
    addresses = cloud.gateways.azure.subscription(asked.subscription_id).network.public_ips
    present = await addresses.get(asked.resource_group, asked.name, call=azure_call(cloud))
    if present is None:
        return AddressFound(present=False, ours=False)
    return AddressFound(present=True, ours=asked.managed and is_public_ip(present.tags, asked.public_ip_id))


@cloud_step
async def remove_address(cloud: Cloud, asked: AddressPlan) -> Begun | None:
    """Ask Azure to remove the address, looking right before at what has it. Azure itself refuses while it is in use."""
    addresses = cloud.gateways.azure.subscription(asked.subscription_id).network.public_ips
    present = await addresses.get(asked.resource_group, asked.name, call=azure_call(cloud))
    if present is None or not is_public_ip(present.tags, asked.public_ip_id):
        return None
    if present.used_by is not None:
        raise PublicIpInUseError(
            f"In Azure the address {present.name} ({present.address}) belongs to {present.used_by}."
        )
    asked_at = cloud.clock.now()
    operation: Operation | None = None
    if not present.deleting:
        operation = await addresses.delete(asked.resource_group, asked.name, call=azure_call(cloud))
    return Begun(present.id, operation, asked_at)


@cloud_step
async def await_address_gone(cloud: Cloud, asked: AddressPlan, begun: Begun | None) -> None:
    """Wait until Azure has no such address any more."""
    await await_azure.await_gone(
        cloud, begun, subscription_id=asked.subscription_id, kind=TargetKind.PUBLIC_IP, expected="public_ip_delete"
    )


@record_step
async def record_released(record: Record, found: AddressFound) -> None:
    """Write that the address is gone, or forgotten; its name is free again."""
    row = await row_of(record)
    azure = "removed" if found.ours else ("kept" if found.present else "absent")
    if row.deleted_at is None:
        set_state(row, PublicIpState.DELETED, record)
        row.deleted_at = record.now
        await record.emit("public_ip.released", data={"address": row.address, "azure": azure})
    summaries = {
        "kept": f"The address {row.name} is forgotten and stays in Azure: Slipway did not make it.",
        "absent": f"The address {row.name} is forgotten; Azure had none of this name.",
    }
    await record.succeed(
        outcome={"released": True, "address": row.address, "azure": azure}, summary=summaries.get(azure)
    )


async def record_not_released(record: Record, end: JobEnd) -> None:
    """The end of a release that did not succeed: the address is again what it was, unless Azure may still be at it."""
    await record.emit("public_ip.release_failed", data={"code": end.problem.code})
    row = await record.session.get(PublicIp, record.view.target_id, with_for_update=True)
    if row is None or row.state != PublicIpState.DELETING or end.problem.code in STILL_AT_IT:
        return
    job = await record.session.get_one(Job, record.view.id)
    set_state(row, _AFTER_NOTHING.get(job.request.get("before", ""), PublicIpState.READY), record)


# What an address is again, by what it was: the job that was making it has made way for the release.
_AFTER_NOTHING = {
    PublicIpState.CREATING: PublicIpState.FAILED,
    PublicIpState.FAILED: PublicIpState.FAILED,
    PublicIpState.LOST: PublicIpState.LOST,
}


release_workflow = Workflow(DELETE, release_public_ip, ended=record_not_released)
