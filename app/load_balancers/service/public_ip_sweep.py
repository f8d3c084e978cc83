"""Which addresses nothing uses, and their release on request: never by itself."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import in_project
from app.clusters.service.start import Asker
from app.core.json import JsonObject
from app.load_balancers.schemas.public_ips import AddressUse
from app.load_balancers.service.public_ip_use import uses_of_rows
from app.load_balancers.service.public_ips import lock, release
from app.load_balancers.specs.address_use import UNUSED, in_words
from app.load_balancers.specs.public_ips import unused_since
from app.models import Job, PublicIp, PublicIpState

_MOST_SWEPT = 100


async def sweep(
    session: AsyncSession, asker: Asker, *, unused_days: int, options: JsonObject
) -> tuple[list[Job], list[tuple[PublicIp, str]]]:
    """Release what Slipway made and nothing has used for so long. Returns the jobs, and what stays, with the reason."""
    asked = in_project(select(PublicIp.id), PublicIp, asker.scope).where(PublicIp.deleted_at.is_(None))
    ids = (await session.scalars(asked.order_by(PublicIp.id).limit(_MOST_SWEPT))).all()
    started: list[Job] = []
    kept: list[tuple[PublicIp, str]] = []
    for row_id in ids:
        row = await lock(session, asker.scope, row_id)
        use = (await uses_of_rows(session, row.project_id, [row]))[row.id]
        reason = _why_kept(row, use, asker.now - timedelta(days=unused_days))
        if reason:
            kept.append((row, reason))
        else:
            started.append(await release(session, asker, row, options))
    return started, kept


def _why_kept(row: PublicIp, use: AddressUse, unused_before: datetime) -> str | None:
    if use.kind != UNUSED.kind:
        return f"It belongs to {in_words(use)}."
    if not row.managed:
        return "Slipway did not make it, and never removes it."
    if row.state != PublicIpState.READY:
        return f"It is {row.state}."
    since = unused_since(row)
    if since is None or since > unused_before:
        return "Nothing has used it for a shorter time only."
    return None
