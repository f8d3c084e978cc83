"""Pods, as far as a claim that they mount is concerned. Field names follow Kubernetes' own.

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
    `controller`: None for a pod that nobody makes anew.
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


class Eviction(StrEnum):
    """What became of an eviction that was not refused."""

    ACCEPTED = "accepted"
    GONE = "gone"
    """There is no such pod any more, or another one has its name."""
