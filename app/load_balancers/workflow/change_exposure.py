"""`exposure.update`."""

from app.engine.steps import Record, record_step
from app.jobs.workflow import JobRun, Workflow
from app.load_balancers.specs.exposure_kinds import UPDATE
from app.load_balancers.workflow.exposure_apply import await_address, put_service
from app.load_balancers.workflow.exposure_check import check_exposure
from app.load_balancers.workflow.exposure_plan import (
    Asked,
    begin,
    exposure_of,
    facts,
    only_acceptance,
    record_failed,
    record_service,
    record_taken,
    set_state,
)
from app.load_balancers.workflow.exposure_verify import record_ready, verify_pieces
from app.load_balancers.workflow.made_address import ensure_made_address, record_made_address
from app.models import ExposureState


async def change_exposure(job: JobRun) -> None:
    """Bring a changed row to the cluster and to Azure, and prove it again."""
    asked = await job.record(begin_change)
    checked = await job.cloud(check_exposure, asked)
    if asked.made is not None:
        address = await job.cloud(ensure_made_address, asked.made)
        await job.record(record_made_address, asked.made, address)
    applied = await job.cloud(put_service, asked, checked)
    await job.record(record_service, applied.uid)
    if only_acceptance(job):
        await job.record(record_change_accepted)
        return
    await job.cloud(await_address, asked, applied)
    proof = await job.cloud(verify_pieces, asked, applied)
    await job.record(record_ready, proof)


@record_step
async def begin_change(record: Record) -> Asked:
    """Mark the exposure as being changed."""
    return await begin(record, ExposureState.UPDATING)


@record_step
async def record_change_accepted(record: Record) -> None:
    """End the job when the cluster took the change; an exposure that had an address serves on, with it or the next."""
    exposure = await exposure_of(record)
    if exposure.state == ExposureState.UPDATING:
        set_state(exposure, ExposureState.READY if exposure.addresses else ExposureState.PENDING, record.now)
    await record.emit("exposure.updated", data=facts(exposure, accepted=True))
    await record_taken(record)


update_workflow = Workflow(UPDATE, change_exposure, ended=record_failed)
