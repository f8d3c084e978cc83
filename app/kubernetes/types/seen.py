"""What a cluster's reader hands on."""

from dataclasses import dataclass

from app.kubernetes.types.facts import NodeState
from app.kubernetes.types.service import EventSeen, ServiceState


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader has seen of its cluster since it last said something.

    `services` and `nodes` are all that there are at this moment, by namespace and name; None where nothing has changed
    about them. `events` are those about Services that are new or were said again, oldest first.
    """

    services: tuple[ServiceState, ...] | None = None
    nodes: tuple[NodeState, ...] | None = None
    events: tuple[EventSeen, ...] = ()
