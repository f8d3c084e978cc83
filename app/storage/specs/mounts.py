"""Mounts that were made with a key, and in which order their pods are restarted: pure.

The driver mounts a share once for a volume on a node, with the key that the Secret holds then. A session that was
opened with a key outlives the key, until its connection breaks: from then on the pod sees "host is down" (error 112).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.core.json import JsonObject
from app.kubernetes.types.pod import PodState

# Whoever is evicted from a Job counts as failed there.
_NEVER_RESTARTED = frozenset({"Job"})
_MOST_TOLD = 100


class Reason(StrEnum):
    """Why a mount still has the key with which it was made."""

    MOUNTED_BEFORE = "mounted_before"
    """The pod was there before the Secret changed."""
    NO_CONTROLLER = "no_controller"
    """Nobody would make the pod anew."""
    RUNS_TO_AN_END = "runs_to_an_end"
    """The pod is a Job's: it is left to its end."""
    SHARES_NODE = "shares_node"
    """The pod was restarted on a node where another one kept the mount."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A pod that mounts claims of an account, as it was when its Secret had just changed."""

    cluster_id: str
    cluster_name: str
    namespace: str
    pod: str
    uid: str
    node: str | None
    claims: tuple[str, ...]
    reason: Reason = Reason.MOUNTED_BEFORE

    def told(self) -> JsonObject:
        """The mount in a job's outcome."""
        return {
            "cluster_id": self.cluster_id,
            "cluster": self.cluster_name,
            "namespace": self.namespace,
            "pod": self.pod,
            "node": self.node,
            "claims": list(self.claims),
            "reason": str(self.reason),
        }


def mount_of(pod: PodState, claims: Collection[str], *, cluster_id: str, cluster_name: str) -> Mount:
    """The mount of a pod, with why it would be left as it is."""
    mounted = tuple(claim for claim in pod.claims if claim in claims)
    return Mount(cluster_id, cluster_name, pod.namespace, pod.name, pod.uid, pod.node, mounted, _reason(pod))


def _reason(pod: PodState) -> Reason:
    if pod.controller is None:
        return Reason.NO_CONTROLLER
    return Reason.RUNS_TO_AN_END if pod.controller.kind in _NEVER_RESTARTED else Reason.MOUNTED_BEFORE


def told(mounts: Sequence[Mount]) -> JsonObject:
    """Mounts in a job's outcome: how many, and the first hundred."""
    return {"count": len(mounts), "items": [mount.told() for mount in mounts[:_MOST_TOLD]]}


@dataclass(frozen=True, slots=True)
class Evict:
    """This pod is the next."""

    pod: PodState


@dataclass(frozen=True, slots=True)
class Wait:
    """The pod before the next one is not through yet; `words` say what is waited for."""

    words: str


@dataclass(frozen=True, slots=True)
class Done:
    """No pod is left that could be restarted."""


def next_restart(old: Sequence[Mount], now: Sequence[PodState]) -> Evict | Wait | Done:
    """What comes next, as the pods of a namespace stand now.

    One pod at a time: the next one goes when each that went before has a successor that is ready. Those that are not
    ready themselves go first, since they serve nobody; then node by node, so that a node lets its mount go early.
    """
    to_restart = {mount.uid for mount in old if mount.reason is Reason.MOUNTED_BEFORE}
    before = {mount.uid for mount in old}
    left = [pod for pod in now if pod.uid in to_restart]
    ending = next((pod for pod in left if pod.deleting), None)
    if ending is not None:
        return Wait(f"Waiting for the end of the pod {ending.namespace}/{ending.name}")
    successors = [pod for pod in now if pod.uid not in before and not pod.deleting]
    gone = len(to_restart) - len(left)
    if sum(pod.ready for pod in successors) < gone:
        starting = next((pod for pod in successors if not pod.ready), None)
        if starting is not None:
            return Wait(f"Waiting until the pod {starting.namespace}/{starting.name} is ready")
        return Wait("Waiting for a pod in place of the one that was restarted")
    if not left:
        return Done()
    return Evict(min(left, key=lambda pod: (pod.ready, pod.node or "", pod.name)))


_Pair: TypeAlias = tuple[str | None, str]
"""A node and a claim."""
_Pod: TypeAlias = tuple[str, str]
"""A name and a uid."""


def _was_empty(before: set[_Pod], now: set[_Pod]) -> bool:
    """Whether nobody was there in between: two pods never have one name at once, as a StatefulSet's have in turn."""
    if len(before) != 1 or len(now) != 1:
        return False
    ((name, uid),), ((new_name, new_uid),) = before, now
    return name == new_name and uid != new_uid


class HeldMounts:
    """Which mounts of nodes have outlived the restarts: a node keeps one while any pod on it has the claim."""

    def __init__(self, old: Sequence[Mount]) -> None:
        self._last: dict[_Pair, set[_Pod]] = {}
        for mount in old:
            for claim in mount.claims if mount.node else ():
                self._last.setdefault((mount.node, claim), set()).add((mount.pod, mount.uid))
        self._held = set(self._last)

    def look(self, now: Sequence[PodState]) -> None:
        """Take note of the pods of the namespace as they are now."""
        seen: dict[_Pair, set[_Pod]] = {}
        for pod in now:
            for claim in pod.claims if pod.node else ():
                seen.setdefault((pod.node, claim), set()).add((pod.name, pod.uid))
        self._held = {pair for pair in self._held if pair in seen and not _was_empty(self._last[pair], seen[pair])}
        self._last = seen

    def still(self, now: Sequence[PodState], old: Sequence[Mount]) -> tuple[Mount, ...]:
        """The mounts that have the old key all the same: those never restarted, and their neighbours."""
        by_uid = {mount.uid: mount for mount in old}
        return tuple(
            by_uid.get(pod.uid) or self._neighbour(pod, old[0])
            for pod in now
            if not pod.deleting and (pod.uid in by_uid or self._kept(pod))
        )

    def _kept(self, pod: PodState) -> tuple[str, ...]:
        return tuple(claim for claim in pod.claims if (pod.node, claim) in self._held)

    def _neighbour(self, pod: PodState, like: Mount) -> Mount:
        return Mount(
            like.cluster_id,
            like.cluster_name,
            pod.namespace,
            pod.name,
            pod.uid,
            pod.node,
            self._kept(pod),
            Reason.SHARES_NODE,
        )
