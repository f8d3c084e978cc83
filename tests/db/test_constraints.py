"""What a violated constraint means to a caller."""

from sqlalchemy import Table, UniqueConstraint

from app.db.constraints import MEANINGS
from app.models import Base, Event


def _unique(table: Table) -> set[str]:
    indexes = {str(index.name) for index in table.indexes if index.unique}
    return indexes | {str(found.name) for found in table.constraints if isinstance(found, UniqueConstraint)}


def test_whatever_must_be_unique_has_a_meaning_for_who_comes_second() -> None:
    """Of two requests at once the second one meets the index, not the check before it."""
    tables = Base.metadata.tables.values()
    # Events come from jobs as well, which write each of them once; no request names one.
    named = set[str]().union(*(_unique(table) for table in tables if table.name != Event.__tablename__))
    assert {name for name in MEANINGS if name.startswith("uq_")} == named
