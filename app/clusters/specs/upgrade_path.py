"""By which steps a cluster comes to a version: minor by minor, the control plane before its pools (trouble 39).

https://learn.microsoft.com/azure/aks/upgrade-cluster and https://kubernetes.io/releases/version-skew-policy: of the
control plane no minor version is skipped; a pool is never newer than it, and at most three minors older.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from app.clusters.schemas.upgrades import UpgradeScope
from app.clusters.specs.fleet import Fleet, PoolNow
from app.core.errors import ErrorClass, FieldError, SlipwayError

LARGEST_SKEW = 3
LATEST = "latest"
_THROUGH = "ask for all of it: POST /v1/clusters/{id}:upgrade with `through_minors: true`."


class UpgradeRefusedError(SlipwayError):
    """No allowed step leads to the version that was asked for."""

    status = 422
    title = "This upgrade is not allowed"
    error_class = ErrorClass.CONFIGURATION

    def __init__(self, detail: str, *, remedy: str | None = None) -> None:
        super().__init__(detail, remedy=remedy, errors=[FieldError(self.code, "/kubernetes_version", detail)])


class VersionNotOfferedError(UpgradeRefusedError):
    """Azure offers this cluster no upgrade to the version."""

    code = "kubernetes_version_not_offered"
    title = "The version is not offered"


class DowngradeError(UpgradeRefusedError):
    """The version is older than what runs; Kubernetes has no way back."""

    code = "kubernetes_downgrade"
    title = "Kubernetes cannot be downgraded"
    remedy = "Ask for the version that runs, or a newer one. A pool of an older version can be added beside it."


class MinorSkippedError(UpgradeRefusedError):
    """The version is more than one minor version away."""

    code = "kubernetes_minor_skipped"
    title = "A minor version cannot be skipped"


class PoolNewerError(UpgradeRefusedError):
    """A pool would be newer than its control plane."""

    code = "node_pool_newer_than_control_plane"
    title = "A node pool cannot be newer than its control plane"
    remedy = "Upgrade the control plane first, or all of it: POST /v1/clusters/{id}:upgrade (`scope`)."


class PoolTooOldError(UpgradeRefusedError):
    """A pool would be more than three minor versions older than its control plane."""

    code = "node_pool_too_old"
    title = "A node pool would be too old"
    remedy = "Upgrade the pools first, or together with the control plane: `scope: all`."


@dataclass(frozen=True, slots=True)
class UpgradeAsked:
    """What was asked. `version`: exact, a minor, `latest`; None with `node_images`. `pools`: Azure's names, () all."""

    version: str | None
    scope: UpgradeScope = UpgradeScope.ALL
    pools: tuple[str, ...] = ()
    node_images: bool = False
    through_minors: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One operation of Azure's: on the control plane (`pool` None) or a pool. `version` None: to its newest image."""

    pool: str | None
    version: str | None


def numbers(version: str) -> tuple[int, ...]:
    """`1.33.5` as numbers, to compare."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


def minor(version: str) -> int:
    """33 of `1.33.5`."""
    return (*numbers(version), 0, 0)[1]


def stages_of(asked: UpgradeAsked, fleet: Fleet) -> tuple[Stage, ...]:
    """The steps, in order; none where all is there already. Raises UpgradeRefusedError."""
    chosen = [pool for pool in fleet.pools if not asked.pools or pool.name in asked.pools]
    if asked.node_images:
        return tuple(Stage(pool.name, None) for pool in chosen)
    if asked.scope is UpgradeScope.NODE_POOLS:
        return _pools_alone(asked, fleet, chosen)
    target = target_of(asked, fleet)
    path = _path(fleet, target, through_minors=asked.through_minors)
    with_pools = chosen if asked.scope is UpgradeScope.ALL else []
    stages: list[Stage] = []
    versions = {pool.name: pool.version for pool in fleet.pools}
    failed = {pool.name for pool in fleet.pools if pool.failed}
    here = fleet.control_plane

    def bring(names: Iterable[str], version: str) -> None:
        for name in names:
            stages.append(Stage(name, version))
            versions[name] = version
            failed.discard(name)

    for step in path:
        late = [name for name, version in versions.items() if minor(step) - minor(version) > LARGEST_SKEW]
        _require_chosen(late, with_pools, step)
        bring(late, here)
        stages.append(Stage(None, step))
        here = step
        names = [pool.name for pool in with_pools if numbers(versions[pool.name]) < numbers(step)]
        bring(names, step)
    if not path and fleet.failed:
        # Azure may show the version of an upgrade that it has not carried out to its end.
        stages.append(Stage(None, here))
    # What an earlier upgrade left behind, or broke at this version.
    rest = [pool.name for pool in with_pools if versions[pool.name] != here or pool.name in failed]
    bring([name for name in rest if numbers(versions[name]) <= numbers(here)], here)
    return tuple(stages)


def target_of(asked: UpgradeAsked, fleet: Fleet) -> str:
    """The exact version that was asked for. Raises VersionNotOfferedError where no version is meant."""
    wanted = asked.version or LATEST
    if wanted.count(".") > 1:
        return wanted
    if asked.scope is UpgradeScope.NODE_POOLS:
        known = {fleet.control_plane, *(each.version for each in fleet.versions)}
        within = {each for each in known if numbers(each) <= numbers(fleet.control_plane)}
    elif asked.through_minors or wanted != LATEST:
        within = {fleet.control_plane, *fleet.ways, *(each.version for each in fleet.versions)}
    else:
        within = {fleet.control_plane, *fleet.ways}
    if wanted != LATEST:
        within = {each for each in within if each.startswith(f"{wanted}.")}
    settled = within - fleet.previews
    if wanted == LATEST or settled:
        within = settled or {fleet.control_plane}
    if not within and asked.scope is UpgradeScope.NODE_POOLS:
        raise _not_for_pools(fleet, wanted)
    if not within:
        raise _not_offered(fleet, wanted)
    return max(within, key=numbers)


def refuse_by_numbers(asked: UpgradeAsked, fleet: Fleet) -> None:
    """Raise UpgradeRefusedError for what no list of Azure's could allow, however old the one at hand is.

    `fleet.versions` may be old, and its `ways` empty: a minor version that is not listed is left to whoever asks Azure.
    """
    if asked.node_images or asked.version in {None, LATEST}:
        return
    wanted, here = numbers(asked.version or ""), numbers(fleet.control_plane)
    # Of a minor version all patches are meant.
    there = here[: len(wanted)]
    if asked.scope is UpgradeScope.NODE_POOLS:
        if wanted > there:
            raise _newer_than_control_plane(fleet, asked.version or "")
        for pool in (pool for pool in fleet.pools if not asked.pools or pool.name in asked.pools):
            if numbers(pool.version)[: len(wanted)] > wanted:
                raise DowngradeError(f"Pool {pool.ours or pool.name} runs {pool.version}; {asked.version} is older.")
        return
    if wanted < there:
        raise DowngradeError(f"The control plane runs {fleet.control_plane}; {asked.version} is older.")
    listed = any(numbers(each.minor) == wanted[:2] for each in fleet.versions)
    if listed and wanted[1] - here[1] > 1 and not asked.through_minors:
        raise MinorSkippedError(
            f"{asked.version} is more than one minor version after {fleet.control_plane}.",
            remedy=f"Upgrade one minor version after the other, first to {here[0]}.{here[1] + 1}; or {_THROUGH}",
        )


def _pools_alone(asked: UpgradeAsked, fleet: Fleet, chosen: Iterable[PoolNow]) -> tuple[Stage, ...]:
    target = target_of(asked, fleet)
    if numbers(target) > numbers(fleet.control_plane):
        raise _newer_than_control_plane(fleet, target)
    if minor(fleet.control_plane) - minor(target) > LARGEST_SKEW:
        raise PoolTooOldError(f"{target} is more than {LARGEST_SKEW} minors older than {fleet.control_plane}.")
    newer = [pool for pool in chosen if numbers(pool.version) > numbers(target)]
    if newer:
        raise DowngradeError(f"Pool {newer[0].ours or newer[0].name} runs {newer[0].version}; {target} is older.")
    known = {fleet.control_plane, *(each.version for each in fleet.versions), *(pool.version for pool in chosen)}
    if fleet.versions and target not in known:
        raise _not_for_pools(fleet, target)
    return tuple(Stage(pool.name, target) for pool in chosen if pool.version != target or pool.failed)


def _path(fleet: Fleet, target: str, *, through_minors: bool) -> list[str]:
    here, path = fleet.control_plane, list[str]()
    if numbers(target) < numbers(here):
        raise DowngradeError(f"The control plane runs {here}; {target} is older.")
    graph = fleet.graph
    while here != target:
        ways = graph.get(here, ())
        between = [way for way in ways if minor(way) == minor(here) + 1 < minor(target) and way not in fleet.previews]
        if target in ways:
            step = target
        elif between:
            step = max(between, key=numbers)
        else:
            raise _not_offered(fleet, target)
        path.append(step)
        here = step
    if len(path) > 1 and not through_minors:
        steps = ", then ".join(path)
        raise MinorSkippedError(
            f"{target} is more than one minor version after {fleet.control_plane}.",
            remedy=f"Upgrade to {steps}; or {_THROUGH}",
        )
    return path


def _not_offered(fleet: Fleet, wanted: str) -> VersionNotOfferedError:
    offered = ", ".join(sorted(fleet.ways, key=numbers))
    return VersionNotOfferedError(
        f"Azure offers no upgrade from {fleet.control_plane} to {wanted}.",
        remedy=f"Choose one of: {offered or 'none is offered at the moment'}.",
    )


def _not_for_pools(fleet: Fleet, wanted: str) -> UpgradeRefusedError:
    here = numbers(fleet.control_plane)
    if numbers(wanted) > here[: wanted.count(".") + 1]:
        return _newer_than_control_plane(fleet, wanted)
    known = {fleet.control_plane, *(each.version for each in fleet.versions)}
    fitting = [each for each in known if numbers(each) <= here and here[1] - minor(each) <= LARGEST_SKEW]
    return VersionNotOfferedError(
        f"Azure offers no {wanted} for node pools.", remedy=f"Choose one of: {', '.join(sorted(fitting, key=numbers))}."
    )


def _newer_than_control_plane(fleet: Fleet, wanted: str) -> PoolNewerError:
    return PoolNewerError(f"The control plane runs {fleet.control_plane}; {wanted} is newer.")


def _require_chosen(late: Collection[str], chosen: Iterable[PoolNow], step: str) -> None:
    left = [name for name in late if name not in {pool.name for pool in chosen}]
    if left:
        raise PoolTooOldError(
            f"More than {LARGEST_SKEW} minors would lie between a control plane of {step} and {', '.join(left)}."
        )
