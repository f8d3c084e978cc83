"""Bases of all schemas. Pydantic at the edge of HTTP, and nowhere else."""

from typing import Annotated, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Strict

_T = TypeVar("_T")

Choice: TypeAlias = Annotated[_T, Strict(False)]
"""An enum or a time in a request: a strict model would take no string for it."""


class RequestModel(BaseModel):
    """What is sent in: nothing unknown, nothing converted ("1", 1.0 and true are no integers)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class QueryModel(BaseModel):
    """Query parameters as one model, each of them text at first.

    It ignores unknown ones: FastAPI also hands over those of other dependencies (`project`). `app/api/query.py`
    refuses them.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class ResponseModel(BaseModel):
    """What is sent out. It can be made from a row of the same attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)
