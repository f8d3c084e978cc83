"""Who answers for what lies outside the clusters of a host."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from app.emulator.kubernetes.logins import LocalLogins, Logins
from app.emulator.kubernetes.mounting import LocalMounts, Mounts

Guard = Callable[[str, ASGIApp], ASGIApp]
"""Stands before the API server of the cluster of this key."""


def _nobody(_key: str, app: ASGIApp) -> ASGIApp:
    return app


@dataclass
class Outside:
    """What the platform decides; it may say so later than the first cluster is there."""

    logins: Logins = field(default_factory=LocalLogins)
    mounts: Mounts = field(default_factory=LocalMounts)
    guard: Guard = _nobody
