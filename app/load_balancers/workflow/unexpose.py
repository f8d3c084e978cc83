"""`exposure.delete`."""

from dataclasses import dataclass

from app.clusters.live import ClusterLostError
from app.core.errors import ErrorClass, SlipwayError
from app.core.json import JsonList, JsonObject
from app.engine.errors import JobFailedError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.kubernetes.types.service import ServiceState
from app.load_balancers.specs.exposure_kinds import DELETE
from app.load_balancers.specs.exposure_leftovers import left_over
from app.load_balancers.specs.pending import cause_of, mark_of
from app.load_balancers.specs.services import is_ours
from app.load_balancers.workflow.exposure_apply import (
    BlockedError,
    ever_less_often,
    note_change,
)
from app.load_balancers.workflow.exposure_network import network_of
from app.load_balancers.workflow.exposure_plan import Asked, begin, exposure_of, facts, set_state
from app.load_balancers.workflow.inside import inside
from app.load_balancers.workflow.made_address import record_address_released, release_made_address
from app.models import ExposureState, Job

_MOST_NAMED = 5


async def unexpose(job: JobRun) -> None:
    """Remove the Service, and wait until all that Azure made for it is gone; succeeds as well when nothing is there."""
    asked = await job.record(begin_unexpose)
    leaving = await job.cloud(remove_service, asked)
    await job.cloud(await_service_gone, asked, leaving)
    left = await job.cloud(await_pieces_gone, asked, leaving)
    kept = asked.reserved.name if asked.reserved else None
    if asked.made is not None and not asked.keeps_made and await job.cloud(release_made_address, asked.made):
        await job.record(record_address_released, asked.made)
        kept = None
    await job.record(record_deleted, left, kept)


@dataclass(frozen=True, slots=True)
class Leaving:
    """The Service on its way out; `uid` None when there is none of ours. `known`: marks of events from before."""

    uid: str | None
    known: tuple[str, ...] = ()
    there: bool = False


class LeftoversError(SlipwayError):
    """The Service is gone, and Azure still has something that was made for it."""

    code = "exposure_leftovers"
    status = 502
    title = "Something that was made for the Service is left in Azure"
    error_class = ErrorClass.UNKNOWN
    remedy = (
        "Look at what is named, and delete it in Azure if nothing needs it; then delete the exposure again: the "
        "deletion goes on from what is there."
    )


@record_step
async def begin_unexpose(record: Record) -> Asked:
    """Mark the exposure as being deleted; the request keeps what it was."""
    exposure = await exposure_of(record)
    if exposure.state not in {ExposureState.DELETING, ExposureState.DELETED}:
        job = await record.session.get_one(Job, record.view.id)
        job.request = {**job.request, "before": exposure.state}
    return await begin(record, ExposureState.DELETING)


@cloud_step
async def remove_service(cloud: Cloud, asked: Asked) -> Leaving:
    """Ask for the Service's deletion, by its uid. One that is not ours stays; a cluster that is gone has none."""
    try:
        async with inside(cloud, asked) as client:
            present = await client.service(asked.namespace, asked.name)
            if present is None or not is_ours(present, asked.exposure_id):
                return Leaving(asked.service_uid)
            events = await client.events_of("Service", asked.namespace, asked.name, uid=present.uid)
            if not present.deleting:
                await cloud.context.fence()
                await client.delete_service(asked.namespace, asked.name, uid=present.uid)
                note_change(cloud, "DELETE", asked)
    except ClusterLostError:
        return Leaving(asked.service_uid)
    return Leaving(present.uid, tuple(mark_of(event) for event in events), there=True)


@cloud_step
async def await_service_gone(cloud: Cloud, asked: Asked, leaving: Leaving) -> None:
    """Wait until the controller has taken down what it made, and has let the Service go."""
    if not leaving.there:
        return
    async for _ in ever_less_often(cloud):
        try:
            if await _is_gone(cloud, asked, leaving):
                return
        except ClusterLostError:
            return
        except SlipwayError as error:
            if isinstance(error, BlockedError) or not error.problem.retryable:
                raise
            cloud.context.progress(f"Waiting for the cluster: {error.problem.detail}")


async def _is_gone(cloud: Cloud, asked: Asked, leaving: Leaving) -> bool:
    async with inside(cloud, asked) as client:
        present = await client.service(asked.namespace, asked.name)
        if present is None or present.uid != leaving.uid:
            return True
        events = await client.events_of("Service", asked.namespace, asked.name, uid=leaving.uid)
    cause = cause_of(events, known=leaving.known)
    if cause is not None and cause.error_class in {ErrorClass.PERMISSION, ErrorClass.QUOTA}:
        raise BlockedError(cause)
    cloud.context.progress(cause.detail if cause else _words(present))
    return False


def _words(service: ServiceState) -> str:
    others = [name for name in service.finalizers if name != "service.kubernetes.io/load-balancer-cleanup"]
    if others:
        return f"Waiting for finalizers of others: {', '.join(others)}"
    return "Waiting for Azure to take the address down"


@cloud_step
async def await_pieces_gone(cloud: Cloud, asked: Asked, leaving: Leaving) -> JsonList:
    """Wait until Azure has no address, frontend and rule of the Service; what stays for others is named, with why."""
    if leaving.uid is None or not asked.node_group:
        return []
    uids = [uid for uid in (leaving.uid, asked.shared and asked.shared.gone_uid) if uid]
    usual = await cloud.gateways.azure.expected("exposure_delete")
    until = cloud.clock.now() + 4 * usual
    async for _ in ever_less_often(cloud):
        network = await network_of(cloud, asked)
        left = [found for uid in uids for found in left_over(uid, network)]
        in_the_way = [found for found in left if not found.get("shared")]
        if not in_the_way:
            return left
        if cloud.clock.now() >= until:
            raise JobFailedError(LeftoversError(_sentence(in_the_way)).problem)
        cloud.context.progress(f"Waiting for Azure: {_sentence(in_the_way[:1])}")
    raise AssertionError("the looks end with the step")


def _sentence(left: list[JsonObject]) -> str:
    named = [f"the {found['kind'].replace('_', ' ')} {found['name']} ({found['why']})" for found in left]
    more = f", and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f"Azure still has {', '.join(named[:_MOST_NAMED])}{more}."


@record_step
async def record_deleted(record: Record, left: JsonList, kept: str | None) -> None:
    """Write that the exposure is gone; its name is free again. An address that was given to it stays."""
    exposure = await exposure_of(record)
    if exposure.deleted_at is None:
        gone = [str(found["address"]) for found in exposure.addresses]
        set_state(exposure, ExposureState.DELETED, record.now)
        exposure.deleted_at = record.now
        exposure.addresses = []
        await record.emit("exposure.deleted", data=facts(exposure, addresses=gone, kept=kept))
    shared = [{"kind": found["kind"], "name": found["name"], "why": found["why"]} for found in left]
    outcome: JsonObject = {"deleted": True, "kept": kept, "left": shared}
    said = f" The address {kept} stays reserved." if kept else ""
    said += f" Left for others: {', '.join(str(found['name']) for found in shared)}." if shared else ""
    await record.succeed(outcome=outcome, summary=f"The exposure {record.view.target_name} is removed.{said}"[:500])


async def record_still_there(record: Record, end: JobEnd) -> None:
    """The end of a deletion that did not succeed: another DELETE or a `:retry` goes on from what is there."""
    exposure = await exposure_of(record)
    await record.emit("exposure.delete_failed", data=facts(exposure, code=end.problem.code))
    if exposure.state != ExposureState.DELETING or not end.begun:
        return
    set_state(exposure, ExposureState.FAILED, record.now)
    exposure.observed = {**(exposure.observed or {}), "pending": end.told(record.now)}


delete_workflow = Workflow(DELETE, unexpose, ended=record_still_there)
