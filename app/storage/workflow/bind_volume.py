"""`volume.create`."""

from app.clusters.workflow.inside import inside, note_change
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import VolumeState
from app.storage.specs.volume_asked import Asked
from app.storage.specs.volume_kinds import CREATE
from app.storage.specs.volume_objects import VOLUME_LABEL, pod_lines
from app.storage.workflow.create_share import ensure_share
from app.storage.workflow.volume_apply import Bound, WantedKey, await_bound, put_claim, put_secret, put_volume
from app.storage.workflow.volume_check import Checked, check_volume
from app.storage.workflow.volume_plan import (
    begin_volume,
    facts,
    read_active_key,
    record_volume_failed,
    set_state,
    volume_of,
)

_MOST_TURNS = 5


async def bind_volume(job: JobRun) -> None:
    """Bind a share into a namespace: Secret, PersistentVolume, claim, and wait until it is bound."""
    made = job.view.request.get("share_id")
    if made is not None:
        await ensure_share(job, str(made))
    asked = await job.record(begin_volume)
    checked = await job.cloud(check_volume, asked)
    if asked.volume.secret is not None:
        await ensure_secret(job, asked)
    await job.cloud(put_volume, asked)
    uid = await job.cloud(put_claim, asked)
    if job.view.options.get("wait_for") == "accepted":
        await job.record(record_accepted)
        return
    bound = await job.cloud(await_bound, asked, uid)
    await job.record(record_bound, checked, bound)


async def ensure_secret(job: JobRun, asked: Asked) -> None:
    """The Secret holds the account's active key, also where a rotation turns it while it is written (trouble 63)."""
    wanted = WantedKey(await job.record(read_active_key, asked.account.id))
    for _ in range(_MOST_TURNS):
        held = await job.cloud(put_secret, asked, wanted)
        active = await job.record(read_active_key, asked.account.id)
        if held == active:
            return
        wanted = WantedKey(active, settled=active == wanted.name)


@record_step
async def record_accepted(record: Record) -> None:
    """End the job when the cluster took the claim; what becomes of it, the cluster's reader sees."""
    await record.succeed(
        outcome={"accepted": True}, summary=f"The cluster has taken the claim {record.view.target_name}."
    )


@record_step
async def record_bound(record: Record, checked: Checked, bound: Bound) -> None:
    """Write that the volume is bound, with the lines of a pod that mounts it."""
    volume = await volume_of(record)
    made = volume.state != VolumeState.BOUND
    set_state(volume, VolumeState.BOUND, record.now)
    volume.observed = {
        "phase": "Bound",
        "capacity": bound.capacity,
        "claim_uid": bound.uid,
        "warnings": list(checked.warnings),
        "mounted_by": list(bound.mounted_by),
    }
    volume.observed_at = record.now
    if made:
        await record.emit("volume.bound", data=facts(volume, warnings=list(checked.warnings)))
    outcome = {
        "claim": volume.name,
        "namespace": volume.namespace,
        "persistent_volume": volume.persistent_volume,
        "secret": volume.secret,
        "capacity": bound.capacity,
        "pod_yaml": pod_lines(volume.name, read_only=bool(volume.wanted.get("read_only"))),
        "warnings": list(checked.warnings),
    }
    said = f" {checked.warnings[0]}" if checked.warnings else ""
    await record.succeed(
        outcome=outcome, summary=f"{record.view.target_name} is bound: pods mount the claim {volume.name}.{said}"[:500]
    )


async def clean_up_bind(job: JobRun, _end: JobEnd) -> None:
    """Remove the claim and the PersistentVolume of a volume that was not bound, when the caller asked for that."""
    if job.view.options.get("on_failure") == "delete":
        asked = await job.record(begin_volume)
        await job.cloud(remove_leftovers, asked)


@cloud_step
async def remove_leftovers(cloud: Cloud, asked: Asked) -> None:
    """Remove what this volume has in the cluster. The Secret stays for the other volumes; a deletion looks at it."""
    volume = asked.volume
    async with inside(cloud, asked.place) as client:
        claim = await client.storage.claim(volume.namespace, volume.name)
        if claim is not None and claim.labels.get(VOLUME_LABEL) == volume.volume_id and not claim.deleting:
            await cloud.context.fence()
            await client.storage.delete_claim(volume.namespace, volume.name, uid=claim.uid)
            path = f"/api/v1/namespaces/{volume.namespace}/persistentvolumeclaims/{volume.name}"
            note_change(cloud, "DELETE", path, asked.place)
        found = await client.storage.volume(volume.persistent_volume)
        if found is not None and found.labels.get(VOLUME_LABEL) == volume.volume_id and not found.deleting:
            await cloud.context.fence()
            await client.storage.delete_volume(volume.persistent_volume, uid=found.uid)


create_workflow = Workflow(CREATE, bind_volume, ended=record_volume_failed, clean_up=clean_up_bind)
