"""Compare the reserved and adopted addresses with Azure: one list a subscription that has any."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.network import PublicIpAddress
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.load_balancers.service.public_ip_seen import record_seen
from app.load_balancers.specs.public_ips import azure_id_of, seen_json
from app.models import PublicIp

_CALL_TIME = timedelta(seconds=60)
_BATCH = 100
_log = structlog.get_logger(__name__)


async def observe_public_ips(database: Database, azure: AzureGateway, clock: Clock) -> None:
    """Keep what Azure has of each address. One that is gone is lost; nothing is made again.

    A list that fails leaves the rows of its subscription as they are.
    """
    async with database.read() as session:
        known = select(PublicIp.subscription_id).where(PublicIp.deleted_at.is_(None)).distinct()
        subscriptions = (await session.scalars(known)).all()
    for subscription_id in subscriptions:
        at = clock.now()
        try:
            listed = await azure.subscription(subscription_id).network.public_ips.list_(
                call=Call(deadline=at + _CALL_TIME)
            )
        except SlipwayError as error:
            _log.warning("addresses_not_listed", subscription_id=subscription_id, code=error.problem.code)
            continue
        await _record(database, subscription_id, {each.id.lower(): each for each in listed}, at=at, clock=clock)


async def _record(
    database: Database, subscription_id: str, seen: dict[str, PublicIpAddress], *, at: datetime, clock: Clock
) -> None:
    last = ""
    while True:
        async with database.write() as session:
            asked = (
                select(PublicIp)
                .where(PublicIp.subscription_id == subscription_id, PublicIp.deleted_at.is_(None), PublicIp.id > last)
                .order_by(PublicIp.id)
                .limit(_BATCH)
            )
            rows = (await session.scalars(asked.with_for_update())).all()
            for row in rows:
                # A row that changed after the list was asked for knows better than the list.
                if max(row.updated_at, row.observed_at or row.updated_at) < at:
                    found = seen.get(azure_id_of(row).lower())
                    await record_seen(session, row, None if found is None else seen_json(found), now=clock.now())
        if len(rows) < _BATCH:
            return
        last = rows[-1].id
