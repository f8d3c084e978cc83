"""HTTP: clusters."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.api.calls import Look, OperatorChecks, OperatorWrites, ReaderReads, looks
from app.api.etags import IfMatch, set_etag
from app.api.in_part import prepares
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.catalog.live import ensure_catalogue
from app.catalog.service import NoSubscriptionError, subscription_of
from app.clusters.live.versions import know_versions
from app.clusters.schemas.clusters import (
    ClusterAccepted,
    ClusterCreate,
    ClusterCreated,
    ClusterRead,
    ClusterScale,
)
from app.clusters.schemas.update import ClusterUpdate, ClusterUpdated
from app.clusters.service import change, create, read, update
from app.clusters.service.addresses import PublicIpInUseError
from app.clusters.service.create import LatestUnknownError
from app.clusters.service.outbound import SnatExhaustedError
from app.clusters.service.pool_states import PoolLeavingError, PoolStoppedError
from app.clusters.service.read import FoundCluster
from app.clusters.service.start import ClusterStoppedError, NameTakenError, NotReadyError, asker_of, lock_cluster
from app.core.sealing import NoSealingKeyError
from app.db.pages import read_page
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.models import Cluster, Job, Role
from app.subscriptions.schemas import GroupName, LocationName
from app.subscriptions.service import GroupDeletingError

router = api_router(prefix="/v1/clusters", tags=["clusters"])


@prepares
async def _know_catalogue(body: ClusterCreate, caller: OperatorChecks) -> None:
    """Before the transaction: without Azure's lists at hand, no wrong name could be told from a right one."""
    sizes = [pool.size for pool in body.node_pools or []] + ([body.node_size] if body.node_size else [])
    await ensure_catalogue(
        caller.services,
        subscription_id=subscription_of(caller.scope, caller.services.settings.azure),
        location=body.location,
        kubernetes_version=body.kubernetes_version,
        node_sizes=sizes,
    )


@prepares
async def _know_versions(cluster: ClusterPath, body: ClusterUpdate, caller: OperatorChecks) -> None:
    await know_versions(caller, cluster, body.kubernetes_version)


@router.post(
    "",
    status_code=202,
    summary="Create a cluster",
    responses=errors(
        NameTakenError,
        GroupDeletingError,
        NoSubscriptionError,
        NoSealingKeyError,
        LatestUnknownError,
        PublicIpInUseError,
        SnatExhaustedError,
    ),
    dependencies=[Depends(_know_catalogue)],
)
async def create_cluster(body: ClusterCreate, call: OperatorWrites, response: Response) -> ClusterCreated:
    """Ask once: the answer is the job that makes the cluster and proves that it lives."""
    subscription_id = subscription_of(call.scope, call.services.settings.azure)
    job, cluster, private_key = await create.create_cluster(
        call.session,
        asker_of(call),
        body,
        subscription_id=subscription_id,
        settings=call.services.settings,
    )
    if private_key is not None:
        call.secret("/ssh_private_key")
    taken = await accepted(call, response, job, cluster)
    return ClusterCreated(job=taken.job, resource=taken.resource, ssh_private_key=private_key)


@router.get("", summary="List clusters, newest first")
async def list_clusters(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    state: Annotated[str | None, Query(max_length=24, pattern=r"^[a-z_]+$")] = None,
    location: LocationName | None = None,
    name: Annotated[str | None, Query(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9_-]+$")] = None,
    resource_group: GroupName | None = None,
    tag: Annotated[
        str | None,
        Query(
            max_length=800,
            pattern=r"^[^:\x00-\x1f\x7f-\x9f]+(:[^\x00-\x1f\x7f-\x9f]*)?$",
            description="`key` or `key:value`.",
        ),
    ] = None,
) -> Page[ClusterRead]:
    """The project's clusters; deleted ones only with `state=deleted`."""
    query = read.list_(call.scope, state=state, location=location, name=name, resource_group=resource_group, tag=tag)
    project_id = call.scope.project.id
    page = await read_page(
        call.session,
        query,
        (Cluster.created_at, Cluster.id),
        after=paging.after(project_id),
        limit=paging.limit,
        descending=True,
    )
    pools = await read.pools_by_cluster(call.session, page.items)
    readers = await read.readers_by_cluster(call.session, page.items)
    current = await read.jobs_by_cluster(call.session, page.items)

    def shown(row: Cluster) -> ClusterRead:
        return read.cluster_read(row, pools.get(row.id, []), readers.get(row.id), current.get(row.id))

    return paging.answer(project_id, page, shown, response)


@router.get("/{cluster:name}", summary="Read a cluster")
async def get_cluster_by_id_or_name(
    cluster: ClusterPath,  # noqa: ARG001 - looked up with the caller
    call: Annotated[Look[FoundCluster], looks(Role.READER, read.look_up_cluster)],
    response: Response,
) -> ClusterRead:
    """By id or name; by id also after it was deleted."""
    found, pools, kubernetes, current_job = call.found()
    set_etag(response, found.version)
    return read.cluster_read(found, pools, kubernetes, current_job)


@router.patch(
    "/{cluster:name}",
    status_code=202,
    summary="Change a cluster",
    responses={
        **errors(NotReadyError, BusyError, NoSealingKeyError),
        200: {"model": ClusterUpdated, "description": "Azure need not be asked: no job."},
    },
    dependencies=[Depends(_know_versions)],
)
async def update_cluster(
    cluster: ClusterPath, body: ClusterUpdate, call: OperatorWrites, response: Response, if_match: IfMatch
) -> ClusterUpdated:
    """A JSON merge patch. Azure is sent what differs, one kind of change a request; the answer has it as a JSON Patch.

    With `wait_for: accepted` the job ends when Azure has accepted the last request.
    """
    found = await lock_cluster(call.session, call.scope, cluster)
    if_match.check(found.version)
    made = await update.update_cluster(
        call.session, asker_of(call), found, body, keys=call.services.settings.secrets.keys
    )
    set_etag(response, found.version)
    if made.job is None:
        response.status_code = 200
    else:
        point_to_job(response, made.job.id)
    resource = await read.one_cluster_read(call.session, found)
    job = None if made.job is None else job_read(made.job, call.now)
    return ClusterUpdated(job=job, resource=resource, changes=made.changes)


@router.post(
    "/{cluster:name}:scale",
    status_code=202,
    summary="Give a node pool another number of nodes",
    responses=errors(
        ClusterStoppedError,
        NotReadyError,
        BusyError,
        PoolLeavingError,
        PoolStoppedError,
        SnatExhaustedError,
    ),
)
async def scale_cluster(
    cluster: ClusterPath, body: ClusterScale, call: OperatorWrites, response: Response
) -> ClusterAccepted:
    """The job ends when all nodes are Ready."""
    found = await lock_cluster(call.session, call.scope, cluster)
    job = await change.scale_cluster(call.session, asker_of(call), found, body)
    return await accepted(call, response, job, found)


@router.post("/{cluster:name}:sync", status_code=202, summary="Compare a cluster with Azure now")
async def sync_cluster(cluster: ClusterPath, call: OperatorWrites, response: Response) -> ClusterAccepted:
    """Reads only; all clusters are compared every few minutes anyway."""
    found = await get_cluster(call.session, call.scope, cluster)
    job = await change.sync_cluster(call.session, asker_of(call), found)
    return await accepted(call, response, job, found)


async def accepted(call: OperatorWrites, response: Response, job: Job, cluster: Cluster) -> ClusterAccepted:
    """The answer to what a job about a cluster does."""
    point_to_job(response, job.id)
    set_etag(response, cluster.version)
    resource = await read.one_cluster_read(call.session, cluster)
    return ClusterAccepted(job=job_read(job, call.now), resource=resource)
