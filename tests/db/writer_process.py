"""A writer to run beside others: appends numbers to a table, each from the number it read in the same transaction.

Arguments: the file, "slipway" or "dbos" (which engine), how many, this writer's name. Prints the milliseconds that each
transaction took, one a line.
"""

import asyncio
import sys
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from app.db.engine import Database
from tests.support.database import sqlite_settings

NEXT = sa.text("INSERT INTO numbers (number, writer) SELECT coalesce(max(number), 0) + 1, :writer FROM numbers")


def trust_in_turns_alone(connection: Any, _record: object) -> None:  # the driver's or SQLAlchemy's adapter
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 0")
    cursor.close()


def write_as_dbos(database: Database, writer: str) -> None:
    with database.dbos_engine().begin() as connection:
        connection.execute(NEXT, {"writer": writer})


async def write(database: Database, writer: str) -> None:
    async with database.write() as session:
        await session.execute(NEXT, {"writer": writer})


async def main(file: str, engine: str, count: int, writer: str) -> None:
    database = Database.open(sqlite_settings(file))
    for each in (database.dbos_engine(), database.writes.kw["bind"].sync_engine):
        event.listen(each, "connect", trust_in_turns_alone)
    for _ in range(count):
        began = time.perf_counter()
        if engine == "dbos":
            await asyncio.to_thread(write_as_dbos, database, writer)
        else:
            await write(database, writer)
        sys.stdout.write(f"{(time.perf_counter() - began) * 1000:.3f}\n")
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
