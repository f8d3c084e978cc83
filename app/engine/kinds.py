"""Kinds of jobs: what the asking side must know of one. How a kind is done stands in a slice's workflow."""

from dataclasses import dataclass
from datetime import timedelta

from app.core.json import JsonObject

# Raised when steps change so that a job in flight could not go on; the old form is then kept beside the new one.
PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job.

    `doing` and `done` are sentences with `{target}` for its name, and `{part}` for the name of that part of it that the
    job's request is about: what the job's `summary` says while it runs and when it has succeeded. `deadline` counts
    from the first step, unless the caller names another. `expected` is the field of `ExpectSettings` that says how long
    such a job takes before anything was learnt. `ahead`: what whoever asks has to know before it begins; said while it
    is queued.
    """

    name: str
    doing: str
    done: str
    deadline: timedelta
    expected: str
    target_type: str
    ahead: str = ""

    def doing_words(self, target: str, request: JsonObject) -> str:
        """What is being done, without a full stop."""
        return self.doing.format(target=target, part=_part(request))

    def done_words(self, target: str, request: JsonObject) -> str:
        """What has been done, without a full stop."""
        return self.done.format(target=target, part=_part(request))


def _part(request: JsonObject) -> object:
    # A request of the version before may name its pool by Azure's name alone.
    return request.get("name") or request.get("pool")
