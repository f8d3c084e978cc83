"""What must hold when all lives are over, whatever has crashed: nothing here knows where."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from app.emulator.core.request_log import LoggedRequest
from app.models import TERMINAL
from tests.crashes.faltering_lives import FALTERING
from tests.crashes.pool_lives import CLINGING
from tests.crashes.stage import Ended

_PARTS = 3
"""Of the client request id of a call that was sent for a job: job, epoch, number."""
_UNCERTAIN = {"await_registration"}
"""Steps that are left out when Azure has come to its end while nobody looked."""


_ONCE = {"cluster.run_command": "command_uncertain"}
"""What is sent once at most, though it cannot be seen whether it was: a takeover at that step says so."""


def of_the_job(calm: Ended, crashed: Ended, crashes: int) -> Iterator[str]:
    """What differs between a job that crashed and the same one that did not."""
    was, now = calm.job, crashed.job
    if now.kind in _ONCE and (now.problem or {}).get("code") == _ONCE[now.kind]:
        return
    yield from _differs("state", was.state, now.state)
    yield from _differs("problem", (was.problem or {}).get("code"), (now.problem or {}).get("code"))
    yield from _differs("outcome", sorted(was.outcome or {}), sorted(now.outcome or {}))
    yield from _differs("steps", _certain(calm.steps), _certain(crashed.steps))
    yield from _differs("events", _told(calm), _told(crashed))
    yield from _differs("DBOS's word for it", calm.dbos, crashed.dbos)
    # A record step that ends the job is not run again when its result was not stored: there is no job to run any more.
    if crashed.checkpoints not in (calm.checkpoints, calm.checkpoints[:-1]) and not _UNCERTAIN & set(calm.names):
        yield f"results of steps: {crashed.checkpoints} in place of {calm.checkpoints}"
    if now.state not in TERMINAL or now.finished_at is None:
        yield f"the job is {now.state}"
    if not crashed.attempts <= calm.attempts + crashes:
        yield f"{crashed.attempts} attempts at steps for {calm.attempts} and {crashes} crashes"


def _certain(steps: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [step for step in steps if step[0] not in _UNCERTAIN]


def _told(job: Ended) -> list[str]:
    """What was told of the job; that it takes long is the machine's affair."""
    return sorted(event for event in job.events if event != "job.overdue")


def _differs(what: str, calm: object, crashed: object) -> Iterator[str]:
    if calm != crashed:
        yield f"{what}: {crashed} in place of {calm}"


def _most(path: str) -> int:
    """How often one change may be sent: once more where Azure says that it has applied it, and has not (trouble 9).

    Once more too where Azure fails at it each time, and there once more where a worker has died after sending it.
    """
    if f"/{FALTERING}" in path:
        return 3
    return 2 if path.endswith(f"/agentpools/{CLINGING}") else 1


def of_azure(log: Sequence[LoggedRequest]) -> Iterator[str]:
    """What a job must never have sent."""
    taken: Counter[tuple[str, str, str, str]] = Counter()
    newest: dict[str, int] = defaultdict(int)
    created: Counter[str] = Counter()
    for entry in log:
        parts = (entry.client_request_id or "").split(".")
        if len(parts) != _PARTS:
            continue
        job_id, epoch = parts[0], int(parts[1])
        if entry.mutated:
            # Several changes of one thing differ in what they say: the end of autoscaling, then a count (trouble 46).
            taken[job_id, entry.method, entry.path.lower(), entry.body] += 1
            if epoch < newest[job_id]:
                yield f"{entry.method} {entry.path} under epoch {epoch} after {newest[job_id]}"
        newest[job_id] = max(epoch, newest[job_id])
        if entry.status == 409:
            yield f"{entry.method} {entry.path}: Azure was busy with what the job itself had asked for"
        if entry.operation == "ManagedClusters_CreateOrUpdate" and entry.effect == "created":
            created[entry.path] += 1
    often = [(change, times) for change, times in taken.items() if times > _most(change[2])]
    yield from (f"{method} {path} taken {times} times" for (_, method, path, _), times in often)
    yield from (f"{path} created {times} times" for path, times in created.items() if times != 1)
