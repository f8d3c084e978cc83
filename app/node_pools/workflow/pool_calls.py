"""What several jobs ask of Azure about one pool: each looks first, and asks for nothing twice."""

from app.azure.errors import AzureError
from app.azure.types.agent_pool import AgentPool, AgentPoolSpec
from app.azure.types.tags import is_ours
from app.azure.types.watch import TargetKind
from app.clusters.workflow import await_azure
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.turn import require_idle
from app.core.errors import ConflictError, ErrorClass
from app.jobs.workflow import Cloud, azure_call
from app.node_pools.workflow import plan
from app.node_pools.workflow.plan import PoolPlan


class PoolNotOursError(ConflictError):
    """A pool of the name is in Azure already, and Slipway did not make it. It is never touched."""

    code = "node_pool_not_ours"
    remedy = "Choose another name."


async def ensure(cloud: Cloud, asked: PoolPlan, spec: AgentPoolSpec) -> Begun:
    """Ask for the pool; go on with one that is there, from an answer that was lost or a job that went before.

    `spec`: with the tags of its owner. Raises PoolNotOursError.
    """
    place = asked.place
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    asked_at = cloud.clock.now()
    try:
        answer = await pools.create(place.resource_group, place.azure_name, spec, call=azure_call(cloud))
    except AzureError as error:
        if error.problem.error_class is not ErrorClass.CONFLICT:
            raise
        present = await plan.present_pool(cloud, asked)
        if present is None:
            raise
        return await _take_up(cloud, asked, present)
    return Begun(answer.operation.target_id, answer.operation, asked_at, created=answer.created)


async def _take_up(cloud: Cloud, asked: PoolPlan, present: AgentPool) -> Begun:
    """Go on with a pool that is there, if it is ours; put it again where Azure has failed to make it."""
    place = asked.place
    if not is_ours(present.tags, place.cluster_id):
        raise PoolNotOursError(
            f"The cluster has a node pool named {present.name} that Slipway did not make; nothing was changed."
        )
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    asked_at = cloud.clock.now()
    if has_failed(asked, present):
        answer = await pools.put_again(place.resource_group, place.azure_name, asked.spec, call=azure_call(cloud))
        return Begun(_id(cloud, asked), answer.operation, asked_at)
    return Begun(_id(cloud, asked), None, asked_at)


def has_failed(asked: PoolPlan, present: AgentPool) -> bool:
    """Whether this is a pool of ours that Azure has failed to make, or to change."""
    return is_ours(present.tags, asked.place.cluster_id) and present.failed


async def send(
    cloud: Cloud, asked: PoolPlan, spec: AgentPoolSpec, present: AgentPool, *, again: bool = False
) -> Begun | None:
    """Send what differs of the pool from the spec; None where nothing does. It is the caller's turn (`require_idle`).

    One that has failed is sent all the same: Azure has perhaps taken over what it has not applied. So is, with
    `again`, one that lacks machines which its count counts.
    """
    place = asked.place
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    asked_at = cloud.clock.now()
    put = pools.put_again if again or present.failed else pools.change
    answer = await put(place.resource_group, place.azure_name, spec, call=azure_call(cloud))
    return None if answer is None else Begun(answer.operation.target_id, answer.operation, asked_at)


async def delete(cloud: Cloud, asked: PoolPlan, *, ignore_budgets: bool = False) -> Begun | None:
    """Ask Azure to remove the pool; None where there is none."""
    place = asked.place
    await require_idle(cloud, place)
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    asked_at = cloud.clock.now()
    operation = await pools.delete(
        place.resource_group, place.azure_name, asked.spec.name, ignore_budgets=ignore_budgets, call=azure_call(cloud)
    )
    return None if operation is None else Begun(_id(cloud, asked), operation, asked_at)


async def await_gone(cloud: Cloud, asked: PoolPlan, begun: Begun | None) -> None:
    """Wait until Azure has the pool no more."""
    await await_azure.await_gone(
        cloud, begun, subscription_id=asked.place.subscription_id, kind=TargetKind.AGENT_POOL, expected="pool_delete"
    )


def _id(cloud: Cloud, asked: PoolPlan) -> str:
    place = asked.place
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    return pools.id_of(place.resource_group, place.azure_name, asked.spec.name)
