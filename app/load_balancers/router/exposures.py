"""HTTP: exposures."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.api.calls import Look, OperatorWrites, ReaderReads, looks
from app.api.etags import IfMatch, set_etag
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of
from app.db.pages import read_page
from app.jobs.schemas import DeleteOptions
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.load_balancers.schemas.exposures import ExposureCreate, ExposureUpdate, NamespaceName, ServiceName
from app.load_balancers.schemas.exposures_read import ExposureAccepted, ExposureRead, ExposureUnchanged
from app.load_balancers.service import exposures
from app.load_balancers.service.exposure_lists import list_, look_up_exposure
from app.load_balancers.service.exposures import ExposureLeavingError, NotManagedError, ServiceNameTakenError
from app.load_balancers.specs.exposure_reads import exposure_read
from app.models import Exposure, Job, Role

router = api_router(prefix="/v1/clusters/{cluster:name}/exposures", tags=["exposures"])
_Exposure = Annotated[
    str, Path(description="The exposure's id.", max_length=128, examples=["exp_01k7h2m9t0q4w8x6y5z3v1s2r0"])
]


@router.post(
    "",
    status_code=202,
    summary="Expose pods at an address",
    responses=errors(ServiceNameTakenError, ClusterStoppedError, NotReadyError, BusyError),
)
async def create_exposure(
    cluster: ClusterPath, body: ExposureCreate, call: OperatorWrites, response: Response
) -> ExposureAccepted:
    """The job makes a Service of type LoadBalancer, waits for its address, and proves each piece of it in Azure."""
    job, exposure = await exposures.create_exposure(call.session, asker_of(call), cluster, body)
    return _accepted(call, response, job, exposure)


@router.get("", summary="List a cluster's exposures, newest first")
async def list_exposures(
    *,
    cluster: ClusterPath,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    namespace: NamespaceName | None = None,
    name: ServiceName | None = None,
    state: Annotated[str | None, Query(max_length=24, pattern=r"^[a-z_]+$")] = None,
    managed: Annotated[bool | None, Query(description="`false`: those that others made.")] = None,
) -> Page[ExposureRead]:
    """Those that Slipway made, and those that others made; deleted ones only with `state=deleted`."""
    found = await get_cluster(call.session, call.scope, cluster)
    query = list_(call.scope, found, namespace=namespace, name=name, state=state, managed=managed)
    columns = (Exposure.created_at, Exposure.id)
    page = await read_page(
        call.session, query, columns, after=paging.after(found.id), limit=paging.limit, descending=True
    )
    return paging.answer(found.id, page, exposure_read, response)


@router.get("/{exposure:name}", summary="Read an exposure")
async def get_exposure(
    cluster: ClusterPath,  # noqa: ARG001 - looked up with the caller
    exposure: _Exposure,  # noqa: ARG001 - looked up with the caller
    call: Annotated[Look[Exposure], looks(Role.READER, look_up_exposure)],
    response: Response,
) -> ExposureRead:
    """With its addresses, ports and health; where it has no address yet, with the reason. Also after its deletion."""
    found = call.found()
    set_etag(response, found.version)
    return exposure_read(found)


@router.patch(
    "/{exposure:name}",
    status_code=202,
    summary="Change an exposure",
    responses={
        **errors(NotManagedError, ExposureLeavingError, BusyError),
        200: {"model": ExposureUnchanged, "description": "Nothing is changed, and nothing has drifted: no job."},
    },
)
async def update_exposure(
    *,
    cluster: ClusterPath,
    exposure: _Exposure,
    body: ExposureUpdate,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
) -> ExposureAccepted | ExposureUnchanged:
    """A JSON merge patch. The job sets right what has drifted, too; 200 without a job where nothing is to do."""
    found = await exposures.lock_exposure(call.session, call.scope, cluster, exposure)
    if_match.check(found.version)
    job = await exposures.update_exposure(call.session, asker_of(call), found, body)
    if job is None:
        response.status_code = 200
        set_etag(response, found.version)
        return ExposureUnchanged(resource=exposure_read(found))
    return _accepted(call, response, job, found)


@router.delete(
    "/{exposure:name}", status_code=202, summary="Delete an exposure", responses=errors(NotManagedError, BusyError)
)
async def delete_exposure(
    *,
    cluster: ClusterPath,
    exposure: _Exposure,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[DeleteOptions, Query()],
) -> ExposureAccepted:
    """The job ends when the Service and all that Azure made for it are gone; an address that was given to it stays."""
    found = await exposures.lock_exposure(call.session, call.scope, cluster, exposure)
    if_match.check(found.version)
    job = await exposures.delete_exposure(call.session, asker_of(call), found, options.run_options())
    return _accepted(call, response, job, found)


def _accepted(call: OperatorWrites, response: Response, job: Job, exposure: Exposure) -> ExposureAccepted:
    point_to_job(response, job.id)
    set_etag(response, exposure.version)
    return ExposureAccepted(job=job_read(job, call.now), resource=exposure_read(exposure))
