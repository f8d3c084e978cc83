"""HTTP: stop and start node pools, remove single machines."""

from fastapi import Response

from app.api.calls import OperatorWrites
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.service.pool_states import PoolLeavingError, PoolStoppedError
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError
from app.node_pools.router.pools import PoolPath, accepted
from app.node_pools.schemas import NodePoolAccepted, NodePoolAct, NodePoolMachines
from app.node_pools.service import pools, power

router = api_router(prefix="/v1/clusters/{cluster:name}/node-pools", tags=["node pools"])


@router.post(
    "/{node_pool:name}:stop",
    status_code=202,
    summary="Stop a node pool",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError, PoolLeavingError, power.SystemPoolError),
)
async def stop_node_pool(
    cluster: ClusterPath,
    node_pool: PoolPath,
    call: OperatorWrites,
    response: Response,
    body: NodePoolAct | None = None,
) -> NodePoolAccepted:
    """Its machines go, and what runs on them; the pool stays. For user pools."""
    found = await lock_cluster(call.session, call.scope, cluster)
    row = await pools.find_pool(call.session, found, node_pool)
    options = (body or NodePoolAct()).options.model_dump(mode="json")
    job = await power.stop_pool(call.session, asker_of(call), found, row, options)
    return accepted(call, response, job, found, row)


@router.post(
    "/{node_pool:name}:start",
    status_code=202,
    summary="Start a stopped node pool",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError, PoolLeavingError),
)
async def start_node_pool(
    cluster: ClusterPath,
    node_pool: PoolPath,
    call: OperatorWrites,
    response: Response,
    body: NodePoolAct | None = None,
) -> NodePoolAccepted:
    """With as many nodes as it had; the job ends when all are Ready."""
    found = await lock_cluster(call.session, call.scope, cluster)
    row = await pools.find_pool(call.session, found, node_pool)
    options = (body or NodePoolAct()).options.model_dump(mode="json")
    job = await power.start_pool(call.session, asker_of(call), found, row, options)
    return accepted(call, response, job, found, row)


@router.post(
    "/{node_pool:name}:delete-machines",
    status_code=202,
    summary="Remove single machines of a node pool",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError, PoolLeavingError, PoolStoppedError),
)
async def delete_machines(
    cluster: ClusterPath, node_pool: PoolPath, body: NodePoolMachines, call: OperatorWrites, response: Response
) -> NodePoolAccepted:
    """They are drained first, and the pool's count falls by as many."""
    found = await lock_cluster(call.session, call.scope, cluster)
    row = await pools.find_pool(call.session, found, node_pool)
    job = await power.delete_machines(
        call.session,
        asker_of(call),
        found,
        row,
        machines=body.machines,
        options=body.options.model_dump(mode="json"),
    )
    return accepted(call, response, job, found, row)
