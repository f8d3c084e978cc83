"""How long Azure's operations take, learnt by all processes together."""

from dataclasses import dataclass
from datetime import timedelta

from app.azure.ports import usual_of
from app.azure.types.watch import Usual
from app.core.clock import Clock
from app.db.engine import Database
from app.engine.rows import learn
from app.models import Duration


@dataclass(frozen=True, slots=True)
class DatabaseDurations:
    """The adapter's port `Durations`."""

    database: Database
    clock: Clock

    async def usual(self, kind: str) -> Usual | None:
        """What is usual by what was seen, or None when nothing was."""
        async with self.database.read() as session:
            row = await session.get(Duration, kind)
        return usual_of(row.samples, row.p50_seconds) if row else None

    async def learn(self, kind: str, took: timedelta) -> None:
        """Remember one more finished operation."""
        await self.database.transaction(
            lambda session: learn(session, kind, took.total_seconds(), now=self.clock.now())
        )
