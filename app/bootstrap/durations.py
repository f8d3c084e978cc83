"""How long Azure's operations take, learnt by all processes together."""

from dataclasses import dataclass
from datetime import timedelta

from app.core.clock import Clock
from app.db.engine import Database
from app.engine.rows import learn
from app.models import Duration


@dataclass(frozen=True, slots=True)
class DatabaseDurations:
    """The adapter's port `Durations`."""

    database: Database
    clock: Clock

    async def expected(self, kind: str) -> timedelta | None:
        """The median of what was seen, or None when nothing was."""
        async with self.database.read() as session:
            row = await session.get(Duration, kind)
        return timedelta(seconds=row.p50_seconds) if row else None

    async def learn(self, kind: str, took: timedelta) -> None:
        """Remember one more finished operation."""
        await self.database.transaction(
            lambda session: learn(session, kind, took.total_seconds(), now=self.clock.now())
        )
