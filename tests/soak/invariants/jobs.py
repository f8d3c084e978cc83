"""J: no job is lost, stuck or done twice; and O: those of one cluster take turns."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from app.models import TERMINAL
from tests.soak.evidence import Evidence, Row
from tests.soak.history import Answer, Operation, Outcome

_ENDS = {f"job.{state}" for state in TERMINAL}
_NEXT: dict[str, set[str]] = {
    "queued": {"running", "waiting", "canceling", *TERMINAL},
    "running": {"waiting", "canceling", *TERMINAL},
    "waiting": {"running", "canceling", *TERMINAL},
    "canceling": {*TERMINAL},
}
_LATE = timedelta(seconds=60)
_UNPROCESSABLE = 422
_GOES_FIRST = "cluster.abort"


def accepted_jobs_end(evidence: Evidence) -> list[str]:
    """J1: every 202 has its row, and every job ends by its deadline and a minute."""
    found = [*evidence.history.surprises, *(f"J1: never quiet: {job}" for job in evidence.never_quiet)]
    found += [
        f"J1: operation {operation.number} ({operation.verb}): its job {operation.job_id} has no row"
        for operation in evidence.history.operations
        if operation.job_id is not None and operation.job_id not in evidence.jobs
    ]
    for job in evidence.jobs.values():
        if job["state"] not in TERMINAL:
            found.append(f"J1: {_told(job)} has not ended")
        elif job["deadline_at"] is not None and job["finished_at"] > job["deadline_at"] + _LATE:
            found.append(f"J1: {_told(job)} ended {job['finished_at'] - job['deadline_at']} past its deadline")
    return found


def states_follow_the_graph(evidence: Evidence) -> list[str]:
    """J2: states move along the graph only, an end never changes, and one event tells it."""
    found = []
    last: dict[str, str] = {}
    for look in evidence.looks:
        for job_id, state in look.jobs.items():
            before = last.get(job_id, state)
            # Between two looks a job may pass through several states: what no way leads to is wrong.
            if state != before and state not in _NEXT.get(before, set()):
                found.append(f"J2: job {job_id} went from {before} to {state}")
            last[job_id] = state
    ends = Counter((event["job_id"], event["type"]) for event in evidence.events if event["type"] in _ENDS)
    for job in evidence.jobs.values():
        told = {type_: times for (job_id, type_), times in ends.items() if job_id == job["id"]}
        if job["state"] in TERMINAL and told != {f"job.{job['state']}": 1}:
            found.append(f"J2: {_told(job)} has these events of its end: {told}")
    return found


def engine_agrees(evidence: Evidence) -> list[str]:
    """J3: when all is quiet, DBOS holds nothing open, and knows every job of ours as ended."""
    found = []
    for job_id in evidence.jobs:
        status = evidence.engine.get(job_id)
        if status not in {"SUCCESS", "ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED"}:
            found.append(f"J3: {_told(evidence.jobs[job_id])}, and the engine says {status}")
    found += [f"J3: the engine has a job {job_id} that is none" for job_id in evidence.engine.keys() - evidence.jobs]
    return found


def keys_settle(evidence: Evidence) -> list[str]:
    """J4: one key, one job, one answer; another body is refused; another tenant's equal key is another key."""
    found = []
    operations = evidence.history.operations
    for operation in operations:
        good = [answer for answer in operation.answers if answer.status < 300]  # noqa: PLR2004 - HTTP's good ones
        if len({_open_part(answer) for answer in good}) > 1 or len({a.text for a in good if a.replayed}) > 1:
            found.append(f"J4: operation {operation.number} ({operation.verb}) got different answers to one key")
        if operation.outcome is Outcome.ACKNOWLEDGED and operation.verb != "credential":
            found += _refused_after_good(operation)
        first = operations[operation.facts["first"]] if "first" in operation.facts else None
        if first is None or first.outcome is not Outcome.ACKNOWLEDGED:
            continue
        if operation.verb == "other_body" and operation.status not in {None, _UNPROCESSABLE}:
            found.append(f"J4: operation {operation.number} used a key with another body: {operation.status}")
        same_job = operation.job_id is not None and operation.job_id == first.job_id
        if operation.verb == "other_tenant" and (operation.status == _UNPROCESSABLE or same_job):
            found.append(f"J4: operation {operation.number} met the key of another tenant")
    return found


def _refused_after_good(operation: Operation) -> list[str]:
    """A refusal did nothing, so its repeat is judged anew; what was accepted stays so."""
    statuses = [answer.status for answer in operation.answers]
    good = next(place for place, status in enumerate(statuses) if status < 300)  # noqa: PLR2004 - HTTP's good ones
    if operation.key and len(set(statuses[good:])) > 1:
        return [f"J4: operation {operation.number} ({operation.verb}) got {statuses} to one key"]
    return []


def _open_part(answer: Answer) -> str:
    document = {**answer.document, "ssh_private_key": None, "secret_state": None}
    return repr(sorted(document.items(), key=lambda member: str(member[0])))


def canceled_means_canceled(evidence: Evidence) -> list[str]:
    """J5: nothing changes Azure for a job after that job's end, canceled or not."""
    found = []
    for sent in evidence.sent:
        job = evidence.jobs.get(sent.job_id) if sent.changes else None
        if job is not None and job["finished_at"] is not None and sent.at > job["finished_at"]:
            late = sent.at - job["finished_at"]
            found.append(f"J5: {_told(job)} sent {sent.method} {sent.path} as {sent.name}, {late} after its end")
    return found


def clusters_take_turns(evidence: Evidence) -> list[str]:
    """O1, O2: from its first change of Azure to its end a job is alone in its partition, in the order of asking.

    But an abort goes before what is queued, also before the job that it aborts, where that one's worker has died.
    """
    spans: dict[str, list[tuple[Any, Any, Row]]] = defaultdict(list)
    for job in evidence.jobs.values():
        changes = [sent.at for sent in evidence.sent if sent.changes and sent.job_id == job["id"]]
        if changes and job["finished_at"] is not None:
            spans[job["partition"]].append((min(changes), job["finished_at"], job))
    found = []
    for partition, held in spans.items():
        held.sort(key=lambda span: span[0])
        for (_, ended, first), (began, _, second) in pairwise(held):
            if began < ended and not _aborts(evidence, second, first, began):
                found.append(f"O1: {partition}: {_told(second)} began {ended - began} before the end of {_told(first)}")
            if first["created_at"] > second["created_at"] and first["kind"] != _GOES_FIRST:
                found.append(f"O2: {partition}: {_told(first)} came before {_told(second)}, which was asked earlier")
    return found


def _aborts(evidence: Evidence, abort: Row, job: Row, began: datetime) -> bool:
    """Whether a job is aborted that is in nobody's hands: its worker died, and it says no more to Azure."""
    late = (sent for sent in evidence.sent if sent.changes and sent.job_id == job["id"] and sent.at >= began)
    return abort["kind"] == _GOES_FIRST and job["state"] == "canceled" and next(late, None) is None


def old_epochs_are_silent(evidence: Evidence) -> list[str]:
    """O3: no change is sent under an epoch older than the newest that Azure has seen of the job."""
    newest: dict[str, int] = {}
    found = []
    for sent in evidence.sent:
        if sent.name.count(".") != 2:  # noqa: PLR2004 - job, epoch, number
            continue
        newest[sent.job_id] = max(sent.epoch, newest.get(sent.job_id, 0))
        if sent.changes and sent.epoch < newest[sent.job_id]:
            found.append(
                f"O3: {sent.method} {sent.path} as {sent.name}, after epoch {newest[sent.job_id]} at {sent.at}"
            )
    return found


def _told(job: Row) -> str:
    return f"{job['kind']} {job['id']} of {job['target_name']} ({job['state']}, epoch {job['epoch']})"
