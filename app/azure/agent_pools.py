"""Agent pools of managed clusters."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from azure.core import MatchConditions
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.containerservice.models import AgentPool as SdkAgentPool
from azure.mgmt.containerservice.models import (
    AgentPoolDeleteMachinesParameter,
    AgentPoolUpgradeSettings,
)
from azure.mgmt.containerservice.models import AgentPoolManagedClusterAgentPoolProfileProperties as PoolProperties

from app.azure import errors
from app.azure.clients import first_answer, operation_of, read_all, settled, whole_answer
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.pool_mapping import pool_body, pool_differences, pool_of
from app.azure.types.agent_pool import AgentPool, AgentPoolSpec, PoolDifference, PoolPutAnswer
from app.azure.types.call import Call
from app.azure.types.operation import Operation
from app.core.json import JsonObject

_CREATED = 201
_NO_CONTENT = 204
_MISSING = MatchConditions.IfMissing
_SAME = MatchConditions.IfNotModified
# The group's, the cluster's and the pool's.
_Names: TypeAlias = tuple[str, str, str]


class AgentPools:
    """`Microsoft.ContainerService/managedClusters/agentPools`."""

    def __init__(self, client: ContainerServiceClient, subscription_id: str) -> None:
        self._pools = client.agent_pools
        self._machines = client.machines
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

    async def create(self, group: str, cluster: str, spec: AgentPoolSpec, *, call: Call) -> PoolPutAnswer:
        """Make the pool where the cluster has none of this name; a conflict where it has one."""
        model = SdkAgentPool({"properties": pool_body(spec)})
        return await self._put((group, cluster, spec.name), model, {"etag": "*", "match_condition": _MISSING}, call)

    async def change(self, group: str, cluster: str, spec: AgentPoolSpec, *, call: Call) -> PoolPutAnswer | None:
        """Send what differs from the spec, and nothing else: read, then put back; None where nothing does.

        What Azure does not take in one request comes by the next call. `AzureError` (gone) without the pool.
        """
        model: SdkAgentPool = await self._pools.get(group, cluster, spec.name, slipway_call=call)
        differences = pool_differences(_properties(model).as_dict(), spec)
        if not differences:
            return None
        return await self._put_back((group, cluster, spec.name), model, differences, call)

    async def compare(self, group: str, cluster: str, spec: AgentPoolSpec, *, call: Call) -> tuple[PoolDifference, ...]:
        """In what the pool differs from the spec. `AzureError` (gone) without the pool."""
        model: SdkAgentPool = await self._pools.get(group, cluster, spec.name, slipway_call=call)
        present = _properties(model).as_dict()
        differences = pool_differences(present, spec)
        return tuple(PoolDifference(name, wanted, present.get(name)) for name, wanted in differences.items())

    async def put_again(self, group: str, cluster: str, spec: AgentPoolSpec, *, call: Call) -> PoolPutAnswer:
        """Send the pool as it is, with what differs from the spec: AKS takes up again what has failed."""
        model: SdkAgentPool = await self._pools.get(group, cluster, spec.name, slipway_call=call)
        differences = pool_differences(_properties(model).as_dict(), spec)
        return await self._put_back((group, cluster, spec.name), model, differences, call)

    async def scale(self, group: str, cluster: str, pool: str, count: int, *, call: Call) -> PoolPutAnswer:
        """Change the number of nodes, and nothing else: read, then put back. `AzureError` (gone) without the pool."""
        model = await self._pools.get(group, cluster, pool, slipway_call=call)
        return await self._put_back((group, cluster, pool), model, {"count": count}, call)

    async def upgrade(self, group: str, cluster: str, pool: str, version: str, *, call: Call) -> PoolPutAnswer:
        """Change the nodes' Kubernetes version, and nothing else: read, then put back."""
        model = await self._pools.get(group, cluster, pool, slipway_call=call)
        return await self._put_back((group, cluster, pool), model, {"orchestratorVersion": version}, call)

    async def leave_undrainable(
        self, group: str, cluster: str, pool: str, behavior: str, *, call: Call
    ) -> PoolPutAnswer:
        """Change what an upgrade does with nodes that cannot be drained ("Cordon", "Schedule"), and nothing else."""
        model = await self._pools.get(group, cluster, pool, slipway_call=call)
        settings = _properties(model).upgrade_settings or AgentPoolUpgradeSettings()
        settings.undrainable_node_behavior = behavior
        return await self._put_back((group, cluster, pool), model, {"upgradeSettings": settings}, call)

    async def upgrade_image(self, group: str, cluster: str, pool: str, *, call: Call) -> Operation:
        """Bring the nodes onto the newest image, at the version that they have."""
        answer = await settled(
            self._pools.begin_upgrade_node_image_version(
                group, cluster, pool, polling=False, cls=whole_answer, slipway_call=call
            )
        )
        return operation_of(answer, self.id_of(group, cluster, pool))

    async def delete(
        self, group: str, cluster: str, pool: str, *, ignore_budgets: bool = False, call: Call
    ) -> Operation | None:
        """Begin to remove the pool; None when there is none. Its nodes are drained first.

        `ignore_budgets`: pods go even where a PodDisruptionBudget forbids it.
        """
        try:
            answer = await settled(
                self._pools.begin_delete(
                    group,
                    cluster,
                    pool,
                    ignore_pod_disruption_budget=True if ignore_budgets else None,
                    polling=False,
                    cls=whole_answer,
                    slipway_call=call,
                )
            )
        except AzureError as error:
            if error.gone:
                return None
            raise
        # 204: there was nothing to remove.
        return None if answer.status_code == _NO_CONTENT else operation_of(answer, self.id_of(group, cluster, pool))

    async def set_power(self, group: str, cluster: str, pool: str, *, stopped: bool, call: Call) -> PoolPutAnswer:
        """Stop a user pool, or start it again: read, then put back."""
        model = await self._pools.get(group, cluster, pool, slipway_call=call)
        power = {"powerState": {"code": "Stopped" if stopped else "Running"}}
        return await self._put_back((group, cluster, pool), model, power, call)

    async def machines(self, group: str, cluster: str, pool: str, *, call: Call) -> tuple[str, ...]:
        """The names of the pool's machines, which are those of their nodes too."""
        pages = self._machines.list(group, cluster, pool, slipway_call=call)
        return tuple(await read_all(pages, lambda machine: Fields(machine, "machine").text("name")))

    async def delete_machines(
        self, group: str, cluster: str, pool: str, machines: Sequence[str], *, call: Call
    ) -> Operation:
        """Begin to remove these machines of the pool, by their names; its count falls by as many."""
        body = AgentPoolDeleteMachinesParameter(machine_names=list(machines))
        begun = self._pools.begin_delete_machines(group, cluster, pool, body, polling=first_answer(), slipway_call=call)
        return operation_of(await settled(begun), self.id_of(group, cluster, pool))

    async def abort(self, group: str, cluster: str, pool: str, *, call: Call) -> Operation | None:
        """Ask Azure to end the pool's running operation; None when it had ended, or was being ended, already."""
        begun = self._pools.begin_abort_latest_operation(
            group, cluster, pool, polling=first_answer(), slipway_call=call
        )
        try:
            answer = await settled(begun)
        except AzureError as error:
            if error.gone or error.row.code == "azure_abort_taken":
                return None
            raise
        return operation_of(answer, self.id_of(group, cluster, pool))

    async def _put_back(self, names: _Names, model: SdkAgentPool, changes: JsonObject, call: Call) -> PoolPutAnswer:
        etag = pool_of(model).etag
        # Through the SDK's model: it leaves out what is read-only when it is sent.
        _properties(model).update(changes)
        return await self._put(names, model, {} if etag is None else {"etag": etag, "match_condition": _SAME}, call)

    async def _put(self, names: _Names, model: SdkAgentPool, match: dict[str, Any], call: Call) -> PoolPutAnswer:
        answer = await settled(
            self._pools.begin_create_or_update(
                *names, model, polling=False, cls=whole_answer, slipway_call=call, **match
            )
        )
        return PoolPutAnswer(
            pool=pool_of(answer.json()),
            operation=operation_of(answer, self.id_of(*names)),
            created=answer.status_code == _CREATED,
        )


def _properties(model: SdkAgentPool) -> PoolProperties:
    if model.properties is None:
        raise AzureError(errors.MALFORMED, azure_message="the pool has no properties")
    return model.properties
