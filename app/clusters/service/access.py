"""Change as whom a cluster acts in Azure, and who logs in to it."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.identity import Entra, ServicePrincipal
from app.clusters.service.start import Asker, require_changeable, start, want
from app.clusters.specs import kinds
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.secret_rules import SecretPlaces, check_reference
from app.clusters.specs.settings_patch import resets_after, taken_away
from app.clusters.specs.wanted import Wanted
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.core.settings import Settings
from app.models import Cluster, Job


async def reset_aad(session: AsyncSession, asker: Asker, cluster: Cluster, entra: Entra, options: JsonObject) -> Job:
    """Replace the whole of the Entra settings, and start the job that sends what differs. It may have been off."""
    require_changeable(cluster)
    wanted = Wanted.from_json(cluster.wanted)
    access = wanted.settings.get("access") or {}
    settings = {
        **wanted.settings,
        "access": {**access, "entra": entra.model_dump(mode="json", exclude_none=True)},
    }
    resets = resets_after(wanted.resets, taken_away(wanted.settings, settings), settings, wanted.tags)
    want(cluster, {"settings": settings, "resets": resets}, asker.now)
    return await start(session, asker, kinds.RESET_AAD, cluster, options=options)


class ManagedIdentityError(ConflictError):
    """The cluster acts in Azure as a managed identity, which has no secret."""

    code = "identity_is_managed"


async def reset_service_principal(
    session: AsyncSession,
    asker: Asker,
    cluster: Cluster,
    principal: ServicePrincipal,
    options: JsonObject,
    *,
    settings: Settings,
) -> Job:
    """Start the job that gives Azure the application and its secret.

    Raises ManagedIdentityError, InvalidRequestError.
    """
    require_changeable(cluster)
    identity = Wanted.from_json(cluster.wanted).settings.get("identity") or {}
    if identity.get("service_principal") is None:
        raise ManagedIdentityError("The cluster acts in Azure as a managed identity.")
    rejections = Rejections()
    check_reference(
        principal.secret, "/service_principal/secret", places=SecretPlaces.of(settings), rejections=rejections
    )
    rejections.raise_if_any()
    request = {"service_principal": principal.model_dump(mode="json", exclude_none=True)}
    return await start(session, asker, kinds.RESET_SERVICE_PRINCIPAL, cluster, options=options, request=request)
