"""Steps about a static address that is reserved together with an exposure, and released with it."""

from app.azure.types.network import PublicIpAddress
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, azure_call
from app.load_balancers.service.public_ip_seen import keep_seen
from app.load_balancers.specs.public_ips import AddressPlan, seen_json
from app.load_balancers.workflow import release_public_ip as release
from app.load_balancers.workflow import reserve_public_ip as reserve
from app.models import PublicIp, PublicIpState


@cloud_step
async def ensure_made_address(cloud: Cloud, plan: AddressPlan) -> PublicIpAddress:
    """Have Azure make the address, unless it is there; wait until it is assigned."""
    begun = await reserve.put_address.run(cloud, plan)
    await reserve.await_address.run(cloud, plan, begun)
    return await reserve.read_address.run(cloud, plan)


@record_step
async def record_made_address(record: Record, plan: AddressPlan, seen: PublicIpAddress) -> None:
    """Write which address it is."""
    row = await record.session.get(PublicIp, plan.public_ip_id, with_for_update=True)
    if row is None or row.deleted_at is not None:
        return
    keep_seen(row, seen_json(seen), now=record.now)
    if row.state == PublicIpState.CREATING:
        row.state = PublicIpState.READY
        row.version += 1
        row.updated_at = record.now
        await record.emit("public_ip.ready", subject=("public_ip", row.id), data=reserve.outcome_of(seen))


@cloud_step
async def release_made_address(cloud: Cloud, plan: AddressPlan) -> bool:
    """Remove the address, if Slipway made it for just this exposure and nothing else uses it by now."""
    addresses = cloud.gateways.azure.subscription(plan.subscription_id).network.public_ips
    present = await addresses.get(plan.resource_group, plan.name, call=azure_call(cloud))
    if present is not None and present.used_by is not None:
        return False
    begun = await release.remove_address.run(cloud, plan)
    await release.await_address_gone.run(cloud, plan, begun)
    return True


@record_step
async def record_address_released(record: Record, plan: AddressPlan) -> None:
    """Write that the address is gone."""
    row = await record.session.get(PublicIp, plan.public_ip_id, with_for_update=True)
    if row is None or row.deleted_at is not None:
        return
    row.state = PublicIpState.DELETED
    row.version += 1
    row.deleted_at = row.updated_at = record.now
    await record.emit("public_ip.released", subject=("public_ip", row.id), data={"address": row.address})
