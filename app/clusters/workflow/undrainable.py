"""What a pool does with nodes that an upgrade cannot drain: told otherwise for an upgrade, and told back."""

from app.azure.types.watch import TargetKind
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure
from app.clusters.workflow.await_azure import Begun
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, azure_call
from app.models import Job

CORDON, SCHEDULE = "Cordon", "Schedule"
"""The second is AKS's default."""
LEFT = "undrainable_before"
"""Under which a job's request has what its pools did before it told them otherwise."""


@record_step
async def keep_left(record: Record, left: dict[str, str]) -> None:
    """Keep on the job, and so on its retry, what pools do that are told otherwise: later Azure does not tell it."""
    job = await record.session.get_one(Job, record.view.id)
    job.request = {**job.request, LEFT: {**(job.request.get(LEFT) or {}), **left}}


async def tell_pool(job: JobRun, place: Place, pool: str, behavior: str) -> None:
    """Tell a pool what to do, and wait until it knows."""
    await job.cloud(await_told, place, await job.cloud(leave_undrainable, place, pool, behavior))


@cloud_step
async def leave_undrainable(cloud: Cloud, place: Place, pool: str, behavior: str) -> Begun | None:
    """Tell a pool what to do with nodes that cannot be drained, unless it does that."""
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    present = await pools.get(place.resource_group, place.azure_name, pool, call=azure_call(cloud))
    if present is None:
        return None
    asked_at = cloud.clock.now()
    if present.undrainable_nodes == behavior:
        if present.settled:
            return None
        return Begun(pools.id_of(place.resource_group, place.azure_name, pool), None, asked_at)
    answer = await pools.leave_undrainable(
        place.resource_group, place.azure_name, pool, behavior, call=azure_call(cloud)
    )
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_told(cloud: Cloud, place: Place, begun: Begun | None) -> None:
    """Wait until the pool has been told."""
    await await_azure.finish(
        cloud, begun, subscription_id=place.subscription_id, kind=TargetKind.AGENT_POOL, expected="pool_update"
    )
