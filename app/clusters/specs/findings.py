"""What is found before an upgrade, each thing with what to do about it (trouble 38)."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from app.azure.types.agent_pool import AgentPool
from app.clusters.schemas.upgrades import FindingCode, Undrainable, UpgradeScope
from app.clusters.specs.cores import NodesToCome, core_shortages
from app.clusters.specs.room import addresses_of_node, pods_in_subnet
from app.clusters.specs.snat import surge_of
from app.clusters.specs.upgrade_path import Stage, UpgradeAsked, minor, numbers
from app.clusters.specs.upgrade_scene import Scene

_STOPPED = "stopped"
_OFF = frozenset({"", "none"})
# Azure/AKS#4951: components of AKS's own still asked for these versions.
_OWN_GROUPS = ("flowcontrol.apiserver.k8s.io",)
_SYSTEM = "kube-system"
_SYSTEM_MODE = "system"
_IN_PLACE = {"upgrades": {"max_surge": "0", "max_unavailable": "1"}}
_ONE_NODE = {"upgrades": {"max_surge": "1"}}


class Severity(StrEnum):
    """How much it matters."""

    BLOCKING = "blocking"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. `subject`: what it is about, `node_pools/workers`."""

    code: FindingCode
    severity: Severity
    subject: str
    detail: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the caller has chosen beforehand. `channel`: to which versions Azure upgrades the cluster by itself."""

    undrainable: Undrainable = Undrainable.FAIL
    ignored: frozenset[str] = frozenset()
    channel: str | None = None


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep an upgrade from beginning."""
    return [each for each in findings if each.severity is Severity.BLOCKING]


def findings_of(asked: UpgradeAsked, stages: Collection[Stage], scene: Scene, choices: Choices) -> tuple[Finding, ...]:
    """All of them, in the order in which they would be met. What the caller ignores is a warning."""
    found = [
        *_state(scene),
        *_locks(scene),
        *_workspace(scene),
        *_channel(asked, choices),
        *_deprecated(stages, scene),
        *_quota(stages, scene),
        *_room(stages, scene),
        *_unread(scene),
        *_budgets(stages, scene, choices.undrainable),
        *_nodes(scene),
    ]
    return tuple(
        replace(each, severity=Severity.WARNING)
        if each.code in choices.ignored and each.severity is Severity.BLOCKING
        else each
        for each in found
    )


def _state(scene: Scene) -> Iterator[Finding]:
    cluster = scene.cluster
    if (cluster.power_state or "").lower() == _STOPPED:
        yield Finding("cluster_stopped", Severity.BLOCKING, "cluster", "The cluster is stopped.", "Start it first.")
    if not cluster.settled:
        state = cluster.provisioning_state
        yield Finding(
            "cluster_busy", Severity.INFO, "cluster", f"Azure is at work on it ({state}); the upgrade waits its turn."
        )
    elif cluster.failed:
        yield Finding(
            "cluster_failed",
            Severity.WARNING,
            "cluster",
            "Azure's last operation on the cluster failed; the upgrade takes it up again.",
        )
    for pool in cluster.pools:
        if pool.failed:
            yield Finding(
                "node_pool_failed",
                Severity.WARNING,
                f"node_pools/{pool.name}",
                "Azure's last operation on the pool failed; the upgrade takes it up again.",
            )
        if (pool.power_state or "").lower() == _STOPPED:
            yield Finding(
                "node_pool_stopped",
                Severity.WARNING,
                f"node_pools/{pool.name}",
                "The pool is stopped: its machines are made anew when it is started.",
            )


def _locks(scene: Scene) -> Iterator[Finding]:
    group = f"/resourcegroups/{(scene.cluster.node_resource_group or '').lower()}"
    for lock in scene.locks:
        of_nodes = lock.scope.lower().endswith(group)
        if lock.read_only or of_nodes:
            what = "anything is changed" if lock.read_only else "surge nodes are removed"
            yield Finding(
                "locked",
                Severity.BLOCKING,
                f"locks/{lock.name}",
                f"The lock {lock.name} ({lock.level}) at {lock.scope} forbids that {what}.",
                "Remove the lock for the time of the upgrade.",
            )


def _workspace(scene: Scene) -> Iterator[Finding]:
    if scene.workspace is not None:
        yield Finding("workspace_gone", Severity.BLOCKING, "monitoring", scene.workspace.detail, scene.workspace.remedy)


def _channel(asked: UpgradeAsked, choices: Choices) -> Iterator[Finding]:
    channel = choices.channel or ""
    if channel.lower() in _OFF:
        return
    alone = asked.scope is UpgradeScope.CONTROL_PLANE
    yield Finding(
        "auto_upgrade_channel",
        Severity.BLOCKING if alone else Severity.INFO,
        "upgrades/channel",
        f"The channel `{channel}` upgrades this cluster by itself"
        + ("; Azure then refuses to upgrade the control plane alone." if alone else " in its window."),
        "Upgrade all of it, or set the channel to `none`." if alone else None,
    )


def _deprecated(stages: Iterable[Stage], scene: Scene) -> Iterator[Finding]:
    targets = [stage.version for stage in stages if stage.pool is None and stage.version is not None]
    if not targets or minor(targets[-1]) == minor(scene.profile.current_version):
        return
    for use in scene.inside.deprecated if scene.inside is not None else ():
        if use.removed_in is None or numbers(use.removed_in)[:2] > numbers(targets[-1])[:2]:
            continue
        own = use.api.startswith(_OWN_GROUPS)
        yield Finding(
            "deprecated_api_used",
            Severity.INFO if own else Severity.WARNING,
            f"apis/{use.api}",
            f"{use.api} was used since the API server's start, and is gone from {use.removed_in} on."
            + (" Components of AKS's own use it: they come anew with the upgrade." if own else ""),
            None
            if own
            else "Migrate what uses it. AKS refuses the upgrade when it was used for writing within 12 hours.",
        )


def _quota(stages: Iterable[Stage], scene: Scene) -> Iterator[Finding]:
    for name in dict.fromkeys(stage.pool for stage in stages if stage.pool is not None):
        pool = scene.cluster.pool(name)
        surge = surge_nodes(scene, name)
        if pool is None or not surge:
            continue
        shortages = core_shortages([NodesToCome(pool.vm_size, surge, pool.spot)], scene.sizes, scene.usages)
        for sentence in shortages:
            yield Finding(
                "surge_exceeds_quota",
                Severity.BLOCKING,
                f"node_pools/{name}",
                f"The upgrade adds {surge} nodes of {pool.vm_size} for a while. {sentence}",
                f"Have the quota raised, or {_fewer(pool, surge)}",
            )


def _room(stages: Iterable[Stage], scene: Scene) -> Iterator[Finding]:
    flat = pods_in_subnet(scene.cluster)
    for name in dict.fromkeys(stage.pool for stage in stages if stage.pool is not None):
        pool = scene.cluster.pool(name)
        free = None if pool is None or pool.subnet_id is None else scene.free.get(pool.subnet_id.lower())
        if pool is None or free is None:
            continue
        surge = surge_nodes(scene, name)
        each = addresses_of_node(pool.max_pods, pods_in_subnet=flat and pool.pod_subnet_id is None)
        if surge * each > free:
            yield Finding(
                "subnet_too_small",
                Severity.BLOCKING,
                f"node_pools/{name}",
                f"The upgrade adds {surge} nodes for a while, each with {each} addresses: {surge * each} are needed in "
                f"the subnet, {free} are free.",
                f"Take a larger subnet by a new pool, or {_fewer(pool, surge)}",
            )


def surge_nodes(scene: Scene, name: str) -> int:
    """How many nodes an upgrade of this pool adds for its time."""
    pool = scene.cluster.pool(name)
    if pool is None or pool.spot:
        return 0
    return min(pool.count, surge_of(pool.count, pool.max_surge))


def _fewer(pool: AgentPool, surge: int) -> str:
    """How the pool is upgraded with fewer nodes for a while, or with none: https://aka.ms/aks/maxUnavailable."""
    if pool.mode.lower() != _SYSTEM_MODE:
        return f"PATCH the pool with {json.dumps(_IN_PLACE)}: Azure then drains one node after another, and adds none."
    if surge > 1:
        return f"PATCH the pool with {json.dumps(_ONE_NODE)}: Azure upgrades a system pool with surge nodes only."
    return "scale a pool down for as long: Azure upgrades a system pool with surge nodes only."


def _unread(scene: Scene) -> Iterator[Finding]:
    if scene.unread is not None:
        yield Finding(
            "cluster_not_read",
            Severity.WARNING,
            "cluster",
            f"The cluster itself could not be asked for its budgets and pods: {scene.unread.detail}",
            scene.unread.remedy,
        )


def _budgets(stages: Collection[Stage], scene: Scene, undrainable: Undrainable) -> Iterator[Finding]:
    if not stages or scene.inside is None:
        return
    chosen = undrainable is not Undrainable.FAIL
    for budget in scene.inside.budgets:
        # AKS looks at all but its own.
        if budget.namespace == _SYSTEM or not budget.expected or budget.allowed > 0:
            continue
        said = f"The budget {budget.namespace}/{budget.name} ({budget.bound}) allows no disruption"
        if not budget.satisfiable:
            yield Finding(
                "pdb_blocks_drain",
                Severity.WARNING if chosen else Severity.BLOCKING,
                f"budgets/{budget.namespace}/{budget.name}",
                f"{said} of its {budget.expected} pods, and never will.",
                "Upgrade with `undrainable: skip` or `force`; or let the budget allow one, or add replicas.",
            )
        else:
            yield Finding(
                "pdb_blocks_drain_now",
                Severity.WARNING,
                f"budgets/{budget.namespace}/{budget.name}",
                f"{said} now: {budget.healthy} of its {budget.expected} pods are healthy, {budget.desired} have to be.",
                "Look why its pods are not healthy.",
            )


def _nodes(scene: Scene) -> Iterator[Finding]:
    for pool in scene.cluster.pools:
        nodes = scene.nodes_of(pool.name)
        unready = [node.name for node in nodes if not node.ready]
        left = [node.name for node in nodes if node.quarantined]
        if unready:
            yield Finding(
                "nodes_not_ready",
                Severity.WARNING,
                f"node_pools/{pool.name}",
                f"Not Ready: {', '.join(unready)}.",
            )
        if left:
            yield Finding(
                "nodes_quarantined",
                Severity.WARNING,
                f"node_pools/{pool.name}",
                f"An upgrade before could not drain {', '.join(left)} and left them behind, each with a surge node in "
                "its place; they are not upgraded again.",
                "Remove what keeps their pods, then delete these machines.",
            )
