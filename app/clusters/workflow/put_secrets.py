"""The secrets that a cluster's PUT carries: fetched right before it, and in no step's result."""

from app.azure.types.secret import Secret
from app.clusters.service.sealed import WINDOWS_PASSWORD, erase_sealed
from app.clusters.specs.wanted import PutSecrets, made_password
from app.clusters.workflow.plan import Plan
from app.core.errors import ConflictError
from app.engine.steps import Record, record_step
from app.jobs.workflow import Cloud


class PasswordErasedError(ConflictError):
    """The password that the request brought was erased when the first try ended, and Azure has no cluster with it."""

    code = "windows_password_erased"
    title = "The Windows password is not kept any more"
    remedy = "Delete the cluster and send the request again, with the password or without one."


async def secrets_for(cloud: Cloud, asked: Plan, *, new: bool) -> PutSecrets:
    """What the PUT of a new cluster needs, or of one that is there. Raises PasswordErasedError, UnknownSecretError."""
    principal = (asked.wanted.settings.get("identity") or {}).get("service_principal")
    return PutSecrets(
        windows_password=await _password(cloud, asked, new=new) if asked.wanted.windows_profile else None,
        service_principal=None if principal is None else cloud.gateways.secrets.named(principal["secret"]),
    )


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
    await erase_sealed(record.session, record.view.target_id)
