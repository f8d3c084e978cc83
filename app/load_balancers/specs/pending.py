"""Why a Service has no address yet: the cloud controller's events, decoded (trouble 53)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.clock import rfc3339
from app.core.errors import ErrorClass, Problem
from app.core.json import JsonObject
from app.kubernetes.types.service import EventSeen
from app.load_balancers.specs.pending_table import ROWS, UNKNOWN, Meaning

_MOST_WORDS = 600
_DONE = "EnsuredLoadBalancer"
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Pending:
    """What is in the way. `by_itself`: the controller tries again, and it may go well without anybody's doing."""

    code: str
    error_class: ErrorClass
    detail: str
    remedy: str | None
    by_itself: bool
    since: datetime | None = None

    def as_json(self) -> JsonObject:
        """The form in which a row keeps it."""
        return {
            "code": self.code,
            "detail": self.detail,
            "remedy": self.remedy,
            "retryable": self.by_itself,
            "since": None if self.since is None else rfc3339(self.since),
        }

    def problem(self) -> Problem:
        """The form in which a job ends with it."""
        return Problem(
            code=self.code,
            error_class=self.error_class,
            status=_STATUS.get(self.error_class, 502),
            title="Azure gives the Service no address",
            detail=self.detail,
            remedy=self.remedy,
            retryable=self.by_itself,
        )


_STATUS = {
    ErrorClass.CONFIGURATION: 422,
    ErrorClass.QUOTA: 409,
    ErrorClass.CONFLICT: 409,
    ErrorClass.TRANSIENT: 503,
    ErrorClass.CAPACITY: 503,
}


def mark_of(event: EventSeen) -> str:
    """What changes when the same thing is said again."""
    return f"{event.reason}|{event.count}|{event.last_seen}|{event.message[-60:]}"


def cause_of(events: Iterable[EventSeen], *, known: Collection[str] = ()) -> Pending | None:
    """What the newest warning says, unless the controller has said since that it was done; None without one.

    `known`: marks of events that were there before, and say nothing of what was asked since.
    """
    fresh = [event for event in events if mark_of(event) not in known]
    warnings = [event for event in fresh if event.type == "Warning" and _is_about_balancing(event)]
    if not warnings:
        return None
    latest = max(warnings, key=_time)
    # Events have whole seconds: of a failure and an end in the same one the end comes last, or the next one tells.
    done = any(event.reason == _DONE and _time(event) >= _time(latest) for event in fresh)
    return None if done else explain(latest)


def _time(event: EventSeen) -> datetime:
    return event.last_seen or event.first_seen or datetime.min.replace(tzinfo=UTC)


def _is_about_balancing(event: EventSeen) -> bool:
    return "LoadBalancer" in event.reason or "PublicIP" in event.reason


def explain(event: EventSeen) -> Pending:
    """What one event of the cloud controller says, with what can be done."""
    text = _BLANKS.sub(" ", event.message).strip()
    meaning, found = _meaning(text)
    facts = {name: value for name, value in (found.groupdict() if found else {}).items() if value}
    return Pending(
        code=meaning.code,
        error_class=meaning.error_class,
        detail=_filled(meaning.detail, facts, text),
        remedy=_filled(meaning.remedy, facts, text) if meaning.remedy else None,
        by_itself=meaning.by_itself,
        since=event.first_seen,
    )


def _meaning(text: str) -> tuple[Meaning, re.Match[str] | None]:
    for row in ROWS:
        found = row.pattern.search(text)
        if found:
            return row, found
    return UNKNOWN, None


def _filled(template: str, facts: dict[str, str], text: str) -> str:
    return template.format_map(_Facts(facts, said=text[:_MOST_WORDS]))


class _Facts(dict[str, str]):
    """A fact that the text does not name is written as three dots."""

    def __missing__(self, key: str) -> str:
        return "…"
