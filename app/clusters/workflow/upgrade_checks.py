"""What an upgrade's job looks at before anything is changed."""

from dataclasses import dataclass, field

from app.azure.types.cluster import ManagedCluster
from app.azure.types.watch import TargetKind
from app.clusters.live import PoolMissingError
from app.clusters.live.scene import read_scene
from app.clusters.schemas.upgrades import Undrainable
from app.clusters.specs.findings import Choices, Finding, blocking, findings_of
from app.clusters.specs.upgrade_path import Stage, UpgradeAsked, stages_of
from app.clusters.specs.upgrade_scene import Scene
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.undrainable import CORDON, LEFT, SCHEDULE
from app.core.errors import ErrorClass, FieldError, Patience, SlipwayError
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud, azure_call

_NEED_FORCE = frozenset({"pdb_blocks_drain", "deprecated_api_used"})


class UpgradeBlockedError(SlipwayError):
    """Something that a person can remove would stop the upgrade half way; `errors` names each thing."""

    code = "upgrade_blocked"
    status = 409
    title = "The upgrade would not come to its end"
    error_class = ErrorClass.CONFIGURATION
    patience = Patience(by_person=True)


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """What is to be upgraded. `version` and `pools`: to which all of it goes where `asked` is None.

    `asked` None: the job was begun by a version of Slipway that did not look beforehand. `names`: ours of the pools, by
    Azure's.
    """

    place: Place
    version: str | None
    pools: tuple[str, ...]
    asked: UpgradeAsked | None = None
    choices: Choices = field(default_factory=Choices)
    names: dict[str, str] = field(default_factory=dict)

    def called(self, pool: str) -> str:
        """The name by which people know a pool."""
        return self.names.get(pool, pool)


@dataclass(frozen=True, slots=True)
class Route:
    """The steps. `forced`: Azure is told to begin in spite of what it would refuse.

    `left`: what each pool does with undrainable nodes now, where it is to be told otherwise for the time of this.
    `keeps`: that is kept on the job; False: a version of Slipway that did not has begun it.
    """

    stages: tuple[Stage, ...]
    forced: bool = False
    left: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    keeps: bool = False

    @property
    def control_plane(self) -> str | None:
        """The version that the control plane shall have; None where it is left as it is."""
        return next((stage.version for stage in reversed(self.stages) if stage.pool is None), None)

    @property
    def pools(self) -> dict[str, str | None]:
        """The version that each pool shall have; None for a new image only."""
        return {stage.pool: stage.version for stage in self.stages if stage.pool is not None}


def straight(asked: UpgradePlan) -> Route:
    """The steps of a job from before there were others."""
    return Route((Stage(None, asked.version), *(Stage(pool, asked.version) for pool in asked.pools)))


@cloud_step
async def check_upgrade(cloud: Cloud, asked: UpgradePlan) -> Route:
    """Read what the upgrade would meet, and say by which steps it goes. Nothing is changed.

    Raises UpgradeRefusedError, PoolMissingError, and UpgradeBlockedError with every finding that is in the way.
    """
    if asked.asked is None:
        return straight(asked)
    present = await require_changeable(cloud, asked.place)
    for name in asked.asked.pools:
        if present.pool(name) is None:
            raise PoolMissingError(f"The cluster has no pool named {asked.called(name)}.")
    scene, stages, findings = await _look(cloud, asked, asked.asked, present)
    if blocking(findings) and stages:
        # What is read a second time, and says the same, is certain (trouble 75).
        scene, stages, findings = await _look(cloud, asked, asked.asked, present)
    in_the_way = blocking(findings)
    if in_the_way and stages:
        raise _blocked(in_the_way)
    skip = asked.choices.undrainable is Undrainable.SKIP
    return Route(
        stages,
        forced=bool(stages) and _has_to_be_forced(findings, asked.choices),
        left=_left(stages, scene, cloud.job.request.get(LEFT) or {}) if skip else {},
        images=dict(scene.images),
        keeps=True,
    )


def _left(stages: tuple[Stage, ...], scene: Scene, kept: dict[str, str]) -> dict[str, str]:
    """What the pools are to do again when they are upgraded; those that cordon by their own setting go on so.

    `kept`: what the job has that this one retries. A pool that cordons by its word is told back here.
    """
    now = {pool.name: pool.undrainable_nodes or SCHEDULE for pool in scene.cluster.pools}
    named = [stage.pool for stage in stages if stage.pool is not None]
    told = {name: before for name, before in kept.items() if now.get(name) == CORDON}
    return {name: now.get(name, SCHEDULE) for name in named if now.get(name) != CORDON} | told


async def _look(
    cloud: Cloud, plan: UpgradePlan, asked: UpgradeAsked, present: ManagedCluster
) -> tuple[Scene, tuple[Stage, ...], tuple[Finding, ...]]:
    gateways = cloud.gateways
    scene = await read_scene(gateways.azure, gateways.kubernetes, plan.place, call=azure_call(cloud), present=present)
    stages = stages_of(asked, scene.fleet)
    return scene, stages, findings_of(asked, stages, scene, plan.choices)


def _has_to_be_forced(findings: tuple[Finding, ...], choices: Choices) -> bool:
    if "deprecated_api_used" in choices.ignored:
        return True
    chosen = choices.undrainable is not Undrainable.FAIL or "pdb_blocks_drain" in choices.ignored
    return chosen and any(each.code in _NEED_FORCE for each in findings)


def _blocked(findings: list[Finding]) -> UpgradeBlockedError:
    first, more = findings[0], len(findings) - 1
    rest = f" And {more} more." if more else ""
    return UpgradeBlockedError(
        f"{first.detail}{rest} Nothing has been changed.",
        remedy=f"{first.remedy or 'See the findings.'} Then retry the job.",
        errors=[FieldError(each.code, f"/{each.subject}", each.detail) for each in findings],
    )


@cloud_step
async def allow_forced(cloud: Cloud, asked: UpgradePlan) -> Begun | None:
    """Tell Azure to begin upgrades until this job's deadline, whatever budgets and old APIs say."""
    place, until = asked.place, cloud.job.deadline_at
    present = await await_azure.require_ours(cloud, place)
    if present.forced_upgrades_until is not None and present.forced_upgrades_until >= until.replace(microsecond=0):
        return None if present.settled else Begun(present.id, None, cloud.clock.now())
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    answer = await clusters.allow_forced_upgrade(
        place.resource_group, place.azure_name, until.replace(microsecond=0), call=azure_call(cloud)
    )
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_forced(cloud: Cloud, asked: UpgradePlan, begun: Begun | None) -> None:
    """Wait until Azure has taken that."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="cluster_update",
    )
