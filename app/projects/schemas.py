"""What is sent and answered about projects and keys."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel, Time
from app.core.text import PLAIN, Label
from app.models import Role

ProjectName = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), PLAIN
]


class ProjectCreate(RequestModel):
    """A new tenant."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "payments", "subscription_id": "11111111-2222-3333-4444-555555555555"}]
        }
    )

    name: ProjectName
    """Unique; lower-case letters, digits and hyphens."""
    subscription_id: Choice[UUID] | None = None
    """The Azure subscription of all its clusters. Default: the one of the settings."""


class ProjectUpdate(RequestModel):
    """What is given is changed (JSON merge patch)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "payments-eu", "repair_keys": True}]})

    name: ProjectName | None = None
    """The new name."""
    repair_keys: bool | None = None
    """Slipway puts Secrets right by itself when somebody else has turned the keys of their storage account."""


class ProjectRead(ResponseModel):
    """A tenant."""

    id: str
    name: str
    subscription_id: str | None
    repair_keys: bool
    """Whether Secrets whose key was turned outside Slipway are put right without being asked for."""
    created_by: str
    created_at: datetime
    updated_at: datetime


class KeyRole(StrEnum):
    """The roles of a project's keys; platform-admin belongs to no project."""

    READER = Role.READER
    OPERATOR = Role.OPERATOR
    ADMIN = Role.ADMIN


class ApiKeyCreate(RequestModel):
    """A new key of a project."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "portal", "role": "operator"}]})

    name: Label
    """What it is for."""
    role: Choice[KeyRole] = Field(examples=["operator"])
    """Never more than your own."""
    expires_at: Time | None = None
    """When it ends; without it, never."""


class ApiKeyRead(ResponseModel):
    """A key, without its secret."""

    id: str
    project_id: str | None
    name: str
    role: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class ApiKeyCreated(ApiKeyRead):
    """A new key. `key` is shown this once."""

    key: str | None
    """What to send as `Authorization: Bearer …`. Null in the answer to a repeat."""
    secret_state: Literal["shown", "shown_once"]
    """`shown`: the key is in this answer. `shown_once`: it was in the first answer, and is kept nowhere."""


class Me(ResponseModel):
    """Who is calling."""

    id: str
    name: str
    role: str
    project_id: str | None
    """None for a platform-admin, who names a project by `?project=`."""
