"""HTTP: node pools."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from app.api.calls import OperatorChecks, OperatorWrites, ReaderReads
from app.api.etags import IfMatch, set_etag
from app.api.in_part import prepares
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.catalog.live import ensure_catalogue
from app.clusters.schemas.pools import NodePoolRead
from app.clusters.service.lending import FallbackInUseError
from app.clusters.service.outbound import SnatExhaustedError
from app.clusters.service.pool_states import PoolLeavingError, PoolStoppedError
from app.clusters.service.read import list_pools, pools_read
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.models import Cluster, Job, NodePool
from app.node_pools.schemas import (
    NodePoolAccepted,
    NodePoolAdd,
    NodePoolDeleteOptions,
    NodePoolsRead,
    NodePoolUnchanged,
    NodePoolUpdate,
)
from app.node_pools.service import pools
from app.node_pools.service.names import PoolNameTakenError
from app.node_pools.service.pools import LastSystemPoolError
from app.node_pools.service.rotation import RotationUnfinishedError

router = api_router(prefix="/v1/clusters/{cluster:name}/node-pools", tags=["node pools"])
PoolPath = Annotated[str, Path(max_length=128, description="The pool's id or name.", examples=["workers"])]


@prepares
async def _know_sizes(cluster: ClusterPath, body: NodePoolAdd, caller: OperatorChecks) -> None:
    """Before the transaction: without Azure's list at hand, no wrong size could be told from a right one."""
    async with caller.services.database.read() as session:
        found = await get_cluster(session, caller.scope, cluster)
    await ensure_catalogue(
        caller.services,
        subscription_id=found.subscription_id,
        location=found.location,
        node_sizes=[body.size, *(each.size for each in body.fallbacks if each.size)],
    )


@router.post(
    "",
    status_code=202,
    summary="Add a node pool",
    responses=errors(PoolNameTakenError, ClusterStoppedError, NotReadyError, BusyError, SnatExhaustedError),
    dependencies=[Depends(_know_sizes)],
)
async def create_node_pool(
    cluster: ClusterPath, body: NodePoolAdd, call: OperatorWrites, response: Response
) -> NodePoolAccepted:
    """The job ends when all its nodes are Ready."""
    found = await lock_cluster(call.session, call.scope, cluster)
    job, row = await pools.add_pool(call.session, asker_of(call), found, body)
    return accepted(call, response, job, found, row)


@router.get("", summary="List a cluster's node pools, oldest first")
async def list_node_pools(cluster: ClusterPath, call: ReaderReads) -> NodePoolsRead:
    """All of them: a cluster has at most 100."""
    found = await get_cluster(call.session, call.scope, cluster)
    return NodePoolsRead(items=pools_read(found, await list_pools(call.session, [found])))


@router.get("/{node_pool:name}", summary="Read a node pool")
async def get_node_pool(
    cluster: ClusterPath, node_pool: PoolPath, call: ReaderReads, response: Response
) -> NodePoolRead:
    """By id or name; by id also after it was deleted."""
    found = await get_cluster(call.session, call.scope, cluster)
    row = await pools.find_pool(call.session, found, node_pool)
    set_etag(response, row.version)
    return pools_read(found, [row])[0]


@router.patch(
    "/{node_pool:name}",
    status_code=202,
    summary="Change a node pool",
    responses={
        **errors(
            ClusterStoppedError,
            NotReadyError,
            BusyError,
            LastSystemPoolError,
            PoolLeavingError,
            PoolStoppedError,
            RotationUnfinishedError,
            SnatExhaustedError,
        ),
        200: {"model": NodePoolUnchanged, "description": "Nothing is changed in Azure: no job."},
    },
)
async def update_node_pool(
    *,
    cluster: ClusterPath,
    node_pool: PoolPath,
    body: NodePoolUpdate,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
) -> NodePoolAccepted | NodePoolUnchanged:
    """A JSON merge patch. Azure is sent what differs, and nothing else; the answer shows it as a JSON Patch."""
    found = await lock_cluster(call.session, call.scope, cluster)
    row = await pools.find_pool(call.session, found, node_pool)
    if_match.check(row.version)
    change = await pools.change_pool(call.session, asker_of(call), found, row, body)
    if change.job is None:
        response.status_code = 200
        set_etag(response, row.version)
        return NodePoolUnchanged(resource=pools_read(found, [row])[0], changes=change.changes)
    taken = accepted(call, response, change.job, found, row)
    return taken.model_copy(update={"changes": change.changes})


@router.delete(
    "/{node_pool:name}",
    status_code=202,
    summary="Delete a node pool",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError, LastSystemPoolError, FallbackInUseError),
)
async def delete_node_pool(
    *,
    cluster: ClusterPath,
    node_pool: PoolPath,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[NodePoolDeleteOptions, Query()],
) -> NodePoolAccepted:
    """Azure drains its nodes, and heeds PodDisruptionBudgets unless it is told not to.

    With `drain` Slipway does so before Azure is asked: nothing is lost where a pod cannot go.
    """
    found = await lock_cluster(call.session, call.scope, cluster)
    row = await pools.find_pool(call.session, found, node_pool)
    if_match.check(row.version)
    job = await pools.delete_pool(
        call.session,
        asker_of(call),
        found,
        row,
        options,
    )
    return accepted(call, response, job, found, row)


def accepted(call: OperatorWrites, response: Response, job: Job, cluster: Cluster, row: NodePool) -> NodePoolAccepted:
    """The answer to what a job about a pool does."""
    point_to_job(response, job.id)
    set_etag(response, row.version)
    return NodePoolAccepted(job=job_read(job, call.now), resource=pools_read(cluster, [row])[0])
