"""Keep what was seen of a reserved address in Azure, and what follows from it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import rfc3339
from app.core.json import JsonObject
from app.events import emit
from app.load_balancers.specs.public_ips import UNUSED_SINCE
from app.models import PublicIp, PublicIpState

_SETTLED = frozenset({PublicIpState.READY, PublicIpState.LOST})


def keep_seen(row: PublicIp, seen: JsonObject, *, now: datetime) -> None:
    """Write what Azure said; since when nothing has the address is kept beside it."""
    before = (row.observed or {}).get(UNUSED_SINCE)
    unused = None if seen.get("used_by") else before or rfc3339(now)
    row.observed = {**seen, UNUSED_SINCE: unused}
    row.observed_at = now
    row.address = seen.get("address")


async def record_seen(session: AsyncSession, row: PublicIp, seen: JsonObject | None, *, now: datetime) -> None:
    """Keep what was seen (None: Azure has no such address), and turn the state if it says so.

    While a job is at work on the address, the job's own steps say what has happened.
    """
    if seen is not None:
        keep_seen(row, seen, now=now)
    else:
        row.observed_at = now
    if row.state not in _SETTLED:
        return
    if seen is None and row.state == PublicIpState.READY:
        await _turn(session, row, PublicIpState.LOST, "public_ip.lost", now=now)
    elif seen is not None and row.state == PublicIpState.LOST:
        await _turn(session, row, PublicIpState.READY, "public_ip.recovered", now=now)


async def _turn(session: AsyncSession, row: PublicIp, state: PublicIpState, event: str, *, now: datetime) -> None:
    row.state = state
    row.version += 1
    row.updated_at = now
    await emit(
        session,
        event,
        at=now,
        project_id=row.project_id,
        subject=("public_ip", row.id),
        data={"name": row.name, "address": row.address},
    )
