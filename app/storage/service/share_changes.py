"""Grow and restore shares, take and delete their snapshots."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import in_project
from app.clusters.service.start import Asker
from app.core.errors import ConflictError, ErrorClass, InvalidRequestError, NotFoundError
from app.core.json import JsonObject
from app.jobs import service as jobs
from app.models import Job, Share, StorageState
from app.storage.schemas.shares import ShareUpdate
from app.storage.service.share_use import mounts_of
from app.storage.service.shares import ShareNameTakenError, ShareNotReadyError, partition_of, set_row_state, start, tell
from app.storage.specs import share_kinds as kinds
from app.storage.specs.limits import MOST_SNAPSHOTS
from app.storage.specs.shares import moment_of, snapshots_of
from app.storage.specs.sizes import broken_change

_CHANGEABLE = frozenset({StorageState.READY, StorageState.UPDATING})


class ShareNotRestorableError(ConflictError):
    """The share is not deleted, or Azure keeps it no more."""

    code = "share_not_restorable"
    remedy = "GET /v1/shares?state=deleted shows what can be restored, and for how long."


class SnapshotLimitError(ConflictError):
    """The share has as many snapshots as Azure allows."""

    code = "share_snapshot_limit"
    title = "The share has as many snapshots as Azure allows"
    error_class = ErrorClass.QUOTA
    remedy = "Delete a snapshot first."


class SnapshotLeasedError(ConflictError):
    """A lease holds the snapshot."""

    code = "share_snapshot_leased"
    remedy = "Stop the backup that holds it."


async def update_share(session: AsyncSession, asker: Asker, row: Share, body: ShareUpdate) -> Job:
    """Start the job that changes a share's size or tier. Raises InvalidRequestError, ShareNotReadyError."""
    _require_changeable(row)
    bound = bool((await mounts_of(session, [row.id])).get(row.id))
    errors = broken_change(row, body, bound=bound, now=asker.now)
    if errors:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    set_row_state(row, StorageState.UPDATING, asker.now)
    await tell(session, row, "update_requested", asker.now)
    request = {"quota_gib": body.quota_gib, "tier": None if body.tier is None else body.tier.value}
    options = body.options.model_dump(mode="json")
    return await start(session, asker, row, kinds.UPDATE, options=options, request=request)


def _require_changeable(row: Share) -> None:
    if row.state not in _CHANGEABLE:
        raise ShareNotReadyError(f"The share is {row.state}.")


async def restore_share(session: AsyncSession, asker: Asker, row: Share, *, options: JsonObject) -> Job:
    """Start the job that brings a deleted share back, also one that was deleted outside Slipway.

    Asking twice gives the job that is at it already. Raises ShareNotRestorableError, ShareNameTakenError.
    """
    for job in await jobs.open_jobs_of(session, partition_of(row)):
        if job.kind == kinds.RESTORE.name and job.cancel_code is None:
            return job
    before = row.state
    if before not in {StorageState.DELETED, StorageState.LOST}:
        raise ShareNotRestorableError(f"The share is {before}.")
    if row.restorable_until is None or row.restorable_until <= asker.now:
        raise ShareNotRestorableError("Azure does not keep this share any more.")
    taken = in_project(select(Share.id), Share, asker.scope).where(
        Share.name == row.name, Share.deleted_at.is_(None), Share.id != row.id
    )
    if (await session.scalars(taken.limit(1))).first() is not None:
        raise ShareNameTakenError(
            f"The project has another share named {row.name} by now.",
            remedy="Delete that share first; the one that was deleted comes back under its own name only.",
        )
    set_row_state(row, StorageState.UPDATING, asker.now)
    row.deleted_at = None
    await session.flush()
    await tell(session, row, "restore_requested", asker.now)
    return await start(session, asker, row, kinds.RESTORE, options=options, request={"before": before})


async def take_snapshot(session: AsyncSession, asker: Asker, row: Share, *, options: JsonObject) -> Job:
    """Start the job that keeps what the share holds now. Raises ShareNotReadyError, SnapshotLimitError."""
    _require_changeable(row)
    if len(snapshots_of(row)) >= MOST_SNAPSHOTS:
        raise SnapshotLimitError(f"The share {row.name} has {MOST_SNAPSHOTS} snapshots.")
    await tell(session, row, "snapshot_requested", asker.now)
    return await start(session, asker, row, kinds.SNAPSHOT, options=options)


async def delete_snapshot(
    session: AsyncSession, asker: Asker, row: Share, snapshot: str, *, options: JsonObject
) -> Job:
    """Start the job that deletes one snapshot that is known of this very share; an id of anything else is none.

    Raises NotFoundError, ShareNotReadyError, SnapshotLeasedError.
    """
    moment = moment_of(row, snapshot)
    if moment is None:
        raise NotFoundError("The share has no such snapshot.", remedy="List them: GET /v1/shares/{share}/snapshots.")
    _require_changeable(row)
    if any(each["leased"] for each in snapshots_of(row) if each["moment"] == moment):
        raise SnapshotLeasedError(f"A lease holds the snapshot {snapshot} of the share {row.name}.")
    await tell(session, row, "delete_snapshot_requested", asker.now, snapshot=snapshot)
    return await start(session, asker, row, kinds.DELETE_SNAPSHOT, options=options, request={"moment": moment})
