"""What a fault is."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.soak.stage import Stage


@dataclass
class Fault:
    """One kind of fault in one run. `fired`: whether it has hurt anything."""

    stage: Stage
    rng: random.Random
    lasts: float
    fired: bool = False
    began_at: datetime | None = None
    ended_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    async def run(self, wait: Callable[[float], Any]) -> None:
        """Begin, last, end."""
        self.began_at = datetime.now(UTC)
        try:
            await self.begin()
            await wait(self.lasts)
            await self.wait_until_fired()
        finally:
            await self.end()
            self.ended_at = datetime.now(UTC)

    async def begin(self) -> None:
        """Hurt."""
        raise NotImplementedError

    async def wait_until_fired(self) -> None:
        """Last longer, where a fault has met nothing yet."""

    async def end(self) -> None:
        """Heal; whoever is hurt then comes back by himself."""
