"""Steps that put an account's key into the Secrets of its volumes. No key leaves a step."""

import itertools
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from app.azure.types.storage import AccountKey
from app.azure.types.tags import is_storage_account
from app.clusters.workflow.inside import inside, note_change
from app.core.errors import SlipwayError
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import ObjectChangedError
from app.kubernetes.types.volume import AccountSecretSpec, AccountSecretState, fingerprint
from app.storage.service.key_places import AccountAt
from app.storage.specs.rotation import SecretPlace
from app.storage.specs.volume_objects import MANAGED_BY
from app.storage.workflow.key_errors import (
    AccountLostError,
    AccountNotManagedError,
    SecretNotOursError,
    SecretsBehindError,
    SharedKeysOffError,
)

_PASSES = 3


@dataclass(frozen=True, slots=True)
class Verified:
    """How many Secrets hold the key, by its fingerprint; `missing` names those that are not there (any more)."""

    fingerprint: str
    secrets: int
    missing: tuple[str, ...]


@asynccontextmanager
async def in_cluster(cloud: Cloud, place: SecretPlace) -> AsyncIterator[ClusterClient]:
    """The client of a place's cluster. What goes wrong with it names the cluster: a job may have many."""
    try:
        async with inside(cloud, place.cluster) as client:
            yield client
    except SlipwayError as error:
        words = f"The cluster {place.cluster_name}: "
        if not error.problem.detail.startswith(words):
            error.problem = replace(error.problem, detail=words + error.problem.detail)
        raise


def by_cluster(places: Iterable[SecretPlace]) -> Iterator[list[SecretPlace]]:
    """The places of one cluster after the other's."""
    ordered = sorted(places, key=lambda place: place.key)
    for _, group in itertools.groupby(ordered, key=lambda place: place.cluster.cluster_id):
        yield list(group)


async def keys_of(cloud: Cloud, account: AccountAt) -> dict[str, AccountKey]:
    """The account's keys by name, as they are now."""
    accounts = cloud.gateways.azure.subscription(account.subscription_id).storage.accounts
    found = await accounts.keys(account.resource_group, account.name, call=azure_call(cloud))
    return {key.name: key for key in found}


@cloud_step
async def look_at_keys(cloud: Cloud, account: AccountAt, *, ours: bool) -> dict[str, str]:
    """The fingerprints of the account's keys by name. `ours`: only where Slipway made the account."""
    accounts = cloud.gateways.azure.subscription(account.subscription_id).storage.accounts
    found = await accounts.get(account.resource_group, account.name, call=azure_call(cloud))
    if found is None:
        raise AccountLostError(f"Azure has no storage account {account.name} any more.")
    if ours and not is_storage_account(found.tags, account.account_id):
        raise AccountNotManagedError(f"The storage account {account.name} does not carry Slipway's tags.")
    if not found.shared_keys:
        raise SharedKeysOffError(f"Access to the storage account {account.name} by its keys is turned off.")
    keys = await keys_of(cloud, account)
    return {name: fingerprint(key.value.reveal()) for name, key in keys.items()}


@cloud_step
async def put_secrets(cloud: Cloud, account: AccountAt, key_name: str, places: list[SecretPlace]) -> int:
    """Put this key of the account into each Secret that lacks it; tell how many were changed."""
    key = (await keys_of(cloud, account))[key_name].value.reveal()
    changed = 0
    for group in by_cluster(places):
        async with in_cluster(cloud, group[0]) as client:
            for place in group:
                changed += await _put(cloud, client, place, account, key)
    return changed


@cloud_step
async def verify_secrets(cloud: Cloud, account: AccountAt, key_name: str, places: list[SecretPlace]) -> Verified:
    """Read each Secret back and compare it with the account's key; what is behind is put right and read again."""
    for _ in range(_PASSES):
        key = (await keys_of(cloud, account))[key_name].value.reveal()
        missing: list[str] = []
        changed = 0
        for group in by_cluster(places):
            async with in_cluster(cloud, group[0]) as client:
                for place in group:
                    present = await _secret(client, place)
                    if present is None:
                        missing.append(place.words)
                    elif not _opens(present, account, key):
                        changed += await _put(cloud, client, place, account, key)
        if not changed:
            return Verified(fingerprint(key), len(places) - len(missing), tuple(missing))
    raise SecretsBehindError(f"{changed} Secrets had another key again right after they were given theirs.")


async def _put(cloud: Cloud, client: ClusterClient, place: SecretPlace, account: AccountAt, key: str) -> bool:
    """Put the key into one Secret. One that is not there is left to the job of its volume."""
    present = await _secret(client, place)
    if present is None or _opens(present, account, key):
        return False
    spec = AccountSecretSpec(place.namespace, place.secret, account.name, key, labels=present.labels)
    await cloud.context.fence()
    try:
        # It carries our label: a key that somebody put there by hand is not left in it.
        await client.storage.apply_secret(spec, uid=present.uid, take_over=True)
    except ObjectChangedError:
        # It went, or another one came in its place, between the look and this.
        return False
    note_change(cloud, "PATCH", f"/api/v1/namespaces/{place.namespace}/secrets/{place.secret}", place.cluster)
    return True


async def _secret(client: ClusterClient, place: SecretPlace) -> AccountSecretState | None:
    present = await client.storage.secret(place.namespace, place.secret)
    if present is None or present.deleting:
        return None
    name, value = MANAGED_BY
    if present.labels.get(name) != value:
        raise SecretNotOursError(f"The Secret {place.words} does not carry Slipway's label.")
    return present


def _opens(present: AccountSecretState, account: AccountAt, key: str) -> bool:
    return present.account == account.name and present.key == key
