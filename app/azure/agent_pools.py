"""Agent pools of managed clusters."""

from collections.abc import Callable

from azure.core import MatchConditions
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.containerservice.models import AgentPool as SdkAgentPool
from azure.mgmt.containerservice.models import AgentPoolManagedClusterAgentPoolProfileProperties as PoolProperties

from app.azure import errors
from app.azure.clients import operation_of, read_all, settled, whole_answer
from app.azure.cluster_mapping import pool_of
from app.azure.errors import AzureError
from app.azure.types.call import Call
from app.azure.types.cluster import AgentPool, PoolPutAnswer


class AgentPools:
    """`Microsoft.ContainerService/managedClusters/agentPools`."""

    def __init__(self, client: ContainerServiceClient, subscription_id: str) -> None:
        self._pools = client.agent_pools
        self._subscription_id = subscription_id

    def id_of(self, group: str, cluster: str, pool: str) -> str:
        """The resource id of a pool of this name."""
        return (
            f"/subscriptions/{self._subscription_id}/resourceGroups/{group}"
            f"/providers/Microsoft.ContainerService/managedClusters/{cluster}/agentPools/{pool}"
        )

    async def get(self, group: str, cluster: str, pool: str, *, call: Call) -> AgentPool | None:
        """The pool, or None when there is none, or no such cluster."""
        try:
            model = await self._pools.get(group, cluster, pool, slipway_call=call)
        except AzureError as error:
            if error.gone:
                return None
            raise
        return pool_of(model)

    async def list_(self, group: str, cluster: str, *, call: Call) -> tuple[AgentPool, ...]:
        """All pools of a cluster."""
        return tuple(await read_all(self._pools.list(group, cluster, slipway_call=call), pool_of))

    async def scale(self, group: str, cluster: str, pool: str, count: int, *, call: Call) -> PoolPutAnswer:
        """Change the number of nodes, and nothing else: read, then put back. `AzureError` (gone) without the pool."""

        def change(properties: PoolProperties) -> None:
            properties.count = count

        return await self._put_back(group, cluster, pool, change, call)

    async def upgrade(self, group: str, cluster: str, pool: str, version: str, *, call: Call) -> PoolPutAnswer:
        """Change the nodes' Kubernetes version, and nothing else: read, then put back."""

        def change(properties: PoolProperties) -> None:
            properties.orchestrator_version = version

        return await self._put_back(group, cluster, pool, change, call)

    async def _put_back(
        self, group: str, cluster: str, pool: str, change: Callable[[PoolProperties], None], call: Call
    ) -> PoolPutAnswer:
        model: SdkAgentPool = await self._pools.get(group, cluster, pool, slipway_call=call)
        seen = pool_of(model)
        if model.properties is None:
            raise AzureError(errors.MALFORMED, azure_message="the pool has no properties")
        # Through the SDK's model: it leaves out what is read-only when it is sent.
        change(model.properties)
        answer = await settled(
            self._pools.begin_create_or_update(
                group,
                cluster,
                pool,
                model,
                polling=False,
                cls=whole_answer,
                etag=seen.etag,
                match_condition=None if seen.etag is None else MatchConditions.IfNotModified,
                slipway_call=call,
            )
        )
        target_id = self.id_of(group, cluster, pool)
        return PoolPutAnswer(pool=pool_of(answer.json()), operation=operation_of(answer, target_id))
