"""Judge all clusters again and again: what is seen of them changes without Azure's list, and time passes."""

from sqlalchemy import select

from app.clusters.service.conditions import judge, verdicts
from app.core.clock import Clock
from app.db.engine import Database
from app.models import Cluster

_BATCH = 100


async def observe_conditions(database: Database, clock: Clock) -> None:
    """Write the conditions of all living clusters, as far as they have turned. Where none has, it only reads."""
    last = ""
    while True:
        async with database.read() as session:
            asked = select(Cluster).where(Cluster.deleted_at.is_(None), Cluster.id > last)
            clusters = (await session.scalars(asked.order_by(Cluster.id).limit(_BATCH))).all()
            news = [each.cluster.id for each in await verdicts(session, clusters, now=clock.now()) if each.is_news]
        if news:
            async with database.write() as session:
                locked = select(Cluster).where(Cluster.id.in_(news)).order_by(Cluster.id).with_for_update()
                await judge(session, (await session.scalars(locked)).all(), now=clock.now())
        if len(clusters) < _BATCH:
            return
        last = clusters[-1].id
