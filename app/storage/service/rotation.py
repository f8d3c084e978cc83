"""Ask for a rotation of an account's keys, or for the repair of its Secrets."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope
from app.clusters.service.start import Asker
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.engine.queue import JobQueue
from app.events import emit
from app.jobs import service as jobs
from app.models import Job, StorageAccount, StorageState
from app.storage.schemas.rotation import KeyRotate
from app.storage.service.accounts import partition_of
from app.storage.service.shares import find_share
from app.storage.specs.rotation_kinds import REPAIR, ROTATE

_GOING = frozenset({StorageState.DELETING, StorageState.DELETED, StorageState.LOST})


class NoAccountYetError(ConflictError):
    """The share's account is not chosen yet, or is going."""

    code = "storage_account_not_ready"
    remedy = "Wait until the share is ready."


class NotManagedError(ConflictError):
    """Slipway did not make the account: its keys are somebody else's to turn."""

    code = "storage_account_not_managed"
    title = "Slipway did not make this storage account"
    remedy = (
        "Rotate its keys where it is looked after. POST /v1/shares/{id}:repair-key then puts the Secrets right; "
        "Slipway does that by itself where the project's `repair_keys` is true."
    )


async def keys_of_share(session: AsyncSession, scope: Scope, reference: str) -> StorageAccount:
    """The account of a living share. Raises NotFoundError, NoAccountYetError."""
    share = await find_share(session, scope, reference)
    row = None if share.account_id is None else await session.get(StorageAccount, share.account_id)
    if row is None or row.state in _GOING:
        raise NoAccountYetError("The share has no storage account at the moment.")
    return row


async def rotate_key(
    session: AsyncSession, asker: Asker, reference: str, body: KeyRotate
) -> tuple[Job, StorageAccount]:
    """Start the job that replaces the key in use. Raises NotManagedError and what `lock_account` raises.

    A rotation that is asked for while another one runs waits for its turn, or is refused with `on_busy: fail`.
    """
    row = await lock_account(session, asker.scope, reference)
    if not row.managed:
        raise NotManagedError(f"The storage account {row.name} is not one of Slipway's.")
    job = await _ask(session, asker, row, ROTATE, body)
    return job, row


async def repair_key(
    session: AsyncSession, asker: Asker, reference: str, body: KeyRotate
) -> tuple[Job, StorageAccount]:
    """Start the job that gives each Secret the key in use. Raises what `lock_account` raises."""
    row = await lock_account(session, asker.scope, reference)
    job = await _ask(session, asker, row, REPAIR, body)
    return job, row


async def lock_account(session: AsyncSession, scope: Scope, reference: str) -> StorageAccount:
    """The account of a share, locked until the commit, and before it the jobs on its keys: in a job's own order."""
    row = await keys_of_share(session, scope, reference)
    await jobs.open_jobs_of(session, partition_of(row))
    await session.refresh(row, with_for_update=True)
    if row.state in _GOING:
        raise NoAccountYetError("The share's storage account is being deleted.")
    return row


async def start_repair(session: AsyncSession, queue: JobQueue, row: StorageAccount, *, now: datetime) -> Job:
    """Start the repair of an account's Secrets that nobody asked for but its project's settings."""
    return await _start(
        session, queue, row, REPAIR, requested_by="slipway", now=now, request={"restart": "none"}, options={}
    )


async def _ask(session: AsyncSession, asker: Asker, row: StorageAccount, kind: JobKind, body: KeyRotate) -> Job:
    asked = body.model_dump(mode="json", exclude={"options"})
    await emit(
        session,
        f"{kind.name}_requested",
        at=asker.now,
        project_id=row.project_id,
        subject=("storage_account", row.id),
        data={"name": row.name, "restart": asked["restart"]},
    )
    return await _start(
        session,
        asker.queue,
        row,
        kind,
        requested_by=asker.name,
        now=asker.now,
        request=asked,
        options=body.options.model_dump(mode="json"),
    )


async def _start(
    session: AsyncSession,
    queue: JobQueue,
    row: StorageAccount,
    kind: JobKind,
    *,
    requested_by: str,
    now: datetime,
    request: JsonObject,
    options: JsonObject,
) -> Job:
    return await jobs.start_job(
        session,
        queue,
        kind=kind,
        target=jobs.Target(row.id, row.name, partition_of(row)),
        project_id=row.project_id,
        requested_by=requested_by,
        now=now,
        request=request,
        options=options,
    )
