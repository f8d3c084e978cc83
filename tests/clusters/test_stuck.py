"""When a deletion is stuck, and when one that is set to come is given up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.clusters.specs.conditions import Status
from app.clusters.specs.ending import pause_after
from app.clusters.specs.stuck import DeletionFacts, blockers, deletion_on_time

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
RUNNING = DeletionFacts("job_1", "running", NOW + timedelta(minutes=1), progress="Azure is at work")
BLOCKED = {"detail": "Azure has not deleted the cluster", "errors": [{"detail": "A management lock is on /a."}]}


@pytest.mark.parametrize(
    ("facts", "status", "words"),
    [
        (RUNNING, Status.TRUE, "The job job_1 deletes it."),
        # It has not begun: nobody can say when it will be late.
        (replace(RUNNING, late_at=None), Status.TRUE, "The job job_1 deletes it."),
        (
            replace(RUNNING, late_at=NOW - timedelta(seconds=1)),
            Status.FALSE,
            "is running. In the way: Azure is at work.",
        ),
        (
            replace(RUNNING, late_at=NOW - timedelta(seconds=1), state="failed", problem=BLOCKED),
            Status.FALSE,
            "is failed. In the way: A management lock is on /a.",
        ),
        (
            replace(RUNNING, late_at=NOW - timedelta(seconds=1), progress=None),
            Status.FALSE,
            "Nobody has said what is in the way.",
        ),
        # A new attempt alone is no good news.
        (replace(RUNNING, stuck=True), Status.FALSE, "In the way: Azure is at work."),
    ],
)
def test_a_deletion_is_stuck_when_it_takes_longer_than_any_before(
    facts: DeletionFacts, status: Status, words: str
) -> None:
    """Troubles 6 and 20: whether a job is still at it, or has ended, or is waiting."""
    judged = deletion_on_time(facts, NOW)
    assert judged.status is status
    assert judged.message.endswith(words)


def test_what_is_in_the_way_is_a_few_sentences() -> None:
    many = {"detail": "No.", "errors": [{"detail": f"Resource {number}."} for number in range(20)]}
    assert len(blockers(replace(RUNNING, problem=many))) == 5
    assert blockers(replace(RUNNING, problem={"detail": "No"}, progress="Old")) == ["No."]


def test_a_deletion_at_a_set_end_is_begun_anew_ever_later() -> None:
    """Trouble 20."""
    hours = [pause_after(tries) / timedelta(hours=1) for tries in range(1, 9)]
    assert hours == [1, 2, 4, 8, 16, 24, 24, 24]
