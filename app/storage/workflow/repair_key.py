"""`storage_account.repair_key`: each Secret of an account gets the key that it shall hold.

For an account whose keys somebody else has turned, and for pods that are to be restarted after a rotation.
"""

from dataclasses import dataclass

from app.engine.steps import JobEnd, Record, record_step
from app.jobs.workflow import JobRun, Workflow
from app.models import StorageAccount
from app.storage.service.key_places import AccountAt, account_at, places_of
from app.storage.specs.rotation import SecretPlace
from app.storage.specs.rotation_kinds import REPAIR
from app.storage.workflow.key_rows import account_of
from app.storage.workflow.restarts import Restarted, find_mounts, restart_mounts
from app.storage.workflow.rotate_key import mounts_told, proven
from app.storage.workflow.secrets import Verified, look_at_keys, put_secrets, verify_secrets


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which account, which of its keys Secrets shall hold, where they are, and what becomes of mounts."""

    account: AccountAt
    key: str
    places: list[SecretPlace]
    restart: bool
    wait_seconds: int


async def repair(job: JobRun) -> None:
    """Put the key in use into each Secret that lacks it, verify, and restart pods where that was asked for."""
    wanted = await job.record(begin_repair)
    await job.cloud(look_at_keys, wanted.account, ours=False)
    await job.cloud(put_secrets, wanted.account, wanted.key, wanted.places)
    verified = await job.cloud(verify_secrets, wanted.account, wanted.key, wanted.places)
    found = await job.cloud(find_mounts, wanted.places)
    mounts = Restarted(0, found)
    if wanted.restart and found:
        mounts = await job.cloud(restart_mounts, wanted.places, found, wanted.wait_seconds)
    await job.record(record_repaired, verified, mounts)


@record_step
async def begin_repair(record: Record) -> Wanted:
    """Read which key is in use, and where Secrets are."""
    row = await account_of(record)
    request = record.view.request
    return Wanted(
        account_at(row),
        row.active_key,
        await places_of(record.session, row.id),
        restart=request.get("restart") == "one_by_one",
        wait_seconds=int(request.get("pod_wait_seconds") or 0),
    )


@record_step
async def record_repaired(record: Record, verified: Verified, mounts: Restarted) -> None:
    """Each Secret opens the account again."""
    row = await account_of(record)
    row.key_check = None
    await record.emit("storage_account.key_repaired", data={"name": row.name, "secrets": verified.secrets})
    await record.succeed(
        outcome={"key": row.active_key, **proven(verified), **mounts_told(mounts)},
        summary=f"{verified.secrets} Secrets hold {row.active_key} of the storage account {row.name}.",
    )


async def record_repair_failed(record: Record, end: JobEnd) -> None:
    """Nothing of the account's row changes."""
    row = await record.session.get(StorageAccount, record.view.target_id)
    if row is not None:
        data = {"name": row.name, "code": end.problem.code, "canceled": end.canceled}
        await record.emit("storage_account.key_repair_failed", data=data)


repair_workflow = Workflow(REPAIR, repair, ended=record_repair_failed)
