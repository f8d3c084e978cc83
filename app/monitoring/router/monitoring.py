"""HTTP: a cluster's monitoring."""

from typing import Annotated

from fastapi import Query, Response

from app.api.calls import OperatorWrites, ReaderReads
from app.api.etags import IfMatch, set_etag
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.jobs.schemas import DeleteOptions
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.models import Cluster, Job
from app.monitoring.schemas.monitoring import MonitoringAccepted, MonitoringPut, MonitoringRead
from app.monitoring.service import monitoring
from app.monitoring.service.monitoring import Known
from app.monitoring.service.workspaces import WorkspaceLeavingError

router = api_router(prefix="/v1/clusters/{cluster:name}/monitoring", tags=["monitoring"])


@router.get("", summary="Read a cluster's monitoring")
async def get_monitoring(cluster: ClusterPath, call: ReaderReads, response: Response) -> MonitoringRead:
    """Each node with its agent, the age of the data, what came today: from the database."""
    found = await get_cluster(call.session, call.scope, cluster)
    known = await monitoring.require(call.session, found.id)
    set_etag(response, known.row.version)
    return await monitoring.read(call.session, found, known, call.now)


@router.put(
    "",
    status_code=202,
    summary="Turn a cluster's monitoring on, or change it",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError, WorkspaceLeavingError),
)
async def put_monitoring(
    cluster: ClusterPath, body: MonitoringPut, call: OperatorWrites, response: Response, if_match: IfMatch
) -> MonitoringAccepted:
    """The job ends when an agent runs on each node and the first rows have arrived, or are said to be late.

    The workspace is one that is there, or one that Slipway makes in the cluster's group, which stays when monitoring
    ends and when the cluster goes.
    """
    found = await lock_cluster(call.session, call.scope, cluster)
    before = await monitoring.living(call.session, found.id)
    if before is not None:
        if_match.check(before.row.version)
    job, known = await monitoring.put(call.session, asker_of(call), found, body)
    return await _accepted(call, response, found, job, known)


@router.delete(
    "", status_code=202, summary="Turn a cluster's monitoring off", responses=errors(ClusterStoppedError, NotReadyError)
)
async def delete_monitoring(
    cluster: ClusterPath,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[DeleteOptions, Query()],
) -> MonitoringAccepted:
    """The workspace stays with its rows: `DELETE /v1/workspaces/{id}` deletes one that Slipway made."""
    found = await lock_cluster(call.session, call.scope, cluster)
    known = await monitoring.require(call.session, found.id, lock=True)
    if_match.check(known.row.version)
    job = await monitoring.delete(call.session, asker_of(call), found, known, options.run_options())
    return await _accepted(call, response, found, job, known)


async def _accepted(
    call: OperatorWrites, response: Response, cluster: Cluster, job: Job, known: Known
) -> MonitoringAccepted:
    point_to_job(response, job.id)
    set_etag(response, known.row.version)
    resource = await monitoring.read(call.session, cluster, known, call.now)
    return MonitoringAccepted(job=job_read(job, call.now), resource=resource)
