"""Who looks on while a seed runs: a reader of each tenant's feed, and one who watches the rows."""

import asyncio
import contextlib
import random
from datetime import UTC, datetime

from sqlalchemy import select

from app.db.engine import Database
from app.db.errors import DatabaseError
from app.models import Cluster, Job
from tests.soak.client import Clients
from tests.soak.evidence import Looked

_LOOK_SECONDS = 0.25
_PAGE = 20


class FeedReader:
    """Follows `GET /v1/events` by its cursor, a connection for each page."""

    def __init__(self, clients: Clients, tenant: int, rng: random.Random) -> None:
        self._clients = clients
        self._tenant = tenant
        self._rng = rng
        self._cursor: str | None = None
        self.seen: list[str] = []

    async def follow(self) -> None:
        """Read on, again and again."""
        while True:
            await self.read()
            await asyncio.sleep(self._rng.uniform(0, 0.5))

    async def read(self) -> bool:
        """Read one page; True when there is nothing new."""
        path = f"/v1/events?limit={_PAGE}" + (f"&cursor={self._cursor}" if self._cursor else "")
        answer = await self._clients.look(self._tenant, path)
        if answer is None or answer.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            return False
        page = answer.json()
        # A page that was read counts, whatever becomes of the reader after it: the cursor is the reader's memory.
        self.seen += [event["id"] for event in page["items"]]
        self._cursor = page["next_cursor"] or self._cursor
        return not page["items"]

    async def to_the_end(self, seconds: float = 20) -> None:
        """Read until nothing new comes."""
        async with asyncio.timeout(seconds):
            read = False
            while not read:
                read = await self.read()


async def watch_rows(database: Database, looks: list[Looked]) -> None:
    """Look at states and versions, again and again, whatever the database does meanwhile."""
    while True:
        with contextlib.suppress(DatabaseError):
            async with database.read() as session:
                jobs = (await session.execute(select(Job.id, Job.state))).all()
                clusters = (await session.execute(select(Cluster.id, Cluster.version, Cluster.state))).all()
            looks.append(
                Looked(
                    datetime.now(UTC),
                    {row.id: row.state for row in jobs},
                    {row.id: (row.version, row.state) for row in clusters},
                )
            )
        await asyncio.sleep(_LOOK_SECONDS)
