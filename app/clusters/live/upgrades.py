"""Looks at what an upgrade would meet while a request waits: previews, and what is offered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, cast

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.calls import Asking
from app.api.services import Services
from app.auth.scope import get_cluster
from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.clusters.live.scene import read_scene
from app.clusters.schemas.settings import ClusterSettings
from app.clusters.schemas.upgrades import (
    BlockedPodRead,
    NodeRehearsalRead,
    PlannedActRead,
    PoolOfferRead,
    UpgradeFindingRead,
    UpgradeOfferRead,
    UpgradePlanRead,
    UpgradesRead,
    UpgradeStepRead,
)
from app.clusters.service import plans
from app.clusters.service.start import Asker, require_running
from app.clusters.service.upgrades import require_pools
from app.clusters.specs.calendar import planned
from app.clusters.specs.findings import Finding, blocking, findings_of
from app.clusters.specs.rehearsal import NodeRehearsal, rehearse
from app.clusters.specs.upgrade_path import Stage, UpgradeAsked, numbers, stages_of
from app.clusters.specs.upgrade_request import asked_of, choices_of
from app.clusters.specs.upgrade_scene import Scene
from app.clusters.specs.wanted import Place, Wanted, place_of
from app.core.breaker import Breaker
from app.core.clock import Clock
from app.core.json import JsonObject
from app.core.settings import AzureSettings
from app.engine.kinds import JobKind
from app.kubernetes.gateway import KubernetesGateway
from app.models import Cluster


@dataclass(slots=True)
class UpgradeSource:
    """Reads clusters for requests, and knows how long their upgrades take."""

    azure: AzureGateway
    kubernetes: KubernetesGateway
    clock: Clock
    settings: AzureSettings
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.clock, name="Azure")

    async def look(self, place: Place) -> Scene:
        """All that an upgrade would meet. Raises what the gateways raise, ClusterLostError, NotAnsweringError."""
        call = Call(deadline=self.clock.now() + timedelta(seconds=self.settings.request_timeout_seconds))
        async with self.breaker.guard(place.subscription_id):
            return await read_scene(self.azure, self.kubernetes, place, call=call)

    async def seconds(self, stage: Stage) -> float:
        """How long one step takes: as learnt from those that ended, else from the settings."""
        kind = "control_plane" if stage.pool is None else "pool"
        took = await self.azure.expected(f"cluster_upgrade:{kind}")
        return round(took.total_seconds(), 1)


class _Composed(Services, Protocol):
    @property
    def upgrade_source(self) -> UpgradeSource: ...


def source_of(services: Services) -> UpgradeSource:
    """The source that this process was composed with (`services.upgrade_source`)."""
    return cast("_Composed", services).upgrade_source


@dataclass(frozen=True, slots=True)
class Preview:
    """What an upgrade would do, and all that this depends on."""

    stages: tuple[Stage, ...]
    seconds: tuple[float, ...]
    findings: tuple[Finding, ...]
    nodes: tuple[NodeRehearsal, ...]
    world: JsonObject


async def preview(call: Asking, cluster: str, request: JsonObject) -> Preview:
    """Rehearse an upgrade. No transaction is open while Azure and the cluster are asked.

    Raises NotFoundError, ClusterStoppedError, InvalidRequestError, UpgradeRefusedError, and what `look` raises.
    """
    async with call.database.read() as session:
        found = await get_cluster(session, call.scope, cluster)
        require_running(found)
        require_pools(found, request)
        place, wanted = place_of(found), Wanted.from_json(found.wanted)
    source = source_of(call.services)
    scene = await source.look(place)
    asked = asked_of(wanted, request)
    stages = stages_of(asked, scene.fleet)
    findings = findings_of(asked, stages, scene, choices_of(wanted, request))
    nodes = rehearse(stages, scene)
    return Preview(
        stages,
        tuple([await source.seconds(stage) for stage in stages]),
        findings,
        nodes,
        _world(scene, stages, findings, nodes),
    )


async def keep_preview(
    session: AsyncSession, asker: Asker, cluster: Cluster, seen: Preview, request: JsonObject, *, kind: JobKind
) -> UpgradePlanRead:
    """Keep a preview for an upgrade that may come to name it, and show it."""
    kept = await plans.keep(session, asker, cluster, act=kind, request=request, world=seen.world)
    names = Wanted.from_json(cluster.wanted).pool_names
    steps = [
        UpgradeStepRead(
            node_pool=None if stage.pool is None else names.get(stage.pool, stage.pool),
            kubernetes_version=stage.version,
            expected_seconds=seconds,
        )
        for stage, seconds in zip(seen.stages, seen.seconds, strict=True)
    ]
    return UpgradePlanRead(
        plan_id=kept.id,
        expires_at=kept.expires_at,
        steps=steps,
        expected_seconds=round(sum(seen.seconds), 1),
        findings=findings_read(seen.findings),
        would_begin=not blocking(seen.findings),
        nodes=[_node_read(node, names) for node in seen.nodes],
    )


def _node_read(node: NodeRehearsal, names: Mapping[str, str]) -> NodeRehearsalRead:
    return NodeRehearsalRead(
        node=node.node,
        node_pool=names.get(node.pool, node.pool),
        evicted=[f"{pod.namespace}/{pod.name}" for pod in node.evicted],
        blocked=[
            BlockedPodRead(
                namespace=each.pod.namespace,
                pod=each.pod.name,
                owner=each.pod.owner,
                budget=each.budget.name,
                bound=each.bound,
            )
            for each in node.blocked
        ],
    )


def _world(
    scene: Scene, stages: tuple[Stage, ...], findings: tuple[Finding, ...], nodes: tuple[NodeRehearsal, ...]
) -> JsonObject:
    return {
        "kubernetes_version": scene.profile.current_version,
        "node_pools": {
            pool.name: {
                "kubernetes_version": pool.current_orchestrator_version or pool.orchestrator_version,
                "node_image": pool.node_image_version,
                "count": pool.count,
            }
            for pool in scene.cluster.pools
        },
        "steps": [f"{stage.pool or 'control plane'}: {stage.version or 'newest node image'}" for stage in stages],
        "findings": {f"{each.code} {each.subject}": str(each.severity) for each in findings},
        "blocked": {
            node.node: sorted(f"{each.pod.namespace}/{each.pod.name}" for each in node.blocked)
            for node in nodes
            if node.blocked
        },
    }


async def offers(call: Asking, cluster: str) -> UpgradesRead:
    """What is offered to a cluster, what each would meet, and what Azure will do by itself. Nothing is changed."""
    async with call.database.read() as session:
        found = await get_cluster(session, call.scope, cluster)
        require_running(found)
        place, wanted = place_of(found), Wanted.from_json(found.wanted)
    source, now = source_of(call.services), call.now
    scene = await source.look(place)
    return UpgradesRead(
        kubernetes_version=scene.profile.current_version,
        offers=[
            await _offer(source, scene, wanted, version) for version in sorted(scene.profile.upgrades, key=numbers)
        ],
        node_pools=await _pools(source, scene, wanted),
        planned=_planned(wanted, scene, now),
        observed_at=now,
    )


async def _offer(source: UpgradeSource, scene: Scene, wanted: Wanted, version: str) -> UpgradeOfferRead:
    asked = UpgradeAsked(version)
    stages = stages_of(asked, scene.fleet)
    return UpgradeOfferRead(
        kubernetes_version=version,
        is_preview=version in scene.fleet.previews,
        expected_seconds=round(sum([await source.seconds(stage) for stage in stages]), 1),
        findings=findings_read(findings_of(asked, stages, scene, choices_of(wanted, {}))),
    )


async def _pools(source: UpgradeSource, scene: Scene, wanted: Wanted) -> list[PoolOfferRead]:
    names = wanted.pool_names
    fleet = {pool.name: pool.version for pool in scene.fleet.pools}
    return [
        PoolOfferRead(
            name=names.get(pool.name, pool.name),
            kubernetes_version=fleet[pool.name],
            kubernetes_versions=sorted(scene.profile.pools.get(pool.name, ()), key=numbers),
            node_image=pool.node_image_version,
            newest_node_image=scene.images.get(pool.name),
            expected_seconds=await source.seconds(Stage(pool.name, None)),
            quarantined_nodes=scene.quarantined([pool.name]),
        )
        for pool in scene.cluster.pools
    ]


def _planned(wanted: Wanted, scene: Scene, now: datetime) -> list[PlannedActRead]:
    names = wanted.pool_names
    behind = {
        names.get(pool.name, pool.name): scene.images[pool.name]
        for pool in scene.cluster.pools
        if scene.images.get(pool.name, pool.node_image_version) != pool.node_image_version
    }
    # What a JSON column keeps are strings.
    settings = ClusterSettings.model_validate(wanted.settings, strict=False)
    return [
        PlannedActRead.model_validate(act) for act in planned(settings.upgrades, scene.fleet, now=now, behind=behind)
    ]


def findings_read(findings: tuple[Finding, ...]) -> list[UpgradeFindingRead]:
    """Findings on the wire."""
    return [UpgradeFindingRead.model_validate(each) for each in findings]
