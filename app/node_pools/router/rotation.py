"""HTTP: rotation of a node pool."""

from fastapi import Depends, Response

from app.api.calls import OperatorChecks, OperatorWrites
from app.api.in_part import prepares
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.catalog.live import ensure_catalogue
from app.clusters.router.upgrades import PlanQuery
from app.clusters.service.outbound import SnatExhaustedError
from app.clusters.service.plans import PlanStaleError
from app.clusters.service.pool_states import PoolLeavingError, PoolStoppedError
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError
from app.node_pools.router.pools import PoolPath, accepted
from app.node_pools.schemas import NodePoolAccepted, NodePoolRotate, NodePoolRotationPlan
from app.node_pools.service import pools, rotate
from app.node_pools.service.rotation import RotationUnfinishedError

router = api_router(prefix="/v1/clusters/{cluster:name}/node-pools", tags=["node pools"])


@prepares
async def _know_size(
    cluster: ClusterPath,
    body: NodePoolRotate,
    caller: OperatorChecks,
    plan: PlanQuery = False,  # noqa: ARG001 - judged before Azure is asked
) -> None:
    """Before the transaction: without Azure's list at hand, no wrong size could be told from a right one."""
    if body.size is None:
        return
    async with caller.services.database.read() as session:
        found = await get_cluster(session, caller.scope, cluster)
    await ensure_catalogue(
        caller.services, subscription_id=found.subscription_id, location=found.location, node_sizes=[body.size]
    )


@router.post(
    "/{node_pool:name}:rotate",
    status_code=202,
    summary="Replace a node pool by one that has what Azure cannot change in place",
    responses={
        **errors(
            ClusterStoppedError,
            NotReadyError,
            BusyError,
            PoolLeavingError,
            PoolStoppedError,
            RotationUnfinishedError,
            PlanStaleError,
            SnatExhaustedError,
        ),
        200: {"model": NodePoolRotationPlan, "description": "With `plan=true`: what it would do. Nothing is changed."},
    },
    dependencies=[Depends(_know_size)],
)
async def rotate_node_pool(
    *,
    cluster: ClusterPath,
    node_pool: PoolPath,
    body: NodePoolRotate,
    call: OperatorWrites,
    response: Response,
    plan: PlanQuery = False,
) -> NodePoolAccepted | NodePoolRotationPlan:
    """A new pool is made, the pods are moved as their budgets allow, and the old pool is removed.

    The pool's id and name stay; its name in Azure is another then. Where it stops half way, both pools are there and
    on record, and `:retry` of the job goes on.
    """
    found = await lock_cluster(call.session, call.scope, cluster)
    row = await pools.find_pool(call.session, found, node_pool)
    if plan:
        response.status_code = 200
        return await rotate.plan_rotation(call.session, asker_of(call), found, row, body)
    job = await rotate.rotate_pool(call.session, asker_of(call), found, row, body)
    return accepted(call, response, job, found, row)
