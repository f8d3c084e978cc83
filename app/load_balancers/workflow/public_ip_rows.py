"""How the jobs about a public address find and write its row."""

from app.core.errors import ConflictError
from app.engine.steps import JobEnd, Record
from app.models import PublicIp, PublicIpState

LEAVING = frozenset({PublicIpState.DELETING, PublicIpState.DELETED})


class AddressGoneError(ConflictError):
    """The address of this job is released, or is being released."""

    code = "public_ip_released"


async def row_of(record: Record) -> PublicIp:
    """The job's address, locked until the transaction's end."""
    row = await record.session.get(PublicIp, record.view.target_id, with_for_update=True)
    if row is None:
        raise AddressGoneError("The address of this job does not exist any more.")
    return row


async def staying_row(record: Record) -> PublicIp:
    """As `row_of`, but for one that is being released: a release goes before what was asked before it."""
    row = await row_of(record)
    if row.state in LEAVING:
        raise AddressGoneError("The address is released or is being released.")
    return row


def set_state(row: PublicIp, state: PublicIpState, record: Record) -> None:
    """Change the state; the version rises only when it does change."""
    if row.state != state:
        row.state = state
        row.version += 1
        row.updated_at = record.now


async def record_failed(record: Record, end: JobEnd) -> None:
    """The end of a reservation or an adoption that did not succeed, unless the address is going."""
    row = await record.session.get(PublicIp, record.view.target_id, with_for_update=True)
    if row is None or row.state != PublicIpState.CREATING:
        return
    set_state(row, PublicIpState.FAILED, record)
    await record.emit("public_ip.failed", data={"code": end.problem.code, "canceled": end.canceled})
