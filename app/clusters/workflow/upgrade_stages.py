"""The steps that bring a cluster and its pools to other versions or images: one operation of Azure's each."""

from dataclasses import dataclass

from app.azure.errors import AzureError
from app.azure.types.agent_pool import AgentPool
from app.azure.types.watch import TargetKind
from app.clusters.schemas.upgrades import Undrainable
from app.clusters.specs.upgrade_path import Stage, VersionNotOfferedError
from app.clusters.workflow import await_azure
from app.clusters.workflow.again import see_through
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.follow import Follower, following
from app.clusters.workflow.reach import reach
from app.clusters.workflow.turn import require_idle
from app.clusters.workflow.undrainable import CORDON, keep_left, tell_pool
from app.clusters.workflow.upgrade_causes import with_block, with_uses
from app.clusters.workflow.upgrade_checks import (
    Route,
    UpgradePlan,
    allow_forced,
    await_forced,
    check_upgrade,
    straight,
)
from app.core.errors import SlipwayError
from app.engine.errors import JobFailedError
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud, JobRun, azure_call

_DRAIN_FAILED, _OLD_API_USED = "azure_drain_failed", "azure_deprecated_api_used"


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of one pool: nodes that were left behind, and pods that were deleted so that nodes could go."""

    quarantined: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upgraded:
    """By which way it went, and what was left or removed on it."""

    route: Route
    quarantined: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


async def upgrade_through(job: JobRun, asked: UpgradePlan) -> Upgraded:
    """Look first; then the control plane and the pools, one after the other, as the way says."""
    route = straight(asked) if asked.asked is None else await job.cloud(check_upgrade, asked)
    if route.left and route.keeps:
        await job.record(keep_left, route.left)
    if route.forced:
        await job.cloud(await_forced, asked, await job.cloud(allow_forced, asked))
    passed = []
    for number, stage in enumerate(route.stages, start=1):
        where = f"Step {number} of {len(route.stages)}: "
        if stage.pool is None:
            await _control_plane_through(job, asked, stage, where)
            continue
        if stage.pool in route.left and stage.pool not in [each.pool for each in route.stages[: number - 1]]:
            await tell_pool(job, asked.place, stage.pool, CORDON)
        passed.append(await _pool_through(job, asked, stage, where))
        if stage.pool in route.left and stage.pool not in [each.pool for each in route.stages[number:]]:
            await tell_pool(job, asked.place, stage.pool, route.left[stage.pool])
    for pool in [each for each in route.left if each not in route.pools]:
        # Upgraded by the job before, which did not come to it.
        await tell_pool(job, asked.place, pool, route.left[pool])
    there = [each for each in passed if each is not None]
    return Upgraded(
        route,
        tuple(dict.fromkeys(node for each in there for node in each.quarantined)),
        tuple(pod for each in there for pod in each.removed),
    )


async def _control_plane_through(job: JobRun, asked: UpgradePlan, stage: Stage, where: str) -> None:
    await see_through(
        job,
        asked.place,
        await job.cloud(upgrade_control_plane, asked, stage),
        wait=lambda begun: job.cloud(await_control_plane, asked, stage, begun, where),
        again=lambda: job.cloud(upgrade_control_plane, asked, stage),
    )


async def _pool_through(job: JobRun, asked: UpgradePlan, stage: Stage, where: str) -> Passed | None:
    return await see_through(
        job,
        asked.place,
        await job.cloud(upgrade_pool, asked, stage),
        wait=lambda begun: job.cloud(await_pool, asked, stage, begun, where),
        again=lambda: job.cloud(upgrade_pool, asked, stage),
    )


@cloud_step
async def upgrade_control_plane(cloud: Cloud, asked: UpgradePlan, stage: Stage) -> Begun | None:
    """Ask for the control plane's version, unless it has it; Azure takes up again what has failed on the way to it."""
    place, version = asked.place, stage.version or ""
    cloud.context.describe(f"Brings the control plane to Kubernetes {version}.")
    present = await require_changeable(cloud, place)
    if present.current_kubernetes_version == version and present.succeeded:
        cloud.context.describe(f"The control plane has Kubernetes {version} already.")
        return None
    if present.kubernetes_version == version and not present.settled:
        # Asked already, by a run whose end was lost.
        return Begun(present.id, None, cloud.clock.now())
    subscription = cloud.gateways.azure.subscription(place.subscription_id)
    clusters, profiles = subscription.managed_clusters, subscription.upgrade_profiles
    offered = await profiles.of_cluster(place.resource_group, place.azure_name, call=azure_call(cloud))
    if version not in {*offered.upgrades, present.current_kubernetes_version}:
        raise VersionNotOfferedError(
            f"Azure offers no upgrade from {offered.current_version} to {version}.",
            remedy=f"Choose one of: {', '.join(offered.upgrades) or 'none is offered at the moment'}.",
        )
    asked_at = cloud.clock.now()
    try:
        answer = await clusters.upgrade(place.resource_group, place.azure_name, version, call=azure_call(cloud))
    except AzureError as error:
        if error.problem.code == _OLD_API_USED:
            raise JobFailedError(with_uses(error.problem)) from error
        raise
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_control_plane(
    cloud: Cloud, asked: UpgradePlan, stage: Stage, begun: Begun | None, where: str = ""
) -> None:
    """Wait until the control plane is upgraded."""
    doing = f"{where}upgrading the control plane to {stage.version}"

    def say(word: str) -> None:
        cloud.context.progress(f"{doing}. Azure: {word}")

    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_upgrade:control_plane",
        say=say,
    )


@cloud_step
async def upgrade_pool(cloud: Cloud, asked: UpgradePlan, stage: Stage) -> Begun | None:
    """Ask for a pool's version or image, unless it has it or is gone. AKS changes only the nodes that lack it."""
    place, pool = asked.place, stage.pool or ""
    goal = "its newest node image" if stage.version is None else f"Kubernetes {stage.version}"
    cloud.context.describe(f"Brings pool {asked.called(pool)} to {goal}.")
    await require_idle(cloud, place)
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    present = await pools.get(place.resource_group, place.azure_name, pool, call=azure_call(cloud))
    if present is None:
        return None
    asked_at = cloud.clock.now()
    if stage.version is None:
        return await _upgrade_image(cloud, asked, present)
    if present.succeeded and stage.version in {present.current_orchestrator_version, present.orchestrator_version}:
        cloud.context.describe(f"Pool {asked.called(pool)} has Kubernetes {stage.version} already.")
        return None
    answer = await pools.upgrade(place.resource_group, place.azure_name, pool, stage.version, call=azure_call(cloud))
    return Begun(answer.operation.target_id, answer.operation, asked_at)


async def _upgrade_image(cloud: Cloud, asked: UpgradePlan, present: AgentPool) -> Begun | None:
    place, pool = asked.place, present.name
    subscription = cloud.gateways.azure.subscription(place.subscription_id)
    pools, profiles = subscription.agent_pools, subscription.upgrade_profiles
    asked_at = cloud.clock.now()
    newest = await profiles.newest_image(place.resource_group, place.azure_name, pool, call=azure_call(cloud))
    if present.succeeded and newest == present.node_image_version:
        cloud.context.describe(f"Pool {asked.called(pool)} has its newest node image already.")
        return None
    operation = await pools.upgrade_image(place.resource_group, place.azure_name, pool, call=azure_call(cloud))
    return Begun(operation.target_id, operation, asked_at)


@cloud_step
async def await_pool(
    cloud: Cloud, asked: UpgradePlan, stage: Stage, begun: Begun | None, where: str = ""
) -> Passed | None:
    """Wait until a pool's nodes are replaced, and say how far it is. A drain that is blocked is told with its cause."""
    force = asked.choices.undrainable is Undrainable.FORCE
    image = await _new_image(cloud, asked, stage) if begun is not None else None
    count = await _count(cloud, asked, stage) if begun is not None else None
    forces = force and begun is not None
    try:
        follower = Follower(
            cloud,
            asked.place,
            stage,
            where=f"{where}upgrading pool {asked.called(stage.pool or '')}",
            force=forces,
            image=image,
            count=count,
        )
        async with following(follower):
            await await_azure.finish(
                cloud,
                begun,
                subscription_id=asked.place.subscription_id,
                kind=TargetKind.AGENT_POOL,
                expected="cluster_upgrade:pool",
                say=follower.heard,
            )
    except JobFailedError as failed:
        if failed.problem.code != _DRAIN_FAILED:
            raise
        left = await _left_behind(cloud, asked, stage)
        if asked.choices.undrainable is Undrainable.SKIP and left:
            return Passed(left, follower.removed)
        raise JobFailedError(await with_block(cloud, asked, stage, failed.problem)) from failed
    return Passed((), follower.removed)


async def _new_image(cloud: Cloud, asked: UpgradePlan, stage: Stage) -> str | None:
    """Which image the nodes get; None for a new version, and where Azure does not tell it."""
    if stage.version is not None or stage.pool is None:
        return None
    profiles, place = cloud.gateways.azure.subscription(asked.place.subscription_id).upgrade_profiles, asked.place
    try:
        return await profiles.newest_image(place.resource_group, place.azure_name, stage.pool, call=azure_call(cloud))
    except AzureError:
        return None


async def _count(cloud: Cloud, asked: UpgradePlan, stage: Stage) -> int | None:
    """How many nodes the pool has; None where Azure does not tell it."""
    pools, place = cloud.gateways.azure.subscription(asked.place.subscription_id).agent_pools, asked.place
    try:
        present = await pools.get(place.resource_group, place.azure_name, stage.pool or "", call=azure_call(cloud))
    except AzureError:
        return None
    return None if present is None else present.count


async def _left_behind(cloud: Cloud, asked: UpgradePlan, stage: Stage) -> tuple[str, ...]:
    try:
        async with reach(cloud.gateways, asked.place, call=azure_call(cloud)) as client:
            return tuple(node.name for node in await client.nodes() if node.pool == stage.pool and node.quarantined)
    except SlipwayError:
        return ()
