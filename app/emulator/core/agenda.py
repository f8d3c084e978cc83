"""What shall happen later and is no ARM operation: kept in memory, by whoever can make it anew from the state."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime

Action = Callable[[datetime], Awaitable[None]]
"""Gets the time at which it was due, which a manual clock may have left behind."""


@dataclass
class Appointment:
    """One action and its time."""

    at: datetime
    action: Action


class Agenda:
    """Appointments by key; a key has one at most."""

    def __init__(self) -> None:
        """Start empty."""
        self._appointments: dict[Hashable, Appointment] = {}

    def set(self, key: Hashable, at: datetime, action: Action) -> None:
        """Let `action` happen at `at`, in place of what was set for `key`."""
        self._appointments[key] = Appointment(at, action)

    def has(self, key: Hashable) -> bool:
        """Whether something is set for `key`."""
        return key in self._appointments

    def drop(self, chosen: Callable[[Hashable], bool]) -> None:
        """Forget what is set for every key that `chosen` is true of."""
        self._appointments = {key: value for key, value in self._appointments.items() if not chosen(key)}

    def next_due(self) -> datetime | None:
        """When the next appointment is."""
        return min((appointment.at for appointment in self._appointments.values()), default=None)

    def take(self) -> Appointment:
        """Take the next appointment out; there must be one."""
        key = min(self._appointments, key=lambda key: self._appointments[key].at)
        return self._appointments.pop(key)

    def rescale(self, now: datetime, factor: float) -> None:
        """Stretch the time until every appointment by `factor`; a change of speed does that."""
        for appointment in self._appointments.values():
            if appointment.at > now:
                appointment.at = now + (appointment.at - now) * factor

    def clear(self) -> None:
        """Forget everything."""
        self._appointments.clear()
