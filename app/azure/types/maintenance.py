"""When Azure may change a cluster by itself."""

from dataclasses import dataclass, replace

from app.core.json import JsonObject
from app.core.recurrence import MEMBERS, Schedule

CLUSTER_UPGRADES = "aksManagedAutoUpgradeSchedule"
NODE_IMAGES = "aksManagedNodeOSUpgradeSchedule"
"""Names that AKS knows. https://learn.microsoft.com/azure/aks/planned-maintenance"""

WINDOWS = {"upgrades.cluster_window": CLUSTER_UPGRADES, "upgrades.node_image_window": NODE_IMAGES}
"""By our dotted path in the settings."""


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """As the schedule says, from `start_time` (HH:MM at `utc_offset`) on, for so many hours.

    Dates are ISO 8601; `start_date` None: at once. `not_allowed`: first and last days on which nothing is done.
    """

    schedule: Schedule
    start_time: str
    duration_hours: int
    utc_offset: str = "+00:00"
    start_date: str | None = None
    not_allowed: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_settings(cls, window: JsonObject) -> "MaintenanceWindow":
        """A window in the form of the cluster's settings."""
        spans = tuple((span["start"], span["end"]) for span in window.get("not_allowed") or ())
        other = {name: value for name, value in window.items() if name not in MEMBERS}
        return cls(**{**other, "schedule": Schedule.from_settings(window), "not_allowed": spans})

    def agrees(self, other: "MaintenanceWindow | None") -> bool:
        """Whether another one, as Azure has it, is open when this one is."""
        if other is None:
            return False
        begins = other.start_date if self.start_date is None else self.start_date
        spans = tuple(sorted(self.not_allowed))
        return replace(self, start_date=begins, not_allowed=spans) == replace(
            other, not_allowed=tuple(sorted(other.not_allowed))
        )
