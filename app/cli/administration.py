"""What the commands share that write straight into the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import click
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.principals import Principal
from app.cli.environment import load
from app.core.clock import SystemClock
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.models import Role


def administrator() -> Principal:
    """Whoever may write to the database may do all."""
    return Principal(id="cli", name="slipway command line", role=Role.PLATFORM_ADMIN, project_id=None)


@asynccontextmanager
async def in_database() -> AsyncIterator[tuple[AsyncSession, datetime]]:
    """One transaction, and the time. What a caller may see of an error is printed as a sentence."""
    database = Database.open(load("cli").database)
    try:
        async with database.write() as session:
            yield session, SystemClock().now()
    except SlipwayError as error:
        raise click.ClickException(error.problem.detail) from error
    finally:
        await database.close()
