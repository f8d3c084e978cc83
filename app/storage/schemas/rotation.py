"""Rotation and repair of account keys on the wire."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.jobs.schemas import JobRead, RunOptions


class Restart(StrEnum):
    """What becomes of pods whose mounts were made with the old key."""

    NONE = "none"
    ONE_BY_ONE = "one_by_one"


class KeyRotate(RequestModel):
    """How a key shall be rotated, or Secrets repaired."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"restart": "one_by_one", "pod_wait_seconds": 600}]})

    restart: Choice[Restart] = Restart.NONE
    """`one_by_one`: pods that mount the account's shares are evicted one after the other, as their budgets allow,
    before the old key ends. `none`: they are listed in the job's outcome; their mounts go on until a connection breaks.
    """
    pod_wait_seconds: Annotated[int, Field(ge=1, le=86_400)] = 600
    """With `one_by_one`: how long one pod may wait for its budget, and for a successor that is ready."""
    options: RunOptions = RunOptions()


class KeysRead(ResponseModel):
    """The keys of the account that a share lies in; never a key itself."""

    id: str
    """The storage account's."""
    name: str
    managed: bool
    """Whether Slipway made the account; only then does it rotate its keys."""
    active_key: str
    """key1 or key2: the one that Secrets hold, or are just being given."""
    rotation: str | None
    """How far the last rotation has come: to_spare, back or done; new values may come. Null: there was none."""
    stale_secrets: list[str]
    """Secrets that were last found to open the account no more, as `namespace/name in cluster`."""


class KeysAccepted(ResponseModel):
    """The job that does it, and the keys as they are now."""

    job: JobRead
    resource: KeysRead
