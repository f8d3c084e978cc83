"""HTTP: new certificates for clusters, and who logs in to them."""

from fastapi import Response

from app.api.calls import AdminWrites
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.router.clusters import accepted
from app.clusters.schemas.clusters import ClusterAccepted
from app.clusters.schemas.power import ClusterAct, ClusterResetAad, ClusterResetPrincipal
from app.clusters.service import access, certificates
from app.clusters.service.access import ManagedIdentityError
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError

router = api_router(prefix="/v1/clusters", tags=["clusters"])


@router.post(
    "/{cluster:name}:rotate-certificates",
    status_code=202,
    summary="Rotate a cluster's certificates",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError),
)
async def rotate_certificates(
    cluster: ClusterPath, call: AdminWrites, response: Response, body: ClusterAct | None = None
) -> ClusterAccepted:
    """The API is down for up to 30 minutes, all nodes are made anew, and kubeconfigs given before are void."""
    found = await lock_cluster(call.session, call.scope, cluster)
    options = (body or ClusterAct()).options.model_dump(mode="json")
    job = await certificates.rotate_certificates(call.session, asker_of(call), found, options)
    return await accepted(call, response, job, found)


@router.post(
    "/{cluster:name}:reset-aad",
    status_code=202,
    summary="Replace a cluster's Entra settings",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError),
)
async def reset_aad(
    cluster: ClusterPath, body: ClusterResetAad, call: AdminWrites, response: Response
) -> ClusterAccepted:
    """The whole of them: what is not named goes, and Entra is on afterwards, for good.

    Sent with the cluster's PUT, since AKS's own reset is deprecated.
    """
    found = await lock_cluster(call.session, call.scope, cluster)
    options = body.options.model_dump(mode="json")
    job = await access.reset_aad(call.session, asker_of(call), found, body.entra, options)
    return await accepted(call, response, job, found)


@router.post(
    "/{cluster:name}:reset-service-principal",
    status_code=202,
    summary="Give a cluster another service principal",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError, ManagedIdentityError),
)
async def reset_service_principal(
    cluster: ClusterPath, body: ClusterResetPrincipal, call: AdminWrites, response: Response
) -> ClusterAccepted:
    """Or the same one with a new secret, which is named and not brought. Azure tells all nodes."""
    found = await lock_cluster(call.session, call.scope, cluster)
    job = await access.reset_service_principal(
        call.session,
        asker_of(call),
        found,
        body.service_principal,
        body.options.model_dump(mode="json"),
        settings=call.services.settings,
    )
    return await accepted(call, response, job, found)
