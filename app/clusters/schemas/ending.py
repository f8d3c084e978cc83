"""Protection, and an end that is set, on the wire."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.in_part import unless_refused
from app.api.schemas import Choice, RequestModel, Time

Lifetime = Annotated[int, Field(ge=60, le=315_360_000)]


class OnExpiry(StrEnum):
    """What becomes of a cluster whose end has come."""

    DELETE = "delete"
    STOP = "stop"


class Ending(RequestModel):
    """What of a create or a change says whether, and when, the cluster may go."""

    protection: Annotated[bool, Field()] | None = None
    """While it is on, the cluster is not deleted: no request does it. Nor does an end that is set do anything."""
    ttl_seconds: Lifetime | None = None
    """The cluster's end comes so long after this request; null: it stays. Give this or `expires_at`."""
    expires_at: Time | None = None
    """When the cluster's end comes, after notices 24 hours and 1 hour before; null: it stays."""
    on_expiry: Choice[OnExpiry] | None = None
    """What its end is: it is deleted, the default, or stopped, once for each end that is set."""


class ClusterExtend(RequestModel):
    """How much longer a cluster stays that has an end."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seconds": 86_400}]})

    seconds: Lifetime | None = None
    """Added to the end that is set; to now, where that has passed."""
    expires_at: Time | None = None
    """The new end; not before the one that is set."""

    @model_validator(mode="after")
    def _it_is_said_once(self) -> Self:
        with unless_refused():
            if (self.seconds is None) == (self.expires_at is None):
                raise PydanticCustomError("end_given_once", "Give either `seconds` or `expires_at`")
        return self
