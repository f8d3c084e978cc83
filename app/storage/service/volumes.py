"""Ask for volumes and remove them: rows, and the jobs that bring clusters in line with them."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, get_cluster, in_project
from app.clusters.service.start import Asker, require_serving
from app.core.errors import ConflictError, FieldError, InvalidRequestError, NotFoundError
from app.core.ids import Prefix, is_id, new_id
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.events import emit
from app.jobs import service as jobs
from app.models import Cluster, Job, Share, StorageState, Volume, VolumeState
from app.storage.schemas.volumes import VolumeCreate, VolumeShare
from app.storage.service.share_create import Wish, add_share
from app.storage.service.shares import find_share
from app.storage.specs import volume_kinds as kinds
from app.storage.specs.volume_objects import persistent_volume_name
from app.storage.specs.volume_rules import check_volume

_USABLE = frozenset({StorageState.READY, StorageState.UPDATING})


class VolumeNameTakenError(ConflictError):
    """The namespace has a volume of this name."""

    code = "name_taken"
    remedy = "Choose another name or namespace, or delete that volume first."


async def create_volume(
    session: AsyncSession, asker: Asker, cluster_name: str, body: VolumeCreate
) -> tuple[Job, Volume]:
    """Write the volume's row and start the job that binds it. Raises InvalidRequestError with all that is wrong."""
    cluster = await get_cluster(session, asker.scope, cluster_name, lock=True)
    require_serving(cluster)
    errors = _share_said(body.share)
    made = body.share.id is None and not errors
    share = None
    if not errors:
        share, errors = await (_new_share if made else _known_share)(session, asker, cluster, body.share)
    protocol = share.protocol if share else body.share.protocol.value if body.share.id is None else None
    wanted = check_volume(body, protocol, errors)
    await _require_free_name(session, cluster, body)
    volume_id = new_id(Prefix.VOLUME)
    volume = Volume(
        id=volume_id,
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        share_id=share.id if share else "",
        namespace=body.namespace,
        name=body.name,
        persistent_volume=persistent_volume_name(body.namespace, body.name, volume_id),
        state=VolumeState.PENDING,
        wanted=replace(wanted, share_made=made).as_json(),
        created_by=asker.name,
        created_at=asker.now,
        updated_at=asker.now,
    )
    session.add(volume)
    await session.flush()
    await tell(session, volume, "volume.create_requested", asker.now)
    # Others of the namespace stand in the same line: they are neither stopped nor a reason to refuse.
    options = {**body.options.model_dump(mode="json"), "on_busy": "queue"}
    request = {"share_id": volume.share_id} if made else {}
    return await _start(session, asker, kinds.CREATE, volume, options=options, request=request), volume


async def delete_volume(session: AsyncSession, asker: Asker, volume: Volume, options: JsonObject) -> Job:
    """Ask the jobs about the volume to stop, and start the one that removes it; asked twice, it is the same job."""
    running = await asker.make_way(session, partition_of(volume), kinds.DELETE, target_id=volume.id)
    if running is not None:
        return running
    before = volume.state
    if volume.state != VolumeState.DELETING:
        volume.state = VolumeState.DELETING
        volume.version += 1
        volume.updated_at = asker.now
    await tell(session, volume, "volume.delete_requested", asker.now)
    return await _start(session, asker, kinds.DELETE, volume, options=options, request={"before": before})


async def lock_volume(session: AsyncSession, scope: Scope, cluster_name: str, volume_id: str) -> Volume:
    """A living volume, locked until the commit, and before it the jobs that are at work in its namespace."""
    found = await find_volume(session, scope, cluster_name, volume_id)
    await jobs.open_jobs_of(session, partition_of(found))
    await session.refresh(found, with_for_update=True)
    if found.deleted_at is not None:
        raise no_such_volume()
    return found


async def find_volume(session: AsyncSession, scope: Scope, cluster_name: str, volume_id: str) -> Volume:
    """A living volume of the cluster. Raises NotFoundError."""
    cluster = await get_cluster(session, scope, cluster_name)
    if not is_id(volume_id, Prefix.VOLUME):
        raise no_such_volume()
    asked = in_project(select(Volume), Volume, scope).where(Volume.id == volume_id, Volume.cluster_id == cluster.id)
    found = (await session.scalars(asked)).one_or_none()
    if found is None or found.deleted_at is not None:
        raise no_such_volume()
    return found


def no_such_volume() -> NotFoundError:
    """The answer for a volume that does not exist, or belongs to another cluster or project."""
    return NotFoundError(
        "There is no such volume.", remedy="List the cluster's volumes: GET /v1/clusters/{cluster}/volumes."
    )


def partition_of(volume: Volume) -> str:
    """Volumes of one namespace and account share a Secret: the last one removes it, and none is bound meanwhile."""
    return f"volumes:{volume.cluster_id}/{volume.namespace}"


async def tell(session: AsyncSession, volume: Volume, event: str, now: datetime, **more: str) -> None:
    """Append an event about the volume, with its name and its state; `more` goes into its data too."""
    data = {
        "name": volume.name,
        "namespace": volume.namespace,
        "cluster_id": volume.cluster_id,
        "share_id": volume.share_id,
        "state": volume.state,
        **more,
    }
    await emit(session, event, at=now, project_id=volume.project_id, subject=("volume", volume.id), data=data)


async def _start(
    session: AsyncSession,
    asker: Asker,
    kind: JobKind,
    volume: Volume,
    *,
    options: JsonObject,
    request: JsonObject | None = None,
) -> Job:
    target = jobs.Target(volume.id, f"{volume.namespace}/{volume.name}", partition_of(volume))
    return await asker.start(session, kind, target, options=options, request=request)


def _share_said(share: VolumeShare) -> list[FieldError]:
    """A share that is there is named by its id alone, a new one by name and size."""
    if share.id is not None:
        more = sorted(share.model_fields_set - {"id"})
        detail = "A share that is there is named by its `id` alone."
        return [FieldError("share_twice", f"/share/{name}", detail) for name in more]
    missing = [name for name in ("name", "quota_gib") if getattr(share, name) is None]
    if len(missing) > 1 and not share.model_fields_set:
        return [FieldError("required", "/share/id", "Name a share by `id`, or describe a new one by its `name`.")]
    return [FieldError("required", f"/share/{name}", "A new share needs it.") for name in missing]


async def _known_share(
    session: AsyncSession, asker: Asker, _cluster: Cluster, share: VolumeShare
) -> tuple[Share | None, list[FieldError]]:
    """The project's share, locked until the commit so that nobody deletes it meanwhile, and what is against it."""
    at = "/share/id"
    try:
        found = await find_share(session, asker.scope, share.id or "", lock=True)
    except NotFoundError:
        return None, [FieldError("unknown_share", at, "The project has no such share: GET /v1/shares.")]
    if found.state not in _USABLE or found.account_id is None:
        return found, [FieldError("share_not_ready", at, f"The share is {found.state}.")]
    return found, []


async def _new_share(
    session: AsyncSession, asker: Asker, cluster: Cluster, share: VolumeShare
) -> tuple[Share | None, list[FieldError]]:
    """The row of a new share, which the volume's job makes; or what is wrong with it."""
    wish = Wish(cluster.subscription_id, cluster.location, cluster, at="/share")
    try:
        return await add_share(session, asker, share.new(), wish), []
    except InvalidRequestError as error:
        # Told together with what is wrong with the volume itself.
        return None, list(error.problem.errors)


async def _require_free_name(session: AsyncSession, cluster: Cluster, body: VolumeCreate) -> None:
    asked = select(Volume).where(
        Volume.cluster_id == cluster.id,
        Volume.namespace == body.namespace,
        Volume.name == body.name,
        Volume.deleted_at.is_(None),
    )
    taken = (await session.scalars(asked)).one_or_none()
    if taken is not None:
        raise VolumeNameTakenError(
            f"The namespace has a volume of this name; it is {taken.state}.",
            errors=[FieldError("name_taken", "/name", f"The volume {taken.id} has this name.")],
        )
