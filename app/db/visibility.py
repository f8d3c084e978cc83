"""In which order rows of concurrent transactions may be read without skipping one.

On PostgreSQL a later number of a sequence may become visible first. A reader that orders by (transaction_id, sequence)
and stays below the oldest transaction that is still open sees each row once, in order.
"""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

_CURRENT = sa.literal_column("pg_current_xact_id()::text::bigint", sa.BigInteger)
_HORIZON = sa.literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", sa.BigInteger)


async def current_transaction_id(session: AsyncSession) -> int:
    """Return the number to store with a row; 0 on SQLite, where writers take turns."""
    if not _on_postgresql(session):
        return 0
    return int((await session.execute(sa.select(_CURRENT))).scalar_one())


async def horizon(session: AsyncSession) -> int | None:
    """Return the bound below which all is visible that ever will be: read rows with `transaction_id < horizon`.

    None on SQLite: all that is visible may be read. Ask in the transaction (`Database.read`) that reads the rows.
    """
    if not _on_postgresql(session):
        return None
    return int((await session.execute(sa.select(_HORIZON))).scalar_one())


def _on_postgresql(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"
