"""`public_ip.create`."""

from app.azure.errors import AzureError
from app.azure.types.network import PublicIpAddress
from app.azure.types.tags import JOB, is_public_ip
from app.azure.types.watch import TargetKind
from app.clusters.workflow import await_azure
from app.clusters.workflow.await_azure import Begun, NotAppliedError
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.load_balancers.service.public_ip_seen import keep_seen
from app.load_balancers.specs.public_ip_kinds import CREATE
from app.load_balancers.specs.public_ips import AddressPlan, not_as_asked, plan_of, seen_json, spec_of
from app.load_balancers.workflow.public_ip_rows import record_failed, set_state, staying_row
from app.models import PublicIp, PublicIpState
from app.subscriptions.workflow import needed_group
from app.subscriptions.workflow.needed_group import GroupFound, GroupNeeded
from app.subscriptions.workflow.registration import ensure_registered

_PROVIDER = "Microsoft.Network"
_LABEL_TAKEN = "dnsrecordinuse"


async def reserve_public_ip(job: JobRun) -> None:
    """Make an address that stays until it is released, and see that Azure has assigned it."""
    asked = await job.record(begin_reserve)
    await job.cloud(check_network_provider, asked)
    group = await job.cloud(ensure_address_group, asked)
    await job.record(record_address_group, asked, group)
    begun = await job.cloud(put_address, asked)
    await job.cloud(await_address, asked, begun)
    seen = await job.cloud(read_address, asked)
    await job.record(record_reserved, seen)


class AddressNotOursError(ConflictError):
    """The group has an address of the name already, and Slipway did not make it for this row. It is never touched."""

    code = "public_ip_not_ours"
    remedy = "Choose another name or resource group, or adopt that address: POST /v1/public-ips:adopt."


class LabelTakenError(ConflictError):
    """Another address of the location has the DNS label."""

    code = "dns_label_taken"
    title = "The DNS label is taken"
    remedy = "Choose another label, or release the address that has it."


class AddressVanishedError(ConflictError):
    """Azure took the request for the address, and does not have it."""

    code = "public_ip_vanished"
    remedy = "Somebody else may have removed it; retry the job."


@record_step
async def begin_reserve(record: Record) -> AddressPlan:
    """Mark the address as being made."""
    row = await staying_row(record)
    if row.state in {PublicIpState.FAILED, PublicIpState.LOST}:
        set_state(row, PublicIpState.CREATING, record)
    return plan_of(row)


@cloud_step
async def check_network_provider(cloud: Cloud, asked: AddressPlan) -> None:
    """Register the resource provider where it is not: without it Azure refuses every address."""
    providers = cloud.gateways.azure.subscription(asked.subscription_id).providers
    await ensure_registered(cloud, asked.subscription_id, await providers.recent(_PROVIDER, call=azure_call(cloud)))


@cloud_step
async def ensure_address_group(cloud: Cloud, asked: AddressPlan) -> GroupFound:
    """Make the resource group, unless it is there; one that is there is used as it is, whoever made it."""
    return await needed_group.ensure(cloud, _group(asked))


@record_step
async def record_address_group(record: Record, asked: AddressPlan, found: GroupFound) -> None:
    """Keep who made the resource group: only what Slipway made does it ever remove."""
    await needed_group.record(record, _group(asked), found)


def _group(asked: AddressPlan) -> GroupNeeded:
    return GroupNeeded(asked.project_id, asked.subscription_id, asked.resource_group, asked.location)


@cloud_step
async def put_address(cloud: Cloud, asked: AddressPlan) -> Begun | None:
    """Ask Azure for the address, unless it is there already, from an answer that was lost or a job that went before."""
    addresses = cloud.gateways.azure.subscription(asked.subscription_id).network.public_ips
    present = await addresses.get(asked.resource_group, asked.name, call=azure_call(cloud))
    if present is not None:
        if not is_public_ip(present.tags, asked.public_ip_id):
            raise AddressNotOursError(
                f"The resource group {asked.resource_group} has an address named {asked.name} that Slipway did not "
                "make; nothing was changed."
            )
        if present.succeeded:
            return None
        if not present.settled:
            return Begun(present.id, None, cloud.clock.now())
    asked_at = cloud.clock.now()
    # The job that made it first may still have to remove it.
    job_id = cloud.job.id if present is None else present.tags.get(JOB, cloud.job.id)
    send = addresses.create if present is None else addresses.put
    try:
        answer = await send(asked.resource_group, asked.name, spec_of(asked, job_id=job_id), call=azure_call(cloud))
    except AzureError as error:
        if (error.azure_code or "").lower() == _LABEL_TAKEN:
            raise await _label_taken(cloud, asked) from error
        raise
    return Begun(answer.operation.target_id, answer.operation, asked_at, created=answer.created)


async def _label_taken(cloud: Cloud, asked: AddressPlan) -> LabelTakenError:
    """Trouble 62: who has the label, where it is in this subscription; often an address that nothing uses any more."""
    addresses = cloud.gateways.azure.subscription(asked.subscription_id).network.public_ips
    label, location = asked.wanted.dns_label, asked.location
    for other in await addresses.list_(call=azure_call(cloud)):
        if other.dns_label == label and other.location.lower() == location:
            used = "nothing uses it" if other.used_by is None else "it is in use"
            return LabelTakenError(
                f"In {location} the address {other.name} in the resource group {other.resource_group} has this label; "
                f"{used}."
            )
    return LabelTakenError(f"In {location} an address of another subscription has this label.")


@cloud_step
async def await_address(cloud: Cloud, asked: AddressPlan, begun: Begun | None) -> None:
    """Wait until Azure has made the address."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.subscription_id,
        kind=TargetKind.PUBLIC_IP,
        expected="public_ip_create",
    )


@cloud_step
async def read_address(cloud: Cloud, asked: AddressPlan) -> PublicIpAddress:
    """Read the address back: a `Succeeded` is no proof of what was assigned."""
    addresses = cloud.gateways.azure.subscription(asked.subscription_id).network.public_ips
    present = await addresses.get(asked.resource_group, asked.name, call=azure_call(cloud))
    if present is None:
        raise AddressVanishedError(f"Azure has no address {asked.name} in the resource group {asked.resource_group}.")
    differences = not_as_asked(present, asked.wanted)
    if differences:
        raise NotAppliedError(" ".join(differences))
    return present


@record_step
async def record_reserved(record: Record, seen: PublicIpAddress) -> None:
    """Write that the address is ready, and which it is."""
    row = await staying_row(record)
    await write_ready(record, row, seen)
    await record.succeed(
        outcome=outcome_of(seen), summary=f"The address {row.name} is reserved: {seen.address}{_fqdn(seen)}."
    )


def _fqdn(seen: PublicIpAddress) -> str:
    return f", {seen.fqdn}" if seen.fqdn else ""


async def write_ready(record: Record, row: PublicIp, seen: PublicIpAddress) -> None:
    """Write what Azure has, and that it is ready."""
    keep_seen(row, seen_json(seen), now=record.now)
    if row.state == PublicIpState.CREATING:
        set_state(row, PublicIpState.READY, record)
    await record.emit("public_ip.ready", data=outcome_of(seen))


def outcome_of(seen: PublicIpAddress) -> JsonObject:
    """What a job says of an address at its end."""
    return {"azure_id": seen.id, "address": seen.address, "fqdn": seen.fqdn}


async def clean_up_reserve(job: JobRun, _end: JobEnd) -> None:
    """Remove what a failed reservation left, when the caller asked for that."""
    if job.view.options.get("on_failure") == "delete":
        asked = await job.record(read_reservation)
        if asked is not None:
            await job.cloud(remove_leftover_address, asked)


@record_step
async def read_reservation(record: Record) -> AddressPlan | None:
    """Where the address would be."""
    row = await record.session.get(PublicIp, record.view.target_id)
    return None if row is None else plan_of(row)


@cloud_step
async def remove_leftover_address(cloud: Cloud, asked: AddressPlan) -> None:
    """Remove the address that this very job made, if nothing has it, and nothing else."""
    addresses = cloud.gateways.azure.subscription(asked.subscription_id).network.public_ips
    present = await addresses.get(asked.resource_group, asked.name, call=azure_call(cloud))
    if present is None or present.used_by is not None or present.deleting:
        return
    if is_public_ip(present.tags, asked.public_ip_id) and present.tags.get(JOB) == cloud.job.id:
        await addresses.delete(asked.resource_group, asked.name, call=azure_call(cloud))


reserve_workflow = Workflow(CREATE, reserve_public_ip, ended=record_failed, clean_up=clean_up_reserve)
