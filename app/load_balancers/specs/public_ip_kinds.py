"""The kinds of jobs about public addresses."""

from datetime import timedelta

from app.engine.kinds import JobKind

CREATE = JobKind(
    "public_ip.create",
    doing="Reserving the address {target}",
    done="The address {target} is reserved",
    deadline=timedelta(minutes=15),
    expected="public_ip_create",
    target_type="public_ip",
)
ADOPT = JobKind(
    "public_ip.adopt",
    doing="Looking for the address {target}",
    done="The address {target} is known",
    deadline=timedelta(minutes=5),
    expected="public_ip_create",
    target_type="public_ip",
)
DELETE = JobKind(
    "public_ip.delete",
    doing="Releasing the address {target}",
    done="The address {target} is released",
    deadline=timedelta(minutes=15),
    expected="public_ip_delete",
    target_type="public_ip",
)
