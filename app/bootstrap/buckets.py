"""Azure's token buckets in the database, so that all processes together stay inside them."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.db.engine import Database
from app.db.insert import insert_into
from app.models import RateBucket

# A process takes a handful at once and keeps it for a second: a transaction for each call to Azure would cost more than
# the call. An eighth of what is there is little enough for the others, and one token where there is little.
_GRANT_SECONDS = 1.0
_GRANT_SHARE = 8
_LARGEST_GRANT = 25
_MOST_GRANTS = 4096


@dataclass
class _Grant:
    """What this process may still use until then, by the monotonic clock; one at a time asks for more."""

    tokens: int = 0
    until: float = 0.0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class DatabaseBuckets:
    """The adapter's port `BucketStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._grants: defaultdict[str, _Grant] = defaultdict(_Grant)

    async def take(self, key: str, *, capacity: float, refill_per_second: float) -> float:
        """Take a token; 0 when it was taken, else the seconds until it is worth asking again."""
        grant = self._grants[key]
        if self._used(grant):
            return 0.0
        async with grant.asking:
            # Whoever asked before may have been given enough for this one too.
            if self._used(grant):
                return 0.0
            asked_at = self._clock.monotonic()
            # Used up to a second after they were taken: Azure's bucket must have room for what came back meanwhile.
            room = max(1.0, capacity - refill_per_second * _GRANT_SECONDS)
            tokens, seconds = await self._database.transaction(
                lambda session: self._draw(session, key, room, refill_per_second)
            )
            grant.tokens, grant.until = max(0, tokens - 1), asked_at + _GRANT_SECONDS
        self._forget_the_old()
        return seconds

    async def block(self, key: str, *, seconds: float) -> None:
        """Nobody takes from this bucket for so long: Azure said 429 with a Retry-After."""

        async def block(session: AsyncSession) -> None:
            bucket = await self._locked(session, key, 0)
            until = self._clock.now() + timedelta(seconds=seconds)
            bucket.blocked_until = max(until, bucket.blocked_until or until)

        self._grants.pop(key, None)
        await self._database.transaction(block)

    def _used(self, grant: _Grant) -> bool:
        if grant.tokens < 1 or self._clock.monotonic() >= grant.until:
            return False
        grant.tokens -= 1
        return True

    async def _draw(
        self, session: AsyncSession, key: str, capacity: float, refill_per_second: float
    ) -> tuple[int, float]:
        """How many tokens were taken; where none, in how many seconds there is one."""
        bucket = await self._locked(session, key, capacity)
        now = self._clock.now()
        if bucket.blocked_until is not None and bucket.blocked_until > now:
            return 0, (bucket.blocked_until - now).total_seconds()
        passed = max(0.0, (now - bucket.updated_at).total_seconds())
        bucket.tokens = min(capacity, bucket.tokens + passed * refill_per_second)
        bucket.updated_at = now
        if bucket.tokens < 1:
            return 0, (1 - bucket.tokens) / refill_per_second
        taken = max(1, min(_LARGEST_GRANT, int(bucket.tokens / _GRANT_SHARE)))
        bucket.tokens -= taken
        return taken, 0.0

    async def _locked(self, session: AsyncSession, key: str, capacity: float) -> RateBucket:
        insert = insert_into(session, RateBucket)
        fresh = insert.values(key=key, tokens=capacity, updated_at=self._clock.now())
        # The update changes nothing: it locks the row in the same statement, so that retention cannot come between.
        statement = fresh.on_conflict_do_update(index_elements=["key"], set_={"key": key}).returning(RateBucket)
        bucket: RateBucket = (await session.scalars(statement)).one()
        return bucket

    def _forget_the_old(self) -> None:
        """Each cluster has buckets of its own, and clusters come and go."""
        if len(self._grants) > _MOST_GRANTS:
            now = self._clock.monotonic()
            for key in [key for key, grant in self._grants.items() if grant.until < now and not grant.asking.locked()]:
                del self._grants[key]
