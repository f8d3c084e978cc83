"""`volume.delete`: claim, PersistentVolume, Secret, in this order. The share stays."""

from dataclasses import dataclass

from sqlalchemy import select

from app.clusters.live import ClusterLostError
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow.inside import ever_less_often, inside, note_change
from app.core.errors import ConflictError, SlipwayError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import Cluster, Job, Volume, VolumeState
from app.storage.specs.volume_kinds import DELETE
from app.storage.specs.volume_objects import ACCOUNT_LABEL, VOLUME_LABEL, VolumeAt
from app.storage.workflow.volume_plan import facts, set_state, volume_of

_MOST_NAMED = 10
_LIVING = (VolumeState.PENDING, VolumeState.BOUND, VolumeState.LOST)


async def unbind_volume(job: JobRun) -> None:
    """Remove claim, PersistentVolume and, with the last volume of its account, Secret; also where nothing is there."""
    asked = await job.record(begin_unbind)
    await job.cloud(remove_claim, asked)
    await job.cloud(await_claim_gone, asked)
    await job.cloud(remove_persistent_volume, asked)
    await job.cloud(await_persistent_volume_gone, asked)
    if await job.record(is_last_of_secret, asked):
        await job.cloud(remove_secret, asked)
    await job.record(record_unbound)


class VolumeInUseError(ConflictError):
    """Pods mount the volume: they would lose it, and Kubernetes would keep the claim until they are gone."""

    code = "volume_in_use"
    title = "Pods still use the volume"
    remedy = "Delete these pods, or have what makes them mount it no more; then delete the volume again."


class VolumeInUseForNowError(VolumeInUseError):
    """The same, where the caller wants to wait for it."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Leaving:
    """Which volume, of which cluster."""

    place: Place
    volume: VolumeAt


@record_step
async def begin_unbind(record: Record) -> Leaving:
    """Mark the volume as being deleted; the request keeps what it was."""
    volume = await volume_of(record)
    if volume.state not in {VolumeState.DELETING, VolumeState.DELETED}:
        job = await record.session.get_one(Job, record.view.id)
        job.request = {**job.request, "before": volume.state}
        set_state(volume, VolumeState.DELETING, record.now)
    cluster = await record.session.get_one(Cluster, volume.cluster_id)
    at = VolumeAt(volume.id, volume.namespace, volume.name, volume.persistent_volume, volume.secret)
    return Leaving(place_of(cluster), at)


@cloud_step
async def remove_claim(cloud: Cloud, asked: Leaving) -> None:
    """Ask for the claim's deletion where no pod mounts it. One that is not ours stays."""
    volume = asked.volume
    try:
        async with inside(cloud, asked.place) as client:
            claim = await client.storage.claim(volume.namespace, volume.name)
            if claim is None or claim.labels.get(VOLUME_LABEL) != volume.volume_id or claim.deleting:
                return
            pods = await client.pods.mounting(volume.namespace, [volume.name])
            if pods:
                raise _in_use(cloud, [pod.name for pod in pods])
            await cloud.context.fence()
            await client.storage.delete_claim(volume.namespace, volume.name, uid=claim.uid)
    except ClusterLostError:
        return
    path = f"/api/v1/namespaces/{volume.namespace}/persistentvolumeclaims/{volume.name}"
    note_change(cloud, "DELETE", path, asked.place)


def _in_use(cloud: Cloud, pods: list[str]) -> VolumeInUseError:
    waits = cloud.job.options.get("on_blocked") == "wait"
    return (VolumeInUseForNowError if waits else VolumeInUseError)(f"Pods mount it: {_names(pods)}.")


def _names(pods: list[str]) -> str:
    more = f" and {len(pods) - _MOST_NAMED} more" if len(pods) > _MOST_NAMED else ""
    return ", ".join(pods[:_MOST_NAMED]) + more


@cloud_step
async def await_claim_gone(cloud: Cloud, asked: Leaving) -> None:
    """Wait until the claim is gone; a pod that has come since keeps it, and is named."""
    async for _ in ever_less_often(cloud):
        try:
            if await _claim_is_gone(cloud, asked):
                return
        except ClusterLostError:
            return
        except SlipwayError as error:
            if not error.problem.retryable:
                raise
            cloud.context.progress(f"Waiting for the cluster: {error.problem.detail}")


async def _claim_is_gone(cloud: Cloud, asked: Leaving) -> bool:
    volume = asked.volume
    async with inside(cloud, asked.place) as client:
        claim = await client.storage.claim(volume.namespace, volume.name)
        if claim is None or claim.labels.get(VOLUME_LABEL) != volume.volume_id:
            return True
        pods = await client.pods.mounting(volume.namespace, [volume.name])
    others = ", ".join(each for each in claim.finalizers if each != "kubernetes.io/pvc-protection")
    by = _names([pod.name for pod in pods]) if pods else others or "the cluster"
    cloud.context.progress(f"The claim is kept by {by}")
    return False


@cloud_step
async def remove_persistent_volume(cloud: Cloud, asked: Leaving) -> None:
    """Ask for the PersistentVolume's deletion. What is in the share stays: its reclaim policy is Retain."""
    name = asked.volume.persistent_volume
    try:
        async with inside(cloud, asked.place) as client:
            found = await client.storage.volume(name)
            if found is None or found.labels.get(VOLUME_LABEL) != asked.volume.volume_id or found.deleting:
                return
            await cloud.context.fence()
            await client.storage.delete_volume(name, uid=found.uid)
    except ClusterLostError:
        return
    note_change(cloud, "DELETE", f"/api/v1/persistentvolumes/{name}", asked.place)


@cloud_step
async def await_persistent_volume_gone(cloud: Cloud, asked: Leaving) -> None:
    """Wait until the PersistentVolume is gone."""
    async for _ in ever_less_often(cloud):
        try:
            async with inside(cloud, asked.place) as client:
                found = await client.storage.volume(asked.volume.persistent_volume)
        except ClusterLostError:
            return
        except SlipwayError as error:
            if not error.problem.retryable:
                raise
            cloud.context.progress(f"Waiting for the cluster: {error.problem.detail}")
            continue
        if found is None or found.labels.get(VOLUME_LABEL) != asked.volume.volume_id:
            return
        cloud.context.progress(f"The PersistentVolume is kept by {', '.join(found.finalizers) or 'the cluster'}")


@record_step
async def is_last_of_secret(record: Record, asked: Leaving) -> bool:
    """Whether no other living volume of the namespace needs the Secret. Those jobs stand in this one's line."""
    if asked.volume.secret is None:
        return False
    others = select(Volume.id).where(
        Volume.cluster_id == asked.place.cluster_id,
        Volume.namespace == asked.volume.namespace,
        Volume.secret == asked.volume.secret,
        Volume.deleted_at.is_(None),
        Volume.id != asked.volume.volume_id,
    )
    return (await record.session.scalars(others.limit(1))).first() is None


@cloud_step
async def remove_secret(cloud: Cloud, asked: Leaving) -> None:
    """Delete the Secret that no volume needs any more; one that Slipway did not make stays."""
    namespace, name = asked.volume.namespace, asked.volume.secret or ""
    try:
        async with inside(cloud, asked.place) as client:
            found = await client.storage.secret(namespace, name)
            if found is None or found.labels.get(ACCOUNT_LABEL) is None:
                return
            await cloud.context.fence()
            await client.storage.delete_secret(namespace, name, uid=found.uid)
    except ClusterLostError:
        return
    note_change(cloud, "DELETE", f"/api/v1/namespaces/{namespace}/secrets/{name}", asked.place)


@record_step
async def record_unbound(record: Record) -> None:
    """Write that the volume is gone; its name is free again, and its share stays."""
    volume = await volume_of(record)
    if volume.deleted_at is None:
        set_state(volume, VolumeState.DELETED, record.now)
        volume.deleted_at = record.now
        volume.secret = None
        await record.emit("volume.deleted", data=facts(volume))
    summary = f"The volume {record.view.target_name} is removed; its share stays."
    await record.succeed(outcome={"deleted": True, "share_id": volume.share_id}, summary=summary)


async def record_still_bound(record: Record, end: JobEnd) -> None:
    """The end of a deletion that did not succeed: one that pods use is as it was; else another DELETE goes on."""
    volume = await volume_of(record)
    await record.emit("volume.delete_failed", data=facts(volume, code=end.problem.code))
    if volume.state != VolumeState.DELETING or not end.begun:
        return
    untouched = end.problem.code == VolumeInUseError.code
    before = record.view.request.get("before")
    state = next((each for each in _LIVING if each == before), VolumeState.FAILED)
    set_state(volume, state if untouched else VolumeState.FAILED, record.now)
    volume.observed = {**(volume.observed or {}), "problem": end.told(record.now)}


delete_workflow = Workflow(DELETE, unbind_volume, ended=record_still_bound)
