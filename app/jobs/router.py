"""HTTP: jobs, their steps, and events."""

from dataclasses import replace
from typing import Annotated

from fastapi import Path, Query, Request, Response
from sqlalchemy import select

from app.api.calls import Look, OperatorWrites, ReaderAsks, ReaderReads, looks
from app.api.draining import Draining
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.route import api_router
from app.auth.scope import in_project
from app.db.pages import read_page
from app.db.visibility import horizon
from app.engine.errors import JobNotOpenError
from app.jobs import service
from app.jobs.schemas import EventRead, JobRead, JobStepRead, JobTaken
from app.jobs.service import BusyError, ForeignJobError, NotRetryableError
from app.jobs.specs import job_read
from app.models import TERMINAL, Event, Job, Role

router = api_router(prefix="/v1", tags=["jobs"])

Word = Annotated[str | None, Query(min_length=1, max_length=64, pattern=r"^[a-z_.]+$")]
JobPath = Annotated[str, Path(description="The job's id.", max_length=128, examples=["job_01k7f3t9d2v5x8b4n6q1r0w3ze"])]
Identifier = Annotated[str | None, Query(min_length=1, max_length=160, pattern=r"^[\x21-\x7e]+$")]


@router.get("/jobs", summary="List jobs, newest first")
async def list_jobs(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    state: Word = None,
    kind: Word = None,
    target_id: Identifier = None,
    origin: Word = None,
) -> Page[JobRead]:
    """The project's jobs."""
    query = in_project(select(Job), Job, call.scope)
    asked = ((Job.state, state), (Job.kind, kind), (Job.target_id, target_id), (Job.origin, origin))
    for column, value in asked:
        if value is not None:
            query = query.where(column == value)
    project_id = call.scope.project.id
    page = await read_page(
        call.session,
        query,
        (Job.created_at, Job.id),
        after=paging.after(project_id),
        limit=paging.limit,
        descending=True,
    )
    return paging.answer(project_id, page, lambda job: job_read(job, call.now), response)


@router.get("/jobs/{job_id:name}", summary="Read a job, or wait for its end")
async def get_job(
    job_id: JobPath,
    call: Annotated[Look[Job], looks(Role.READER, service.look_up_job)],
    request: Request,
    wait: Annotated[int, Query(ge=0, le=60, description="Seconds to wait for the end.")] = 0,
) -> JobRead:
    """The job as it is; with `wait`, as soon as it has ended, or after so many seconds as it is then."""
    job = call.found()
    if wait and job.state not in TERMINAL:
        await service.parts_of(call.services).interest.show(job, now=call.now)
        draining: Draining = request.app.state.draining
        longest = call.services.settings.http.max_wait_seconds
        await draining.wait_for(service.parts_of(call.services).ends.wait(job_id), seconds=min(wait, longest))
        async with call.database.read() as session:
            job = await service.get_job(session, call.scope, job_id)
    return job_read(job, call.now)


@router.get("/jobs/{job_id:name}/steps", summary="List a job's steps")
async def list_job_steps(job_id: JobPath, call: ReaderAsks) -> Page[JobStepRead]:
    """What was done, in order, with attempts, times and Azure's correlation ids."""
    async with call.database.read() as session:
        job = await service.get_job(session, call.scope, job_id)
        steps = await service.list_steps(session, job)
    await service.parts_of(call.services).interest.show(job, now=call.now)
    return Page(items=[JobStepRead.model_validate(step) for step in steps], next_cursor=None)


@router.post(
    "/jobs/{job_id:name}:cancel",
    status_code=202,
    summary="Ask a job to stop",
    responses=errors(JobNotOpenError, ForeignJobError),
)
async def cancel_job(job_id: JobPath, call: OperatorWrites, response: Response) -> JobTaken:
    """It stops at its next step; what Azure has begun is aborted where Azure can."""
    job = await service.cancel_job(call.session, call.scope, job_id, now=call.now)
    point_to_job(response, job.id)
    return JobTaken(job=job_read(job, call.now), resource=None)


@router.post(
    "/jobs/{job_id:name}:retry",
    status_code=202,
    summary="Ask again for what a job did not do",
    responses=errors(NotRetryableError, ForeignJobError, BusyError),
)
async def retry_job(job_id: JobPath, call: OperatorWrites, response: Response) -> JobTaken:
    """A new job of the same kind and request, which takes up where the old one stopped."""
    parts = service.parts_of(call.services)
    job = await service.retry_job(call.session, call.scope, job_id, parts=parts, now=call.now)
    point_to_job(response, job.id)
    return JobTaken(job=job_read(job, call.now), resource=None)


@router.get("/events", summary="List events, oldest first")
async def list_events(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    type: Word = None,  # noqa: A002 - the query parameter's name
    subject_id: Identifier = None,
    job_id: Identifier = None,
) -> Page[EventRead]:
    """What happened in the project. Go on from the last cursor: nothing is skipped, nothing comes twice."""
    query = in_project(select(Event), Event, call.scope)
    for column, value in ((Event.type, type), (Event.subject_id, subject_id), (Event.job_id, job_id)):
        if value is not None:
            query = query.where(column == value)
    project_id = call.scope.project.id
    after = paging.after(project_id, (int, int))
    bound = await horizon(call.session)
    if bound is not None:
        query = query.where(Event.transaction_id < bound)
        page = await read_page(
            call.session, query, (Event.transaction_id, Event.sequence), after=after, limit=paging.limit
        )
    else:
        # SQLite, where it is always 0, would look through all of a project's events for a pair of which the second is
        # the row's own number.
        query = query.where(Event.transaction_id == 0)
        page = await read_page(call.session, query, (Event.sequence,), after=after and after[1:], limit=paging.limit)
    if not page.items:
        # A feed has no last page: the next look begins where this one did.
        return Page(items=[], next_cursor=paging.cursor)
    newest = page.items[-1]
    page = replace(page, next_position=(newest.transaction_id, newest.sequence))
    return paging.answer(project_id, page, EventRead.model_validate, response)
