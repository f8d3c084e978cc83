"""Kubeconfigs over HTTP: given out, and who took which."""

from fastapi import Request, Response

from app.api.accept import choose_media_type
from app.api.calls import OperatorAsks, ReaderReads
from app.api.errors import NotAcceptableError
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.service.start import ClusterStoppedError
from app.credentials import live, service
from app.credentials.schemas import CredentialIssued, CredentialRead, CredentialRequest

router = api_router(prefix="/v1/clusters/{cluster}/credentials", tags=["credentials"])

_JSON, _YAML = "application/json", "application/yaml"


@router.post(
    "",
    status_code=201,
    summary="Get a kubeconfig",
    response_model=CredentialIssued,
    responses={
        **errors(service.ClusterNotReadyError, ClusterStoppedError, NotAcceptableError),
        201: {"content": {_YAML: {"schema": {"type": "string", "description": "A kubeconfig."}}}},
        502: {"description": "`untrusted_kubeconfig`: what Azure returned cannot be trusted; nothing was given out."},
    },
)
async def create_credential(
    cluster: ClusterPath, call: OperatorAsks, request: Request, body: CredentialRequest | None = None
) -> Response:
    """A user's, for operators; or the cluster's admin's, for admins with a reason.

    Where the cluster's local accounts are disabled there is no admin: the users' kubeconfig is given instead, and
    `kind` and `notes` say so.

    It is kept nowhere, and in this answer only. Who takes it is recorded before the answer leaves.
    `Accept: application/yaml` gives the kubeconfig alone.
    """
    media_type = choose_media_type(request.headers.getlist("accept"), (_JSON, _YAML))
    issued = await live.issue(call, cluster, body or CredentialRequest())
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if media_type == _YAML:
        call.all_secret()
        return Response(issued.document, status_code=201, media_type=_YAML, headers=headers)
    call.secret("/kubeconfig")
    content = issued.as_json().model_dump_json()
    return Response(content, status_code=201, media_type=_JSON, headers=headers)


@router.get("", summary="List who took a kubeconfig")
async def list_credentials(
    cluster: ClusterPath, call: ReaderReads, paging: Paging, response: Response
) -> Page[CredentialRead]:
    """Newest first. The kubeconfigs themselves are kept nowhere."""
    project = call.scope.project.id
    page = await service.list_(call.session, call.scope, cluster, limit=paging.limit, after=paging.after(project))
    return paging.answer(project, page, CredentialRead.model_validate, response)
