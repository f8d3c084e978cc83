"""HTTP: a cluster's storage classes, and its claims."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.api.calls import OperatorWrites, ReaderReads
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of
from app.jobs.schemas import DeleteOptions, JobTaken
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.storage.schemas.storage_classes import ClaimRead, ClassName, StorageClassCreate, StorageClassRead
from app.storage.schemas.volumes import ObjectName
from app.storage.service.storage_classes import (
    ClassNameTakenError,
    ClassNotManagedError,
    StorageNotSeenError,
    create_class,
    delete_class,
    page_of,
    seen_of,
)
from app.storage.specs.class_reads import claim_read, class_read

router = api_router(prefix="/v1/clusters/{cluster:name}", tags=["storage classes"])
_Class = Annotated[ClassName, Path(description="The class's name.", examples=["files-zrs"])]


@router.get(
    "/storage-classes", summary="List a cluster's storage classes, by name", responses=errors(StorageNotSeenError)
)
async def list_storage_classes(
    cluster: ClusterPath, call: ReaderReads, paging: Paging, response: Response
) -> Page[StorageClassRead]:
    """Those that AKS ships, those of others, and Slipway's, as the cluster's reader saw them."""
    found, seen = await seen_of(call.session, call.scope, cluster)
    after = paging.after(found.id, (str,))
    page = page_of(seen.classes or (), lambda each: (each.name,), after=after, limit=paging.limit)
    return paging.answer(found.id, page, class_read, response)


@router.post(
    "/storage-classes",
    status_code=202,
    summary="Make a storage class",
    responses=errors(ClassNameTakenError, ClusterStoppedError, NotReadyError, BusyError),
)
async def create_storage_class(
    cluster: ClusterPath, body: StorageClassCreate, call: OperatorWrites, response: Response
) -> JobTaken:
    """Its parameters are checked against the driver's table, and an account that it names against Azure."""
    job = await create_class(call.session, asker_of(call), cluster, body)
    point_to_job(response, job.id)
    return JobTaken(job=job_read(job, call.now))


@router.delete(
    "/storage-classes/{storage_class:name}",
    status_code=202,
    summary="Delete a storage class",
    responses=errors(ClassNotManagedError, ClusterStoppedError, NotReadyError, BusyError),
)
async def delete_storage_class(
    *,
    cluster: ClusterPath,
    storage_class: _Class,
    call: OperatorWrites,
    response: Response,
    options: Annotated[DeleteOptions, Query()],
) -> JobTaken:
    """One that Slipway made. What was made by it stays, and its claims too."""
    job = await delete_class(call.session, asker_of(call), cluster, storage_class, options.run_options())
    point_to_job(response, job.id)
    return JobTaken(job=job_read(job, call.now))


@router.get("/claims", summary="List a cluster's claims, by namespace and name", responses=errors(StorageNotSeenError))
async def list_claims(
    *,
    cluster: ClusterPath,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    namespace: ObjectName | None = None,
    phase: Annotated[
        str | None, Query(max_length=16, pattern=r"^[A-Za-z]+$", description="Pending, Bound or Lost.")
    ] = None,
    storage_class: Annotated[ClassName | None, Query(description="Claims of this class.")] = None,
) -> Page[ClaimRead]:
    """All PersistentVolumeClaims, whoever made them; why one is Pending is said in words."""
    found, seen = await seen_of(call.session, call.scope, cluster)
    claims = [
        each
        for each in seen.claims or ()
        if namespace in {None, each.namespace}
        and phase in {None, each.phase}
        and storage_class in {None, each.storage_class}
    ]
    after = paging.after(found.id, (str, str))
    page = page_of(claims, lambda each: (each.namespace, each.name), after=after, limit=paging.limit)
    return paging.answer(found.id, page, lambda each: claim_read(each, seen), response)
