"""Whether a deletion takes longer than any before it, and what is in its way (troubles 6 and 20). Pure."""

from dataclasses import dataclass
from datetime import datetime

from app.clusters.specs.conditions import Condition, ConditionType, Status
from app.core.json import JsonObject

_KIND = ConditionType.DELETION_ON_TIME
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class DeletionFacts:
    """The last job that was to delete the cluster. `late_at`: when it takes longer than its kind ever did.

    `problem` is the job's at its end, `progress` what it said last before. `stuck`: whether it was found so before.
    """

    job_id: str
    state: str
    late_at: datetime | None
    problem: JsonObject | None = None
    progress: str | None = None
    stuck: bool = False


def deletion_on_time(facts: DeletionFacts, now: datetime) -> Condition:
    """The condition of a cluster that is being deleted; once it is found stuck, it stays so until it is gone."""
    late = facts.late_at is not None and facts.late_at < now
    if not (late or facts.stuck):
        return Condition(_KIND, Status.TRUE, "InProgress", f"The job {facts.job_id} deletes it.")
    found = blockers(facts)
    why = f" In the way: {' '.join(found)}" if found else " Nobody has said what is in the way."
    message = f"It takes longer than any deletion before; the job {facts.job_id} is {facts.state}.{why}"
    return Condition(_KIND, Status.FALSE, "DeletionStuck", message)


def blockers(facts: DeletionFacts) -> list[str]:
    """What keeps the cluster, a sentence each: as the job's problem names it, else as the job last said."""
    problem = facts.problem or {}
    named = [str(each["detail"]) for each in problem.get("errors") or []]
    said = [str(words) for words in (problem.get("detail"), facts.progress) if words]
    return [text if text.endswith(".") else f"{text}." for text in (named or said[:1])[:_MOST_NAMED]]
