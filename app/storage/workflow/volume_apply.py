"""Steps that put a volume's objects into the cluster, and wait until its claim is bound."""

from dataclasses import dataclass

from app.clusters.workflow.inside import ever_less_often, inside, note_change
from app.core.errors import ConflictError, ErrorClass, SlipwayError
from app.engine.errors import JobFailedError
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.client import ClusterClient
from app.kubernetes.types.volume import AccountSecretState, ClaimState, PersistentVolumeState
from app.storage.specs.claim_pending import Cluster as ClusterStorage
from app.storage.specs.claim_pending import why_pending
from app.storage.specs.volume_asked import Asked
from app.storage.specs.volume_objects import (
    ACCOUNT_LABEL,
    VOLUME_LABEL,
    claim_of,
    persistent_volume_of,
    secret_of,
)

_BOUND, _LOST = "Bound", "Lost"
_USED_UP = frozenset({"Released", "Failed"})


class VolumeNotOursError(ConflictError):
    """The cluster has an object of this name that Slipway did not make for this volume. It is never touched."""

    code = "volume_not_ours"
    remedy = "Choose another name or namespace, or have that object removed by whoever made it."


class ObjectLeavingError(ConflictError):
    """An object of this name is being removed; the new one's turn comes after that."""

    code = "volume_leaving"
    retryable = True


class ClaimLostError(SlipwayError):
    """Somebody removed the claim or its PersistentVolume while the job ran."""

    code = "claim_lost"
    status = 404
    title = "The volume's claim is gone from the cluster, or has lost its volume"
    error_class = ErrorClass.GONE
    remedy = "Somebody removed it outside Slipway. Retry the job to make it again, or delete the volume."


class KeyMissingError(SlipwayError):
    """Azure names no key of the name that the account's Secrets shall hold."""

    code = "storage_key_missing"
    status = 502
    title = "Azure does not give the account's key"
    error_class = ErrorClass.UNKNOWN


@dataclass(frozen=True, slots=True)
class WantedKey:
    """Which of the account's keys a Secret shall hold. `settled`: it was so at two looks in a row."""

    name: str
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """The claim when it is bound: its PersistentVolume's capacity, and who mounts it already."""

    uid: str
    capacity: str | None
    mounted_by: tuple[str, ...] = ()


@cloud_step
async def put_secret(cloud: Cloud, asked: Asked, wanted: WantedKey) -> str:
    """Have the namespace's Secret hold the account's key of this name; return the name of the key that it holds.

    One that holds the other key, and so opens the account, is left to a rotation that may have put it there, unless
    it is `settled` that no rotation is at work. The key itself stays in here.
    """
    accounts = cloud.gateways.azure.subscription(asked.account.subscription_id).storage.accounts
    keys = await accounts.keys(asked.account.resource_group, asked.account.name, call=azure_call(cloud))
    key = next((each for each in keys if each.name == wanted.name), None)
    if key is None:
        raise KeyMissingError(f"The account {asked.account.name} has no {wanted.name}.")
    spec = secret_of(asked.volume, asked.account.name, key.value.reveal())
    async with inside(cloud, asked.place) as client:
        present = await client.storage.secret(spec.namespace, spec.name)
        if present is not None:
            _require_usable(present, asked)
            held = next((each.name for each in keys if each.value.reveal() == present.key), None)
            if held == wanted.name or (held is not None and not wanted.settled):
                return held
        await cloud.context.fence()
        await client.storage.apply_secret(spec)
    note_change(cloud, "PATCH", f"/api/v1/namespaces/{spec.namespace}/secrets/{spec.name}", asked.place)
    return wanted.name


def _require_usable(secret: AccountSecretState, asked: Asked) -> None:
    if secret.labels.get(ACCOUNT_LABEL) != asked.account.name:
        raise VolumeNotOursError(f"The namespace has a Secret {secret.name} that Slipway did not make.")
    if secret.deleting:
        raise ObjectLeavingError(f"An earlier Secret {secret.name} is still being removed.")


@cloud_step
async def put_volume(cloud: Cloud, asked: Asked) -> str:
    """Make the PersistentVolume; one of ours that has lost its claim is made anew. Returns its uid."""
    spec = persistent_volume_of(asked.volume, asked.wanted, asked.share)
    async with inside(cloud, asked.place) as client:
        present = await client.storage.volume(spec.name)
        if present is not None:
            _require_ours(present, asked)
            claim = await client.storage.claim(asked.volume.namespace, asked.volume.name)
            if present.deleting or _is_used_up(present, claim):
                await cloud.context.fence()
                await client.storage.delete_volume(spec.name, uid=present.uid)
                raise ObjectLeavingError(f"An earlier PersistentVolume {spec.name} is still being removed.")
            if present.phase == _BOUND:
                return present.uid
        await cloud.context.fence()
        made = await client.storage.apply_volume(spec)
    note_change(cloud, "PATCH", f"/api/v1/persistentvolumes/{spec.name}", asked.place)
    return made.uid


def _is_used_up(volume: PersistentVolumeState, claim: ClaimState | None) -> bool:
    """A claim that is gone leaves its uid: no other one is ever bound to this PersistentVolume."""
    if volume.phase in _USED_UP:
        return True
    return volume.claim_uid is not None and (claim is None or claim.uid != volume.claim_uid)


def _require_ours(found: PersistentVolumeState | ClaimState, asked: Asked) -> None:
    if found.labels.get(VOLUME_LABEL) != asked.volume.volume_id:
        raise VolumeNotOursError(f"The cluster has {found.name}, which Slipway did not make for this volume.")


@cloud_step
async def put_claim(cloud: Cloud, asked: Asked) -> str:
    """Make the claim; return its uid."""
    spec = claim_of(asked.volume, asked.wanted, asked.share)
    async with inside(cloud, asked.place) as client:
        present = await client.storage.claim(spec.namespace, spec.name)
        if present is not None:
            _require_ours(present, asked)
            if present.deleting:
                raise ObjectLeavingError(f"An earlier claim {asked.key} is still being removed.")
            return present.uid
        await cloud.context.fence()
        made = await client.storage.apply_claim(spec)
    path = f"/api/v1/namespaces/{spec.namespace}/persistentvolumeclaims/{spec.name}"
    note_change(cloud, "PATCH", path, asked.place)
    return made.uid


@cloud_step
async def await_bound(cloud: Cloud, asked: Asked, uid: str) -> Bound:
    """Wait until the claim is bound; why it is not yet is said in words. A cluster that is away is waited for."""
    async for _ in ever_less_often(cloud):
        try:
            async with inside(cloud, asked.place) as client:
                bound = await _look(cloud, client, asked, uid)
        except SlipwayError as error:
            if not error.problem.retryable:
                raise
            cloud.context.progress(f"Waiting for the cluster: {error.problem.detail}")
            continue
        if bound is not None:
            return bound
    raise AssertionError("the looks end with the step")


async def _look(cloud: Cloud, client: ClusterClient, asked: Asked, uid: str) -> Bound | None:
    claim = await client.storage.claim(asked.volume.namespace, asked.volume.name)
    if claim is None or claim.uid != uid or claim.deleting or claim.phase == _LOST:
        raise JobFailedError(ClaimLostError(f"The claim {asked.key} was removed while its job ran.").problem)
    if claim.phase == _BOUND:
        pods = await client.pods.mounting(asked.volume.namespace, [asked.volume.name])
        return Bound(claim.uid, claim.capacity, tuple(pod.name for pod in pods))
    events = await client.events_of("PersistentVolumeClaim", claim.namespace, claim.name, uid=claim.uid)
    volume = await client.storage.volume(asked.volume.persistent_volume)
    pending = why_pending(claim, events, ClusterStorage(volumes=(volume,) if volume else ()))
    cloud.context.progress(pending.detail)
    return None
