"""Make, change, delete and restore shares."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.clusters.service.start import SUPERSEDED, Asker
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import Prefix, is_id
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.events import emit
from app.jobs import service as jobs
from app.models import Job, Share, StorageState
from app.storage.schemas.shares import WithSnapshots
from app.storage.service.share_use import mounts_of
from app.storage.specs import share_kinds as kinds
from app.storage.specs.shares import snapshot_id, snapshots_of

_GROUP_LENGTH = 64


class ShareNameTakenError(ConflictError):
    """The project has a living share of this name."""

    code = "name_taken"
    title = "The name is taken"
    remedy = "Choose another name, or delete that share first."


class ShareInUseError(ConflictError):
    """Volumes bind the share into namespaces."""

    code = "share_in_use"
    title = "The share is in use"
    remedy = "Delete those volumes first: DELETE /v1/clusters/{cluster}/volumes/{volume}."


class ShareHasSnapshotsError(ConflictError):
    """The share has snapshots, which a deletion would take with it."""

    code = "share_has_snapshots"
    title = "The share has snapshots"
    remedy = "Delete with snapshots=delete to remove them too, or delete them one by one."


class ShareLeasedError(ConflictError):
    """Somebody holds a lease on the share, most often a backup."""

    code = "share_leased"
    title = "Somebody holds a lease on the share"
    remedy = "Stop the backup, or delete with break_lease=true."


class ShareNotReadyError(ConflictError):
    """The share's state does not allow this."""

    code = "share_not_ready"
    remedy = "Wait until it is ready; a failed one is taken up again by `:retry` of its job, or deleted."


async def find_share(session: AsyncSession, scope: Scope, reference: str, *, lock: bool = False) -> Share:
    """A living share of the caller's project by id or name. Raises NotFoundError."""
    asked = in_project(select(Share), Share, scope).where(Share.deleted_at.is_(None))
    asked = asked.where(Share.id == reference if is_id(reference, Prefix.SHARE) else Share.name == reference)
    row = (await session.scalars(asked.with_for_update() if lock else asked)).one_or_none()
    if row is None:
        raise no_such_share()
    return row


async def lock_share(session: AsyncSession, scope: Scope, reference: str, *, deleted: bool = False) -> Share:
    """A share, locked until the commit, and before it the jobs that are at work on it: a job locks itself first.

    `deleted`: also one that was deleted, by its id. Raises NotFoundError.
    """
    if deleted and is_id(reference, Prefix.SHARE):
        asked = in_project(select(Share), Share, scope).where(Share.id == reference)
        row = (await session.scalars(asked)).one_or_none()
        if row is None:
            raise no_such_share()
    else:
        row = await find_share(session, scope, reference)
    await jobs.open_jobs_of(session, partition_of(row))
    await session.refresh(row, with_for_update=True)
    if row.deleted_at is not None and not deleted:
        raise no_such_share()
    return row


def no_such_share() -> NotFoundError:
    """The answer for a share that does not exist, is deleted, or belongs to another project."""
    return NotFoundError("There is no such share.", remedy="List your project's shares: GET /v1/shares.")


async def delete_share(
    session: AsyncSession,
    asker: Asker,
    row: Share,
    *,
    snapshots: WithSnapshots,
    break_lease: bool,
    options: JsonObject,
) -> Job:
    """Start the job that deletes a share of ours, or forgets another; one that makes it makes way.

    Asking twice gives the job that is at it already. Raises ShareInUseError, ShareHasSnapshotsError, ShareLeasedError.
    """
    open_jobs = await jobs.open_jobs_of(session, partition_of(row))
    for job in open_jobs:
        if job.kind == kinds.DELETE.name and job.cancel_code is None:
            return job
    await require_unbound(session, row)
    if row.managed:
        _require_unheld(row, snapshots=snapshots, break_lease=break_lease)
    for job in open_jobs:
        await jobs.ask_to_stop(session, job, code=SUPERSEDED, now=asker.now)
    before = row.state
    set_row_state(row, StorageState.DELETING, asker.now)
    await tell(session, row, "delete_requested", asker.now)
    request = {"before": before, "snapshots": snapshots.value, "break_lease": break_lease}
    return await start(session, asker, row, kinds.DELETE, options=options, request=request)


async def require_unbound(session: AsyncSession, row: Share) -> None:
    """Raise ShareInUseError, with their names, when volumes bind the share."""
    mounts = (await mounts_of(session, [row.id])).get(row.id, [])
    if mounts:
        names = ", ".join(f"{each.namespace}/{each.name} in {each.cluster}" for each in mounts[:5])
        raise ShareInUseError(f"The share {row.name} is bound by {len(mounts)} volumes: {names}.")


def _require_unheld(row: Share, *, snapshots: WithSnapshots, break_lease: bool) -> None:
    """Trouble 66: what would go with the share is said, and goes only when that was asked for."""
    known = snapshots_of(row)
    if known and snapshots is WithSnapshots.REFUSE:
        names = ", ".join(snapshot_id(each["moment"]) for each in known[-5:])
        raise ShareHasSnapshotsError(f"The share {row.name} has {len(known)} snapshots, the newest: {names}.")
    if any(each["leased"] for each in known) and snapshots is not WithSnapshots.LEASED:
        raise ShareHasSnapshotsError(
            f"Snapshots of the share {row.name} have leases; most often, a backup holds them.",
            remedy="Stop the backup, or delete with snapshots=leased.",
        )
    if (row.observed or {}).get("leased") and not break_lease:
        raise ShareLeasedError(f"Somebody holds a lease on the share {row.name}.")


def partition_of(row: Share) -> str:
    """Jobs of one share run one at a time."""
    return f"share:{row.id}"


def set_row_state(row: Share, state: StorageState, now: datetime) -> None:
    """Change the state; the version rises only when it does change."""
    if row.state != state:
        row.state = state
        row.version += 1
        row.updated_at = now


async def start(
    session: AsyncSession,
    asker: Asker,
    row: Share,
    kind: JobKind,
    *,
    options: JsonObject,
    request: JsonObject | None = None,
) -> Job:
    """Start a job of the share's, in its partition."""
    target = jobs.Target(row.id, row.name, partition_of(row))
    return await asker.start(session, kind, target, options=options, request=request)


async def tell(session: AsyncSession, row: Share, event: str, now: datetime, **more: str) -> None:
    """Append an event about the share, with its name and its state."""
    await emit(
        session,
        f"share.{event}",
        at=now,
        project_id=row.project_id,
        subject=("share", row.id),
        data={"name": row.name, "state": row.state, **more},
    )
