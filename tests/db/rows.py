"""Rows to write."""

from datetime import UTC, datetime

import sqlalchemy as sa

from app.db.engine import Database
from app.models import Project

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def project(name: str) -> Project:
    """Return a project that no row of another test can meet."""
    return Project(id=f"prj_{name}", name=name, created_by="test", created_at=NOW, updated_at=NOW)


async def names(database: Database) -> list[str]:
    """Return the names of all stored projects, in order."""
    async with database.read() as session:
        return list((await session.execute(sa.select(Project.name).order_by(Project.name))).scalars())
