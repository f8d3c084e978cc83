"""HTTP: the keys of the account that a share lies in."""

from typing import Annotated

from fastapi import Path, Response

from app.api.calls import OperatorWrites, ReaderReads
from app.api.etags import set_etag
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.route import api_router
from app.clusters.service.start import asker_of
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.models import Job, StorageAccount
from app.storage.schemas.rotation import KeyRotate, KeysAccepted, KeysRead
from app.storage.service import rotation
from app.storage.specs.key_reads import keys_read

router = api_router(prefix="/v1/shares", tags=["shares"])
_Share = Annotated[str, Path(description="The share's id or name.", max_length=128, examples=["media"])]


@router.get(
    "/{share:name}/keys",
    summary="How a share's storage account is opened",
    responses=errors(rotation.NoAccountYetError),
)
async def get_share_keys(share: _Share, call: ReaderReads, response: Response) -> KeysRead:
    """Which key is in use, how far a rotation has come, and which Secrets are stale. Never a key itself."""
    row = await rotation.keys_of_share(call.session, call.scope, share)
    set_etag(response, row.version)
    return keys_read(row)


@router.post(
    "/{share:name}:rotate-key",
    status_code=202,
    summary="Rotate the key that opens a share",
    responses=errors(rotation.NoAccountYetError, rotation.NotManagedError, BusyError),
)
async def rotate_share_key(share: _Share, body: KeyRotate, call: OperatorWrites, response: Response) -> KeysAccepted:
    """For all shares of the same storage account. At each moment each Secret holds a key that opens the account.

    Secrets go to the account's other key and are verified; then the key in use is made anew, and Secrets go back to it.
    The outcome lists pods whose mounts were made with the old key: they go on until their connection breaks.
    """
    job, row = await rotation.rotate_key(call.session, asker_of(call), share, body)
    return _accepted(call, response, job, row)


@router.post(
    "/{share:name}:repair-key",
    status_code=202,
    summary="Put the right key into all Secrets",
    responses=errors(rotation.NoAccountYetError, BusyError),
)
async def repair_share_key(share: _Share, body: KeyRotate, call: OperatorWrites, response: Response) -> KeysAccepted:
    """For an account whose keys were turned outside Slipway; with `restart`, also for pods that are to be restarted."""
    job, row = await rotation.repair_key(call.session, asker_of(call), share, body)
    return _accepted(call, response, job, row)


def _accepted(call: OperatorWrites, response: Response, job: Job, row: StorageAccount) -> KeysAccepted:
    point_to_job(response, job.id)
    set_etag(response, row.version)
    return KeysAccepted(job=job_read(job, call.now), resource=keys_read(row))
