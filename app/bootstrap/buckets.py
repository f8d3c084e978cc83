"""Azure's token buckets in the database, so that all processes together stay inside them."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.db.engine import Database
from app.models import RateBucket


@dataclass(frozen=True, slots=True)
class DatabaseBuckets:
    """The adapter's port `BucketStore`."""

    database: Database
    clock: Clock

    async def take(self, key: str, *, capacity: float, refill_per_second: float, amount: float = 1) -> float:
        """Take tokens; 0 when they were taken, else the seconds until it is worth asking again."""

        async def take(session: AsyncSession) -> float:
            bucket = await self._locked(session, key, capacity)
            now = self.clock.now()
            if bucket.blocked_until is not None and bucket.blocked_until > now:
                return (bucket.blocked_until - now).total_seconds()
            passed = max(0.0, (now - bucket.updated_at).total_seconds())
            bucket.tokens = min(capacity, bucket.tokens + passed * refill_per_second)
            bucket.updated_at = now
            if bucket.tokens < amount:
                return (amount - bucket.tokens) / refill_per_second
            bucket.tokens -= amount
            return 0.0

        return await self.database.transaction(take)

    async def block(self, key: str, *, seconds: float) -> None:
        """Nobody takes from this bucket for so long: Azure said 429 with a Retry-After."""

        async def block(session: AsyncSession) -> None:
            bucket = await self._locked(session, key, 0)
            until = self.clock.now() + timedelta(seconds=seconds)
            bucket.blocked_until = max(until, bucket.blocked_until or until)

        await self.database.transaction(block)

    async def _locked(self, session: AsyncSession, key: str, capacity: float) -> RateBucket:
        insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(RateBucket)
        fresh = insert.values(key=key, tokens=capacity, updated_at=self.clock.now())
        # The update changes nothing: it locks the row in the same statement, so that retention cannot come between.
        statement = fresh.on_conflict_do_update(index_elements=["key"], set_={"key": key}).returning(RateBucket)
        bucket: RateBucket = (await session.scalars(statement)).one()
        return bucket
