"""How a running job stops.

The first two are no `Exception`: DBOS stores every `Exception` that leaves a step as the step's result. What is raised
as a BaseException leaves no trace there, so the step runs again, here or in another worker.
"""

from app.core.errors import ConflictError, ErrorClass, Problem, SlipwayError, UnavailableError


class LeaseLostError(BaseException):
    """Another worker has the job now; this one must not touch Azure or the rows for it any more."""


class ParkedError(BaseException):
    """The job cannot go on in this process now (drain, database outage); it stays pending and is taken up again."""


class JobFailedError(Exception):
    """A step ended in a problem; the runner records it as the job's end, unless the workflow does something about it.

    `sendings`: how often in all a change may be sent that was taken and has come to such an end.
    """

    def __init__(self, problem: Problem, *, sendings: int = 1) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.sendings = sendings


class JobCanceledError(Exception):
    """The job was asked to stop and has stopped at a step's edge."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class DeadlineExceededError(SlipwayError):
    """The job's own deadline has passed; Azure may still be at work."""

    code = "deadline_exceeded"
    status = 504
    title = "The job's deadline has passed"
    error_class = ErrorClass.TRANSIENT
    remedy = "The resource is still watched. Retry the job: it takes up where this one stopped, with a new deadline."


class WorkerGaveUpError(SlipwayError):
    """The job was started again and again and never came to its end."""

    code = "job_given_up"
    title = "The job was given up"
    remedy = (
        "Retry the job; if it is given up again, the operator finds the cause in the workers' logs by the job's id."
    )


class JobNotOpenError(ConflictError):
    """The job has ended; an end never changes."""

    code = "job_has_ended"


class NoRoomError(UnavailableError):
    """The disk under SQLite's file is nearly full: a job that could not be tracked to its end is not begun."""

    code = "no_room"
    title = "There is no room for more jobs"
    remedy = "The operator makes room on the disk of the database; reads and running jobs go on meanwhile."
