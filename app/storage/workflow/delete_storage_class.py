"""`storage_class.delete`."""

from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow.inside import inside, note_change
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import Cluster
from app.storage.specs.class_rules import is_managed
from app.storage.specs.volume_kinds import DELETE_CLASS
from app.storage.workflow.create_storage_class import PATH, ClassNotOursError, record_class_failed


async def delete_storage_class(job: JobRun) -> None:
    """Remove a storage class; what was made by it stays."""
    place = await job.record(begin_class_removal)
    await job.cloud(remove_class, place)
    await job.record(record_class_gone)


@record_step
async def begin_class_removal(record: Record) -> Place:
    """Where the class is."""
    return place_of(await record.session.get_one(Cluster, record.view.target_id))


@cloud_step
async def remove_class(cloud: Cloud, place: Place) -> None:
    """Delete the class; one that is not Slipway's stays."""
    name = str(cloud.job.request["name"])
    async with inside(cloud, place) as client:
        present = await client.storage.storage_class(name)
        if present is None:
            return
        if not is_managed(present):
            raise ClassNotOursError(f"Slipway did not make the storage class {name}.")
        await cloud.context.fence()
        await client.storage.delete_class(name, uid=present.uid)
    note_change(cloud, "DELETE", f"{PATH}/{name}", place)


@record_step
async def record_class_gone(record: Record) -> None:
    """End the job: the class is gone."""
    name = record.view.target_name
    await record.emit("storage_class.deleted", data={"name": name})
    await record.succeed(outcome={"deleted": True}, summary=f"The class {name} is gone; what was made by it stays.")


delete_class_workflow = Workflow(DELETE_CLASS, delete_storage_class, ended=record_class_failed)
