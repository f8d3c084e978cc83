"""Offers that Azure refused lately: rows, for all jobs of a subscription."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.specs.offers import REMEMBERED
from app.core.errors import Problem
from app.db.insert import insert_into
from app.models import BadOffer

_MOST = 1000
_MOST_WORDS = 500


async def bad_offers(session: AsyncSession, subscription_id: str, *, now: datetime) -> dict[str, BadOffer]:
    """What was refused within the last ten minutes, by key."""
    asked = select(BadOffer).where(BadOffer.subscription_id == subscription_id, BadOffer.expires_at > now)
    return {row.offer: row for row in (await session.scalars(asked.order_by(BadOffer.offer).limit(_MOST))).all()}


async def remember_bad(
    session: AsyncSession, subscription_id: str, offer: str, problem: Problem, *, now: datetime
) -> None:
    """Keep that Azure has refused an offer."""
    told = {"code": problem.code, "detail": problem.detail[:_MOST_WORDS], "expires_at": now + REMEMBERED}
    insert = insert_into(session, BadOffer)
    first = insert.values(subscription_id=subscription_id, offer=offer, **told)
    # Where there is no room, several jobs are refused the same at once.
    await session.execute(first.on_conflict_do_update(index_elements=["subscription_id", "offer"], set_=told))
