"""The kinds of jobs about exposures."""

from datetime import timedelta

from app.engine.kinds import JobKind

CREATE = JobKind(
    "exposure.create",
    doing="Exposing {target}",
    done="{target} is exposed",
    deadline=timedelta(minutes=20),
    expected="exposure_create",
    target_type="exposure",
)
UPDATE = JobKind(
    "exposure.update",
    doing="Changing the exposure {target}",
    done="The exposure {target} is changed",
    deadline=timedelta(minutes=20),
    expected="exposure_update",
    target_type="exposure",
)
DELETE = JobKind(
    "exposure.delete",
    doing="Removing the exposure {target}",
    done="The exposure {target} is removed",
    deadline=timedelta(minutes=30),
    expected="exposure_delete",
    target_type="exposure",
)
