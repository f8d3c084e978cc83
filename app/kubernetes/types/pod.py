"""Pods, as far as their eviction is concerned. Field names follow Kubernetes' own.

Pod API: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PodController:
    """Who keeps a pod: a ReplicaSet, StatefulSet, DaemonSet, Job and the like."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PodState:
    """A pod. `claims`: the PersistentVolumeClaims that it mounts. `node`: None until it is scheduled.

    `deleting`: it is on its way out. `ended`: it ran to its end (Succeeded, Failed) and mounts nothing any more.
    `controller`: None for a pod that nobody makes anew. `mirrored`: a file on the node has it run, and no API ends it.
    """

    namespace: str
    name: str
    uid: str
    node: str | None
    ready: bool
    deleting: bool = False
    ended: bool = False
    claims: tuple[str, ...] = ()
    controller: PodController | None = None
    mirrored: bool = False

    @property
    def leaves(self) -> bool:
        """Whether it has to go before its node can: not what belongs to the node, nor what has ended."""
        of_node = self.mirrored or (self.controller is not None and self.controller.kind == "DaemonSet")
        return not of_node and not self.ended


@dataclass(frozen=True, slots=True)
class RunningPod:
    """A pod that runs (`status.phase` Running), and on which node."""

    namespace: str
    name: str
    node: str | None


class Eviction(StrEnum):
    """What became of an eviction that was not refused."""

    ACCEPTED = "accepted"
    GONE = "gone"
    """There is no such pod any more, or another one has its name."""
