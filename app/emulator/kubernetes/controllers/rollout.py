"""The arithmetic of a rollout: how large each replica set of a deployment may and must be next.

As k8s.io/kubernetes/pkg/controller/deployment reckons it, for RollingUpdate and Recreate.
"""

from dataclasses import dataclass, field

from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.quantities import share


@dataclass(frozen=True)
class Fleet:
    """A deployment's replica sets: that of its present template, and the others from the oldest on."""

    new: Object | None
    old: list[Object]
    old_pods: bool = False
    """Whether any pod of an old one is left, be it one that is going."""


@dataclass(frozen=True)
class Sizes:
    """What each replica set, by name, is to want; and how many pods a rollout may be over and under."""

    surge: int
    unavailable: int
    of: dict[str, int] = field(default_factory=dict)


def size(document: Object) -> int:
    """Return how many pods a deployment or replica set wants."""
    wanted: int = at(document, "spec.replicas", 1)
    return wanted


def available(document: Object) -> int:
    """Return how many pods of a replica set are available."""
    count: int = at(document, "status.availableReplicas", 0)
    return count


def next_sizes(deployment: Object, fleet: Fleet, *, paused: bool = False) -> Sizes:
    """Return the next sizes of a deployment's replica sets."""
    wanted = size(deployment)
    recreate = at(deployment, "spec.strategy.type") == "Recreate"
    rolling = at(deployment, "spec.strategy.rollingUpdate") or {}
    surge = 0 if recreate else share(rolling.get("maxSurge"), wanted, up=True, default="25%")
    unavailable = 0 if recreate else share(rolling.get("maxUnavailable"), wanted, up=False, default="25%")
    if not surge and not unavailable and not recreate:
        unavailable = 1  # else a rollout could never begin
    sizes = Sizes(surge, min(unavailable, wanted))
    active = [one for one in fleet.old if size(one)]
    if paused:
        # A paused deployment is still scaled, where only one replica set is there to scale.
        every = [*active, *([fleet.new] if fleet.new and size(fleet.new) else [])]
        return Sizes(surge, unavailable, {every[0]["metadata"]["name"]: wanted} if len(every) == 1 else {})
    if fleet.new is None:
        return sizes
    if recreate:
        new = {fleet.new["metadata"]["name"]: size(fleet.new) if active or fleet.old_pods else wanted}
        return Sizes(0, 0, {**new, **{one["metadata"]["name"]: 0 for one in active}})
    return _roll(fleet.new, active, wanted, sizes)


def _roll(new: Object, active: list[Object], wanted: int, sizes: Sizes) -> Sizes:
    total = size(new) + sum(size(one) for one in active)
    target = size(new)
    if size(new) > wanted:
        target = wanted
    elif size(new) < wanted:
        target += max(0, min(wanted + sizes.surge - total, wanted - size(new)))
    result = {new["metadata"]["name"]: target}
    may_go = total - (wanted - sizes.unavailable) - (size(new) - available(new))
    rest = {one["metadata"]["name"]: size(one) for one in active}
    for one in active:  # those that do not run go first
        gone = min(max(0, may_go), max(0, size(one) - available(one)))
        rest[one["metadata"]["name"]] -= gone
        may_go -= gone
    spare = available(new) + sum(available(one) for one in active) - (wanted - sizes.unavailable)
    may_go = min(may_go, spare)
    for one in active:
        gone = min(max(0, may_go), rest[one["metadata"]["name"]])
        rest[one["metadata"]["name"]] -= gone
        may_go -= gone
    return Sizes(sizes.surge, sizes.unavailable, {**result, **rest})
