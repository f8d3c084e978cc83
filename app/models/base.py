"""What all tables share."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from app.core.json import JsonList, JsonObject
from app.db.types import PortableJson, UtcDateTime

# Every constraint has a name: `app/db/errors.py` tells by it what a violation means, and migrations can drop it.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, repr=False):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        JsonObject: PortableJson,
        JsonList: PortableJson,
    }


class Versioned(MappedAsDataclass, kw_only=True):
    """A resource with an ETag: a counter of what was asked and of its state, never of `observed_at`."""

    version: Mapped[int] = mapped_column(default=1)
