"""Another password for the Windows nodes' administrator: it is sent by itself, and erased once Azure has it.

Azure tells no password, so each one that is given is a change; whether it was sent already, the cluster's ETag shows.
"""

from dataclasses import dataclass

from app.azure.types.secret import Secret
from app.clusters.service.sealed import GIVEN, MADE, WINDOWS_PASSWORD, erase_sealed, password_of
from app.clusters.specs.wanted import made_password
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.plan import Plan
from app.clusters.workflow.put_secrets import PasswordErasedError
from app.clusters.workflow.settings import await_part
from app.clusters.workflow.turn import was_sent
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, azure_call


def changes_password(job: JobRun) -> bool:
    """Whether the job brings another password."""
    return WINDOWS_PASSWORD in job.view.request


async def change_password(job: JobRun, asked: Plan, *, await_it: bool = True) -> None:
    """Send the password if the job brings one, and erase it; `await_it`: Azure's acceptance is not enough."""
    if not changes_password(job):
        return
    before = await job.cloud(look_before_password, asked)
    begun = await job.cloud(put_windows_password, asked, before)
    if job.view.request[WINDOWS_PASSWORD] == GIVEN:
        await job.record(erase_password)
    if await_it:
        await job.cloud(await_part, asked, begun)


@dataclass(frozen=True, slots=True)
class Before:
    """The cluster's ETag before the password. `epoch`: read by the version before, which went by it."""

    etag: str | None
    epoch: int


@cloud_step
async def look_before_password(cloud: Cloud, asked: Plan) -> Before:
    """Read the ETag: nothing else tells later whether Azure has the password."""
    return Before((await require_changeable(cloud, asked.place)).etag, cloud.job.epoch)


@cloud_step
async def put_windows_password(cloud: Cloud, asked: Plan, before: Before) -> Begun | None:
    """Send the password, and nothing else that differs, unless that was done already.

    Raises PasswordErasedError.
    """
    place = asked.place
    cloud.context.progress("Changing the Windows password; Azure upgrades the Windows pools with it")
    password = await _password(cloud, asked)
    present = await require_changeable(cloud, place)
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    if was_sent(cloud, before.etag, present):
        # How it has ended is seen by whoever waits for it.
        return Begun(present.id, None, asked_at)
    answer = await clusters.put_windows_password(
        place.resource_group, place.azure_name, password, call=azure_call(cloud)
    )
    return Begun(answer.operation.target_id, answer.operation, asked_at)


async def _password(cloud: Cloud, asked: Plan) -> Secret:
    if cloud.job.request[WINDOWS_PASSWORD] == MADE:
        return made_password()
    kept = await cloud.gateways.secrets.sealed(asked.place.cluster_id, password_of(cloud.job.id))
    if kept is None:
        raise PasswordErasedError(
            "The Windows password was erased when the job before this one ended.",
            remedy="Send the PATCH again, with the password: Azure may have it or not.",
        )
    return kept


@record_step
async def erase_password(record: Record) -> None:
    """Erase what the request brought: Azure has it now."""
    await erase_sealed(record.session, record.view.target_id, password_of(record.view.id))
