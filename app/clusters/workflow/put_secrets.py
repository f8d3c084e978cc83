"""The secrets that a cluster's PUT carries: fetched right before it, and in no step's result."""

from dataclasses import dataclass
from datetime import datetime

from app.azure.types.key_vault import VaultSecret
from app.azure.types.secret import Secret
from app.clusters.service.sealed import WINDOWS_PASSWORD, erase_sealed
from app.clusters.specs.observed import SECRET_ENDS_AT
from app.clusters.specs.wanted import PutSecrets, made_password, principal_of
from app.clusters.workflow.plan import Plan
from app.core.clock import rfc3339
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, azure_call
from app.models import Cluster


class PasswordErasedError(ConflictError):
    """The password that the request brought was erased when the first try ended, and Azure has no cluster with it."""

    code = "windows_password_erased"
    title = "The Windows password is not kept any more"
    remedy = "Delete the cluster and send the request again, with the password or without one."


async def secrets_for(cloud: Cloud, asked: Plan, *, new: bool) -> PutSecrets:
    """What the PUT of a new cluster needs, or of one that is there. Raises PasswordErasedError, UnknownSecretError."""
    principal = principal_of(asked.wanted)
    return PutSecrets(
        windows_password=await _password(cloud, asked, new=new) if asked.wanted.windows_profile else None,
        service_principal=None if principal is None else await principals_secret(cloud, principal),
    )


async def principals_secret(cloud: Cloud, principal: JsonObject) -> Secret:
    """The secret that an application's reference names. Raises UnknownSecretError, NotAVaultError, AzureError."""
    return (await _named(cloud, principal["secret"])).value


async def _named(cloud: Cloud, reference: JsonObject) -> VaultSecret:
    secret_id = reference.get("key_vault_secret_id")
    if secret_id is None:
        return VaultSecret(cloud.gateways.secrets.named(reference), None)
    return await cloud.gateways.azure.key_vaults.secret(secret_id, call=azure_call(cloud))


@dataclass(frozen=True, slots=True)
class SecretSeen:
    """What is kept of a secret in a vault: the day on which it ends, where its owner has said so. Never more."""

    ends_at: datetime | None


@cloud_step
async def look_at_secret(cloud: Cloud, principal: JsonObject) -> SecretSeen | None:
    """See that the vault gives the application's secret out, before anything is made that needs it."""
    ends_at = (await _named(cloud, principal["secret"])).ends_at
    return SecretSeen(None if ends_at is None else ends_at.replace(hour=0, minute=0, second=0, microsecond=0))


def lies_in_vault(principal: JsonObject | None) -> bool:
    """Whether an application's secret is named by its id in a Key Vault."""
    return principal is not None and principal["secret"].get("key_vault_secret_id") is not None


def keep_secrets_end(cluster: Cluster, seen: SecretSeen | None) -> None:
    """Keep when the secret with which the cluster acts in Azure ends; None: it is not known. Before it is judged."""
    day = None if seen is None or seen.ends_at is None else rfc3339(seen.ends_at)
    cluster.observed = {**(cluster.observed or {}), SECRET_ENDS_AT: day}


async def _password(cloud: Cloud, asked: Plan, *, new: bool) -> Secret | None:
    if not asked.wanted.password_given:
        return made_password()
    kept = await cloud.gateways.secrets.sealed(asked.place.cluster_id, WINDOWS_PASSWORD)
    # What Azure has stays when it is not named.
    if kept is None and new:
        raise PasswordErasedError("The Windows password was given, and erased when the job before this one ended.")
    return kept


@record_step
async def erase_secrets(record: Record) -> None:
    """Erase what the request brought: Azure has it now."""
    await erase_sealed(record.session, record.view.target_id, WINDOWS_PASSWORD)
