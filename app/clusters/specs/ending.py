"""When a cluster goes by itself, and what is told of it before."""

from datetime import datetime, timedelta

from app.api.in_part import unless_refused
from app.clusters.schemas.ending import Ending
from app.clusters.specs.rejections import Rejections
from app.core.errors import FieldError

NOTICES = (timedelta(hours=24), timedelta(hours=1))
"""How long before its end a cluster's end is told: once each, at once where the whole life is shorter."""
PAST = len(NOTICES)
"""How many notices have been told, before the last word: that a protected cluster stays past its end."""
GAVE_UP = PAST + 2
"""As many "notices" has one that was given up: its deletions did not succeed, and no more are begun."""
STOPPED_ONCE = GAVE_UP + 1
"""As many has one whose end was to be stopped, and came: who starts it again keeps it running."""
MOST_TRIES = 8
"""How many deletions, or stops, are begun for one end."""
_FIRST_PAUSE = timedelta(hours=1)
_LONGEST_PAUSE = timedelta(hours=24)
ENDING = frozenset(Ending.model_fields)
"""The members of a change that Azure need not hear of."""


def names_an_end(body: Ending) -> bool:
    """Whether the request says anything of the end, be it that there is none."""
    return bool(body.model_fields_set & {"ttl_seconds", "expires_at"})


def end_of(body: Ending, *, now: datetime) -> datetime | None:
    """The end that the request sets; None: none."""
    return body.expires_at if body.ttl_seconds is None else now + timedelta(seconds=body.ttl_seconds)


def check_end(body: Ending, rejections: Rejections, *, now: datetime) -> None:
    """Note what is wrong with the end that a request sets."""
    with unless_refused():
        if body.ttl_seconds is not None and body.expires_at is not None:
            rejections.add("end_given_twice", "", "Give either `ttl_seconds` or `expires_at`, not both.")
    with unless_refused():
        rejections.errors.extend(end_errors(end_of(body, now=now), now=now))


def end_errors(end: datetime | None, *, now: datetime) -> list[FieldError]:
    """What is wrong with an end."""
    if end is None or end > now:
        return []
    return [FieldError("expiry_in_the_past", "/expires_at", "The end lies in the past; to delete it now, send DELETE.")]


def notices_due(end: datetime, told: int, *, now: datetime) -> range:
    """The positions in `NOTICES` that are to be told now, of which `told` have been."""
    return range(told, sum(end - now <= before for before in NOTICES))


def pause_after(tries: int) -> timedelta:
    """How long after the end of so many deletions that did not succeed the next one is begun (trouble 20)."""
    return min(_FIRST_PAUSE * (1 << max(0, tries - 1)), _LONGEST_PAUSE)
