"""Bases of all schemas. Pydantic at the edge of HTTP, and nowhere else."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    Strict,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.api.in_part import validate_in_part

_T = TypeVar("_T")

Choice: TypeAlias = Annotated[_T, Strict(False)]
"""An enum or a UUID in a request: a strict model would take no string for it."""

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _written_as_time(value: Any) -> Any:
    # Pydantic takes numbers as well, for seconds or milliseconds since 1970.
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "Input should be a string")
    if not _RFC_3339.fullmatch(value):
        raise PydanticCustomError("wrong_format", "Write a time like 2030-01-31T12:00:00Z (RFC 3339)")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("out_of_range", "The time lies outside of the years 1 to 9999") from None


Time = Annotated[AwareDatetime, Strict(False), BeforeValidator(_written_as_time), AfterValidator(_in_utc)]
"""A time in a request, kept in UTC."""


class RequestModel(BaseModel):
    """What is sent in: nothing unknown, nothing converted ("1", 1.0 and true are no integers)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)

    fixed: ClassVar[Mapping[str, str]] = {}
    """What a thing has and this request does not change, with the way round in a sentence: refused as `immutable`."""

    @model_validator(mode="wrap")
    @classmethod
    def _in_part(cls, given: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Any:
        return validate_in_part(cls, given, handler, info.context)


class QueryModel(BaseModel):
    """Query parameters as one model, each of them text at first.

    It ignores unknown ones: FastAPI also hands over those of other dependencies (`project`). `app/api/query.py`
    refuses them.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class ResponseModel(BaseModel):
    """What is sent out. It can be made from a row of the same attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)
