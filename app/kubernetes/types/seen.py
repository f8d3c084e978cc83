"""What a cluster's reader hands on."""

from dataclasses import dataclass

from app.kubernetes.types.agent import AgentPod
from app.kubernetes.types.facts import NodeState
from app.kubernetes.types.pod import RunningPod
from app.kubernetes.types.scaling import AutoscalerStatus, PendingPod
from app.kubernetes.types.service import EventSeen, ServiceState
from app.kubernetes.types.volume import ClaimState, PersistentVolumeState, StorageClassState


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader has seen of its cluster since it last said something.

    What is listed is all that there is at this moment, by namespace and name; None where nothing has changed about it.
    `events` are those about Services and claims that are new or were said again, oldest first. `agents` are the pods of
    `kube-system`; those that are no monitoring agent's have no name, and so have `pending` pods that wait for something
    else than a node. `autoscalers`: the autoscaler's word, if there is one.
    """

    services: tuple[ServiceState, ...] | None = None
    nodes: tuple[NodeState, ...] | None = None
    events: tuple[EventSeen, ...] = ()
    claims: tuple[ClaimState, ...] | None = None
    volumes: tuple[PersistentVolumeState, ...] | None = None
    classes: tuple[StorageClassState, ...] | None = None
    agents: tuple[AgentPod, ...] | None = None
    pending: tuple[PendingPod, ...] | None = None
    running: tuple[RunningPod, ...] | None = None
    autoscalers: tuple[AutoscalerStatus, ...] | None = None
