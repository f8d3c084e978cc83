"""Who answers for what lies outside the clusters of a host."""

from dataclasses import dataclass, field

from app.emulator.kubernetes.logins import LocalLogins, Logins
from app.emulator.kubernetes.mounting import LocalMounts, Mounts


@dataclass
class Outside:
    """What the platform decides; it may say so later than the first cluster is there."""

    logins: Logins = field(default_factory=LocalLogins)
    mounts: Mounts = field(default_factory=LocalMounts)
