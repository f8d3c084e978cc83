"""`exposure.create`."""

from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.load_balancers.specs.exposure_kinds import CREATE
from app.load_balancers.specs.services import JOB_ANNOTATION, is_ours
from app.load_balancers.workflow.exposure_apply import await_address, note_change, put_service
from app.load_balancers.workflow.exposure_check import check_exposure
from app.load_balancers.workflow.exposure_plan import (
    Asked,
    begin,
    only_acceptance,
    read_asked,
    record_failed,
    record_service,
    record_taken,
)
from app.load_balancers.workflow.exposure_verify import record_ready, verify_pieces
from app.load_balancers.workflow.inside import inside
from app.load_balancers.workflow.made_address import ensure_made_address, record_made_address
from app.models import ExposureState


async def expose(job: JobRun) -> None:
    """Make a Service of type LoadBalancer, and prove that its address is served."""
    asked = await job.record(begin_expose)
    checked = await job.cloud(check_exposure, asked)
    if asked.made is not None:
        address = await job.cloud(ensure_made_address, asked.made)
        await job.record(record_made_address, asked.made, address)
    applied = await job.cloud(put_service, asked, checked)
    await job.record(record_service, applied.uid)
    if only_acceptance(job):
        await job.record(record_accepted)
        return
    await job.cloud(await_address, asked, applied)
    proof = await job.cloud(verify_pieces, asked, applied)
    await job.record(record_ready, proof)


@record_step
async def begin_expose(record: Record) -> Asked:
    """Mark the exposure as being made."""
    return await begin(record, ExposureState.PENDING)


@record_step
async def record_accepted(record: Record) -> None:
    """End the job when the cluster took the Service; what becomes of it, the cluster's reader sees."""
    await record_taken(record)


async def clean_up_expose(job: JobRun, _end: JobEnd) -> None:
    """Remove the Service that this job made, when the caller asked for that."""
    if job.view.options.get("on_failure") == "delete":
        asked = await job.record(read_asked)
        await job.cloud(remove_leftovers, asked)


@cloud_step
async def remove_leftovers(cloud: Cloud, asked: Asked) -> None:
    """Remove the Service that this job made, and nothing else."""
    async with inside(cloud, asked) as client:
        present = await client.service(asked.namespace, asked.name)
        if present is None or not is_ours(present, asked.exposure_id):
            return
        if present.annotations.get(JOB_ANNOTATION) != cloud.job.id:
            return
        await cloud.context.fence()
        await client.delete_service(asked.namespace, asked.name, uid=present.uid)
        note_change(cloud, "DELETE", asked)


create_workflow = Workflow(CREATE, expose, ended=record_failed, clean_up=clean_up_expose)
