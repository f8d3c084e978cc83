"""HTTP: the nodes of a cluster."""

from typing import Annotated

from fastapi import Query

from app.api.calls import ReaderReads
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.clusters.schemas.pools import PoolName
from app.node_pools.schemas import NodesRead
from app.node_pools.service.nodes import read_nodes

router = api_router(prefix="/v1/clusters/{cluster:name}/nodes", tags=["node pools"])


@router.get("", summary="List a cluster's nodes")
async def list_nodes(
    cluster: ClusterPath,
    call: ReaderReads,
    node_pool: Annotated[PoolName | None, Query(description="Of this pool.")] = None,
) -> NodesRead:
    """As the cluster last showed them to Slipway's reader; Azure and the cluster are not asked."""
    found = await get_cluster(call.session, call.scope, cluster)
    return await read_nodes(call.session, found, pool=node_pool)
