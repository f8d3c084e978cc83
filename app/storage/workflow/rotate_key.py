"""`storage_account.rotate_key`: a new key, and no moment at which a Secret does not open the account.

Azure gives an account two keys so that one can be replaced while the other is in use:
https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage#manually-rotate-access-keys
"""

from dataclasses import dataclass, replace

from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.kubernetes.types.volume import fingerprint
from app.models import StorageAccount
from app.storage.service.key_places import AccountAt, account_at, places_of
from app.storage.specs.mounts import told
from app.storage.specs.rotation import Phase, Rotation, SecretPlace, begin_or_go_on, must_regenerate
from app.storage.specs.rotation_kinds import ROTATE
from app.storage.workflow.key_errors import AccountNotManagedError
from app.storage.workflow.key_rows import account_of
from app.storage.workflow.restarts import Restarted, find_mounts, restart_mounts
from app.storage.workflow.secrets import Verified, keys_of, look_at_keys, put_secrets, verify_secrets


@dataclass(frozen=True, slots=True)
class Asked:
    """Which account, how far its rotation is, and what becomes of mounts."""

    account: AccountAt
    rotation: Rotation
    restart: bool
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class Turned:
    """The rotation after a turn, and where the Secrets are that are to follow it."""

    rotation: Rotation
    places: list[SecretPlace]


async def rotate(job: JobRun) -> None:
    """Secrets to the spare key, verify, make the old key anew, Secrets back, verify."""
    asked = await job.record(begin_rotation)
    account, rotation = asked.account, asked.rotation
    keys = await job.cloud(look_at_keys, account, ours=True)
    mounts = None
    if rotation.phase is Phase.TO_SPARE:
        to_spare = await job.record(turn_to_spare, keys)
        rotation = to_spare.rotation
        await job.cloud(put_secrets, account, rotation.spare, to_spare.places)
        await job.cloud(verify_secrets, account, rotation.spare, to_spare.places)
        found = await job.cloud(find_mounts, to_spare.places)
        mounts = Restarted(0, found)
        if asked.restart and found:
            mounts = await job.cloud(restart_mounts, to_spare.places, found, asked.wait_seconds)
        # Volumes that came meanwhile were given the spare key by their own jobs: nothing is taken for granted.
        latest = await job.record(read_places)
        await job.cloud(verify_secrets, account, rotation.spare, latest)
        await job.cloud(regenerate_key, account, rotation)
    back = await job.record(turn_back, mounts)
    await job.cloud(put_secrets, account, rotation.old, back.places)
    verified = await job.cloud(verify_secrets, account, rotation.old, back.places)
    await job.record(record_rotated, verified)


@record_step
async def begin_rotation(record: Record) -> Asked:
    """Begin a rotation in the account's row, or take up the one that was left."""
    row = await account_of(record)
    if not row.managed:
        raise AccountNotManagedError(f"Slipway did not make the storage account {row.name}.")
    rotation = begin_or_go_on(
        row.rotation,
        active_key=row.active_key,
        job_id=record.view.id,
        retry_of=record.view.retry_of,
        now=record.now,
    )
    row.rotation = rotation.as_json()
    request = record.view.request
    return Asked(
        account_at(row),
        rotation,
        restart=request.get("restart") == "one_by_one",
        wait_seconds=int(request.get("pod_wait_seconds") or 0),
    )


@record_step
async def turn_to_spare(record: Record, keys: dict[str, str]) -> Turned:
    """From here on every Secret is to hold the spare key, those of new volumes too."""
    row = await account_of(record)
    rotation = Rotation.from_json(row.rotation or {})
    rotation = replace(rotation, before=rotation.before or keys.get(rotation.old))
    return await _turned(record, row, rotation, active_key=rotation.spare)


@record_step
async def read_places(record: Record) -> list[SecretPlace]:
    """Where Secrets are now."""
    row = await account_of(record)
    return await places_of(record.session, row.id)


@cloud_step
async def regenerate_key(cloud: Cloud, account: AccountAt, rotation: Rotation) -> str:
    """Make the old key anew, once; return its new fingerprint. A step whose answer was lost finds that it was."""
    keys = {name: fingerprint(key.value.reveal()) for name, key in (await keys_of(cloud, account)).items()}
    if not must_regenerate(rotation, keys):
        return keys[rotation.old]
    accounts = cloud.gateways.azure.subscription(account.subscription_id).storage.accounts
    made = await accounts.regenerate_key(account.resource_group, account.name, rotation.old, call=azure_call(cloud))
    return next(fingerprint(key.value.reveal()) for key in made if key.name == rotation.old)


@record_step
async def turn_back(record: Record, mounts: Restarted | None) -> Turned:
    """The old key is a new one: every Secret is to hold it again. `mounts` None: a job before this one knew them."""
    row = await account_of(record)
    rotation = replace(Rotation.from_json(row.rotation or {}), phase=Phase.BACK)
    if mounts is not None:
        rotation = replace(rotation, mounts=mounts_told(mounts))
    await record.emit("storage_account.key_regenerated", data=_facts(row, key=rotation.old))
    return await _turned(record, row, rotation, active_key=rotation.old)


@record_step
async def record_rotated(record: Record, verified: Verified) -> None:
    """The rotation is done; the mounts that have the old key are listed."""
    row = await account_of(record)
    rotation = replace(Rotation.from_json(row.rotation or {}), phase=Phase.DONE)
    row.rotation = rotation.as_json()
    await record.emit("storage_account.key_rotated", data=_facts(row, key=rotation.old, secrets=verified.secrets))
    done = f"{rotation.old} of the storage account {row.name} is new, and {verified.secrets} Secrets hold it."
    left = rotation.mounts["mounts_to_restart"]["count"] if rotation.mounts else 0
    await record.succeed(
        outcome={"key": rotation.old, **proven(verified), **(rotation.mounts or {})},
        summary=f"{done} {left} pods still have mounts with the old key: restart them." if left else done,
    )


def proven(verified: Verified) -> JsonObject:
    """What a job's outcome says of Secrets."""
    return {
        "key_fingerprint": verified.fingerprint,
        "secrets": verified.secrets,
        "missing_secrets": list(verified.missing),
    }


def mounts_told(mounts: Restarted) -> JsonObject:
    """What a job's outcome says of mounts."""
    return {"restarted_pods": mounts.pods, "mounts_to_restart": told(mounts.still)}


async def _turned(record: Record, row: StorageAccount, rotation: Rotation, *, active_key: str) -> Turned:
    if row.active_key != active_key:
        row.active_key = active_key
        row.version += 1
        row.updated_at = record.now
    row.rotation = rotation.as_json()
    return Turned(rotation, await places_of(record.session, row.id))


def _facts(row: StorageAccount, **more: object) -> JsonObject:
    return {"name": row.name, **more}


async def record_rotation_failed(record: Record, end: JobEnd) -> None:
    """What stands in the account's row is true: Secrets hold the one key or the other, and both open the account."""
    row = await record.session.get(StorageAccount, record.view.target_id)
    if row is not None:
        data = _facts(row, code=end.problem.code, canceled=end.canceled, active_key=row.active_key)
        await record.emit("storage_account.key_rotation_failed", data=data)


rotate_workflow = Workflow(ROTATE, rotate, ended=record_rotation_failed)
